//! Proofs of who sends a request, proxies, and what the upstream allows.

use std::path::Path;

use secrecy::ExposeSecret;

use super::{check, faults, in_source, source, with_source};
use crate::source::plan::{Auth, Grant, Method, Place, Values};

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

/// A fault in `auth`, a table without its braces.
fn in_auth(auth: &str, said: &str) {
    in_source(&format!("auth = {{ {auth} }}"), said);
}

#[test]
fn faults_of_oauth2() {
    let oauth2 = |line: &str, said: &str| {
        let given = "kind = 'oauth2', client_id = 'me', client_secret = 'x'";
        in_auth(&format!("{given}, {line}"), said);
    };
    oauth2(
        "token_url = ¦'id.example/token'",
        "source.auth.token_url: `id.example/token` is no URL … https://id.example.com",
    );
    oauth2(
        "token_url = ¦'ftp://id.example'",
        "`ftp:` is no scheme for it",
    );
    oauth2(
        "token_url = ¦'https://${KEY}.example'",
        "secrets cannot stand in it, because it is shown … client_id, client_secret and refresh_token",
    );
    oauth2(
        "token_url = 'https://id.example', refresh_token = ¦'${NONE}'",
        "the variable `NONE` is missing or empty",
    );
    oauth2(
        "token_url = 'https://id.example', ¦scopes = 'a'",
        "unknown key … did you mean `scope`?",
    );
    in_source(
        "¦auth = { kind = 'oauth2', token_url = 'https://id.example', client_id = 'me' }",
        "source.auth: `client_secret` is missing",
    );
}

#[test]
fn faults_of_a_login() {
    let login = |line: &str, said: &str| in_auth(&format!("kind = 'login', {line}"), said);
    login(
        "path = ¦'login', token = 'body:/token'",
        "source.auth.path: `login` does not start with `/` … did you mean `/login`?",
    );
    login(
        "path = '/login', token = ¦'/token'",
        "does not say where it is … did you mean `body:/token`?",
    );
    login(
        "path = '/login', token = ¦'last:/token'",
        "it cannot stand in the last record … accepted: body:/json/pointer, header:name",
    );
    login(
        "path = '/login', token = 'header:x-token', header = ¦'host'",
        "the client itself sets `host`",
    );
    login(
        "path = '/login', token = 'header:x-token', prefix = ¦\"a\\nb\"",
        "a line break or another control character",
    );
    login(
        "path = '/login', token = 'header:x-token', method = 'GET', ¦body = { a = 1 }",
        "a `GET` has no body … `method = \"POST\"`",
    );
    login(
        "path = '/login', token = 'header:x-token', body = { a = [¦'${NONE}'] }",
        "the variable `NONE` is missing",
    );
    login(
        "path = '/login', token = 'header:x-token', body = { a = ¦'{parent.id}' }",
        "needs a parent",
    );
}

#[test]
fn a_parameter_that_proves_who_asks_is_sent_once() {
    let auth = "auth = { kind = 'query', name = 'key', value = '${KEY}' }";
    in_source(
        &format!("{auth}\nquery = {{ ¦key = 'x' }}"),
        "source.query.key: `key` is in `auth` already, and would be sent twice",
    );
    check(
        &(with_source(auth) + "query = { ¦key = 'x' }"),
        "`key` is in the source's `auth` already",
    );
    let paged = "{ kind = 'page', param = ¦'key', start = 1 }";
    let text = with_source(auth).replace("{ kind = \"none\" }", paged);
    check(&text, "page.param: `key` is in the source's `auth` already");
}

#[test]
fn proxies() {
    let accepted = "http://proxy.example.com:3128";
    in_source(
        "proxy = ¦'proxy.example'",
        &format!("source.proxy: `proxy.example` is no proxy … {accepted}"),
    );
    in_source("proxy = ¦'socks5://p.example'", "SOCKS is not spoken");
    in_source("proxy = ¦'mailto:x'", "it is no URL of a server");
    in_source(
        "proxy = ¦'http://${NONE}@proxy.example'",
        "the variable `NONE` is missing",
    );
    let found = faults(&with_source("proxy = 'x${KEY}'"));
    assert!(!found[0].message.contains("s3cret"), "{found:?}");
}
