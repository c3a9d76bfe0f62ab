//! Lists sorted by several fields, as the definition declares.

use entity::{
    definition::{Cell, Definition, OrderKey},
    record::Row,
};

use crate::{
    cats::{breed, breeds, text},
    operators::fits,
    paging::{Walk, in_order},
    world::World,
};

/// What is asked for, and the whole order that it stands for.
const SORTS: [(&str, &str); 11] = [
    ("coat,-name,weight", "coat,-name,weight"),
    ("-coat,name,-weight", "-coat,name,-weight"),
    ("coat,-name", "coat,-name,weight"),
    ("-coat,name", "-coat,name,-weight"),
    ("-hairless,id", "-hairless,id"),
    ("hairless,-id", "hairless,-id"),
    ("coat,weight&coat=short", "coat,weight"),
    ("coat,-name&coat=short", "coat,-name,weight"),
    (
        "coat,-name&coat__in=short,long&hairless=true",
        "coat,-name,weight",
    ),
    ("-coat,name&coat__isnull=true", "-coat,name,-weight"),
    ("coat,-name&name__gte=a&weight__ne=2", "coat,-name,weight"),
];

fn ordered() -> Definition {
    let orders = [["coat", "-name", "weight"].as_slice(), &["-hairless", "id"]];
    let key = |key: &&str| OrderKey::from((*key).to_owned());
    Definition {
        orders: orders.map(|order| order.iter().map(key).collect()).to_vec(),
        ..breeds()
    }
}

fn row(at: usize) -> Row {
    let coats = [None, Some("short"), Some("long")];
    let mut values = vec![
        ("name", text(["a", "b", "B"][at / 3 % 3])),
        ("weight", Cell::Integer([0, 3, 2, 1][at % 4])),
    ];
    values.extend(coats[at % 3].map(|coat| ("coat", text(coat))));
    values.extend((!at.is_multiple_of(4)).then_some(("hairless", Cell::Boolean(at % 4 == 1))));
    breed(&format!("b{at:02}"), &values)
}

#[tokio::test]
async fn a_declared_order_is_walked_both_ways() {
    World::each(async |world| {
        let rows: Vec<Row> = (0..36).map(row).collect();
        world.mirrored(&ordered(), &rows).await;
        for (sort, whole) in SORTS {
            let expected = expected(&rows, sort, whole);
            assert!(expected.len() > 3, "{sort}");
            check(&world, (sort, 1), &expected).await;
            check(&world, (sort, 3), &expected).await;
            check(&world, (sort, 100), &expected).await;
        }
    })
    .await;
}

/// The ids of the rows that the filters behind `sort` leave, in the whole order.
fn expected(rows: &[Row], sort: &str, whole: &str) -> Vec<String> {
    let filters: Vec<&str> = sort.split('&').skip(1).collect();
    let left = |id: &String| {
        let row = rows.iter().find(|row| row.record_key == *id);
        row.is_some_and(|row| filters.iter().all(|filter| fits(row, filter)))
    };
    let mut expected = in_order(rows, whole);
    expected.retain(left);
    expected
}

async fn check(world: &World, (sort, limit): (&str, u64), expected: &[String]) {
    let walk = Walk { world, sort, limit };
    assert_eq!(walk.forward().await, expected, "{walk}");
    assert_eq!(walk.backward().await, expected, "{walk}, backward");
}

#[tokio::test]
async fn another_order_is_told_those_that_there_are() {
    World::each(async |world| {
        world.mirrored(&ordered(), &[row(1)]).await;
        let answer = world.get("/api/v1/cats/breeds?sort=coat,name").await;
        assert_eq!(answer.status, 400);
        let fault = &answer.json()["errors"][0];
        assert_eq!(fault["code"], "NOT_SORTABLE");
        let orders = serde_json::json!(["coat,-name,weight", "-hairless,id"]);
        assert_eq!(fault["allowed"], orders);
        let detail = fault["detail"].as_str().expect("a text");
        assert!(
            detail.ends_with(
                "sort by one field, or by `coat,-name,weight`, `-hairless,id` or its reverse"
            ),
            "{detail}"
        );
    })
    .await;
}
