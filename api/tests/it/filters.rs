//! What `field=value` and `field__has=value` let through, by type.

use entity::definition::Cell;
use serde_json::json;

use crate::{
    cats::{breed, breeds, many_breeds, row, text, value},
    world::World,
};

#[tokio::test]
async fn equality_is_of_the_fields_type() {
    World::each(async |world| {
        let all = [
            ("name", "Égypte"),
            ("weight", "-9223372036854775808"),
            ("price", "-0.05"),
            ("mass", "12345678901234567890.1234567891"),
            ("rating", "0.1"),
            ("hairless", "true"),
            ("born", "2024-02-29"),
            ("seen", "2026-11-21T08:00:00.123456Z"),
        ];
        let mut rows = many_breeds();
        for (field, plain) in all {
            // One row has the value and nothing else, so that it is found by it alone.
            rows.retain(|row| !row.cells.contains(&value(field, plain)));
            rows.push(breed(field, &[(field, value(field, plain))]));
        }
        world.mirrored(&breeds(), &rows).await;
        let check = async |query: &str, expected: &[&str]| {
            let answer = world.get(&format!("/api/v1/cats/breeds?{query}")).await;
            assert_eq!(answer.column("id"), expected, "{query} on {:?}", world.kind);
        };
        check("name=%C3%89gypte", &["name"]).await;
        check("name=%c3%a9gypte", &[]).await;
        check("weight=-9223372036854775808", &["weight"]).await;
        check("price=-0.05", &["price"]).await;
        check("price=-5e-2", &["price"]).await;
        check("mass=12345678901234567890.1234567891", &["mass"]).await;
        check("rating=1e-1", &["rating"]).await;
        check("hairless=true&limit=1000&weight=77", &[]).await;
        check("born=2024-02-29", &["born"]).await;
        check("seen=2026-11-21T08:00:00.123456Z", &["seen"]).await;
        check("seen=2026-11-21T09:00:00.123456%2B01:00", &["seen"]).await;
    })
    .await;
}

#[tokio::test]
async fn texts_are_equal_only_if_their_bytes_are() {
    World::each(async |world| {
        let names = ["a", "A", "a ", " a", "á", "a\u{301}", "", "a%", "a_"];
        let rows: Vec<_> = names
            .iter()
            .map(|name| {
                let payload = json!({ "id": name }).to_string();
                row(
                    &breeds(),
                    name,
                    &payload,
                    &[("id", text(name)), ("name", text(name))],
                )
            })
            .collect();
        world.mirrored(&breeds(), &rows).await;
        for name in names {
            let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let answer = world
                .get(&format!("/api/v1/cats/breeds?name={encoded}"))
                .await;
            assert_eq!(answer.column("id"), [name], "{:?}", world.kind);
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_is_asked_for_an_item() {
    World::each(async |world| {
        let list = |items: &[&str]| {
            let items = items.iter().map(|&item| item.to_owned()).collect();
            vec![("temperament", Cell::List(items))]
        };
        let rows = [
            breed("one", &list(&["Gentle", "Active", "Gentle"])),
            breed("two", &list(&["gentle"])),
            breed("three", &list(&[])),
            breed("four", &list(&["Active", "Loyal, kind"])),
        ];
        world.mirrored(&breeds(), &rows).await;
        let check = async |query: &str, expected: &[&str]| {
            let answer = world.get(&format!("/api/v1/cats/breeds?{query}")).await;
            assert_eq!(answer.column("id"), expected, "{query} on {:?}", world.kind);
        };
        check("temperament__has=Gentle", &["one"]).await;
        check("temperament__has=Active", &["one", "four"]).await;
        check("temperament__has=Loyal,+kind", &["four"]).await;
        check("temperament__has=Active&temperament__has=Gentle", &["one"]).await;
        check("temperament__has=Active&id=four", &["four"]).await;
        check("temperament__has=Active&sort=-id", &["one", "four"]).await;
        check("temperament__has=Lazy", &[]).await;
    })
    .await;
}

#[tokio::test]
async fn a_repeated_filter_must_hold_twice() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let both = world.get("/api/v1/cats/breeds?weight=3&weight=4").await;
        assert_eq!(both.column("id"), [""; 0]);
        let same = world.get("/api/v1/cats/breeds?weight=4&weight=4").await;
        assert_eq!(same.column("id"), ["b11"]);
    })
    .await;
}

#[tokio::test]
async fn deleted_rows_are_never_shown() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &many_breeds()).await;
        world.delete(&breeds(), (id, 2), &[1, 12]).await;
        let all = world.get("/api/v1/cats/breeds").await;
        assert_eq!(all.column("id").len(), 10);
        assert_eq!(all.json()["count"], json!({ "value": 10, "exact": true }));
        assert_eq!(all.header("x-total-count"), "10");
        let filtered = world.get("/api/v1/cats/breeds?weight=3&count=exact").await;
        assert_eq!(filtered.column("id"), ["b01", "b04", "b09"]);
        assert_eq!(
            filtered.json()["count"],
            json!({ "value": 3, "exact": true })
        );
        assert_eq!(world.get("/api/v1/cats/breeds/b00").await.status, 404);
        assert_eq!(world.get("/api/v1/cats/breeds/b01").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_filtered_list_is_counted_only_if_asked_for() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let quick = world.get("/api/v1/cats/breeds?weight=3").await;
        assert_eq!(quick.json()["count"], json!(null));
        assert!(!quick.headers.contains_key("x-total-count"));
        let counted = world
            .get("/api/v1/cats/breeds?weight=3&count=exact&limit=1")
            .await;
        assert_eq!(
            counted.json()["count"],
            json!({ "value": 4, "exact": true })
        );
        assert_eq!(counted.header("x-total-count"), "4");
    })
    .await;
}
