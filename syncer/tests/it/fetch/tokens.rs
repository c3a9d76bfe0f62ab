//! Tokens that are given out: got once, replaced when they are refused or spent, and never shown.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use syncer::{SyncError, fetch::page::At};

use super::{Asking, KEY, chain};
use crate::upstream::{Reply, Request};

const CLIENT: &str = "auth = { kind = \"oauth2\", token_url = \"UPSTREAM/token\", client_id = \"me\", client_secret = \"${FAKE_KEY}\" }";
/// `me:` and the key, each as in a form.
const BASIC: &str = "Basic bWU6czNjcmV0JTJGJTJCaw==";

fn refreshing(token: &str) -> String {
    CLIENT.replace(
        " }",
        &format!(", refresh_token = \"{token}\", scope = \"a b\" }}"),
    )
}

/// Gives out the tokens `t0`, `t1`, … with `more` beside each.
fn issuer(more: &'static str) -> impl Fn(&Request) -> Option<Reply> + Send + Sync {
    let given = AtomicUsize::new(0);
    move |request: &Request| {
        (request.path == "/token").then(|| {
            let number = given.fetch_add(1, Ordering::Relaxed);
            let more = more.replace("NUMBER", &number.to_string());
            Reply::json(format!(r#"{{"access_token":"t{number}-s3cret"{more}}}"#))
        })
    }
}

fn gives(more: &'static str) -> impl Fn(&Request) -> Reply + Send + Sync {
    let issue = issuer(more);
    move |request| issue(request).unwrap_or_else(|| Reply::json("[]"))
}

#[tokio::test]
async fn one_token_serves_all_requests() {
    let asking = Asking::new(CLIENT, "").await;
    asking
        .upstream
        .answers(gives(r#","token_type":"bearer","expires_in":"3600""#));
    let others = asking.ask_at("others", &At::Only, None);
    let (a, b, c) = tokio::join!(asking.ask(), asking.ask(), others);
    (a.and(b).and(c)).expect("pages");
    asking.page().await;
    let (tokens, pages): (Vec<_>, Vec<_>) = asking
        .upstream
        .asked()
        .into_iter()
        .partition(|request| request.path == "/token");
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].method, "POST");
    assert_eq!(tokens[0].header("authorization"), Some(BASIC));
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(tokens[0].header("content-type"), form);
    assert_eq!(tokens[0].body, "grant_type=client_credentials");
    assert_eq!(pages.len(), 4);
    let bearer = Some("Bearer t0-s3cret");
    assert!(
        pages
            .iter()
            .all(|request| request.header("authorization") == bearer)
    );
}

#[tokio::test]
async fn a_token_is_replaced_before_it_ends() {
    let asking = Asking::new(CLIENT, "").await;
    asking.upstream.answers(gives(r#","expires_in":1e-6"#));
    asking.page().await;
    asking.page().await;
    assert_eq!(asking.paths(), ["/token", "/things", "/token", "/things"]);
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let asking = Asking::new(CLIENT, "").await;
    let issue = issuer("");
    asking.upstream.answers(move |request| {
        let old = request.header("authorization") == Some("Bearer t0-s3cret");
        issue(request).unwrap_or_else(|| match old {
            true => Reply::status(401, "expired"),
            false => Reply::json("[]"),
        })
    });
    asking.page().await;
    assert_eq!(asking.paths(), ["/token", "/things", "/token", "/things"]);
    asking.page().await;
    assert_eq!(asking.paths(), ["/things"]);

    let issue = issuer("");
    asking.upstream.answers(move |request| {
        let said = request
            .header("authorization")
            .unwrap_or_default()
            .to_owned();
        issue(request).unwrap_or_else(|| Reply::status(401, format!("who is {said}?")))
    });
    let error = asking.error().await;
    assert!(
        error.ends_with("/things answered with status 401: who is Bearer ***?"),
        "{error}"
    );
    assert_eq!(asking.paths(), ["/things", "/token", "/things"]);
}

#[tokio::test]
async fn requests_that_wait_for_a_token_take_one_refusal_for_all() {
    let asking = Asking::new(CLIENT, "").await;
    asking.upstream.answers(|_| {
        Reply::status(
            400,
            format!(r#"{{"error":"unauthorized_client","error_description":"no {KEY}"}}"#),
        )
    });
    let (a, b, c) = tokio::join!(asking.ask(), asking.ask(), asking.ask());
    for failed in [a, b, c] {
        let error = failed.expect_err("no token");
        let said = chain(&error);
        assert!(said.starts_with("no token could be had: "), "{said}");
        assert!(
            said.ends_with("/token answered with status 400: unauthorized_client: no ***"),
            "{said}"
        );
        assert!(!error.is_local(), "no other parent has a better token");
    }
    assert_eq!(asking.paths(), ["/token"]);
    // Whoever comes later asks again: somebody may have set it right.
    asking.error().await;
    assert_eq!(asking.paths(), ["/token"]);
}

#[tokio::test]
async fn an_issuer_may_know_its_client_only_by_the_form() {
    let asking = Asking::new(CLIENT, "").await;
    let issue = issuer(r#","expires_in":1e-6"#);
    asking.upstream.answers(move |request| {
        let wrong = request.path == "/token" && request.header("authorization").is_some();
        match wrong {
            true => Reply::status(401, r#"{"error":"invalid_client"}"#),
            false => issue(request).unwrap_or_else(|| Reply::json("[]")),
        }
    });
    asking.page().await;
    asking.page().await;
    let asked = asking.upstream.asked();
    let paths: Vec<_> = asked.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/token", "/token", "/things", "/token", "/things"]);
    let form = "grant_type=client_credentials&client_id=me&client_secret=s3cret%2F%2Bk";
    assert_eq!(
        (asked[1].body.as_str(), asked[3].body.as_str()),
        (form, form)
    );
}

#[tokio::test]
async fn an_issuer_that_stumbles_is_asked_again_and_one_that_says_later_is_not() {
    let asking = Asking::new(CLIENT, "").await;
    let issue = issuer("");
    asking
        .upstream
        .answers(move |request| match request.number {
            0 => Reply::status(503, "hm"),
            _ => issue(request).unwrap_or_else(|| Reply::json("[]")),
        });
    asking.page().await;
    assert_eq!(asking.paths(), ["/token", "/token", "/things"]);

    let asking = Asking::new(CLIENT, "").await;
    asking
        .upstream
        .answers(|_| Reply::status(429, "").with("retry-after", 3600));
    for _ in 0..2 {
        let error = asking.ask().await.expect_err("no token");
        assert!(matches!(error, SyncError::Deferred { .. }), "{error}");
    }
    assert_eq!(asking.paths(), ["/token"]);
}

#[tokio::test]
async fn an_answer_without_a_token_is_told_without_its_text() {
    let check = async |answer: &'static str, why: &str| {
        let asking = Asking::new(CLIENT, "").await;
        asking.upstream.answers(move |_| Reply::json(answer));
        let error = asking.error().await;
        assert!(error.ends_with(why), "{error}");
    };
    check(
        r#"{"token":"s3cret"}"#,
        "cannot be read: it has no `access_token`",
    )
    .await;
    check(
        r#"{"error":"slow_down"}"#,
        "cannot be read: it says slow_down",
    )
    .await;
    check("<html>s3cret", "cannot be read: it has no `access_token`").await;
}

#[tokio::test]
async fn a_new_refresh_token_is_used_and_kept_in_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "r-s3cret\n").expect("a file");
    let reference = format!("${{file:{}}}", file.display());
    let asking = Asking::new(&refreshing(&reference), "").await;
    asking.upstream.answers(gives(
        r#","expires_in":1e-6,"refresh_token":"r-s3cretNUMBER""#,
    ));
    let bodies = || {
        let asked = asking.upstream.asked().into_iter();
        let tokens = asked.filter(|request| request.path == "/token");
        tokens.map(|request| request.body).collect::<Vec<_>>()
    };
    let with = |token: &str| {
        [format!(
            "grant_type=refresh_token&refresh_token={token}&scope=a+b"
        )]
    };
    asking.page().await;
    assert_eq!(bodies(), with("r-s3cret"));
    assert_eq!(kept(&file), "r-s3cret0\n");
    asking.page().await;
    assert_eq!(bodies(), with("r-s3cret0"));
    assert_eq!(kept(&file), "r-s3cret1\n");
    // Another process on the same file was given another.
    std::fs::write(&file, "theirs").expect("a file");
    asking.page().await;
    assert_eq!(bodies(), with("theirs"));
    assert_eq!(kept(&file), "r-s3cret2\n");
    // Nothing but the token is left in the folder, and a file that is gone does not stop anybody.
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        1
    );
    std::fs::remove_file(&file).expect("a file");
    asking.page().await;
    asking.page().await;
    assert_eq!(bodies(), [with("r-s3cret2"), with("r-s3cret3")].concat());
    assert!(!file.exists());
}

fn kept(file: &PathBuf) -> String {
    std::fs::read_to_string(file).expect("a file")
}

#[tokio::test]
async fn a_refresh_token_from_a_variable_is_replaced_too() {
    let asking = Asking::new(&refreshing("${FAKE_KEY}"), "").await;
    asking
        .upstream
        .answers(gives(r#","expires_in":1e-6,"refresh_token":"new""#));
    asking.page().await;
    asking.page().await;
    let asked = asking.upstream.asked();
    assert!(asked[0].body.contains("refresh_token=s3cret%2F%2Bk&"));
    assert!(asked[2].body.contains("refresh_token=new&"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_refresh_token_stays_as_hidden_as_it_was_and_its_link_a_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().expect("a folder");
    let (file, link) = (folder.path().join("token"), folder.path().join("link"));
    std::fs::write(&file, "old").expect("a file");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("its owner's");
    symlink(&file, &link).expect("a link");
    let reference = format!("${{file:{}}}", link.display());
    let asking = Asking::new(&refreshing(&reference), "").await;
    asking.upstream.answers(gives(r#","refresh_token":"new""#));
    asking.page().await;
    assert_eq!(kept(&file), "new\n");
    let mode = std::fs::metadata(&file)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(link.symlink_metadata().expect("a link").is_symlink());
}

#[tokio::test]
async fn a_login_gives_its_token_in_the_body() {
    let login = "headers = { x-client = \"catchment\" }\n\
        auth = { kind = \"login\", path = \"/login\", body = { user = \"me\", password = \"${FAKE_KEY}\", ttl = 60 }, token = \"body:/data/token\", prefix = \"Token \" }";
    let asking = Asking::new(login, "").await;
    asking
        .upstream
        .answers(|request| match request.path.as_str() {
            "/login" => Reply::json(r#"{"data":{"token":"s3cret-t"}}"#),
            _ => Reply::status(404, "no s3cret-t here"),
        });
    let error = asking.error().await;
    assert!(error.ends_with("no *** here"), "{error}");
    asking.error().await;
    let asked = asking.upstream.asked();
    let paths: Vec<_> = asked.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/login", "/things", "/things"]);
    assert_eq!(asked[0].method, "POST");
    assert_eq!(
        asked[0].body,
        r#"{"password":"s3cret/+k","ttl":60,"user":"me"}"#
    );
    assert_eq!(asked[0].header("content-type"), Some("application/json"));
    assert_eq!(asked[0].header("x-client"), Some("catchment"));
    assert_eq!(asked[1].header("authorization"), Some("Token s3cret-t"));
}

#[tokio::test]
async fn a_login_gives_its_token_in_a_header_and_again_when_it_is_refused() {
    let login = "auth = { kind = \"login\", path = \"/login\", method = \"GET\", token = \"header:x-token\", header = \"x-session\" }";
    let asking = Asking::new(login, "").await;
    asking
        .upstream
        .answers(|request| match request.path.as_str() {
            "/login" => Reply::json("").with("x-token", request.number),
            _ if request.header("x-session") == Some("0") => Reply::status(401, ""),
            _ => Reply::json("[]"),
        });
    asking.page().await;
    assert_eq!(asking.paths(), ["/login", "/things", "/login", "/things"]);
}

#[tokio::test]
async fn a_login_that_gives_nothing_is_told_without_secrets() {
    let login = "auth = { kind = \"login\", path = \"/login\", body = { password = \"${FAKE_KEY}\" }, token = \"body:/token\" }";
    let check = async |reply: Reply, why: &str| {
        let asking = Asking::new(login, "").await;
        asking.upstream.answers(move |_| reply.clone());
        let error = asking.error().await;
        assert!(error.ends_with(why), "{error}");
        assert_eq!(asking.paths(), ["/login"]);
    };
    let said = format!("no {KEY}");
    check(Reply::status(403, said), "answered with status 403: no ***").await;
    let nowhere = "there is no token at `body:/token`, where auth.token says";
    check(Reply::json(r#"{"key":"s3cret"}"#), nowhere).await;
    check(Reply::json(r#"{"token":null}"#), nowhere).await;
    check(Reply::json("s3cret"), nowhere).await;
}
