//! All faults at once: of one file, of several, of defaults and of settings.

use super::{Environment, cats, enabled, environment, faults, faults_of, file, with_source};

#[test]
fn five_mistakes_are_five_faults() {
    let text = r#"[source]
name     = "cats"
base_url = "https://cats.example/v1"
schedule = "*/30 * * * *"

[resource.breeds]
pth    = "/breeds"
key    = "id"
page   = { kind = "page", param = "page", start = "0" }
search = ["nmae"]
[resource.breeds.fields]
name = "string"
"#;
    insta::assert_snapshot!(faults_of(&[file("cats.toml", text)], &environment()));
}

#[test]
fn all_files_are_reported_at_once() {
    let files = [
        file("b.toml", &cats("mode = 'x'")),
        file(
            "a.toml",
            &with_source("timeout = 'x'").replace("\"cats\"", "'dogs'"),
        ),
        file("c.toml", "[source\n"),
    ];
    let found = faults_of(&files, &environment());
    let places: Vec<_> = found
        .0
        .iter()
        .map(|fault| (fault.path.as_deref(), fault.line))
        .collect();
    assert_eq!(
        places,
        [
            (Some("a.toml"), Some(4)),
            (Some("b.toml"), Some(8)),
            (Some("c.toml"), Some(1))
        ]
    );
}

#[test]
fn two_files_with_one_source() {
    let found = faults_of(
        &[file("a.toml", &cats("")), file("b.toml", &cats(""))],
        &environment(),
    );
    let said = "b.toml:2:8: source.name: `cats` is also the name of the source in a.toml\n  accepted: one file for each source";
    assert_eq!(found.to_string(), said);
}

#[test]
fn a_fault_in_the_defaults_is_told_once_and_there() {
    let text =
        cats("[resource.colours]\npath = '/c'\nkey = 'id'\n[defaults]\nexpect.max_drop = '5'")
            + "\npage = { kind = 'link', total = 'x' }";
    let found = faults(&text.replace("page = { kind = \"none\" }", ""));
    let places: Vec<_> = found
        .iter()
        .map(|fault| (fault.key.as_str(), fault.line))
        .collect();
    assert_eq!(
        places,
        [
            ("defaults.expect.max_drop", Some(12)),
            ("defaults.page.total", Some(13))
        ]
    );
}

#[test]
fn a_setting_is_named_where_it_is_wrong() {
    let shown = |source: &str, settings: &str| {
        let overrides = [(source.to_owned(), settings.parse().expect("TOML"))].into();
        faults_of(
            &[file("a.toml", &cats(""))],
            &Environment {
                overrides,
                ..environment()
            },
        )
        .to_string()
    };
    assert!(
        shown("cats", "timeout = '5'")
            .starts_with("setting source.cats.timeout: `5` is no duration")
    );
    assert!(
        shown("cats", "limits.concurrency = 'x'")
            .starts_with("setting source.cats.limits.concurrency: wrong type")
    );
    assert!(shown("cats", "tmeout = '5s'").contains("did you mean `timeout`?"));
    assert_eq!(
        shown("dogs", "timeout = '5s'"),
        "setting source.dogs: there is no source `dogs`\n  accepted: cats"
    );
}

#[test]
fn only_known_sources_can_be_enabled() {
    let environment = Environment {
        enabled: enabled(&["cat"]),
        ..environment()
    };
    let found = faults_of(&[file("a.toml", &cats(""))], &environment);
    let said = "setting sources.enabled: there is no source `cat`\n  accepted: cats\n  did you mean `cats`?";
    assert_eq!(found.to_string(), said);
}

#[test]
fn faults_are_data_for_programs() {
    let found = faults_of(&[file("a.toml", &cats("pag = 1"))], &environment());
    let json = serde_json::to_value(&found).expect("JSON");
    let fault = &json[0];
    assert_eq!(
        (&fault["path"], &fault["line"]),
        (&"a.toml".into(), &8.into())
    );
    assert_eq!(
        (&fault["key"], &fault["nearest"]),
        (&"resource.breeds.pag".into(), &"page".into())
    );
}
