//! What each operator lets through, by type: what another reading of it says, on every database, whatever the order.

use std::cmp::Ordering;

use entity::{definition::Cell, record::Row};
use serde_json::json;

use crate::{
    cats::{breeds, many_breeds, searched, value},
    paging::{compare, in_order},
    world::World,
};

/// Fields, and values to compare them with.
const OPERANDS: [(&str, [&str; 3]); 7] = [
    ("name", ["Abyssinian", "a%_b", ""]),
    ("weight", ["3", "-7", "9223372036854775807"]),
    ("price", ["1.50", "-0.05", "0.3"]),
    ("mass", ["5", "12345678901234567890.1234567891", "-1"]),
    ("rating", ["0.1", "-2.5", "1e300"]),
    ("born", ["2024-02-29", "1999-12-31", "9999-01-01"]),
    (
        "seen",
        [
            "2026-11-21T08:00:00.5Z",
            "2026-11-21T08:00:00Z",
            "2026-11-21T10:00:00%2B02:00",
        ],
    ),
];

#[tokio::test]
async fn every_operator_lets_through_what_it_says() {
    World::each(async |world| {
        let rows = many_breeds();
        world.mirrored(&breeds(), &rows).await;
        let fields = OPERANDS.into_iter();
        for (query, sort) in fields.flat_map(|(field, operands)| comparisons(field, operands)) {
            check(&world, &rows, &query, &sort).await;
        }
        for sort in ["", "hairless", "-name"] {
            check(&world, &rows, "hairless=true", sort).await;
            check(&world, &rows, "hairless__eq=false", sort).await;
            check(&world, &rows, "hairless__isnull=true", sort).await;
            check(&world, &rows, "hairless__isnull=false", sort).await;
        }
        let several = "weight__gte=0&name__gt=A&price__lt=2&hairless=true";
        check(&world, &rows, several, "-born").await;
    })
    .await;
}

#[tokio::test]
async fn parts_of_a_text_are_found_in_whatever_case() {
    const PARTS: [&str; 12] = [
        "abyss",
        "SINIAN",
        "a",
        "n",
        "égy",
        "É",
        "EGY",
        "n ",
        "%_",
        "猫",
        "yssiniam",
        "abyssinian ",
    ];
    World::each(async |world| {
        let rows = many_breeds();
        world.mirrored(&searched(), &rows).await;
        let parts = PARTS.into_iter().enumerate();
        for (query, sort) in parts.flat_map(|(turn, part)| parts_of_names(turn, part)) {
            check(&world, &rows, &query, sort).await;
        }
        check(&world, &rows, "name__contains=a&name__contains=N", "weight").await;
    })
    .await;
}

/// Both operators, alone and with another filter.
fn parts_of_names(turn: usize, part: &str) -> [(String, &'static str); 4] {
    let sort = ["", "name", "-weight", "-name"][turn % 4];
    let part = part.replace('%', "%25");
    [
        format!("name__contains={part}"),
        format!("name__endswith={part}"),
        format!("name__contains={part}&weight__gte=3"),
        format!("name__endswith={part}&weight__gte=3"),
    ]
    .map(|query| (query, sort))
}

/// Each operator with each sort: none, another field, and the same one.
fn comparisons(field: &str, operands: [&str; 3]) -> Vec<(String, String)> {
    let sorts = ["".to_owned(), "weight".to_owned(), format!("-{field}")];
    let other = operands[0];
    let mut comparisons = Vec::new();
    for (turn, operand) in operands.into_iter().enumerate() {
        let queries = [
            format!("{field}={operand}"),
            format!("{field}__eq={operand}"),
            format!("{field}__ne={operand}"),
            format!("{field}__in={operand},{other}"),
            format!("{field}__notin={operand},{other}"),
            format!("{field}__gt={operand}"),
            format!("{field}__gte={operand}"),
            format!("{field}__lt={operand}"),
            format!("{field}__lte={operand}"),
            format!("{field}__gte={operand}&{field}__ne={other}"),
        ];
        let queries = queries.into_iter().enumerate();
        comparisons.extend(queries.map(|(at, query)| (query, sorts[(at + turn) % 3].clone())));
    }
    for is in ["true", "false"] {
        let query = format!("{field}__isnull={is}");
        comparisons.extend(sorts.iter().map(|sort| (query.clone(), sort.clone())));
    }
    comparisons
}

/// The list is what the filters, understood in another way, leave of `rows`, in pages and in one.
async fn check(world: &World, rows: &[Row], query: &str, sort: &str) {
    let left: Vec<&Row> = rows
        .iter()
        .filter(|row| query.split('&').all(|filter| fits(row, filter)))
        .collect();
    let expected: Vec<String> = in_order(rows, sort)
        .into_iter()
        .filter(|id| left.iter().any(|row| row.record_key == *id))
        .collect();
    let sorted = if sort.is_empty() {
        String::new()
    } else {
        format!("&sort={sort}")
    };
    let base = format!("/api/v1/cats/breeds?{query}{sorted}&limit=3");
    let mut page = world.get(&format!("{base}&count=capped")).await;
    let mut ids = page.column("id");
    let count = json!({ "value": expected.len(), "exact": true });
    assert_eq!(page.json()["count"], count, "{base}");
    while let Some(next) = page.json()["page"]["next"].as_str() {
        page = world.get(&format!("{base}&cursor={next}")).await;
        ids.extend(page.column("id"));
    }
    assert_eq!(ids, expected, "{base} on {:?}", world.kind);
}

/// What `field__operator=values` means for a row, said in another way than the api does.
pub(crate) fn fits(row: &Row, filter: &str) -> bool {
    let (name, values) = filter.split_once('=').expect("a filter");
    let (name, operator) = name.split_once("__").unwrap_or((name, "eq"));
    let at = breeds().fields.iter().position(|field| field.name == name);
    let cell = &row.cells[at.expect("a field")];
    if operator == "isnull" {
        return (*cell == Cell::Null) == (values == "true");
    }
    if *cell == Cell::Null {
        return false;
    }
    let decoded = values.replace("%2B", "+").replace("%25", "%");
    if let (Cell::Text(text), "contains" | "endswith") = (cell, operator) {
        let (text, part) = (text.to_lowercase(), decoded.to_lowercase());
        return match operator {
            "contains" => text.contains(&part),
            _ => text.ends_with(&part),
        };
    }
    let mut orders = decoded
        .split(',')
        .map(|plain| compare(cell, &value(name, plain)));
    match operator {
        "eq" | "in" => orders.any(Ordering::is_eq),
        "ne" | "notin" => orders.all(Ordering::is_ne),
        "gt" => orders.all(Ordering::is_gt),
        "gte" => orders.all(Ordering::is_ge),
        "lt" => orders.all(Ordering::is_lt),
        "lte" => orders.all(Ordering::is_le),
        other => panic!("no operator {other}"),
    }
}
