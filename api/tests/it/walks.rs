//! Walks through lists while somebody writes: each row that is there throughout, and keeps its place, comes once and in
//! order, whichever way the walk goes and wherever it turns.

use std::time::Instant;

use entity::{definition::Cell, record::Row};
use tokio::sync::watch;

use crate::{
    cats::{breeds, row, text, value},
    chance::{self, Chance},
    depth,
    paging::in_order,
    world::{Answer, World},
    writer::{Op, Writer},
};

/// Commits of a run, unless it is to last longer.
const COMMITS: usize = 60;
/// Who walks meanwhile.
const WALKERS: u64 = 3;
/// Rows that keep their place.
const STEADY: usize = 60;
/// Keys that come, move and go.
const FICKLE: [&str; 16] = [
    "f00", "f01", "f02", "f03", "f04", "f05", "f06", "f07", "f08", "f09", "f10", "f11", "f12",
    "f13", "f14", "f15",
];

const SORTS: [&str; 16] = [
    "",
    "id",
    "-id",
    "name",
    "-name",
    "weight",
    "-weight",
    "price",
    "-price",
    "hairless",
    "-born",
    "seen",
    "rating",
    "-rating",
    "coat,-price",
    "-coat,price",
];

/// A filter, and which rows it leaves.
type Filter = (&'static str, fn(&Row) -> bool);

const FILTERS: [Filter; 7] = [
    ("", |_| true),
    ("hairless=true", |row| {
        *cell(row, "hairless") == Cell::Boolean(true)
    }),
    ("weight__gte=2", |row| {
        matches!(cell(row, "weight"), Cell::Integer(2..))
    }),
    ("weight__isnull=true", |row| {
        *cell(row, "weight") == Cell::Null
    }),
    ("coat__in=short,long", |row| {
        *cell(row, "coat") != Cell::Null
    }),
    (
        "temperament__has=Gentle",
        |row| matches!(cell(row, "temperament"), Cell::List(items) if items[0] == "Gentle"),
    ),
    ("temperament__has=Gentle&weight__gte=1", |row| {
        matches!(cell(row, "temperament"), Cell::List(items) if items[0] == "Gentle")
            && matches!(cell(row, "weight"), Cell::Integer(1..))
    }),
];

fn cell<'a>(row: &'a Row, name: &str) -> &'a Cell {
    let breeds = breeds();
    let at = breeds.fields.iter().position(|field| field.name == name);
    &row.cells[at.expect("a field of breeds")]
}

/// A row with few different values, so that ties and nulls are many.
fn any_row(key: &str, chance: &mut Chance) -> Row {
    let values = [
        ("name", ["", "a", "A", "á", "zebra"]),
        ("weight", ["-1", "0", "1", "2", "3"]),
        ("price", ["0.10", "0.20", "1.50", "-3.00", "99.99"]),
        ("rating", ["0.1", "-2.5", "1e300", "0", "7"]),
        ("hairless", ["true", "false", "true", "false", "true"]),
        (
            "born",
            [
                "2024-02-29",
                "2024-02-01",
                "1999-12-31",
                "2026-11-21",
                "1000-01-01",
            ],
        ),
        ("coat", ["short", "long", "short", "short", "long"]),
        (
            "temperament",
            ["Gentle", "Active", "Gentle", "Loyal", "Shy"],
        ),
    ];
    let mut cells = vec![("id", text(key))];
    for (name, some) in values {
        let plain = chance.pick(&some);
        // Only the first field of an order may be without a value.
        if name != "price" && chance.in_hundred(20) {
            continue;
        }
        cells.push(match name {
            "temperament" => (name, Cell::List(vec![plain.to_owned()])),
            _ => (name, value(name, plain)),
        });
    }
    with_payload(key, &cells, chance)
}

fn with_payload(key: &str, cells: &[(&str, Cell)], chance: &mut Chance) -> Row {
    let note = chance.below(1_000_000);
    let payload = serde_json::json!({ "id": key, "note": note }).to_string();
    row(&breeds(), key, &payload, cells)
}

/// What one commit does: fickle rows come, move and go, and steady ones get another payload.
fn ops(writer: &Writer<'_>, steady: &[Row], chance: &mut Chance) -> Vec<Op> {
    let live = writer.live();
    let mut ops = Vec::new();
    for key in FICKLE {
        match chance.below(10) {
            0..4 => ops.push(Op::Put(any_row(key, chance))),
            4..6 if live.contains_key(key) => ops.push(Op::Delete(key)),
            6 if live.contains_key(key) => ops.push(Op::Remove(key)),
            _ => {}
        }
    }
    for row in steady {
        if chance.in_hundred(5) {
            let renewed = with_payload(&row.record_key, &[], chance);
            ops.push(Op::Put(Row {
                cells: row.cells.clone(),
                ..renewed
            }));
        }
    }
    ops
}

/// Somebody who walks, and what has to come.
struct Walker<'a> {
    world: &'a World,
    steady: &'a [Row],
    chance: Chance,
}

impl Walker<'_> {
    /// Walks until the writer is done, and then once more.
    async fn walk_on(mut self, done: watch::Receiver<bool>) -> usize {
        let mut walks = 0;
        loop {
            let is_last = *done.borrow();
            self.walk().await;
            walks += 1;
            if is_last {
                return walks;
            }
        }
    }

    /// Forward to the end, or to where it turns, and back to the start.
    async fn walk(&mut self) {
        let sort = self.chance.pick(&SORTS);
        let (filter, leaves) = self.chance.pick(&FILTERS);
        let limit = 1 + self.chance.below(20);
        let turns_after = match self.chance.in_hundred(50) {
            true => self.chance.below(6),
            false => usize::MAX,
        };
        let query = [("sort=", sort), ("", filter)].into_iter();
        let query = query.filter(|(_, value)| !value.is_empty());
        let mut query: Vec<String> = query
            .map(|(name, value)| format!("{name}{value}"))
            .collect();
        query.push(format!("limit={limit}"));
        let query = query.join("&");
        let told = format!(
            "{query}, turning after {turns_after}, on {:?}",
            self.world.kind
        );

        let mut page = self.page(&query, None).await;
        let mut there = self.steady_of(&page);
        let mut pages = 0;
        while pages < turns_after
            && let Some(next) = self.follow(&query, &page, "next").await
        {
            page = next;
            there.extend(self.steady_of(&page));
            pages += 1;
        }
        let is_end = page.json()["page"]["next"].is_null();
        let mut back = self.steady_of(&page);
        while let Some(prev) = self.follow(&query, &page, "prev").await {
            page = prev;
            back.splice(0..0, self.steady_of(&page));
        }
        let kept: Vec<Row> = self
            .steady
            .iter()
            .filter(|row| leaves(row))
            .cloned()
            .collect();
        let mut expected = in_order(&kept, sort);
        if !is_end {
            expected.truncate(there.len());
        }
        assert_eq!(there, expected, "forward: {told}");
        assert_eq!(back, expected, "backward: {told}");
    }

    async fn page(&self, query: &str, cursor: Option<&str>) -> Answer {
        let cursor = cursor.map_or(String::new(), |cursor| format!("&cursor={cursor}"));
        let path = format!("/api/v1/cats/breeds?{query}{cursor}");
        let page = self.world.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        page
    }

    async fn follow(&self, query: &str, page: &Answer, way: &str) -> Option<Answer> {
        let body = page.json();
        let cursor = body["page"][way].as_str()?;
        Some(self.page(query, Some(cursor)).await)
    }

    /// The keys of a page's rows that are there throughout.
    fn steady_of(&self, page: &Answer) -> Vec<String> {
        let mut keys = page.column("id");
        keys.retain(|key| key.starts_with('s'));
        keys
    }
}

/// Commits until there were enough, in number and in time.
async fn write(
    mut writer: Writer<'_>,
    (steady, mut chance): (&[Row], Chance),
    done: watch::Sender<bool>,
) {
    let until = Instant::now() + chance::duration();
    let mut commits = 0;
    while commits < COMMITS || Instant::now() < until {
        let ops = ops(&writer, steady, &mut chance);
        writer.commit(ops).await;
        commits += 1;
    }
    done.send_replace(true);
}

#[tokio::test]
async fn rows_that_stay_come_once_and_in_order_while_others_come_move_and_go() {
    World::each(async |world| {
        let mut chance = Chance::new();
        let steady: Vec<Row> = (0..STEADY)
            .map(|at| any_row(&format!("s{at:02}"), &mut chance))
            .collect();
        let writer = Writer::begin(&world, depth::definition(), &steady).await;
        let (done, is_done) = watch::channel(false);
        let walkers = (1..=WALKERS).map(|task| {
            let walker = Walker {
                world: &world,
                steady: &steady,
                chance: chance.split(task),
            };
            walker.walk_on(is_done.clone())
        });
        let walkers = futures::future::join_all(walkers);
        let (walks, ()) = tokio::join!(walkers, write(writer, (&steady, chance.split(0)), done));
        assert!(walks.iter().sum::<usize>() > 10, "{walks:?}");
    })
    .await;
}
