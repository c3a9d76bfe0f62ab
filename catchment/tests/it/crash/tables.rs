//! What of a database has to be the same whether or not a run was killed, and what has to hold in any case.
//!
//! Compared byte for byte: the records with their columns, hashes and list items, whether they are deleted, the rejects,
//! each resource's row and what its last run counted. Not compared is what tells when and in how many steps it came
//! about: times, `rowno`s (which the table's own key makes unique) and versions. Of these ask [`assert_sound`] and
//! [`assert_risen`].

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement};

pub(crate) type Lines = Vec<Vec<Option<String>>>;

/// A line each, under the name of what it is about.
const COMPARED: [(&str, &str); 13] = [
    (
        "shelves",
        "SELECT * FROM library_shelves ORDER BY record_key",
    ),
    ("books", "SELECT * FROM library_books ORDER BY record_key"),
    ("loans", "SELECT * FROM library_loans ORDER BY record_key"),
    (
        "tags",
        "SELECT record_key, position, value FROM library_shelves__tags item \
         LEFT JOIN library_shelves record ON record.rowno = item.rowno ORDER BY 1, 2",
    ),
    (
        "authors",
        "SELECT record_key, position, value FROM library_books__authors item \
         LEFT JOIN library_books record ON record.rowno = item.rowno ORDER BY 1, 2",
    ),
    // In the order in which they came about: which versions these were is not compared.
    (
        "versions of shelves",
        "SELECT record_key, op, payload, payload_hash FROM library_shelves__history ORDER BY record_key, version",
    ),
    (
        "versions of books",
        "SELECT record_key, op, payload, payload_hash FROM library_books__history ORDER BY record_key, version",
    ),
    (
        "versions of loans",
        "SELECT record_key, op, payload, payload_hash FROM library_loans__history ORDER BY record_key, version",
    ),
    (
        "rejects",
        "SELECT name, payload_hash, field, reason, payload FROM reject \
         JOIN resource ON resource.id = resource_id ORDER BY 1, 2",
    ),
    (
        "resources",
        "SELECT resource.name, source.name, live_rows, complete, last_outcome, definition, projection FROM resource \
         JOIN source ON source.id = source_id ORDER BY 1",
    ),
    (
        "last runs",
        "SELECT name, outcome, error, total FROM run \
         JOIN resource ON resource.id = resource_id \
         WHERE run.id IN (SELECT MAX(id) FROM run GROUP BY resource_id) ORDER BY 1",
    ),
    (
        // Each run counts what it did itself, in the transaction that does it.
        "rows that runs say they inserted",
        "SELECT name, CAST(SUM(inserted) AS CHAR) AS inserted FROM run \
         JOIN resource ON resource.id = resource_id GROUP BY name ORDER BY 1",
    ),
    (
        "cursors",
        "SELECT name FROM `cursor` JOIN resource ON resource.id = resource_id ORDER BY 1",
    ),
];

/// Columns that are not compared. `place` is no longer a field in the second state: what is left of it is never read.
const PASSED_OVER: [&str; 5] = ["rowno", "version", "first_seen_at", "changed_at", "place"];

/// What a database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tables(BTreeMap<&'static str, Lines>);

impl Tables {
    pub(super) async fn of(db: &DatabaseConnection) -> Self {
        let mut tables = BTreeMap::new();
        for (name, sql) in COMPARED {
            tables.insert(name, lines(db, sql).await);
        }
        Self(tables)
    }

    /// Panics at the first table that differs.
    pub(super) fn assert_same(&self, expected: &Self, label: &str) {
        for (name, lines) in &expected.0 {
            assert_eq!(&self.0[name], lines, "{label}: {name} (found, expected)");
        }
    }
}

/// Panics if what holds of every database after a run does not: every run ended, nothing has a version that its
/// resource has not reached, and the rows that are counted are there.
pub(super) async fn assert_sound(db: &DatabaseConnection, label: &str) {
    let none = [
        "SELECT id FROM run WHERE outcome IS NULL OR ended_at IS NULL",
        "SELECT run.id FROM run LEFT JOIN resource ON resource.id = resource_id WHERE resource.id IS NULL",
    ];
    for sql in none {
        assert_eq!(lines(db, sql).await, Lines::new(), "{label}: {sql}");
    }
    for resource in ["shelves", "books", "loans"] {
        let sql = format!(
            "SELECT name, live_rows FROM resource WHERE name = '{resource}' \
             AND (version < (SELECT MAX(version) FROM library_{resource}) \
             OR live_rows <> (SELECT COUNT(*) FROM library_{resource} WHERE deleted_at IS NULL))"
        );
        assert_eq!(lines(db, &sql).await, Lines::new(), "{label}: {sql}");
        assert_remembered(db, &format!("library_{resource}"), label).await;
    }
}

/// Panics unless the newest version of each row is what the row holds, or says that it is gone.
pub(crate) async fn assert_remembered(db: &DatabaseConnection, table: &str, label: &str) {
    let history = format!("{table}__history");
    let missing = format!(
        "SELECT record_key FROM {table} record WHERE NOT EXISTS (SELECT 1 FROM {history} entry \
         WHERE entry.rowno = record.rowno AND entry.version = record.version \
         AND entry.record_key = record.record_key \
         AND (entry.payload = record.payload OR (entry.op = 2 AND record.deleted_at IS NOT NULL)))"
    );
    let left = format!(
        "SELECT record_key FROM {history} entry WHERE op <> 2 \
         AND NOT EXISTS (SELECT 1 FROM {table} record WHERE record.rowno = entry.rowno) \
         AND NOT EXISTS (SELECT 1 FROM {history} later WHERE later.rowno = entry.rowno AND later.version > entry.version)"
    );
    let beyond = format!(
        "SELECT entry.record_key FROM {history} entry JOIN {table} record ON record.rowno = entry.rowno \
         WHERE entry.version > record.version"
    );
    for sql in [missing, left, beyond] {
        assert_eq!(lines(db, &sql).await, Lines::new(), "{label}: {sql}");
    }
}

/// The version of each resource that is registered.
pub(crate) async fn versions(db: &DatabaseConnection) -> BTreeMap<String, i64> {
    let lines = lines(db, "SELECT name, version AS reached FROM resource").await;
    let pair = |line: &Vec<Option<String>>| {
        let [Some(name), Some(version)] = line.as_slice() else {
            panic!("{line:?}")
        };
        (name.clone(), version.parse().unwrap())
    };
    lines.iter().map(pair).collect()
}

/// Panics if a resource's version is lower than it was.
pub(crate) fn assert_risen(
    now: &BTreeMap<String, i64>,
    before: &BTreeMap<String, i64>,
    label: &str,
) {
    for (name, before) in before {
        let now = now[name];
        assert!(
            now >= *before,
            "{label}: {name} fell from {before} to {now}"
        );
    }
}

/// The answer to `sql`, each value as text.
pub(crate) async fn lines(db: &DatabaseConnection, sql: &str) -> Lines {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(line).collect()
}

fn line(row: &QueryResult) -> Vec<Option<String>> {
    let names = row.column_names().into_iter().enumerate();
    let names = names.filter(|(_, name)| !PASSED_OVER.contains(&name.as_str()));
    let value = |(index, name): (usize, String)| {
        // That a row is deleted is compared, when is not.
        let is_time = name == "deleted_at";
        text(row, index).map(|text| if is_time { "deleted".to_owned() } else { text })
    };
    names.map(value).collect()
}

fn text(row: &QueryResult, index: usize) -> Option<String> {
    if let Ok(text) = row.try_get_by_index::<Option<String>>(index) {
        return text;
    }
    if let Ok(number) = row.try_get_by_index::<Option<i64>>(index) {
        return number.map(|number| number.to_string());
    }
    if let Ok(number) = row.try_get_by_index::<Option<u32>>(index) {
        return number.map(|number| number.to_string());
    }
    if let Ok(time) = row.try_get_by_index::<Option<DateTime<Utc>>>(index) {
        return time.map(|time| time.to_string());
    }
    let bytes: Option<Vec<u8>> = row.try_get_by_index(index).unwrap();
    bytes.map(|bytes| format!("{bytes:02x?}"))
}
