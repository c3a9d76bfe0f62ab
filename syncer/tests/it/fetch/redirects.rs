//! Where requests are sent on to: with everything on their own origin, with nothing on another.

use syncer::fetch::{Got, page::At};

use super::{Asking, KEY};
use crate::upstream::{Reply, Request, Upstream};

const SECRETIVE: &str = "headers = { x-client = \"catchment\" }\n\
    query = { token = \"${FAKE_KEY}\" }\n\
    auth = { kind = \"header\", name = \"x-api-key\", value = \"${FAKE_KEY}\" }";

fn moved(status: u16, location: impl ToString) -> Reply {
    Reply::status(status, "moved").with("location", location)
}

/// Whatever a request shows of the definition.
#[track_caller]
fn assert_bare(request: &Request) {
    let shown = format!("{request:?}");
    for hidden in [
        "s3cret",
        "x-client",
        "x-api-key",
        "catchment\"",
        "authorization",
        "%2F%2Bk",
    ] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}

#[tokio::test]
async fn on_its_own_origin_a_request_keeps_everything() {
    let post = "method = \"POST\"\nbody = { find = \"cats\" }";
    let asking = Asking::new(SECRETIVE, post).await;
    asking
        .upstream
        .answers(|request| match request.path.as_str() {
            "/things" => moved(301, "/elsewhere?a=1&token=echo"),
            "/elsewhere" => moved(307, "here"),
            "/here" => moved(303, "/found"),
            _ => Reply::json("[]").with("link", "<next?token=echo>; rel=\"next\""),
        });
    let page = asking.page().await;
    assert!(page.url.ends_with("/found"), "{}", page.url);
    let asked = asking.upstream.asked();
    let sent: Vec<_> = asked
        .iter()
        .map(|request| (request.method.as_str(), request.path.as_str()))
        .collect();
    assert_eq!(
        sent,
        [
            ("POST", "/things"),
            ("POST", "/elsewhere"),
            ("POST", "/here"),
            ("GET", "/found")
        ]
    );
    for request in &asked {
        assert_eq!(request.header("x-api-key"), Some(KEY));
        assert_eq!(request.header("x-client"), Some("catchment"));
        assert_eq!(request.parameter("token"), Some(KEY));
    }
    assert!(
        asked[..3]
            .iter()
            .all(|request| request.body == r#"{"find":"cats"}"#)
    );
    assert_eq!(asked[3].body, "");
    // What the page links to is beside where it was found.
    assert_eq!(
        page.links.resolve("next?token=echo"),
        format!("{}/next", asking.upstream.url)
    );
}

#[tokio::test]
async fn another_origin_sees_nothing_of_the_definition() {
    let stranger = Upstream::start().await;
    let definition = "headers = { x-client = \"catchment\" }\nquery = { token = \"${FAKE_KEY}\" }\n\
        auth = { kind = \"query\", name = \"api_key\", value = \"${FAKE_KEY}\" }";
    let asking = Asking::new(definition, "").await;
    let (home, away) = (asking.upstream.url.clone(), stranger.url.clone());
    // The upstream repeats what it was sent.
    let echo = format!("{away}/1?a=1&token=s3cret%2F%2Bk&api_key=s3cret%2F%2Bk");
    asking
        .upstream
        .answers(move |request| match request.path.as_str() {
            "/things" => moved(302, &echo),
            _ => Reply::json("[]"),
        });
    stranger.answers(move |request| match request.path.as_str() {
        "/1" => moved(302, "/2"),
        _ => moved(302, format!("{home}/back")),
    });
    asking.page().await;
    let asked = stranger.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].parameter("a"), Some("1"));
    asked.iter().for_each(assert_bare);
    // Nor does the stranger lead a request back with credentials to where it wants.
    let back = asking.upstream.asked().pop().expect("a request");
    assert_eq!(back.path, "/back");
    assert_bare(&back);
}

#[tokio::test]
async fn every_kind_of_credential_stays_at_home() {
    let stranger = Upstream::start().await;
    stranger.answers(|_| Reply::json("[]"));
    for auth in [
        "header\", name = \"x-api-key\", value = \"${FAKE_KEY}\"",
        "bearer\", token = \"${FAKE_KEY}\"",
        "basic\", username = \"me\", password = \"${FAKE_KEY}\"",
        "login\", path = \"/login\", token = \"body:/token\"",
        "oauth2\", token_url = \"UPSTREAM/login\", client_id = \"me\", client_secret = \"${FAKE_KEY}\"",
    ] {
        let definition =
            format!("headers = {{ x-client = \"catchment\" }}\nauth = {{ kind = \"{auth} }}");
        let asking = Asking::new(&definition, "").await;
        let away = stranger.url.clone();
        asking
            .upstream
            .answers(move |request| match request.path.as_str() {
                "/login" => Reply::json(r#"{"token":"s3cret-t","access_token":"s3cret-t"}"#),
                _ => moved(307, &away),
            });
        asking.page().await;
        let asked = stranger.asked();
        assert_eq!(asked.len(), 1);
        assert_bare(&asked[0]);
    }
}

#[tokio::test]
async fn a_secret_in_a_path_leads_nowhere_else() {
    let stranger = Upstream::start().await;
    for path in [
        "/s3cret/+k",
        "/s3cret%2F%2Bk/x",
        "/?q=as3cret%2F%2Bkb",
        "/%733cret%2f+k",
    ] {
        let asking = Asking::new(SECRETIVE, "").await;
        let location = format!("{}{path}", stranger.url);
        asking.upstream.answers(move |_| moved(302, &location));
        let error = asking.error().await;
        assert!(
            error.ends_with("it redirects to another origin with a secret in the URL"),
            "{error}"
        );
    }
    assert!(stranger.asked().is_empty());
}

#[tokio::test]
async fn redirects_that_are_not_followed() {
    let stranger = Upstream::start().await;
    let check = async |resource: &str, location: &str, why: &str, requests: usize| {
        let asking = Asking::new("", resource).await;
        let location = location.to_owned();
        asking.upstream.answers(move |_| moved(302, &location));
        let error = asking.error().await;
        assert!(error.contains(why), "{error}");
        assert_eq!(asking.paths().len(), requests);
    };
    check("", "/round", "it redirects more than 5 times", 6).await;
    check(
        "",
        "ftp://x/y",
        "it redirects to a URL that is not of HTTP",
        1,
    )
    .await;
    check("", "http://[", "it redirects to what is no URL", 1).await;
    let post = "method = \"POST\"";
    check(
        post,
        &stranger.url,
        "it redirects a POST to http://127.0.0.1",
        1,
    )
    .await;
    assert!(stranger.asked().is_empty());
}

#[tokio::test]
async fn a_link_to_another_origin_is_followed_bare_where_the_definition_names_it() {
    let stranger = Upstream::start().await;
    stranger.answers(|_| Reply::status(401, "who are you?"));
    let at = At::Url(format!("{}/2?a=1", stranger.url));
    let page = |origins: &str| {
        format!("page = {{ kind = \"url\", next = \"body:/next\", origins = [{origins}] }}")
    };
    let named = Asking::new(SECRETIVE, &page(&format!("\"{}\"", stranger.url))).await;
    named
        .ask_at("things", &at, None)
        .await
        .expect_err("a refusal");
    let asked = stranger.asked();
    assert_eq!(asked[0].parameter("a"), Some("1"));
    asked.iter().for_each(assert_bare);
    let unnamed = Asking::new(SECRETIVE, &page("")).await;
    let error = unnamed
        .ask_at("things", &at, None)
        .await
        .expect_err("a refusal");
    assert!(super::chain(&error).contains("leads away from http://127.0.0.1"));
    let leaky = At::Url(format!("{}/s3cret%2F%2Bk", stranger.url));
    let error = named
        .ask_at("things", &leaky, None)
        .await
        .expect_err("a refusal");
    super::chain(&error);
    assert!(stranger.asked().is_empty());
    // On its own origin a link gets everything.
    named.upstream.answers(|_| Reply::json("[]"));
    let own = At::Url(format!("{}/2", named.upstream.url));
    let got = named.ask_at("things", &own, None).await.expect("a page");
    assert!(matches!(got, Got::Page(_)));
    assert_eq!(named.upstream.asked()[0].header("x-api-key"), Some(KEY));
}
