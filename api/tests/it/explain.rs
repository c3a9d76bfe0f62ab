//! `explain=true`: what a list would do, the same on every database but for their estimates.

use serde_json::{Value, json};
use testdb::Kind;

use crate::{
    cats::{breed, breeds, image, images, many_breeds},
    world::World,
};

/// The steps, without the database's estimates.
async fn steps(world: &World, path: &str) -> Value {
    let answer = world.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.headers.contains_key("etag"));
    for name in ["cats_breeds", "SELECT", "ix_"] {
        assert!(!answer.body.contains(name), "{}", answer.body);
    }
    let mut body = answer.json();
    assert_eq!(
        body["meta"]["resource"],
        path.split('/')
            .next_back()
            .and_then(|end| end.split('?').next())
            .expect("a name")
    );
    for step in body["explain"]["steps"].as_array_mut().expect("steps") {
        let estimate = step["estimated_rows"].take();
        let is_told = world.kind != Kind::Sqlite;
        assert_eq!(
            estimate.is_u64(),
            is_told,
            "{path} on {:?}: {estimate}",
            world.kind
        );
    }
    body["explain"].take()
}

fn step(way: &str, index: &[&str], part: &str, at_most: u64) -> Value {
    json!({ "way": way, "index": index, "part": part, "at_most": at_most, "estimated_rows": null })
}

#[tokio::test]
async fn a_list_says_what_it_would_do() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let check = async |query: &str, free: bool, expected: &[Value]| {
            let path = format!("/api/v1/cats/breeds?limit=5&explain=true&{query}");
            let expected = json!({ "steps": expected, "count": { "free": free } });
            assert_eq!(
                steps(&world, &path).await,
                expected,
                "{query} on {:?}",
                world.kind
            );
        };
        check("", true, &[step("walk", &[], "rows", 6)]).await;
        check("weight=3", false, &[step("walk", &["weight"], "rows", 6)]).await;
        check(
            "temperament__has=x",
            false,
            &[step("walk", &["temperament"], "rows", 6)],
        )
        .await;
        let nulls = step("walk", &["name"], "nulls", 6);
        let values = step("walk", &["name"], "values", 6);
        check("sort=-name", true, &[values.clone(), nulls.clone()]).await;
        check(
            "sort=name&name__startswith=A",
            false,
            std::slice::from_ref(&values),
        )
        .await;
        check(
            "sort=name&name__ne=A",
            false,
            &[values.clone(), values.clone()],
        )
        .await;
        check(
            "sort=name&weight=3",
            false,
            &[
                step("seek", &["weight"], "rows", 4),
                step("sort", &[], "rows", 4),
            ],
        )
        .await;
        let passing = |part| step("walk", &["name"], part, 10_000);
        check(
            "sort=name&temperament__isnull=true",
            false,
            &[passing("values"), passing("nulls")],
        )
        .await;
        check("weight=3&weight=4", false, &[]).await;
    })
    .await;
}

#[tokio::test]
async fn a_page_behind_a_cursor_begins_with_its_ties() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let first = world.get("/api/v1/cats/breeds?sort=name&limit=5").await;
        let first = first.json();
        let cursor = first["page"]["next"].as_str().expect("a cursor");
        let path = format!("/api/v1/cats/breeds?limit=5&explain=true&sort=name&cursor={cursor}");
        let parts = ["ties", "values", "nulls"].map(|part| step("walk", &["name"], part, 6));
        let expected = json!({ "steps": parts, "count": { "free": true } });
        assert_eq!(steps(&world, &path).await, expected, "{:?}", world.kind);
    })
    .await;
}

#[tokio::test]
async fn children_say_it_too() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[breed("abys", &[])]).await;
        world.mirrored(&images(), &[image("abys", "1", 3)]).await;
        let path = "/api/v1/cats/breeds/abys/images?limit=5&explain=true";
        let walk = step("walk", &["breed_id"], "rows", 6);
        let expected = json!({ "steps": [walk], "count": { "free": false } });
        assert_eq!(steps(&world, path).await, expected, "{:?}", world.kind);
        let missing = world
            .get("/api/v1/cats/breeds/nobody/images?explain=true")
            .await;
        assert_eq!(missing.status, 404);
    })
    .await;
}
