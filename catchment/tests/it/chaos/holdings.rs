//! What a database holds that must not depend on how its life went, and what holds of it at any time.
//!
//! Compared are all columns but `rowno`s, versions and times: they tell in which steps it came about.

use sea_orm::DatabaseConnection;

use super::market::RESOURCES;
use crate::crash::tables::{Lines, assert_remembered, lines};

/// How each resource's last run went. Nothing to compare while runs are under way; and bad values are counted by the run
/// that writes them.
const LAST_RUNS: &str = "SELECT name, outcome, error, total FROM run \
     JOIN resource ON resource.id = resource_id \
     WHERE run.id IN (SELECT MAX(id) FROM run GROUP BY resource_id) ORDER BY 1";

/// Panics at the first table in which `one` differs from `other`; returns how many lines were compared.
pub(super) async fn assert_same(
    one: &DatabaseConnection,
    other: &DatabaseConnection,
    label: &str,
) -> usize {
    let mut compared = 0;
    for sql in tables() {
        compared += assert_equal(one, other, &sql, label).await;
    }
    compared
}

/// Panics if the last runs of `one` ended otherwise than those of `other`.
pub(super) async fn assert_same_last_runs(
    one: &DatabaseConnection,
    other: &DatabaseConnection,
    label: &str,
) {
    assert_equal(one, other, LAST_RUNS, label).await;
}

async fn assert_equal(
    one: &DatabaseConnection,
    other: &DatabaseConnection,
    sql: &str,
    label: &str,
) -> usize {
    let (found, expected) = (lines(one, sql).await, lines(other, sql).await);
    let different = found
        .iter()
        .zip(&expected)
        .find(|(found, expected)| found != expected);
    assert_eq!(
        different, None,
        "{label}: {sql} (the first difference: found, expected)"
    );
    assert_eq!(found.len(), expected.len(), "{label}: {sql}");
    found.len()
}

fn tables() -> Vec<String> {
    let rows = RESOURCES.map(|name| {
        let parent = if name == "offers" { "stall, " } else { "" };
        format!(
            "SELECT record_key, payload, payload_hash, deleted_at, {parent}id, name, state, pieces, \
             CAST(price AS CHAR) AS price, seen_at, detail FROM market_{name} ORDER BY record_key"
        )
    });
    let tags = RESOURCES.map(|name| {
        format!(
            "SELECT record_key, position, value FROM market_{name}__tags item \
             LEFT JOIN market_{name} record ON record.rowno = item.rowno ORDER BY 1, 2"
        )
    });
    let rejects = "SELECT name, payload_hash, field, reason, payload FROM reject \
                   JOIN resource ON resource.id = resource_id ORDER BY 1, 2";
    let resources = "SELECT name, live_rows, complete, last_outcome, definition, projection FROM resource ORDER BY 1";
    let others = [rejects.to_owned(), resources.to_owned()];
    rows.into_iter().chain(tags).chain(others).collect()
}

/// Panics unless the counted rows are there, no row has a version that its resource has not reached, and of each
/// resource only the newest run may be open.
pub(super) async fn assert_sound(db: &DatabaseConnection, label: &str) {
    let open = "SELECT id FROM run WHERE ended_at IS NULL \
                AND id NOT IN (SELECT MAX(id) FROM run GROUP BY resource_id)";
    assert_eq!(lines(db, open).await, Lines::new(), "{label}: {open}");
    for name in RESOURCES {
        let sql = format!(
            "SELECT name, live_rows FROM resource WHERE name = '{name}' \
             AND (version < (SELECT MAX(version) FROM market_{name}) \
             OR live_rows <> (SELECT COUNT(*) FROM market_{name} WHERE deleted_at IS NULL))"
        );
        assert_eq!(lines(db, &sql).await, Lines::new(), "{label}: {sql}");
        assert_remembered(db, &format!("market_{name}"), label).await;
    }
}

/// Panics if a run is open.
pub(super) async fn assert_at_rest(db: &DatabaseConnection, label: &str) {
    let sql = "SELECT id FROM run WHERE outcome IS NULL OR ended_at IS NULL";
    assert_eq!(lines(db, sql).await, Lines::new(), "{label}: {sql}");
    assert_sound(db, label).await;
}
