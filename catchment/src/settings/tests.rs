//! The settings as an operator writes them: texts and variables in, settings or all faults out.

use secrecy::ExposeSecret;

use super::{DEFAULT, Duration, Faults, File, Settings, Variables, load, values::span};

fn given(file: &str, variables: &[(&str, &str)]) -> Result<Settings, Faults> {
    let file = File {
        name: "catchment.toml",
        text: file,
    };
    load(DEFAULT, Some(file), &variables.iter().copied().collect())
}

#[test]
fn the_defaults_are_settings() {
    let settings = load(DEFAULT, None, &Variables::default()).unwrap();
    assert_eq!(settings.api.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(settings.syncer.listen.to_string(), "127.0.0.1:8001");
    assert_eq!(
        settings.database.url.expose_secret(),
        "sqlite://catchment.db"
    );
    assert_eq!(settings.sources.dir, None);
    assert!(settings.sources.enabled.is_empty() && settings.overrides.0.is_empty());
}

#[test]
fn a_variable_goes_before_the_file_and_the_file_before_the_defaults() {
    let check = |file, variables: &[_], expected| {
        let settings = given(file, variables).unwrap();
        assert_eq!(settings.api.listen.to_string(), expected);
    };
    let file = "[api]\nlisten = '1.1.1.1:1'";
    let name = "CATCHMENT__API__LISTEN";
    check("", &[], "127.0.0.1:8000");
    check(file, &[], "1.1.1.1:1");
    check("", &[(name, "2.2.2.2:2")], "2.2.2.2:2");
    check(file, &[(name, "2.2.2.2:2")], "2.2.2.2:2");
    check(file, &[(name, "")], "1.1.1.1:1");
}

#[test]
fn a_list_has_commas_in_a_variable_and_brackets_in_a_file() {
    let check = |file, variables: &[_]| {
        let settings = given(file, variables).unwrap();
        assert_eq!(settings.sources.enabled, ["cats", "dogs"]);
    };
    check("[sources]\nenabled = ['cats', 'dogs']", &[]);
    check("", &[("CATCHMENT__SOURCES__ENABLED", "cats, dogs,")]);
}

#[test]
fn keys_of_definitions_are_handed_on_and_the_later_wins() {
    let file = "[source.cats]\nbase_url = 'http://a'\nlimits = { concurrency = 2 }";
    let variables = [
        ("CATCHMENT__SOURCE__CATS__BASE_URL", "http://b"),
        ("CATCHMENT__SOURCE__CATS__LIMITS__RATE", "1/s"),
    ];
    let settings = given(file, &variables).unwrap();
    insta::assert_json_snapshot!(settings.overrides.0, @r#"
    {
      "cats": {
        "base_url": "http://b",
        "limits": {
          "concurrency": 2,
          "rate": "1/s"
        }
      }
    }
    "#);
}

#[test]
fn every_fault_is_told_at_once_with_its_place_and_the_nearest_key() {
    let file = "[api]\nlistn = '1.1.1.1:1'\n[log]\nformat = 'xml'\n[nonsense]\n[database]\n[source]\ncats = 1\n";
    let variables = [
        ("CATCHMENT__DATABASE__CONNECTIONS", "many"),
        ("CATCHMENT__API__LISTEN", "localhost"),
        ("CATCHMENT__API__QUERY_TIMEOUT", "5"),
        (
            "CATCHMENT__API__CORS_ORIGINS",
            "https://a.example, b.example",
        ),
        ("CATCHMENT__API__IN_FLIGHT", "0"),
        ("CATCHMENT__API__RATE_LIMIT", "10/day"),
        ("CATCHMENT__API__CLIENT_HEADER", "real ip"),
        ("CATCHMENT__API__PUBLIC_URL", "data.example.org"),
        ("CATCHMENT__LOG__LEVEL", "loud,,="),
        ("CATCHMENT_TEST_URL", "not a setting"),
    ];
    insta::assert_snapshot!(given(file, &variables).unwrap_err(), @r#"
    catchment.toml: there is no setting `api.listn`; did you mean `api.listen`?
    catchment.toml: `log.format`: `xml`: there is auto, text and json
    catchment.toml: there is no setting `nonsense`; `catchment settings` prints those that exist
    catchment.toml: `source.cats` is no key of a source; write KEY = ... under [source.NAME]
    CATCHMENT__API__CLIENT_HEADER: `api.client_header`: `real ip`: write the name of a header, like x-forwarded-for
    CATCHMENT__API__CORS_ORIGINS: `api.cors_origins`: `b.example`: write a scheme and a host, like https://app.example.org, or * for all
    CATCHMENT__API__IN_FLIGHT: `api.in_flight`: invalid value: integer `0`, expected a nonzero usize
    CATCHMENT__API__LISTEN: `api.listen`: `localhost`: write an address and a port, like 127.0.0.1:8000
    CATCHMENT__API__PUBLIC_URL: `api.public_url`: `data.example.org`: write a scheme and a host, like https://data.example.org
    CATCHMENT__API__QUERY_TIMEOUT: `api.query_timeout`: `5`: write a number and a unit: ms, s, m or h, like 30s
    CATCHMENT__API__RATE_LIMIT: `api.rate_limit`: `10/day`: write units and a time: s, min or h, like 600/min
    CATCHMENT__DATABASE__CONNECTIONS: `database.connections`: expected an integer, found string "many"
    CATCHMENT__LOG__LEVEL: `log.level`: `loud,,=`: write error, warn, info, debug or trace, also by module: info,syncer=debug
    "#);
}

#[test]
fn a_page_is_never_larger_than_the_largest() {
    let faults = given("[api]\nmax_limit = 20", &[]).unwrap_err();
    insta::assert_snapshot!(faults, @"`api.default_limit` is 50, more than `api.max_limit`, 20");
}

#[test]
fn commands_are_looked_for_often_but_not_always() {
    for poll in ["99ms", "11s"] {
        let faults = given(&format!("[syncer]\npoll = '{poll}'"), &[]).unwrap_err();
        let said = format!("`syncer.poll` is {poll}; write 100ms to 10s");
        assert_eq!(faults.to_string(), said);
    }
    assert!(given("[syncer]\npoll = '10s'", &[]).is_ok());
}

#[test]
fn a_lease_lasts_long_enough_to_be_renewed() {
    let faults = given("[syncer]\nlease = '99ms'", &[]).unwrap_err();
    insta::assert_snapshot!(faults, @"`syncer.lease` is 99ms; write at least 100ms");
    assert!(given("[syncer]\nlease = '100ms'", &[]).is_ok());
}

#[test]
fn a_text_that_is_no_toml_is_placed_but_not_repeated() {
    let faults = given("[database]\nurl = 'mysql://u:hidden@h/d", &[]).unwrap_err();
    insta::assert_snapshot!(faults, @"catchment.toml: line 2, column 28: invalid literal string, expected `'`");
}

#[test]
fn a_duration_has_a_unit() {
    let check = |text, millis: Option<u64>| {
        assert_eq!(span(text), millis.map(Duration::from_millis), "{text}");
    };
    check("30s", Some(30_000));
    check("250 ms", Some(250));
    check("2m", Some(120_000));
    check("1h", Some(3_600_000));
    check("0s", Some(0));
    check("30", None);
    check("s", None);
    check("-1s", None);
    check("1.5s", None);
    check("99999999999s", None);
}

#[test]
fn nothing_shows_a_secret() {
    let variables = [
        ("CATCHMENT__DATABASE__URL", "mysql://u:hidden@h/d"),
        ("CATCHMENT__SOURCE__CATS__AUTH__VALUE", "hidden"),
        ("CATCHMENT__API__CURSOR_SECRET", "hidden"),
    ];
    let shown = format!("{:?}", given("", &variables).unwrap());
    assert!(!shown.contains("hidden"), "{shown}");
}

#[test]
fn a_secret_is_a_variable_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "from a file\n").unwrap();
    let variables: Variables = [("NAME", "from a variable")].into_iter().collect();
    let check = |reference: &str, expected: Option<&str>| {
        let found = variables.secret(reference).unwrap();
        let found = found.as_ref().map(ExposeSecret::expose_secret);
        assert_eq!(found, expected, "{reference}");
    };
    check("NAME", Some("from a variable"));
    check(&format!("file:{}", path.display()), Some("from a file"));
    check("OTHER", None);
    check("file:/nowhere", None);
}

#[test]
fn the_demo_heeds_its_sections_alone() {
    let variables: Variables = [
        ("CATCHMENT__API__LISTEN", "127.0.0.1:0"),
        ("CATCHMENT__DATABASE__URL", "mysql://h/d"),
        ("CAT_API_KEY", "hidden"),
    ]
    .into_iter()
    .collect();
    let kept = variables.only(&["api", "log"]);
    assert_eq!(kept.get("CATCHMENT__API__LISTEN"), Some("127.0.0.1:0"));
    assert_eq!(kept.get("CATCHMENT__DATABASE__URL"), None);
    assert_eq!(kept.get("CAT_API_KEY"), None);
}

#[test]
fn what_protects_the_api_is_off_until_it_is_set() {
    let none = given("", &[]).unwrap().api;
    assert!(none.cors_origins.is_empty());
    assert_eq!((none.rate_limit, none.client_header), (None, None));
    let file = "[api]\ncors_origins = ['https://a.example']\nrate_limit = '600/min'\nclient_header = 'X-Real-IP'";
    let set = given(file, &[]).unwrap().api;
    assert_eq!(set.cors_origins, ["https://a.example".parse().unwrap()]);
    assert_eq!(set.rate_limit, "600/min".parse().ok());
    assert_eq!(set.client_header, "x-real-ip".parse().ok());
}
