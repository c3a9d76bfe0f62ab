//! What a run did, in numbers.

use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};

use super::{ActiveModel, Model};

/// What a run did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub requests: i64,
    pub bytes: i64,
    pub pages: i64,
    pub total: Option<i64>,
    pub fetched: i64,
    pub inserted: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub deleted: i64,
    pub rejected: i64,
    pub bad_values: i64,
}

impl Counts {
    /// Whether a commit with these counts changed rows.
    pub fn changed_rows(&self) -> bool {
        self.inserted + self.updated + self.deleted > 0
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.pages += other.pages;
        self.total = other.total.or(self.total);
        self.fetched += other.fetched;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.rejected += other.rejected;
        self.bad_values += other.bad_values;
    }
}

impl Model {
    pub fn counts(&self) -> Counts {
        Counts {
            requests: self.requests,
            bytes: self.bytes,
            pages: self.pages,
            total: self.total,
            fetched: self.fetched,
            inserted: self.inserted,
            updated: self.updated,
            unchanged: self.unchanged,
            deleted: self.deleted,
            rejected: self.rejected,
            bad_values: self.bad_values,
        }
    }
}

/// As columns.
pub(super) fn with_counts(counts: &Counts) -> ActiveModel {
    ActiveModel {
        requests: Set(counts.requests),
        bytes: Set(counts.bytes),
        pages: Set(counts.pages),
        total: Set(counts.total),
        fetched: Set(counts.fetched),
        inserted: Set(counts.inserted),
        updated: Set(counts.updated),
        unchanged: Set(counts.unchanged),
        deleted: Set(counts.deleted),
        rejected: Set(counts.rejected),
        bad_values: Set(counts.bad_values),
        ..Default::default()
    }
}
