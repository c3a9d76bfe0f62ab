//! `catchment check` and `sample`: faults all at once, then a look at the upstream.

use crate::world::{Shop, World};

const FAULTY: &str = r#"
[source]
name = "shop"
base_url = "not a url"
schedule = "now and then"
colour = "red"

[defaults]
page = { kind = "none" }

[resource.items]
path = "/items"
key = "id"
[resource.items.fields]
id = "integr"

[resource.others]
key = "id"
fields = { id = "integer" }
"#;

#[test]
fn five_mistakes_are_told_at_once_with_their_places() {
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    world.file("sources/shop.toml", FAULTY);
    let checked = world.run("check");
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(2), ""));
    let folder = format!("{}/", world.path("").display()).replace("//", "/");
    insta::assert_snapshot!(checked.stdout.replace(&folder, ""));
    let faults = &world.run("check --json").json()["faults"];
    insta::assert_json_snapshot!(faults[0], { ".path" => "sources/shop.toml" }, @r#"
    {
      "accepted": "http://… or https://… with a host: https://api.example.com/v1",
      "column": 12,
      "key": "source.base_url",
      "line": 4,
      "message": "`not a url` is no URL: relative URL without a base",
      "nearest": null,
      "path": "sources/shop.toml"
    }
    "#);
    assert_eq!(faults.as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_faults_each_resource_is_tried_once() {
    let shop = Shop::open().await;
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    // Who asks to wait closes the budget of its source: it has one of its own here.
    let definition = shop.definition();
    let (before, later) = definition.split_once("[resource.later]").unwrap();
    let (later, after) = later.split_once("[resource.broken]").unwrap();
    let head = before.split("[resource.").next().unwrap();
    let head = head.replace("\"shop\"", "\"waiting\"");
    world.file(
        "sources/shop.toml",
        &format!("{before}[resource.broken]{after}"),
    );
    world.file(
        "sources/waiting.toml",
        &format!("{head}[resource.later]{later}"),
    );
    let checked = world.run("check");
    assert_eq!(
        checked.code,
        Some(1),
        "the broken and the late resource failed"
    );
    let told = checked.stdout.replace(&shop.base_url, "[base_url]");
    let told = without_times(&told);
    insta::assert_snapshot!(told);
    let document = world.run("check --json shop").json();
    insta::assert_json_snapshot!(document["resources"][0], { ".duration_ms" => "[ms]" }, @r#"
    {
      "absent": [],
      "bad": [],
      "bad_values": 0,
      "bytes": 28,
      "cursor": null,
      "duration_ms": "[ms]",
      "error": null,
      "hints": [],
      "limits": [],
      "next": {
        "how": "all records come in one answer",
        "is": "none"
      },
      "read": [
        "public"
      ],
      "reasons": [],
      "records": 3,
      "rejected": 0,
      "repeated": [],
      "requests": 1,
      "resource": "items",
      "source": "shop",
      "status": 200,
      "total": null,
      "validators": []
    }
    "#);
    assert!(
        !world.path("catchment.db").exists(),
        "a check needs no database"
    );
}

#[test]
fn the_shipped_definition_is_checked_where_no_folder_is_set() {
    let world = World::new();
    let demo = world.start("demo --json");
    let line = demo.line("\"upstream\"");
    let base_url = line.split('"').nth(3).unwrap();
    let world = World::new().with("CATCHMENT__SOURCE__THECATAPI__BASE_URL", base_url);
    let checked = world.run("check");
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    assert!(
        checked
            .stdout
            .contains("thecatapi.breeds: 200, 67 records of 67"),
        "{}",
        checked.stdout
    );
    demo.signal("INT");
    demo.end();
}

#[test]
fn a_source_that_is_not_there_is_a_wrong_use() {
    let world = World::new();
    for command in [
        "check thecatapp",
        "sync thecatapp",
        "sample thecatapp.breeds",
    ] {
        // The shipped definition is well, so it is the name that is told.
        let asked = world.run(command);
        assert_eq!(asked.code, Some(2), "{command}");
        assert!(
            asked.stderr.contains("did you mean `thecatapi`?"),
            "{}",
            asked.stderr
        );
    }
    let asked = world.run("sample thecatapi.bred");
    assert_eq!(asked.code, Some(2));
    assert!(
        asked.stderr.contains("did you mean `breeds`?"),
        "{}",
        asked.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shipped_source_that_is_not_enabled_is_said_to_be_there() {
    let asked = World::new().run("check github");
    assert_eq!(asked.code, Some(2));
    let said = "the source `github` comes with Catchment, and is not enabled; name it in `sources.enabled`, beside thecatapi";
    assert!(asked.stderr.contains(said), "{}", asked.stderr);
    let world = World::new()
        .with("CATCHMENT__SOURCES__DIR", "sources")
        .with("CATCHMENT__SOURCE__THECATAPI__TIMEOUT", "5s");
    world.file("sources/shop.toml", &Shop::open().await.definition());
    let asked = world.run("check");
    let said = "setting source.thecatapi: the source `thecatapi` comes with Catchment, and is not enabled\n  \
                accepted: a source that runs; to run this one, name it in sources.enabled";
    assert!(asked.stdout.contains(said), "{}", asked.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_shows_rows_and_stores_nothing() {
    let shop = Shop::open().await;
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    world.file("sources/shop.toml", &shop.definition());
    let sample = world.run("sample shop.items --rows 2");
    assert_eq!((sample.code, sample.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(sample.stdout, @r"
    1
      id  1

    2
      id  2
    ");
    let sample = world.run("sample shop.parts --rows 1 --json").json();
    insta::assert_json_snapshot!(sample, @r#"
    {
      "resource": "parts",
      "rows": [
        {
          "fields": {
            "item_id": 1,
            "part": 1
          },
          "key": "1,1",
          "reject": null
        }
      ],
      "source": "shop"
    }
    "#);
    assert_eq!(world.run("sample shop.broken").code, Some(1));
    assert!(!world.path("catchment.db").exists());
}

#[test]
fn own_definitions_run_beside_shipped_ones_only_where_both_are_named() {
    let definition = include_str!("../../../syncer/sources/thecatapi.toml");
    let renamed = definition.replacen("\"thecatapi\"", "\"mine\"", 1);
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    world.file("sources/mine.toml", &renamed);
    let check = |enabled: &str, expected: [bool; 2]| {
        let paths = world.run(&format!("openapi --settings {enabled}")).json()["paths"].clone();
        let has = |source| {
            paths
                .as_object()
                .unwrap()
                .keys()
                .any(|path| path.contains(source))
        };
        assert_eq!([has("/mine/"), has("/thecatapi/")], expected, "{enabled}");
    };
    world.file("none.toml", "");
    world.file("both.toml", "[sources]\nenabled = ['mine', 'thecatapi']");
    world.file("shipped.toml", "[sources]\nenabled = ['thecatapi']");
    check("none.toml", [true, false]);
    check("both.toml", [true, true]);
    check("shipped.toml", [false, true]);
}

#[test]
fn an_own_file_takes_the_place_of_the_shipped_one_of_its_name() {
    let definition = include_str!("../../../syncer/sources/thecatapi.toml");
    let world = World::new()
        .with("CATCHMENT__SOURCES__DIR", "sources")
        .with("CATCHMENT__SOURCES__ENABLED", "thecatapi");
    world.file(
        "sources/thecatapi.toml",
        &definition
            .replace("resource.breeds", "resource.cats")
            .replace("\"breeds\"", "\"cats\""),
    );
    let paths = world.run("openapi").json()["paths"].clone();
    assert!(
        paths
            .as_object()
            .unwrap()
            .keys()
            .any(|path| path.contains("/thecatapi/cats")),
        "{paths}"
    );
}

#[test]
fn the_openapi_document_describes_the_definitions_that_run() {
    let document = World::new().run("openapi").json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let breeds = paths
        .keys()
        .find(|path| path.ends_with("/thecatapi/breeds"));
    assert!(breeds.is_some(), "{:?}", paths.keys());
}

#[test]
fn the_definition_in_the_readme_has_no_faults() {
    let readme = include_str!("../../../README.md");
    let definition = readme
        .split("```toml")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let world = World::new()
        .with("CATCHMENT__SOURCES__DIR", "sources")
        .with("CATCHMENT__SOURCE__LIBRARY__BASE_URL", "http://127.0.0.1:9")
        .with("CATCHMENT__SOURCE__LIBRARY__RETRY__ATTEMPTS", "1")
        .with("LIBRARY_TOKEN", "hidden");
    world.file("sources/library.toml", definition);
    let checked = world.run("check --json");
    assert_eq!(checked.code, Some(1), "nobody answers at that port");
    assert_eq!(checked.json()["faults"], serde_json::json!([]));
    assert!(!checked.stdout.contains("hidden") && !checked.stderr.contains("hidden"));
}

fn without_times(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(" until ") {
        Some((before, _)) => format!("{before} until [time]\n"),
        None => format!("{line}\n"),
    });
    let text: String = lines.collect();
    let words = text.split(' ').collect::<Vec<_>>();
    let is_time = |place: usize| {
        words
            .get(place + 1)
            .is_some_and(|unit| unit.starts_with("ms"))
    };
    let words = words
        .iter()
        .enumerate()
        .map(|(place, word)| if is_time(place) { "[n]" } else { word });
    words.collect::<Vec<_>>().join(" ")
}
