//! The changes of a resource's rows, in order: what the api tells those who follow.
//!
//! `(version, rowno)` orders them. A row has its last change only: one that is changed again moves to that version, and
//! a soft-deleted one stays as a tombstone.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sea_orm::{
    QueryOrder, QuerySelect, QueryTrait, StreamTrait, entity::prelude::*, sea_query::Condition,
};

use super::{Column, find};
use crate::dialect;

/// A place in the order of changes: all before it, and what stands there, is known.
///
/// Written `VERSION`, of which everything is known, or `VERSION.ROWNO` within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq {
    pub version: i64,
    /// Behind all that there are: the whole version.
    rowno: i64,
}

impl Seq {
    /// Everything of `version`.
    pub fn whole(version: i64) -> Self {
        Self {
            version,
            rowno: i64::MAX,
        }
    }

    /// The change of the row `rowno`, and those before it.
    pub fn within(version: i64, rowno: i64) -> Self {
        Self { version, rowno }
    }

    /// Whether everything of its version is known.
    pub fn is_whole(self) -> bool {
        self.rowno == i64::MAX
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole() {
            write!(f, "{}", self.version)
        } else {
            write!(f, "{}.{}", self.version, self.rowno)
        }
    }
}

/// The text is neither `VERSION` nor `VERSION.ROWNO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a version, as `17`, or a place within one, as `17.203`")]
pub struct SeqError;

impl FromStr for Seq {
    type Err = SeqError;

    fn from_str(text: &str) -> Result<Self, SeqError> {
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let parsed = plain.then(|| digits.parse::<i64>().ok()).flatten();
            parsed.ok_or(SeqError)
        };
        match text.split_once('.') {
            None => Ok(Self::whole(number(text)?)),
            Some((version, rowno)) => Ok(Self::within(number(version)?, number(rowno)?)),
        }
    }
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub version: i64,
    pub rowno: i64,
    pub op: Op,
    pub record_key: String,
    pub at: DateTime<Utc>,
    /// The record's bytes; none of a deleted one.
    pub payload: Option<String>,
}

impl Change {
    /// Where it stands in the order.
    pub fn seq(&self) -> Seq {
        Seq::within(self.version, self.rowno)
    }
}

/// How a row changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Insert,
    Update,
    Delete,
}

/// Which changes are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// What is known already.
    pub after: Seq,
    /// The last version that is to be told.
    pub until: i64,
    /// Most changes, at least one.
    pub limit: u64,
    /// Enough bytes of payloads: the change that reaches this is the last.
    pub bytes: usize,
}

/// Some changes, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    pub rows: Vec<Change>,
    /// Whether `until` has more behind them.
    pub more: bool,
}

/// The changes of the rows of `table` in `span`. A row that changed again after `span.until` is not among them.
///
/// # Errors
/// The database does not answer.
pub async fn changes<C>(db: &C, table: &str, span: Span) -> Result<Changes, DbErr>
where
    C: ConnectionTrait + StreamTrait,
{
    let mut rows: Vec<Change> = Vec::new();
    let mut bytes = 0;
    for stretch in stretches(span) {
        // One more than wanted tells whether there is more.
        let missing = span.limit + 1 - rows.len() as u64;
        let mut select = find(table)
            .select_only()
            .columns(COLUMNS)
            .filter(stretch)
            .order_by_asc(Column::Version)
            .order_by_asc(Column::Rowno)
            .limit(missing);
        // Of the index on the version, which has this order; MySQL may rather sort what the primary key brings.
        dialect::not_by_rowno(QueryTrait::query(&mut select));
        let mut found = select.into_tuple::<Columns>().stream(db).await?;
        while let Some(row) = found.try_next().await? {
            if rows.len() as u64 == span.limit || bytes >= span.bytes {
                return Ok(Changes { rows, more: true });
            }
            let row = change(row);
            bytes += row.payload.as_ref().map_or(0, String::len);
            rows.push(row);
        }
    }
    Ok(Changes { rows, more: false })
}

/// The rest of the version that is known in part, then the later ones: each is one range of the index on the version,
/// which ends on `rowno`. No database seeks an index for `version > v OR (version = v AND rowno > n)`.
fn stretches(span: Span) -> Vec<Condition> {
    let Span { after, until, .. } = span;
    let mut stretches = Vec::new();
    if !after.is_whole() && after.version <= until {
        let version = Condition::all().add(Column::Version.eq(after.version));
        stretches.push(version.add(Column::Rowno.gt(after.rowno)));
    }
    if after.version < until {
        let later = Condition::all().add(Column::Version.gt(after.version));
        stretches.push(later.add(Column::Version.lte(until)));
    }
    stretches
}

const COLUMNS: [Column; 7] = [
    Column::Version,
    Column::Rowno,
    Column::RecordKey,
    Column::FirstSeenAt,
    Column::ChangedAt,
    Column::DeletedAt,
    Column::Payload,
];

type Columns = (
    i64,
    i64,
    String,
    DateTime<Utc>,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    String,
);

fn change(columns: Columns) -> Change {
    let (version, rowno, record_key, first_seen_at, at, deleted_at, payload) = columns;
    let op = match deleted_at {
        Some(_) => Op::Delete,
        None if first_seen_at == at => Op::Insert,
        None => Op::Update,
    };
    Change {
        version,
        rowno,
        op,
        record_key,
        at,
        payload: (op != Op::Delete).then_some(payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written_and_in_order() {
        let places = ["0", "1.0", "1.1", "1.25", "1", "2.1", "17"];
        let read = places.map(|place| place.parse::<Seq>().expect("a place"));
        assert_eq!(read.map(|seq| seq.to_string()), places);
        assert!(read.is_sorted());
    }

    #[test]
    fn other_texts_are_no_places() {
        for text in [
            "",
            ".",
            "1.",
            ".1",
            "-1",
            "+1",
            "1.2.3",
            "1,2",
            " 1",
            "one",
            "9223372036854775808",
        ] {
            assert_eq!(text.parse::<Seq>(), Err(SeqError), "{text}");
        }
    }
}
