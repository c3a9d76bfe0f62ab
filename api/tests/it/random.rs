//! Some rows, whichever: all of them different, each as likely, and the same ones again for the same seed.

use std::collections::{BTreeMap, BTreeSet};

use entity::{definition::Cell, record::Row};
use serde_json::json;

use crate::{
    cats::{breed, breeds, many_breeds},
    world::World,
};

const RANDOM: &str = "/api/v1/cats/breeds/-/random";

fn row(at: i64) -> Row {
    let values = [
        ("weight", Cell::Integer(at)),
        ("hairless", Cell::Boolean(at % 2 == 0)),
    ];
    breed(&format!("b{at:04}"), &values)
}

async fn with_rows(world: &World, rows: i64) -> i32 {
    let rows: Vec<Row> = (1..=rows).map(row).collect();
    world.mirrored(&breeds(), &rows).await
}

#[tokio::test]
async fn one_row_is_drawn_and_not_kept() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let answer = world.get(RANDOM).await;
        assert_eq!(answer.column("id").len(), 1);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.headers.contains_key("etag"));
        let body = answer.json();
        assert_eq!(body["limit"], 1);
        let seed = body["seed"].as_u64().expect("a number");
        assert!(seed < 1 << 53, "{seed}");
        assert_eq!(body["meta"]["resource"], "breeds");
        let again = world.get(&format!("{RANDOM}?seed={seed}")).await;
        assert_eq!(again.body, answer.body);
    })
    .await;
}

#[tokio::test]
async fn a_seed_draws_the_same_rows_everywhere() {
    let mut drawn = BTreeSet::new();
    for kind in testdb::kinds() {
        let world = World::with_schema(kind, crate::world::settings()).await;
        with_rows(&world, 3000).await;
        let answers = [
            world.get(&format!("{RANDOM}?limit=5&seed=1")).await,
            world
                .get(&format!("{RANDOM}?limit=5&seed=1&hairless=true"))
                .await,
            world.get(&format!("{RANDOM}?limit=5&seed=2")).await,
        ];
        let [all, some, other] = answers.map(|answer| answer.column("id"));
        assert_ne!(all, other);
        assert!(
            some.iter()
                .all(|id| id.ends_with(['0', '2', '4', '6', '8'])),
            "{some:?}"
        );
        assert_eq!(BTreeSet::from_iter(all.iter()).len(), 5);
        drawn.insert([all, some, other]);
    }
    assert_eq!(drawn.len(), 1, "{drawn:?}");
}

#[tokio::test]
async fn each_row_is_about_as_likely() {
    // What is drawn depends on the seeds alone, so this either holds always or never.
    let world = World::with_schema(testdb::Kind::Sqlite, crate::world::settings()).await;
    let id = with_rows(&world, 1500).await;
    let gone: Vec<i64> = (1..=1000).collect();
    world.delete(&breeds(), (id, 2), &gone).await;
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..200 {
        let answer = world.get(&format!("{RANDOM}?limit=50&seed={seed}")).await;
        let ids = answer.column("id");
        assert_eq!(BTreeSet::from_iter(&ids).len(), 50);
        for id in ids {
            *counts.entry(id).or_default() += 1;
        }
    }
    // 10,000 draws of 500 rows: 20 of each, and no row that was deleted.
    assert_eq!(counts.len(), 500);
    let (least, most) = (counts.values().min(), counts.values().max());
    assert!(least >= Some(&4) && most <= Some(&44), "{least:?} {most:?}");
}

#[tokio::test]
async fn few_rows_that_are_left_are_all_found() {
    World::each(async |world| {
        let id = with_rows(&world, 2000).await;
        let gone: Vec<i64> = (1..=2000)
            .filter(|rowno| ![1, 999, 2000].contains(rowno))
            .collect();
        world.delete(&breeds(), (id, 2), &gone).await;
        let mut all = world.get(&format!("{RANDOM}?limit=50")).await.column("id");
        all.sort_unstable();
        assert_eq!(all, ["b0001", "b0999", "b2000"]);
        let one = world.get(RANDOM).await.column("id");
        assert!(all.contains(&one[0]));
        let some = world.get(&format!("{RANDOM}?limit=50&weight=999")).await;
        assert_eq!(some.column("id"), ["b0999"]);
        let none = world.get(&format!("{RANDOM}?weight=5")).await;
        assert_eq!(none.json()["data"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_resource_without_rows_has_none() {
    World::each(async |world| {
        world.registered(&breeds()).await;
        assert_eq!(world.get(RANDOM).await.json()["data"], json!([]));
        world.mirrored(&breeds(), &[]).await;
        assert_eq!(world.get(RANDOM).await.json()["data"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn part_of_the_records_can_be_asked_for() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let answer = world.get(&format!("{RANDOM}?limit=1000&fields=name")).await;
        let body = answer.json();
        assert_eq!(body["limit"], 100);
        assert_eq!(body["data"].as_array().map(Vec::len), Some(12));
        assert!(body["data"][0]["id"].is_string());
    })
    .await;
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        let path = format!("{RANDOM}?limit=0&seed=-1&fields=,&cursor=x&limt=3&facet=name");
        let answer = world.get(&path).await;
        assert_eq!(answer.status, 400);
        let body = answer.json();
        let faults = body["errors"].as_array().expect("faults");
        let told = faults
            .iter()
            .map(|fault| fault["parameter"].as_str().expect("a name"));
        assert_eq!(
            told.collect::<Vec<_>>(),
            ["cursor", "limt", "facet", "fields", "limit", "seed"]
        );
        assert_eq!(faults[1]["did_you_mean"], "limit");
    })
    .await;
}
