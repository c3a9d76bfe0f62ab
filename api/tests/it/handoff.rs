//! A snapshot, and the changes since its version: together they are the table, while somebody writes to it.

use std::collections::BTreeMap;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    cats::{breed, breeds},
    changes::renamed,
    world::World,
    writer::{Op, Writer},
};

const KEYS: [&str; 12] = [
    "k00", "k01", "k02", "k03", "k04", "k05", "k06", "k07", "k08", "k09", "k10", "k11",
];

/// For each commit, which rows it writes or deletes.
fn commits() -> Vec<Vec<(usize, bool)>> {
    let op = (0..KEYS.len(), proptest::bool::weighted(0.3));
    let commit = proptest::collection::vec(op, 1..6);
    let many = proptest::collection::vec(commit, 40..41);
    // The seed is fixed.
    let mut runner = TestRunner::deterministic();
    many.new_tree(&mut runner).expect("a value").current()
}

/// The ops of one commit: each row at most once, and only what lives is deleted.
fn ops(writer: &Writer<'_>, number: usize, wanted: &[(usize, bool)]) -> Vec<Op> {
    let live = writer.live();
    let mut by_key = BTreeMap::new();
    for (key, deletes) in wanted {
        let name = KEYS[*key];
        let op = match *deletes && live.contains_key(name) {
            true => Op::Delete(name),
            false => Op::Put(renamed(name, &number.to_string())),
        };
        by_key.insert(*key, op);
    }
    by_key.into_values().collect()
}

/// A copy of the table, kept as the manual says: a snapshot, then changes, an insert or update over what was there.
struct Copy<'a> {
    world: &'a World,
    rows: BTreeMap<String, String>,
    since: String,
}

impl<'a> Copy<'a> {
    async fn by_export(world: &'a World) -> Self {
        let export = world.get("/api/v1/cats/breeds/-/export?end=none").await;
        Self {
            world,
            rows: export.body.lines().map(keyed).collect(),
            since: export.header("catchment-version").to_owned(),
        }
    }

    /// In two parts, as after a connection that was cut off: the changes since the first part's version mend both.
    async fn by_two_exports(world: &'a World) -> Self {
        let mut copy = Self::by_export(world).await;
        let kept: Vec<_> = copy
            .rows
            .keys()
            .take(copy.rows.len() / 2)
            .cloned()
            .collect();
        if let Some(last) = kept.last() {
            copy.rows.retain(|key, _| kept.contains(key));
            let path = format!("/api/v1/cats/breeds/-/export?end=none&after={last}");
            let rest = world.get(&path).await;
            assert_eq!(rest.status, 200, "{}", rest.body);
            copy.rows.extend(rest.body.lines().map(keyed));
        }
        copy
    }

    async fn by_lists(world: &'a World) -> Self {
        let (mut rows, mut since, mut cursor) = (BTreeMap::new(), None, String::new());
        loop {
            let path = format!("/api/v1/cats/breeds?limit=3{cursor}");
            let page = world.get(&path).await.json();
            // That of the first page: whatever changes while the others are read is told again.
            since.get_or_insert_with(|| page["meta"]["version"].to_string());
            let data = page["data"].as_array().expect("rows");
            rows.extend(data.iter().map(|row| keyed(&row.to_string())));
            match page["page"]["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        Self {
            world,
            rows,
            since: since.expect("a page"),
        }
    }

    /// Takes the next few changes; returns whether there are more already.
    async fn follow(&mut self, wait: u64) -> bool {
        let since = &self.since;
        let path = format!("/api/v1/cats/breeds/-/changes?since={since}&limit=3&wait={wait}");
        let answer = self.world.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body = answer.json();
        for change in body["data"].as_array().expect("changes") {
            let key = change["key"].as_str().expect("a key").to_owned();
            match &change["data"] {
                Value::Null => drop(self.rows.remove(&key)),
                data => drop(self.rows.insert(key, data.to_string())),
            }
        }
        body["last_seq"]
            .as_str()
            .expect("a place")
            .clone_into(&mut self.since);
        body["more"] == true
    }
}

fn keyed(line: &str) -> (String, String) {
    let row: Value = serde_json::from_str(line).expect("JSON");
    let key = row["id"].as_str().expect("a key").to_owned();
    (key, row.to_string())
}

/// Writes all commits, and then tells the last version.
async fn write(mut writer: Writer<'_>, done: watch::Sender<Option<String>>) -> Writer<'_> {
    for (number, wanted) in commits().iter().enumerate() {
        let ops = ops(&writer, number, wanted);
        writer.commit(ops).await;
    }
    done.send_replace(Some(writer.version.to_string()));
    writer
}

/// Begins copies at several times in the life of the table, and follows it to its end.
async fn copies(world: &World, done: watch::Receiver<Option<String>>) -> Vec<Copy<'_>> {
    let mut copies = Vec::new();
    for _round in 0..4 {
        copies.push(Copy::by_export(world).await);
        copies.push(Copy::by_two_exports(world).await);
        copies.push(Copy::by_lists(world).await);
        for copy in &mut copies {
            copy.follow(0).await;
        }
    }
    for copy in &mut copies {
        while done.borrow().as_ref() != Some(&copy.since) {
            let wait = u64::from(done.borrow().is_none());
            copy.follow(wait).await;
        }
    }
    copies
}

#[tokio::test]
async fn a_snapshot_and_the_changes_since_are_the_table() {
    World::each(async |world| {
        let rows: Vec<_> = KEYS[..5].iter().map(|key| breed(key, &[])).collect();
        let writer = Writer::begin(&world, breeds(), &rows).await;
        let (done, is_done) = watch::channel(None);
        let (writer, copies) = tokio::join!(write(writer, done), copies(&world, is_done));
        for copy in copies {
            assert_eq!(copy.rows, writer.live(), "{:?}", world.kind);
        }
    })
    .await;
}
