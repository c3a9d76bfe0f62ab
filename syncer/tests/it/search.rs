//! The words and the ends of texts are written with their row, changed with it, and follow the definition.

use entity::run::Outcome;

use crate::world::{World, assert_outcome, on_each_database};

const CATS: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"

[resource.cats]
path    = "/things"
key     = "id"
deletes = { how = "soft", max = "50%" }
page    = { kind = "page", param = "page", start = 0, size_param = "limit", size = 500, total = "header:pagination-count" }
search  = ["name", "tags", "about"]
[resource.cats.fields]
name  = { type = "text", index = "contains" }
tags  = "list"
about = { type = "text", index = false }
"#;

const A: &str =
    r#"{"id":"a","name":"Étoile","tags":["grey cat","Grey"],"about":"A cat, the cat."}"#;
const B: &str = r#"{"id":"b","name":"Bo","tags":[],"about":null}"#;
const OTHER_A: &str = r#"{"id":"a","name":"Oo","tags":["black"]}"#;

/// `rowno:value` of each row of a list that is made of texts.
async fn listed(world: &World, list: &str) -> Vec<String> {
    let (rowno, table) = ("CAST(rowno AS CHAR)", format!("fake_cats__{list}"));
    let order = "ORDER BY rowno, value";
    let rows = world
        .column(&format!("SELECT {rowno} FROM {table} {order}"))
        .await;
    let values = world
        .column(&format!("SELECT value FROM {table} {order}"))
        .await;
    let both = rows.into_iter().flatten().zip(values.into_iter().flatten());
    both.map(|(rowno, value)| format!("{rowno}:{value}"))
        .collect()
}

const WORDS: [&str; 6] = ["1:a", "1:cat", "1:etoile", "1:grey", "1:the", "2:bo"];
const ENDS: [&str; 8] = [
    "1:e",
    "1:ile",
    "1:le",
    "1:oile",
    "1:toile",
    "1:étoile",
    "2:bo",
    "2:o",
];

#[tokio::test]
async fn a_row_has_each_word_once_and_each_end() {
    on_each_database(CATS, async |world| {
        world.upstream.has(&[A, B]);
        assert_outcome(&world.sync("cats").await, Outcome::Complete);
        assert_eq!(listed(&world, "q").await, WORDS);
        assert_eq!(listed(&world, "name__contains").await, ENDS);
        let names = world
            .column("SELECT name FROM fake_cats ORDER BY rowno")
            .await;
        assert_eq!(names, [Some("Étoile".to_owned()), Some("Bo".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn an_unchanged_record_writes_no_word() {
    on_each_database(CATS, async |world| {
        world.upstream.has(&[A, B]);
        world.sync("cats").await;
        // What is missing would be there again if it had been written.
        world
            .execute("DELETE FROM fake_cats__q WHERE value = 'cat'")
            .await;
        world
            .execute("DELETE FROM fake_cats__name__contains WHERE value = 'bo'")
            .await;
        let (words, ends) = (
            listed(&world, "q").await,
            listed(&world, "name__contains").await,
        );
        let report = world.sync("cats").await;
        assert_eq!(report.counts.unchanged, 2);
        assert_eq!(listed(&world, "q").await, words);
        assert_eq!(listed(&world, "name__contains").await, ends);
        assert_eq!(words.len() + 1, WORDS.len());
    })
    .await;
}

#[tokio::test]
async fn words_change_with_their_record() {
    on_each_database(CATS, async |world| {
        world.upstream.has(&[A, B]);
        world.sync("cats").await;
        world.upstream.has(&[OTHER_A, B]);
        assert_eq!(world.sync("cats").await.counts.updated, 1);
        assert_eq!(listed(&world, "q").await, ["1:black", "1:oo", "2:bo"]);
        let ends = listed(&world, "name__contains").await;
        assert_eq!(ends, ["1:o", "1:oo", "2:bo", "2:o"]);
        // Whoever is marked as deleted keeps them, and comes back with those of then.
        world.upstream.has(&[B]);
        assert_eq!(world.sync("cats").await.counts.deleted, 1);
        assert_eq!(listed(&world, "q").await, ["1:black", "1:oo", "2:bo"]);
        world.upstream.has(&[A, B]);
        world.sync("cats").await;
        assert_eq!(world.live("cats").await, ["a", "b"]);
        assert_eq!(listed(&world, "q").await, WORDS);
        assert_eq!(listed(&world, "name__contains").await, ENDS);
    })
    .await;
}

#[tokio::test]
async fn words_go_with_a_row_that_goes_for_good() {
    let hard = CATS.replace("\"soft\"", "\"hard\"");
    on_each_database(&hard, async |world| {
        world.upstream.has(&[A, B]);
        world.sync("cats").await;
        world.upstream.has(&[B]);
        assert_eq!(world.sync("cats").await.counts.deleted, 1);
        assert_eq!(listed(&world, "q").await, ["2:bo"]);
        assert_eq!(listed(&world, "name__contains").await, ["2:bo", "2:o"]);
    })
    .await;
}

#[tokio::test]
async fn a_changed_definition_makes_the_words_of_what_is_stored() {
    on_each_database(CATS, async |mut world| {
        let plain = CATS
            .replace("search  = [\"name\", \"tags\", \"about\"]\n", "")
            .replace(", index = \"contains\"", "");
        world.redefine(&plain).await;
        world.upstream.has(&[A, B]);
        assert_outcome(&world.sync("cats").await, Outcome::Complete);
        let before = world.models("cats").await;
        let missing = async |world: &World, list: &str| {
            let table = format!("fake_cats__{list}");
            let error = world.db_error(&format!("SELECT value FROM {table}")).await;
            assert!(error.contains(&table), "{error}");
        };
        missing(&world, "q").await;
        missing(&world, "name__contains").await;
        world.redefine(CATS).await;
        assert_eq!(listed(&world, "q").await, WORDS);
        assert_eq!(listed(&world, "name__contains").await, ENDS);
        // Other fields are read, and one in another way.
        let names = CATS.replace("[\"name\", \"tags\", \"about\"]", "\"name\"");
        world.redefine(&names).await;
        assert_eq!(listed(&world, "q").await, ["1:etoile", "2:bo"]);
        let first = names.replace("index = \"contains\"", "index = \"contains\", match = '^.'");
        world.redefine(&first).await;
        assert_eq!(listed(&world, "q").await, ["1:e", "2:b"]);
        assert_eq!(listed(&world, "name__contains").await, ["1:é", "2:b"]);
        // And none.
        world.redefine(&plain).await;
        missing(&world, "q").await;
        missing(&world, "name__contains").await;
        assert_eq!(world.models("cats").await, before);
        assert_eq!(world.sync("cats").await.counts.unchanged, 2);
    })
    .await;
}

#[tokio::test]
async fn readers_are_offered_words_when_all_of_them_are_there() {
    on_each_database(CATS, async |mut world| {
        let names = CATS.replace("[\"name\", \"tags\", \"about\"]", "\"name\"");
        world.redefine(&names).await;
        world.upstream.has(&[A, B]);
        world.sync("cats").await;
        let offered = async |world: &World| {
            let definition = world.resource("cats").await.offered();
            definition.expect("a definition").search
        };
        assert_eq!(offered(&world).await, ["name"]);
        world.stopper.stop();
        world.redefine(CATS).await;
        assert_eq!(offered(&world).await, [""; 0]);
        world.go_on();
        world.redefine(CATS).await;
        assert_eq!(offered(&world).await, ["name", "tags", "about"]);
    })
    .await;
}
