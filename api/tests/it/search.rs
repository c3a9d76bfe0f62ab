//! Full text search: which words a row has, on every database, wherever filters go; and what is refused.

use entity::{
    definition::{Cell, Definition},
    record::Row,
    resource,
};
use serde_json::json;

use crate::{
    cats::{breed, breeds, image, images, many_breeds, searched, text},
    world::World,
};

/// Names, tempers and notes.
const CATS: [(&str, &str, &[&str], &str); 7] = [
    (
        "abys",
        "Abyssinian",
        &["Active", "Gentle, but loud"],
        "From Égypte, say some.",
    ),
    ("aege", "Aegean Cat", &["gentle"], "A GREY cat; Greek."),
    (
        "char",
        "Chartreux",
        &["Quiet"],
        "grey-blue, catlike, from France",
    ),
    (
        "kora",
        "Korat (โคราช)",
        &[],
        "Grey, the cat of luck: 2 of them for a bride.",
    ),
    ("kuro", "黒猫", &["Active"], "x²"),
    ("none", "", &[], ""),
    (
        "russ",
        "Russian Blue",
        &["Gentle", "Quiet"],
        "Grey cat cat cat",
    ),
];

fn cats() -> Vec<Row> {
    let rows = CATS.iter().map(|(id, name, temperament, notes)| {
        let items = temperament.iter().map(|&item| item.to_owned()).collect();
        let values = [
            ("name", text(name)),
            ("temperament", Cell::List(items)),
            ("notes", text(notes)),
        ];
        breed(id, &values)
    });
    rows.collect()
}

/// Every row once, however the pages are cut and in whichever direction they are read.
async fn found(world: &World, query: &str) -> Vec<String> {
    let base = format!("/api/v1/cats/breeds?{query}");
    let whole = world.get(&base).await.column("id");
    let mut page = world.get(&format!("{base}&limit=2")).await;
    let mut ids = page.column("id");
    let mut backward = Vec::new();
    while let Some(next) = page.json()["page"]["next"].as_str() {
        page = world.get(&format!("{base}&limit=2&cursor={next}")).await;
        ids.extend(page.column("id"));
        let previous = page.json();
        let previous = previous["page"]["prev"].as_str().expect("a page before");
        let before = world
            .get(&format!("{base}&limit=2&cursor={previous}"))
            .await;
        backward.extend(before.column("id"));
    }
    assert_eq!(ids, whole, "{query} on {:?}", world.kind);
    assert!(ids.starts_with(&backward), "{query}: {backward:?}");
    whole
}

#[tokio::test]
async fn a_row_is_found_by_all_of_the_words() {
    World::each(async |world| {
        world.mirrored(&searched(), &cats()).await;
        let check = async |query: &str, expected: &[&str]| {
            assert_eq!(
                found(&world, query).await,
                expected,
                "{query} on {:?}",
                world.kind
            );
        };
        check("q=grey", &["aege", "char", "kora", "russ"]).await;
        check("q=GREY+cat", &["aege", "kora", "russ"]).await;
        check("q=grey+cat*", &["aege", "char", "kora", "russ"]).await;
        check("q=g*", &["abys", "aege", "char", "kora", "russ"]).await;
        check("q=gentle", &["abys", "aege", "russ"]).await;
        check("q=loud!", &["abys"]).await;
        check("q=egypte", &["abys"]).await;
        check("q=%C3%A9GYPTE", &["abys"]).await;
        check("q=blue", &["char", "russ"]).await;
        check("q=ca*", &["aege", "char", "kora", "russ"]).await;
        check("q=%E7%8C%AB", &["kuro"]).await;
        check("q=x2", &["kuro"]).await;
        check("q=%E0%B8%84%E0%B8%A3", &["kora"]).await;
        check("q=2", &["kora"]).await;
        check("q=greycat", &[]).await;
        check("q=grey+dog", &[]).await;
        check("q=rey", &[]).await;
    })
    .await;
}

#[tokio::test]
async fn words_go_with_filters_and_sorts() {
    World::each(async |world| {
        let id = world.mirrored(&searched(), &cats()).await;
        let check = async |query: &str, expected: &[&str]| {
            assert_eq!(
                found(&world, query).await,
                expected,
                "{query} on {:?}",
                world.kind
            );
        };
        check("q=grey&sort=-name", &["russ", "kora", "char", "aege"]).await;
        check("q=gr*&sort=name", &["aege", "char", "kora", "russ"]).await;
        check("q=grey&temperament__has=Quiet", &["char", "russ"]).await;
        check("q=grey&name__contains=RUS&sort=id", &["russ"]).await;
        check("q=cat&name__endswith=t", &["aege"]).await;
        check("name__contains=a&name__startswith=A", &["abys", "aege"]).await;
        check("q=grey&id__in=kora,abys", &["kora"]).await;
        let counted = async |query: &str| {
            let path = format!("/api/v1/cats/breeds?{query}");
            world.get(&path).await.json()["count"].clone()
        };
        for count in ["capped", "exact"] {
            let three = json!({ "value": 3, "exact": true });
            assert_eq!(
                counted(&format!("q=grey+cat&count={count}&limit=1")).await,
                three
            );
            let four = json!({ "value": 4, "exact": true });
            assert_eq!(counted(&format!("q=gr*&count={count}")).await, four);
        }
        world.delete(&searched(), (id, 2), &[2, 4]).await;
        check("q=grey", &["char", "russ"]).await;
        check("name__contains=a", &["abys", "char", "russ"]).await;
        assert_eq!(counted("q=grey&count=exact").await["value"], 2);
    })
    .await;
}

#[tokio::test]
async fn words_go_wherever_filters_go() {
    World::each(async |world| {
        world.mirrored(&searched(), &cats()).await;
        let children = Definition {
            search: vec!["id".to_owned()],
            ..images()
        };
        let pictures = [
            image("abys", "asleep on-a chair", 3),
            image("abys", "awake", 3),
            image("char", "asleep", 3),
        ];
        world.mirrored(&children, &pictures).await;
        let get = async |path: &str| world.get(&format!("/api/v1/cats/{path}")).await;
        let asleep = get("breeds/abys/images?q=asleep").await;
        assert_eq!(asleep.column("id"), ["asleep on-a chair"]);
        let random = get("breeds/-/random?q=grey+cat&limit=10&seed=1").await;
        let mut random = random.column("id");
        random.sort_unstable();
        assert_eq!(random, ["aege", "kora", "russ"]);
        let facets = get("breeds/-/facets?facet=temperament&q=gr*").await.json();
        let values = &facets["data"]["temperament"]["values"];
        assert_eq!(values[0], json!({ "value": "Quiet", "count": 2 }));
        assert_eq!(facets["data"]["temperament"]["without"], 1);
        let export = get("breeds/-/export?q=grey&name__contains=CAT").await;
        let expected = r#"{"id":"aege"}"#;
        assert_eq!(export.body.lines().next(), Some(expected));
        assert!(export.body.contains(r#""rows":1"#), "{}", export.body);
    })
    .await;
}

#[tokio::test]
async fn a_cursor_is_bound_to_its_words() {
    World::each(async |world| {
        world.mirrored(&searched(), &cats()).await;
        let first = world
            .get("/api/v1/cats/breeds?q=grey+cat&limit=1")
            .await
            .json();
        let cursor = first["page"]["next"].as_str().expect("a next page");
        let with = async |query: &str| {
            let path = format!("/api/v1/cats/breeds?{query}&cursor={cursor}");
            world.get(&path).await
        };
        assert_eq!(with("q=Cat,+GREY").await.column("id"), ["kora", "russ"]);
        for other in ["q=grey", "q=grey+cat*", "sort=id"] {
            assert_eq!(
                with(other).await.json()["code"],
                "CURSOR_MISMATCH",
                "{other}"
            );
        }
    })
    .await;
}

/// What each step does, along which index, and how many entries it looks at.
async fn steps(world: &World, query: &str) -> Vec<String> {
    let path = format!("/api/v1/cats/breeds?{query}&explain=true&limit=5");
    let explained = world.get(&path).await.json();
    let steps = explained["explain"]["steps"].as_array().expect("steps");
    let told = steps.iter().map(|step| {
        let index = step["index"].as_array().expect("an index");
        let index: Vec<_> = index.iter().filter_map(|name| name.as_str()).collect();
        let way = step["way"].as_str().expect("a way");
        format!("{way} {} {}", index.join(","), step["at_most"])
    });
    told.collect()
}

#[tokio::test]
async fn a_search_says_how_it_is_read() {
    World::each(async |world| {
        world.mirrored(&searched(), &cats()).await;
        let check = async |query: &str, expected: &[&str]| {
            assert_eq!(
                steps(&world, query).await,
                expected,
                "{query} on {:?}",
                world.kind
            );
        };
        check("q=grey", &["walk q 6"]).await;
        check("q=gre*", &["seek q 4", "sort  4"]).await;
        check("q=grey&sort=name", &["seek q 4", "sort  4"]).await;
        check("name__contains=a", &["seek name__contains 5", "sort  5"]).await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_searched_for_is_refused_with_its_reason() {
    World::each(async |world| {
        world.mirrored(&searched(), &cats()).await;
        world.mirrored(&images(), &[]).await;
        let check = async |path: &str, expected: &[&str]| {
            let refused = world.get(&format!("/api/v1/cats/{path}")).await;
            assert_eq!(refused.faults(&["parameter", "code", "detail"]), expected, "{path}");
        };
        let seventeen: Vec<String> = (0..17).map(|at| format!("w{at}")).collect();
        let long = "x".repeat(257);
        let no_word = "q INVALID_VALUE expected a word for `q`, of letters and digits; `*` only stands behind one";
        check("breeds?q=", &[no_word]).await;
        check("breeds?q=+*+-&sort=nope", &[no_word, "sort UNKNOWN_FIELD there is no field `nope` to sort by"]).await;
        check("breeds/-/export?q=*", &[no_word]).await;
        check("breeds/-/facets?facet=name&q=*", &[no_word]).await;
        check(
            &format!("breeds?q={}", seventeen.join("+")),
            &["q INVALID_VALUE expected at most 16 words for `q`, not 17"],
        )
        .await;
        check(
            &format!("breeds?q={long}"),
            &["q INVALID_VALUE expected at most 256 characters for `q`"],
        )
        .await;
        check("breeds?q=a&q=b", &["q REPEATED_PARAMETER `q` is given more than once"]).await;
        let unsearchable = "q NOT_SEARCHABLE `images` has no words to search: its definition names no field with \
                            `search`, or they are being indexed";
        check("images?q=a", &[unsearchable]).await;
        check("images/-/random?q=a", &[unsearchable]).await;
        check("breeds/abys/images?q=a", &[unsearchable]).await;
        let length = |name: &str| format!("{name} INVALID_VALUE expected 1 to 64 characters for `{name}`");
        check("breeds?name__contains=", &[&length("name__contains")]).await;
        let long = "x".repeat(65);
        check(&format!("breeds?name__endswith={long}"), &[&length("name__endswith")]).await;
        let refused = world.get("/api/v1/cats/breeds?coat__contains=o&weight__contains=1").await;
        let details = refused.faults(&["code", "detail"]);
        assert!(details[0].starts_with("UNKNOWN_OPERATOR"), "{details:?}");
        assert!(details[0].ends_with("by `index = \"contains\"`"), "{details:?}");
        assert!(!details[1].contains("index ="), "{details:?}");
        let near = world.get("/api/v1/cats/breeds?name__contain=a").await;
        assert_eq!(near.faults(&["did_you_mean"]), ["name__contains"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_indexed_yet_is_not_searched() {
    World::each(async |world| {
        let definition = searched();
        let id = world.registered(&definition).await;
        let steps = migration::record_table::plan(None, &definition);
        let made = migration::record_table::apply(&world.db, &definition, &steps).await;
        made.expect("the table is made");
        let written = resource::Entity::projected(&world.db, id, &definition).await;
        written.expect("it is written down");
        world.write(&definition, (id, 1), &many_breeds()).await;
        for query in ["q=a", "name__contains=a"] {
            let path = format!("/api/v1/cats/breeds?{query}");
            assert_eq!(world.get(&path).await.status, 503, "{query}");
        }
        let about = world.get("/api/v1/cats/breeds/-/schema").await.json();
        assert_eq!(about["x-catchment"]["search"], json!([]));
        let indexed = migration::record_table::index(&world.db, &definition).await;
        indexed.expect("it is indexed");
        let written = resource::Entity::indexed(&world.db, id).await;
        written.expect("it is written down");
        world.refresh().await;
        let zebra = world.get("/api/v1/cats/breeds?q=zebra").await;
        assert_eq!(zebra.column("id"), ["b05"]);
        let about = world.get("/api/v1/cats/breeds/-/schema").await.json();
        let search = json!(["name", "temperament", "notes"]);
        assert_eq!(about["x-catchment"]["search"], search);
        assert!(breeds().search.is_empty());
    })
    .await;
}
