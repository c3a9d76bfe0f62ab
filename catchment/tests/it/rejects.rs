//! `catchment rejects`: what could not be stored and why, and another try after the definition was put right.

use crate::world::{World, with_shop};

/// The shop's items must be smaller than 2.
fn strict(world: &World) {
    let path = world.path("sources/shop.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let items = r#"path = "/items"
fields = { id = "integer" }"#;
    let small = r#"path = "/items"
fields = { id = "integer", small = { from = "/id", type = "integer", max = "1", on_bad = "reject" }, text = { from = "/id", type = "date" } }"#;
    assert!(text.contains(items));
    std::fs::write(path, text.replacen(items, small, 1)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_are_counted_then_shown_and_read_again() {
    let world = with_shop().await;
    strict(&world);
    world.run("sync shop.items");
    let listed = world.run("rejects list shop.items");
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    insta::assert_snapshot!(without_ages(&listed.stdout), @r"
    shop.items
    COUNT  KIND    FIELD  REASON
        2  record  small  field `small`: `…` is above the most, 1
        1  value   text   `…` is not a date of the form YYYY-MM-DD

    KIND    KEY  PATH  VALUE  REASON                                    RUN  KEPT
    value   1    /id   1      `1` is not a date of the form YYYY-MM-DD    1
    record  3    /id   3      field `small`: `3` is above the most, 1     1
    record  2    /id   2      field `small`: `2` is above the most, 1     1
    ");
    let values = world
        .run("rejects list shop.items --kind value --limit 1 --json")
        .json();
    let resource = &values["resources"][0];
    assert_eq!(resource["counts"].as_array().unwrap().len(), 1, "{values}");
    assert_eq!(resource["rejects"][0]["path"], "/id");
    assert_eq!(resource["rejects"][0]["payload"], r#"{"id":1}"#);
    let none = world.run("rejects list shop.items --field nope").stdout;
    assert_eq!(
        none,
        "shop.items: no rejects of that field or kind; there are 3 others\n"
    );
    world.run("sync shop.few");
    let few = world.run("rejects list shop.few").stdout;
    assert_eq!(few, "shop.few: no rejects\n");
    // As it is, nothing passes; then one does.
    let replayed = world.run("rejects replay shop.items");
    assert_eq!(
        (replayed.stdout.as_str(), replayed.code),
        ("shop.items: 2 still rejected\n", Some(0))
    );
    let path = world.path("sources/shop.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text.replace(r#"max = "1""#, r#"max = "2""#)).unwrap();
    let replayed = world.run("rejects replay shop.items --json").json();
    let counts = ["inserted", "rejected"].map(|name| replayed["replays"][0][name].as_i64());
    assert_eq!(counts, [Some(1), Some(1)], "{replayed}");
    let runs = world.run("runs shop.items --limit 1").stdout;
    assert!(runs.contains("complete (replay)"), "{runs}");
    assert_eq!(
        world.run("rejects replay shop.items --json").json()["replays"][0]["run"],
        5
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_is_told() {
    let world = with_shop().await;
    world.run("sync shop.items");
    let listed = world.run("rejects list shop.item");
    assert_eq!(listed.code, Some(2));
    assert!(
        listed.stderr.contains("did you mean `shop.items`?"),
        "{}",
        listed.stderr
    );
    let replayed = world.run("rejects replay shop.item");
    assert_eq!(replayed.code, Some(2));
    assert!(
        replayed.stderr.contains("did you mean `items`?"),
        "{}",
        replayed.stderr
    );
}

/// The ages stand last in their lines.
fn without_ages(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_suffix(" s ago") {
        Some(line) => line
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .trim_end(),
        None => line.trim_end(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
