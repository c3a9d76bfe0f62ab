//! What filters let through, and how their values are written.

use entity::{
    definition::{Cell, Kind},
    record::Row,
};
use serde_json::json;

use crate::{
    cats::{breed, breeds, field, many_breeds, row, text, value},
    world::World,
};

#[tokio::test]
async fn a_beginning_is_compared_byte_by_byte() {
    const NAMES: [&str; 12] = [
        "a",
        "A",
        "a%",
        "a%b",
        "a_",
        "ab",
        "b",
        "a\u{10ffff}",
        "a\u{10ffff}z",
        "é",
        "e\u{301}",
        "",
    ];
    World::each(async |world| {
        let rows: Vec<_> = NAMES.iter().map(|name| named(name)).collect();
        world.mirrored(&breeds(), &rows).await;
        let check = async |prefix: &str, sort: &str| {
            let path = format!(
                "/api/v1/cats/breeds?name__startswith={}{sort}",
                encoded(prefix)
            );
            let mut found = world.get(&path).await.column("id");
            found.sort_unstable();
            let mut expected = NAMES.to_vec();
            expected.retain(|name| name.starts_with(prefix));
            expected.sort_unstable();
            assert_eq!(found, expected, "{prefix:?}{sort} on {:?}", world.kind);
        };
        for prefix in [
            "a",
            "A",
            "a%",
            "a_",
            "a\u{10ffff}",
            "e",
            "é",
            "x",
            "",
            "\u{d7ff}",
        ] {
            check(prefix, "").await;
            check(prefix, "&sort=name").await;
            check(prefix, "&sort=-name").await;
            check(prefix, "&sort=id").await;
        }
    })
    .await;
}

#[tokio::test]
async fn several_values_stand_between_commas_or_in_an_array() {
    World::each(async |world| {
        let names = ["a", "b", "a,b", "[", "\"", ""];
        let rows: Vec<_> = names.iter().map(|name| named(name)).collect();
        world.mirrored(&breeds(), &rows).await;
        let check = async |query: &str, expected: &[&str]| {
            let answer = world.get(&format!("/api/v1/cats/breeds?{query}")).await;
            assert_eq!(answer.column("id"), expected, "{query} on {:?}", world.kind);
        };
        check("name__in=a,b", &["a", "b"]).await;
        check("name__in=b,a,b", &["a", "b"]).await;
        check("name__in=", &[""]).await;
        check("name__in=a,", &["a", ""]).await;
        check(
            &format!("name__in={}", encoded(r#"["a,b","["]"#)),
            &["a,b", "["],
        )
        .await;
        check(
            &format!("name__notin={}", encoded(r#"["a,b","\""]"#)),
            &["a", "b", "[", ""],
        )
        .await;
        let many: Vec<String> = (0..199).map(|at| format!("x{at}")).collect();
        check(&format!("name__in={},b", many.join(",")), &["b"]).await;
        check(
            &format!("name__notin={},b&sort=name", many.join(",")),
            &["", "\"", "[", "a", "a,b"],
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_list_is_asked_for_any_of_some_items_or_for_none() {
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
            breed("five", &[]),
        ];
        world.mirrored(&breeds(), &rows).await;
        let check = async |query: &str, expected: &[&str]| {
            let answer = world
                .get(&format!("/api/v1/cats/breeds?{query}&count=capped"))
                .await;
            assert_eq!(answer.column("id"), expected, "{query} on {:?}", world.kind);
            assert_eq!(answer.json()["count"]["value"], expected.len(), "{query}");
        };
        check("temperament__hasany=Gentle,gentle", &["one", "two"]).await;
        check(
            "temperament__hasany=Gentle,Active&sort=-id",
            &["one", "four"],
        )
        .await;
        check(
            &format!("temperament__hasany={}", encoded(r#"["Loyal, kind"]"#)),
            &["four"],
        )
        .await;
        check(
            "temperament__hasany=Lazy,Gentle&temperament__has=Active",
            &["one"],
        )
        .await;
        check("temperament__isnull=true", &["three", "five"]).await;
        check("temperament__isnull=false", &["one", "two", "four"]).await;
        check("temperament__isnull=true&sort=id", &["five", "three"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_field_with_another_ones_name_is_reached() {
    World::each(async |world| {
        let mut odd = breeds();
        odd.fields = ["id", "sort", "weight__gte", "a__b", "a__in", "a"]
            .map(|name| field(name, Kind::Text))
            .to_vec();
        odd.fields.push(field("weight", Kind::Integer));
        let values = [
            ("id", text("x")),
            ("sort", text("up")),
            ("weight__gte", text("5")),
            ("weight", Cell::Integer(9)),
            ("a__b", text("c")),
            ("a__in", text("d")),
            ("a", text("e")),
        ];
        let rows = [
            row(&odd, "x", r#"{"id":"x"}"#, &values),
            row(&odd, "y", r#"{"id":"y"}"#, &[("id", text("y"))]),
        ];
        world.mirrored(&odd, &rows).await;
        let check = async |query: &str, expected: &[&str]| {
            let answer = world.get(&format!("/api/v1/cats/breeds?{query}")).await;
            assert_eq!(answer.column("id"), expected, "{query} on {:?}", world.kind);
        };
        check("sort=-id", &["y", "x"]).await;
        check("sort__eq=up", &["x"]).await;
        check("sort__startswith=u&sort=sort", &["x"]).await;
        check("weight__gte=6", &["x"]).await;
        check("weight__gte=10", &[]).await;
        check("weight__gte__eq=5", &["x"]).await;
        check("a__b=c", &["x"]).await;
        check("a__b__in=c,d", &["x"]).await;
        check("a__in=d", &[]).await;
        check("a__in=e", &["x"]).await;
        check("a__in__eq=d", &["x"]).await;
    })
    .await;
}

#[tokio::test]
async fn fields_without_an_index_yet_are_not_compared() {
    World::each(async |world| {
        let id = world.registered(&breeds()).await;
        let steps = migration::record_table::plan(None, &breeds());
        let made = migration::record_table::apply(&world.db, &breeds(), &steps).await;
        made.expect("the table is made");
        let resource = entity::resource::Entity::projected(&world.db, id, &breeds()).await;
        resource.expect("it is written down");
        world.write(&breeds(), (id, 1), &many_breeds()).await;
        assert_eq!(
            world
                .get("/api/v1/cats/breeds?limit=3")
                .await
                .column("id")
                .len(),
            3
        );
        for query in ["name=x", "sort=name", "weight__gte=3"] {
            let refused = world.get(&format!("/api/v1/cats/breeds?{query}")).await;
            assert_eq!(refused.status, 503, "{query}");
        }
        let has = world.get("/api/v1/cats/breeds?temperament__has=x").await;
        assert_eq!(has.column("id"), [""; 0]);
    })
    .await;
}

/// A breed whose id is its name.
fn named(name: &str) -> Row {
    let payload = json!({ "id": name }).to_string();
    let values = [("id", text(name)), ("name", text(name))];
    row(&breeds(), name, &payload, &values)
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

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
        let rows: Vec<_> = names.iter().map(|name| named(name)).collect();
        world.mirrored(&breeds(), &rows).await;
        for name in names {
            let path = format!("/api/v1/cats/breeds?name={}", encoded(name));
            let answer = world.get(&path).await;
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
