//! Proofs of who sends a request, proxies, and what the upstream allows.

use std::path::Path;

use secrecy::ExposeSecret;

use super::{environment, file, source, with_source};
use crate::source::{
    load,
    plan::{Auth, Grant, Method, Place, Values},
};

const OAUTH2: &str = "auth = { kind = 'oauth2', token_url = 'https://id.example/token', client_id = 'me', client_secret = '${KEY}'";

#[test]
fn oauth2_with_the_clients_own_credentials() {
    let source = source(&with_source(&format!("{OAUTH2}, scope = 'a b' }}")));
    let Auth::Oauth2 {
        token_url,
        client_id,
        client_secret,
        grant: Grant::ClientCredentials,
        scope,
    } = &source.auth
    else {
        panic!("{:?}", source.auth);
    };
    assert_eq!(token_url.as_str(), "https://id.example/token");
    assert_eq!(client_id.expose_secret(), "me");
    assert_eq!(client_secret.expose_secret(), "s3cret-value");
    assert_eq!(scope.as_deref(), Some("a b"));
    assert!(!format!("{source:?}").contains("s3cret"), "{source:?}");
}

#[test]
fn a_refresh_token_from_a_file_alone_knows_its_file() {
    let grant = |token: &str| {
        let text = with_source(&format!("{OAUTH2}, refresh_token = '{token}' }}"));
        let source = source(&text);
        let Auth::Oauth2 {
            grant: Grant::RefreshToken { token, file },
            ..
        } = &source.auth
        else {
            panic!("{:?}", source.auth);
        };
        (token.expose_secret().to_owned(), file.clone())
    };
    let (token, path) = grant("${file:/run/secrets/key}");
    assert_eq!(token, "s3cret-file");
    assert_eq!(path.as_deref(), Some(Path::new("/run/secrets/key")));
    assert_eq!(grant("${KEY}"), ("s3cret-value".to_owned(), None));
    assert_eq!(grant("x${file:/run/secrets/key}").1, None);
}

#[test]
fn a_login_posts_its_secrets_and_sends_a_bearer() {
    let text = with_source(
        "auth = { kind = 'login', path = '/login', body = { user = 'me', password = '${KEY}', ttl = 60 }, token = 'body:/data/token' }",
    );
    let source = source(&text);
    let Auth::Login {
        path,
        method,
        body,
        token,
        header,
        prefix,
    } = &source.auth
    else {
        panic!("{:?}", source.auth);
    };
    let values = Values::default();
    assert_eq!(path.fill(&values, str::to_owned), "/login");
    assert_eq!(*method, Method::Post);
    let body = body.as_ref().expect("a body").fill(&values);
    let expected = serde_json::json!({"user": "me", "password": "s3cret-value", "ttl": 60});
    assert_eq!(body, expected);
    assert_eq!(*token, Place::Body(super::pointer(&["data", "token"])));
    assert_eq!(
        (header.as_str(), prefix.as_str()),
        ("authorization", "Bearer ")
    );
}

#[test]
fn a_login_may_send_its_token_otherwise() {
    let sent = |more: &str| {
        let text = with_source(&format!(
            "auth = {{ kind = 'login', path = '/login', method = 'GET', token = 'header:X-Token', {more} }}"
        ));
        match &source(&text).auth {
            Auth::Login { header, prefix, .. } => (header.clone(), prefix.clone()),
            other => panic!("{other:?}"),
        }
    };
    let expected = |header: &str, prefix: &str| (header.to_owned(), prefix.to_owned());
    assert_eq!(sent("header = 'X-Session'"), expected("x-session", ""));
    assert_eq!(
        sent("prefix = 'Token '"),
        expected("authorization", "Token ")
    );
}

#[test]
fn without_a_secret_an_optional_one_is_none() {
    let none = |auth: &str| matches!(source(&with_source(auth)).auth, Auth::None);
    let oauth2 = OAUTH2.replace("${KEY}", "${NONE}");
    assert!(none(&format!("{oauth2}, optional = true }}")));
    let login = "auth = { kind = 'login', path = '/l', token = 'body:/t', body = { a = [{ b = '${NONE}' }] }, optional = true }";
    assert!(none(login));
    assert!(!none(&login.replace("NONE", "KEY")));
}

#[test]
fn a_proxy_may_hold_secrets() {
    let source = source(&with_source(
        "proxy = 'http://me:${KEY}@proxy.example:3128'",
    ));
    let proxy = source.proxy.as_ref().map(|proxy| proxy.expose_secret());
    assert_eq!(proxy, Some("http://me:s3cret-value@proxy.example:3128"));
    assert!(!format!("{source:?}").contains("s3cret"));
}

#[test]
fn limits_may_stand_in_the_body() {
    let source = source(&with_source(
        "limits = { remaining = 'body:/quota/left', reset = 'header:X-Reset', retry_after = 'body:/wait' }",
    ));
    let limits = &source.limits;
    let body = |tokens: &[&str]| Some(Place::Body(super::pointer(tokens)));
    assert_eq!(limits.remaining, body(&["quota", "left"]));
    assert_eq!(limits.reset, Some(Place::Header("x-reset".to_owned())));
    assert_eq!(limits.retry_after, body(&["wait"]));
}

#[test]
fn a_folder_of_files_is_absolute_or_beside_the_definition() {
    let folder = |url: &str, path: &str| {
        let text = super::cats("").replace("https://cats.example/v1", url);
        let catalog = load(&[file(path, &text)], &environment());
        catalog.expect("no faults").sources[0].base_url.to_string()
    };
    let beside = |url: &str| folder(url, "/etc/catchment/sources/a.toml");
    assert_eq!(folder("file:///srv/data", "a.toml"), "file:///srv/data");
    assert_eq!(folder("file:/srv/data", "a.toml"), "file:///srv/data");
    assert_eq!(
        beside("file:my data"),
        "file:///etc/catchment/sources/my%20data"
    );
    assert_eq!(beside("file:../data"), "file:///etc/catchment/data");
    assert_eq!(beside("file:"), "file:///etc/catchment/sources/");
}
