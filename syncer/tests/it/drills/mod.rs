//! The drill suite: what an upstream may do, one by one, and what must be true of the tables, the outcome and the log.
//!
//! A drill is data; `play` plays it on each database, and `document` writes what came of it into `doc/drills.md`. One
//! test plays them all, so that the document is of one run: `CATCHMENT_DRILLS_WRITE=1` writes it anew, and
//! `CATCHMENT_DRILLS="part of a name"` plays some of them alone.

/// What a drill is.
mod drill;
/// What it demands of a run.
mod fact;
/// What every run must keep.
mod law;
/// What most drills run under.
mod things;

/// Upstreams, well and ill.
mod script;

/// What it logged.
mod log;
/// A drill on a database.
mod play;
/// What a run left behind.
mod seen;

/// The table in `doc/drills.md`.
mod document;

/// The drills.
mod ahead;
mod bodies;
mod clock;
mod compared;
mod connections;
mod cursors;
mod deletes;
mod drift;
mod encodings;
mod keys;
mod limits;
mod lines;
mod links;
mod marks;
mod pages;
mod parents;
mod refusals;
mod same;
mod searches;
mod spans;
mod tokens;
mod totals;
mod values;
mod waits;

use std::{collections::BTreeMap, sync::Arc};

use testdb::Kind;
use tokio::{sync::Semaphore, task::JoinSet};

use self::{document::Document, drill::Theme};

/// Every drill, made anew for each database: a script may remember what it was asked.
fn themes() -> Vec<Theme> {
    vec![
        pages::theme(),
        links::theme(),
        cursors::theme(),
        totals::theme(),
        ahead::theme(),
        same::theme(),
        compared::theme(),
        bodies::theme(),
        encodings::theme(),
        lines::theme(),
        connections::theme(),
        waits::theme(),
        refusals::theme(),
        searches::theme(),
        tokens::theme(),
        keys::theme(),
        values::theme(),
        limits::theme(),
        drift::theme(),
        deletes::theme(),
        parents::theme(),
        marks::theme(),
        spans::theme(),
        clock::theme(),
    ]
}

/// What is not as it must be, by the drill's name and the database.
pub(super) type Faults = BTreeMap<(&'static str, &'static str), Vec<String>>;

#[tokio::test(flavor = "multi_thread")]
async fn every_drill_holds_on_each_database_and_the_document_says_so() {
    let wanted = variable("CATCHMENT_DRILLS").unwrap_or_default();
    let faults = played(&wanted).await;
    let document = Document::of(&themes(), &faults);
    let whole = wanted.is_empty();
    if whole && variable("CATCHMENT_DRILLS_WRITE").is_some() {
        document.write();
    }
    let broken = faults.iter().filter(|(_, faults)| !faults.is_empty());
    let told: Vec<String> = broken
        .map(|((drill, on), faults)| format!("{drill}, on {on}:\n  {}", faults.join("\n  ")))
        .collect();
    let (broken, all) = (told.len(), faults.len());
    assert!(
        told.is_empty(),
        "{broken} of {all} do not hold:\n{}",
        told.join("\n")
    );
    if whole {
        document.check();
    }
}

/// Plays the drills whose names contain `wanted` on each database, some at a time.
async fn played(wanted: &str) -> Faults {
    const AT_ONCE: usize = 8;
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    let mut faults = Faults::new();
    for kind in testdb::kinds() {
        let all = themes().into_iter().flat_map(|theme| theme.drills);
        for drill in all.filter(|drill| drill.name.contains(wanted)) {
            let at = (drill.name, database(kind));
            let twice = faults.insert(
                at,
                vec!["it panicked; the test's output says where".to_owned()],
            );
            assert!(twice.is_none(), "two drills are called {at:?}");
            let places = Arc::clone(&places);
            playing.spawn(async move {
                let _place = places.acquire_owned().await;
                (at, Box::pin(play::play(drill, kind)).await)
            });
        }
    }
    while let Some(done) = playing.join_next().await {
        // One that panicked keeps what was put down for it.
        if let Ok((at, found)) = done {
            faults.insert(at, found);
        }
    }
    faults
}

fn database(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "SQLite",
        Kind::MySql => "MySQL",
        Kind::MariaDb => "MariaDB",
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no settings: which drills are played is a matter of the person who plays them"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
