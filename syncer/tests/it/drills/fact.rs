//! What a drill demands of a run besides its outcome: each fact tells itself to readers, and checks itself.

use entity::run::Counts;

use super::seen::Seen;
use crate::world::World;

/// Something that must be true after a run.
pub(super) enum Fact {
    /// The keys of the live rows, in order.
    Live(Vec<String>),
    Count(What, i64),
    /// A record was kept as a reject, with this in its reason.
    Reject(&'static str),
    /// The row of that key holds these bytes.
    Payload(&'static str, String),
    /// What a query's first column says, in words and in SQL.
    Column {
        means: &'static str,
        sql: &'static str,
        is: Vec<Option<String>>,
    },
    /// What was asked for, without the parameters.
    Asked(Vec<&'static str>),
}

/// A count of a run.
#[derive(Clone, Copy)]
pub(super) enum What {
    Requests,
    Fetched,
    Inserted,
    Updated,
    Unchanged,
    Deleted,
    Rejected,
    BadValues,
}

/// The keys `k0`, `k1`, … are live, and no others.
pub(super) fn live(count: usize) -> Fact {
    Fact::Live((0..count).map(|n| format!("k{n}")).collect())
}

/// These keys are live, and no others.
pub(super) fn only(keys: &[&str]) -> Fact {
    Fact::Live(keys.iter().map(|key| (*key).to_owned()).collect())
}

/// What the first column of `sql` holds, which `means` tells in words.
pub(super) fn column(means: &'static str, sql: &'static str, is: &[Option<&str>]) -> Fact {
    let is = is.iter().map(|value| value.map(str::to_owned)).collect();
    Fact::Column { means, sql, is }
}

impl Fact {
    /// The fact in words.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Live(keys) => told_keys(keys),
            Self::Count(what, count) => format!("{}: {count}", what.told()),
            Self::Reject(reason) => format!("kept as a reject: \"{reason}\""),
            Self::Payload(key, _) => format!("`{key}` is stored byte for byte as it came"),
            Self::Column { means, .. } => (*means).to_owned(),
            Self::Asked(paths) => format!("asked for: {}", paths.join(", ")),
        }
    }

    /// What is not as the fact says.
    pub(super) async fn broken(&self, world: &World, seen: &Seen) -> Option<String> {
        match self {
            Self::Live(keys) => differs(keys, &seen.after.live()),
            Self::Count(what, count) => {
                let is = what.of(&seen.report.counts);
                differs(count, &is)
            }
            Self::Reject(reason) => {
                let is = &seen.rejects;
                let kept = is.iter().any(|said| said.contains(reason));
                (!kept).then(|| format!("the rejects are {is:?}"))
            }
            Self::Payload(key, payload) => {
                let row = seen.after.rows.iter().find(|row| row.record_key == *key);
                let is = row.map_or("", |row| &row.payload);
                (is != payload)
                    .then(|| format!("it is {}", is.chars().take(200).collect::<String>()))
            }
            Self::Column { sql, is, .. } => differs(is, &world.column(sql).await),
            Self::Asked(paths) => {
                let asked: Vec<_> = seen.asked.iter().map(String::as_str).collect();
                differs(paths, &asked)
            }
        }
    }
}

impl What {
    fn told(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Fetched => "records that came",
            Self::Inserted => "inserted",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Rejected => "rejects",
            Self::BadValues => "bad values",
        }
    }

    fn of(self, counts: &Counts) -> i64 {
        match self {
            Self::Requests => counts.requests,
            Self::Fetched => counts.fetched,
            Self::Inserted => counts.inserted,
            Self::Updated => counts.updated,
            Self::Unchanged => counts.unchanged,
            Self::Deleted => counts.deleted,
            Self::Rejected => counts.rejected,
            Self::BadValues => counts.bad_values,
        }
    }
}

fn told_keys(keys: &[String]) -> String {
    let shown = |key: &String| format!("`{}`", key.escape_debug());
    match keys {
        [] => "no row is live".to_owned(),
        [first, .., last] if keys.len() > 4 => {
            format!("the live rows are {} to {}", shown(first), shown(last))
        }
        _ => {
            let keys: Vec<_> = keys.iter().map(shown).collect();
            format!("the live rows are {}", keys.join(", "))
        }
    }
}

fn differs<T: PartialEq + std::fmt::Debug>(wanted: &T, is: &T) -> Option<String> {
    (wanted != is).then(|| format!("it is {is:?}"))
}
