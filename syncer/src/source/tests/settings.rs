//! What definitions take from outside: secrets, settings, and which of them are enabled.

use secrecy::ExposeSecret;

use super::{Environment, cats, enabled, environment, faults_of, file, source, with_source};
use crate::source::{
    load,
    plan::{Auth, Values},
};

#[test]
fn secrets_are_found_and_never_shown() {
    let text = with_source(
        "auth = { kind = 'basic', username = '${KEY}', password = '${file:/run/secrets/key}' }
         headers = { x-token = 'Token ${KEY}' }
         query = { k = '${KEY}' }",
    );
    let source = source(&text.replace("\"/breeds\"", "'/${KEY}/breeds'"));
    let Auth::Basic { username, password } = &source.auth else {
        panic!("basic");
    };
    assert_eq!(
        (username.as_str(), password.expose_secret()),
        ("s3cret-value", "s3cret-file")
    );
    assert_eq!(
        source.headers[0].1.fill(&Values::default(), str::to_owned),
        "Token s3cret-value"
    );
    assert_eq!(
        source.resources[0]
            .path
            .fill(&Values::default(), str::to_owned),
        "/s3cret-value/breeds"
    );
    assert!(!format!("{source:?}").contains("s3cret"), "{source:?}");
}

#[test]
fn an_optional_secret_may_be_missing() {
    let auth = |value: &str| {
        with_source(&format!(
            "auth = {{ kind = 'bearer', token = '{value}', optional = true }}"
        ))
    };
    assert!(matches!(source(&auth("${NONE}")).auth, Auth::None));
    assert!(matches!(source(&auth("${KEY}")).auth, Auth::Bearer { .. }));
}

#[test]
fn settings_replace_keys_of_the_source() {
    let settings = "base_url = 'http://127.0.0.1:1'\nlimits = { concurrency = '2' }";
    let overrides = [("cats".to_owned(), settings.parse().expect("TOML"))].into();
    let environment = Environment {
        overrides,
        ..environment()
    };
    let text = with_source("limits = { rate = '3/s' }");
    let source = load(&[file("a.toml", &text)], &environment)
        .expect("no faults")
        .sources[0]
        .clone();
    assert_eq!(source.base_url.as_str(), "http://127.0.0.1:1/");
    assert_eq!(source.limits.concurrency, Some(2), "a variable is a text");
    assert!(source.limits.rate.is_some(), "what is not replaced stays");
}

#[test]
fn only_enabled_sources_are_looked_into() {
    let broken = cats("mode = 'x'").replace("\"cats\"", "'dogs'");
    let files = [file("a.toml", &cats("")), file("b.toml", &broken)];
    let catalog = load(
        &files,
        &Environment {
            enabled: enabled(&["cats"]),
            ..environment()
        },
    )
    .expect("no faults");
    assert_eq!(catalog.sources.len(), 1);
    assert_eq!(faults_of(&files, &environment()).0.len(), 1);
}
