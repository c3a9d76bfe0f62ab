//! Sorting and paging: every row once, in the same order on every database, forward and backward.

use std::cmp::Ordering;

use entity::{definition::Cell, record::Row};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::{
    cats::{breed, breeds, many_breeds, text},
    world::{Answer, World},
};

#[tokio::test]
async fn every_sort_visits_every_row_once_both_ways() {
    World::each(async |world| {
        let rows = many_breeds();
        world.mirrored(&breeds(), &rows).await;
        let fields = [
            "id", "name", "weight", "price", "mass", "rating", "hairless", "born", "seen",
        ];
        let mut sorts: Vec<String> = vec![String::new()];
        sorts.extend(
            fields
                .iter()
                .flat_map(|field| [(*field).to_owned(), format!("-{field}")]),
        );
        for sort in sorts {
            walk_all(&world, &rows, &sort, &[1, 4, 5, 12, 100]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn any_ties_and_nulls_are_walked() {
    World::each(async |world| {
        // A few values only, so that ties and nulls are many; the seed is fixed.
        let few = prop_oneof![Just(None), (0..3_i64).prop_map(Some)];
        let rows = proptest::collection::vec((few.clone(), few), 1..40);
        let mut runner = TestRunner::deterministic();
        let many = rows.new_tree(&mut runner).expect("a value").current();
        let rows: Vec<Row> = many
            .iter()
            .enumerate()
            .map(|(at, (weight, name))| {
                let weight = weight.map_or(Cell::Null, Cell::Integer);
                let name = name.map_or(Cell::Null, |name| text(&name.to_string()));
                breed(&format!("b{at:02}"), &[("weight", weight), ("name", name)])
            })
            .collect();
        world.mirrored(&breeds(), &rows).await;
        for sort in ["weight", "-weight", "name", "-name"] {
            walk_all(&world, &rows, sort, &[1, 2, 3, 4, 5, 6, 7]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn filters_hold_on_every_page() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let walk = Walk {
            world: &world,
            sort: "-price&weight=3",
            limit: 1,
        };
        assert_eq!(walk.forward().await, ["b04", "b00", "b09", "b01"]);
        assert_eq!(walk.backward().await, ["b04", "b00", "b09", "b01"]);
    })
    .await;
}

#[tokio::test]
async fn a_page_goes_on_where_its_last_row_stood_though_it_is_gone() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &many_breeds()).await;
        let first = world.get("/api/v1/cats/breeds?sort=weight&limit=3").await;
        assert_eq!(first.column("id"), ["b06", "b02", "b10"]);
        world.delete(&breeds(), (id, 2), &[11]).await;
        let next = follow(&world, &first, "next").await.expect("a next page");
        assert_eq!(next.column("id"), ["b00", "b01", "b04"]);
        let back = follow(&world, &next, "prev").await.expect("a page before");
        assert_eq!(back.column("id"), ["b06", "b02"]);
    })
    .await;
}

#[tokio::test]
async fn an_emptied_page_leads_back_to_the_row_before_it() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &many_breeds()).await;
        let cases = [
            ("limit=10", "b09", [11, 12]),
            ("limit=8&sort=-id", "b02", [1, 2]),
        ];
        for (query, last, beyond) in cases {
            let first = world.get(&format!("/api/v1/cats/breeds?{query}")).await;
            world.delete(&breeds(), (id, 2), &beyond).await;
            let empty = follow(&world, &first, "next").await.expect("a next page");
            assert_eq!(empty.column("id"), [""; 0]);
            assert_eq!(empty.json()["page"]["next"], json!(null));
            let back = follow(&world, &empty, "prev").await.expect("a page before");
            assert_eq!(back.column("id").last().map(String::as_str), Some(last));
        }
    })
    .await;
}

#[tokio::test]
async fn a_limit_is_coerced_and_reported() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let check = async |limit: &str, expected: u64| {
            let answer = world.get(&format!("/api/v1/cats/breeds{limit}")).await;
            assert_eq!(answer.json()["page"]["limit"], json!(expected), "{limit}");
        };
        check("", 50).await;
        check("?limit=7", 7).await;
        check("?limit=1001", 1000).await;
        check("?limit=99999999999999999999999", 1000).await;
    })
    .await;
}

#[tokio::test]
async fn limit_fields_and_shape_may_change_from_page_to_page() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let first = world.get("/api/v1/cats/breeds?sort=-weight&limit=2").await;
        let cursor = first.json()["page"]["next"]
            .as_str()
            .expect("a cursor")
            .to_owned();
        let path = format!(
            "/api/v1/cats/breeds?limit=3&fields=id&shape=array&sort=-weight&cursor={cursor}"
        );
        let next = world.get(&path).await;
        assert_eq!(next.body, r#"[{"id":"b09"},{"id":"b04"},{"id":"b01"}]"#);
        assert!(
            next.header("link")
                .starts_with(r#"<?limit=3&fields=id&shape=array&sort=-weight>; rel="first", "#),
            "{:?}",
            next.headers
        );
        assert!(
            next.header("link").contains(r#"rel="next""#),
            "{:?}",
            next.headers
        );
        assert!(
            next.header("link").contains(r#"rel="prev""#),
            "{:?}",
            next.headers
        );
    })
    .await;
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let first = world
            .get("/api/v1/cats/breeds?sort=weight&hairless=true&limit=1")
            .await;
        let cursor = first.json()["page"]["next"]
            .as_str()
            .expect("a cursor")
            .to_owned();
        let check = async |query: &str, code: &str| {
            let answer = world.get(&format!("/api/v1/cats/breeds?{query}")).await;
            assert_eq!(answer.status, 400, "{query}: {}", answer.body);
            assert_eq!(answer.json()["code"], json!(code), "{query}");
            assert_eq!(answer.json()["errors"][0]["parameter"], json!("cursor"));
        };
        let same = format!("/api/v1/cats/breeds?hairless=true&sort=weight&cursor={cursor}");
        assert_eq!(world.get(&same).await.status, 200);
        check(&format!("hairless=true&cursor={cursor}"), "CURSOR_MISMATCH").await;
        check(
            &format!("hairless=true&sort=-weight&cursor={cursor}"),
            "CURSOR_MISMATCH",
        )
        .await;
        check(
            &format!("hairless=false&sort=weight&cursor={cursor}"),
            "CURSOR_MISMATCH",
        )
        .await;
        check(&format!("sort=weight&cursor={cursor}"), "CURSOR_MISMATCH").await;
        let mut changed = cursor.clone().into_bytes();
        changed[3] = if changed[3] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        check(
            &format!("hairless=true&sort=weight&cursor={changed}"),
            "CURSOR_INVALID",
        )
        .await;
        check("cursor=", "CURSOR_INVALID").await;
        check("cursor=%F0%9F%98%BA", "CURSOR_INVALID").await;
    })
    .await;
}

/// Walks `rows`, which are all that there are, with pages of each of `limits`.
async fn walk_all(world: &World, rows: &[Row], sort: &str, limits: &[u64]) {
    let expected = in_order(rows, sort);
    for &limit in limits {
        let walk = Walk { world, sort, limit };
        assert_eq!(walk.forward().await, expected, "{walk}");
        assert_eq!(walk.backward().await, expected, "{walk}, backward");
    }
}

pub(crate) struct Walk<'a> {
    pub(crate) world: &'a World,
    pub(crate) sort: &'a str,
    pub(crate) limit: u64,
}

impl std::fmt::Display for Walk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { world, sort, limit } = self;
        write!(f, "sort={sort} limit={limit} on {:?}", world.kind)
    }
}

impl Walk<'_> {
    async fn first(&self) -> Answer {
        let sort = if self.sort.is_empty() {
            String::new()
        } else {
            format!("sort={}&", self.sort)
        };
        let path = format!("/api/v1/cats/breeds?{sort}limit={}", self.limit);
        self.world.get(&path).await
    }

    /// The ids from the first page to the last.
    pub(crate) async fn forward(&self) -> Vec<String> {
        let mut page = self.first().await;
        let mut ids = page.column("id");
        assert_eq!(page.json()["page"]["prev"], Value::Null);
        while let Some(next) = follow(self.world, &page, "next").await {
            assert!(
                !next.column("id").is_empty(),
                "a next page is never empty: {self}"
            );
            ids.extend(next.column("id"));
            assert!(ids.len() < 1000, "no end: {self}");
            page = next;
        }
        ids
    }

    /// The ids from the last page to the first, put in order.
    pub(crate) async fn backward(&self) -> Vec<String> {
        let mut page = self.first().await;
        while let Some(next) = follow(self.world, &page, "next").await {
            page = next;
        }
        let mut pages = vec![page.column("id")];
        while let Some(prev) = follow(self.world, &page, "prev").await {
            pages.push(prev.column("id"));
            assert!(pages.len() < 1000, "no end: {self}");
            page = prev;
        }
        pages.into_iter().rev().flatten().collect()
    }
}

/// The page that the answer's `Link` header leads to, which its `page` must agree with.
async fn follow(world: &World, answer: &Answer, relation: &str) -> Option<Answer> {
    let body = answer.json();
    let cursor = body["page"][relation].as_str();
    let end = format!(">; rel=\"{relation}\"");
    let link = answer
        .header("link")
        .split(", ")
        .find_map(|link| link.strip_suffix(&end)?.strip_prefix('<'));
    assert_eq!(cursor.is_some(), link.is_some(), "{:?}", answer.headers);
    assert!(link?.ends_with(cursor?), "{:?}", answer.headers);
    Some(world.get(&format!("/api/v1/cats/breeds{}", link?)).await)
}

/// The ids of `rows` as `sort` must bring them: nulls last both ways, ties by row number in the last field's direction.
pub(crate) fn in_order(rows: &[Row], sort: &str) -> Vec<String> {
    let breeds = breeds();
    let keys: Vec<(usize, bool)> = sort
        .split(',')
        .filter(|key| !key.is_empty())
        .map(|key| {
            let name = key.trim_start_matches('-');
            let at = breeds.fields.iter().position(|field| field.name == name);
            (at.expect("a field"), key.starts_with('-'))
        })
        .collect();
    let turned =
        |order: Ordering, descending: bool| if descending { order.reverse() } else { order };
    let mut numbered: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
    numbered.sort_by(|(a_at, a), (b_at, b)| {
        for (field, descending) in &keys {
            let order = match (&a.cells[*field], &b.cells[*field]) {
                (Cell::Null, Cell::Null) => Ordering::Equal,
                (Cell::Null, _) => Ordering::Greater,
                (_, Cell::Null) => Ordering::Less,
                (a, b) => turned(compare(a, b), *descending),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        let descending = keys.last().is_some_and(|(_, descending)| *descending);
        turned(a_at.cmp(b_at), descending)
    });
    numbered
        .into_iter()
        .map(|(_, row)| row.record_key.clone())
        .collect()
}

pub(crate) fn compare(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Cell::Text(a), Cell::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Cell::Integer(a), Cell::Integer(b)) => a.cmp(b),
        (Cell::Float(a), Cell::Float(b)) => a.total_cmp(b),
        (Cell::Boolean(a), Cell::Boolean(b)) => a.cmp(b),
        (Cell::Date(a), Cell::Date(b)) => a.cmp(b),
        (Cell::Timestamp(a), Cell::Timestamp(b)) => a.cmp(b),
        (Cell::Decimal(a), Cell::Decimal(b)) => scaled(a).cmp(&scaled(b)),
        other => panic!("not to be compared: {other:?}"),
    }
}

/// A fixed decimal without its point: all of a field's have the same scale.
fn scaled(fixed: &str) -> i128 {
    fixed.replace('.', "").parse().expect("a number")
}
