//! Where a run stands, so that another process can go on from there, and what a complete one leaves to the next.

use chrono::{DateTime, Utc};
use entity::{cursor, run::Counts};
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use crate::{
    fetch::page::{At, Walked},
    source::plan::{Mark, Order, Plan},
};

/// Where a run stands in its walks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Position {
    /// Whether everything is asked for, and not only what changed.
    pub full: bool,
    /// The version of the parent resource whose rows are walked; nothing where there are no parents.
    pub parents: Option<i64>,
    /// Whether it is still at the parents that failed before.
    pub retrying: bool,
    /// The `rowno` of the last of the other parents that was begun with; -1 before the first.
    pub begun: i64,
    /// The `rowno` of the parent whose pages were walked last; 0 where there are no parents, -1 before the first.
    pub parent: i64,
    /// All of them, where several are asked for in one request: its pages are those of no other group.
    pub group: Vec<i64>,
    /// Where the span begins that is walked.
    pub from: Option<Mark>,
    /// Spans of the parent that were begun.
    pub spans: u64,
    /// Where the last span ends, and how far what came can be relied on: at the start of the run, whoever goes on with it.
    pub until: Option<Mark>,
    /// The next page of that walk; nothing once it ended.
    pub at: Option<At>,
    pub walked: Walked,
    /// The page read last, where numbers lead on: if it is another when a run goes on, records have moved past it.
    pub last: Option<Last>,
    /// The greatest cursor's value that came.
    pub highest: Option<Mark>,
    /// A value came that is smaller than one before it.
    pub unordered: bool,
    /// Walks that failed or fell short.
    pub faults: u64,
    /// Of them, those one after the other that the upstream did not answer or let us into.
    pub unanswered: u64,
    /// What was wrong with the first of them.
    pub first_fault: Option<String>,
    /// The parents of those walks.
    pub failed: Vec<i64>,
    /// Records that came, those not counted that are read again.
    pub came: u64,
    /// Records whose key had come before where it should not come again.
    pub repeated: u64,
    /// Records that came again in a walk through what changed, and had changed meanwhile: others may have moved past us.
    pub moved: u64,
    /// Rejects whose key could not be read: any row that did not come may be one of them.
    pub keyless: u64,
    /// The newest page that was known when the run began.
    pub last_page: i64,
    /// Until when the upstream asked to wait.
    pub deferred_until: Option<DateTime<Utc>>,
}

impl Position {
    /// Whether what came so far came oldest first, as the upstream is said to answer.
    pub(crate) fn is_oldest_first(&self, plan: &Plan) -> bool {
        let ascends = (plan.cursor.as_ref()).is_some_and(|cursor| cursor.order == Order::Ascending);
        ascends && !self.unordered
    }

    /// Goes back to the start of the walk of the parent where it stands, which may not be what it was.
    pub(crate) fn leave_parent(&mut self) {
        self.parent = Self::default().parent;
        self.at = None;
    }
}

/// A page that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Last {
    pub at: At,
    /// How many records it had.
    pub count: u64,
    /// Hash of its records.
    pub records: Vec<u8>,
}

impl Default for Position {
    fn default() -> Self {
        Self {
            full: true,
            parents: None,
            retrying: false,
            begun: -1,
            parent: -1,
            group: Vec::new(),
            from: None,
            spans: 0,
            until: None,
            at: None,
            walked: Walked::default(),
            last: None,
            highest: None,
            unordered: false,
            faults: 0,
            unanswered: 0,
            first_fault: None,
            failed: Vec::new(),
            came: 0,
            repeated: 0,
            moved: 0,
            keyless: 0,
            last_page: 0,
            deferred_until: None,
        }
    }
}

/// What a run met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The `rowno`s of the rows that came.
    pub rows: RoaringTreemap,
    /// Of these, those that came in the span that is walked.
    pub span: RoaringTreemap,
    /// The ids of the rejects that came.
    pub rejects: RoaringTreemap,
    /// The ids of the pages that were known before and came.
    pub pages: RoaringTreemap,
    /// The `rowno`s of the parents whose children all came.
    pub parents: RoaringTreemap,
}

impl Seen {
    fn all(&mut self) -> [&mut RoaringTreemap; 5] {
        [
            &mut self.rows,
            &mut self.span,
            &mut self.rejects,
            &mut self.pages,
            &mut self.parents,
        ]
    }

    /// What [`Seen::read`] reads.
    pub(crate) fn write(&mut self) -> Vec<u8> {
        bytes(self.all().into_iter())
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut seen = Self::default();
        for bitmap in seen.all() {
            *bitmap = RoaringTreemap::deserialize_from(&mut bytes).ok()?;
        }
        Some(seen)
    }
}

/// Bitmaps one after the other, as the database holds them.
pub(crate) fn bytes<'a>(bitmaps: impl Iterator<Item = &'a mut RoaringTreemap>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for bitmap in bitmaps {
        // Numbers in a row, the usual case, then cost a few bytes however many they are.
        bitmap.optimize();
        // Writing to memory cannot fail, and what cannot be read counts as unknown.
        if bitmap.serialize_into(&mut bytes).is_err() {
            return Vec::new();
        }
    }
    bytes
}

/// All that the next process needs to go on, as the cursor holds it.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub position: Position,
    /// What was done since the reading began. Not what the run log says: unchanged pages write nothing there.
    pub counts: Counts,
    pub seen: Seen,
}

impl Left {
    /// Goes on where it stands, and first with the parents whose walk failed, which are returned.
    pub(crate) fn go_on(&mut self, failed_before: &[i64]) -> Vec<i64> {
        let position = &mut self.position;
        let mut failed = std::mem::take(&mut position.failed);
        if position.retrying {
            let rest = failed_before
                .iter()
                .filter(|rowno| **rowno >= position.parent);
            failed.extend(rest);
        }
        failed.sort_unstable();
        failed.dedup();
        position.retrying = !failed.is_empty();
        position.faults = 0;
        position.unanswered = 0;
        position.first_fault = None;
        failed
    }

    /// `None`: the cursor cannot be read, which is as good as none.
    pub(crate) fn of(cursor: &cursor::Model) -> Option<Self> {
        let (position, counts) = serde_json::from_str(&cursor.position).ok()?;
        Some(Self {
            position,
            counts,
            seen: Seen::read(&cursor.seen)?,
        })
    }
}

/// What the runs before leave to the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legacy {
    pub marks: Marks,
    /// The parents whose children the last complete run knew.
    pub parents: RoaringTreemap,
}

/// The part of it that is written as JSON. Nothing but a complete run moves it, `failed` excepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Marks {
    /// Fingerprint of how the resource was fetched: to another one these say nothing.
    pub plan: String,
    /// Up to where all is known by the plan's cursor: where the next run begins.
    pub cursor: Option<Mark>,
    /// The greatest value of the plan's cursor that came, which the next run may not rely on.
    pub reached: Option<Mark>,
    /// When everything was read, and not only what changed.
    pub full_at: Option<DateTime<Utc>>,
    /// The version of the parent resource whose rows were walked.
    pub parents: Option<i64>,
    /// The parents whose walk failed in the last run.
    pub failed: Vec<i64>,
}

impl Legacy {
    /// What `cursor` holds for the plan with that fingerprint.
    pub(crate) fn of(cursor: &cursor::Model, plan: &str) -> Self {
        let marks = cursor
            .mark
            .as_deref()
            .and_then(|mark| serde_json::from_str(mark).ok());
        let Some(marks) = marks.filter(|marks: &Marks| marks.plan == plan) else {
            return Self::default();
        };
        let bitmap = cursor.walked.as_deref().unwrap_or_default();
        Self {
            marks,
            parents: RoaringTreemap::deserialize_from(bitmap).unwrap_or_default(),
        }
    }
}
