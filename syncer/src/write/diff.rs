//! What of a page is new, changed or as it was: a pure decision from the page and what the table knows of its keys.

use std::collections::HashMap;

use entity::{
    record::{Known, Row},
    reject,
};

use crate::{
    error::SyncError,
    run::{Run, signed},
    source::plan::Plan,
    validate::{self, Checked, Identified, Identities, Reject},
};

/// What a page changes.
#[derive(Debug, Default)]
pub(super) struct Diff {
    pub(super) inserts: Vec<(i64, Row)>,
    pub(super) updates: Vec<(i64, Row)>,
    /// Those of `updates` that were deleted.
    pub(super) revived: u64,
    unchanged: u64,
    pub(super) rejects: Vec<reject::New>,
    /// Those of `rejects` whose key could not be read.
    keyless: u64,
    bad_values: i64,
    /// Live rows that came, whether as they were, changed, or as a reject.
    seen: Vec<i64>,
    repeated: u64,
}

/// Compares `page` with `known`, what the table holds under its keys, and reads what is new or changed.
///
/// # Errors
/// Every record of a page had come before on another page of the walk: the pages go in a circle.
pub(super) fn of(
    plan: &Plan,
    run: &Run,
    page: Identities<'_>,
    known: Vec<Known>,
) -> Result<Diff, SyncError> {
    let mut known: HashMap<String, Known> = known
        .into_iter()
        .map(|known| (known.record_key.clone(), known))
        .collect();
    let mut diff = Diff::default();
    let mut here: HashMap<String, Vec<u8>> = HashMap::with_capacity(page.records.len());
    let mut rejects = page.rejects;
    let (mut came, mut came_before) = (0_u64, 0_u64);
    for record in page.records {
        if let Some(hash) = here.get(&record.key) {
            match *hash == record.hash {
                true => diff.unchanged += 1,
                false => rejects.push(twice(record)),
            }
            continue;
        }
        here.insert(record.key.clone(), record.hash.clone());
        came += 1;
        let old = known.get(&record.key);
        let changed = old.is_none_or(|old| old.deleted || old.payload_hash != record.hash);
        let is_again = old.is_some_and(|old| run.seen.contains(old.rowno.cast_unsigned()));
        if is_again {
            came_before += 1;
            // Parents may share a child; but a child that differs between them is written back and forth for ever.
            diff.repeated += u64::from(plan.for_each.is_none() || changed);
        }
        if !changed {
            diff.unchanged += 1;
            diff.seen.extend(old.map(|old| old.rowno));
            continue;
        }
        match validate::row(plan, record) {
            Ok(checked) => {
                let old = known.remove(&checked.row.record_key);
                diff.take(run, checked, old);
            }
            Err(reject) => rejects.push(reject),
        }
    }
    if came > 0 && came_before == came && run.position.walked.pages > 1 {
        return Err(circle(run, came));
    }
    diff.reject(rejects, &known);
    Ok(diff)
}

fn circle(run: &Run, came: u64) -> SyncError {
    let why = format!(
        "all {came} records of page {} had come on an earlier page",
        run.position.walked.pages
    );
    SyncError::Loop { why }
}

fn twice(row: Identified<'_>) -> Reject {
    let reason = format!(
        "key `{}` came twice in one page with different contents; the first one is kept",
        row.key
    );
    let record = reject::New {
        kind: reject::Kind::Record,
        payload_hash: row.hash,
        record_key: Some(row.key.clone()),
        field: None,
        path: None,
        value: None,
        reason,
        payload: row.payload.into_owned(),
    };
    Reject {
        key: Some(row.key),
        record,
    }
}

impl Diff {
    fn take(&mut self, run: &Run, checked: Checked, old: Option<Known>) {
        let rowno = match old {
            Some(old) => {
                self.revived += u64::from(old.deleted);
                self.updates.push((old.rowno, checked.row));
                old.rowno
            }
            None => {
                let rowno = run.last_rowno + 1 + signed(self.inserts.len() as u64);
                self.inserts.push((rowno, checked.row));
                rowno
            }
        };
        self.seen.push(rowno);
        self.bad_values += signed(checked.bad.len() as u64);
    }

    fn reject(&mut self, rejects: Vec<Reject>, known: &HashMap<String, Known>) {
        for reject in rejects {
            let old = reject
                .key
                .as_ref()
                .and_then(|key| known.get(key))
                .filter(|old| !old.deleted);
            self.seen.extend(old.map(|old| old.rowno));
            self.keyless += u64::from(reject.key.is_none());
            self.rejects.push(reject.record);
        }
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        !self.changes_rows() && self.rejects.is_empty()
    }

    pub(super) fn changes_rows(&self) -> bool {
        !self.inserts.is_empty() || !self.updates.is_empty()
    }

    /// Checks that a page of nothing but rejects, kept under the ids in `kept`, has one that had not come before.
    ///
    /// # Errors
    /// All of them had come before on another page of the walk: the pages go in a circle.
    pub(super) fn brings_something(&self, run: &Run, kept: &[i64]) -> Result<(), SyncError> {
        let is_old = |id: &i64| run.seen_rejects.contains(id.cast_unsigned());
        let rows = self.changes_rows() || self.unchanged > 0;
        if rows || kept.is_empty() || run.position.walked.pages < 2 || !kept.iter().all(is_old) {
            return Ok(());
        }
        Err(circle(run, kept.len() as u64))
    }

    /// Adds to the run what the page brought.
    pub(super) fn see(&self, run: &mut Run) {
        run.last_rowno += signed(self.inserts.len() as u64);
        run.seen
            .extend(self.seen.iter().map(|rowno| rowno.cast_unsigned()));
        run.position.repeated += self.repeated;
        run.position.keyless += self.keyless;
        let counts = &mut run.counts;
        counts.inserted += signed(self.inserts.len() as u64);
        counts.updated += signed(self.updates.len() as u64);
        counts.unchanged += signed(self.unchanged);
        counts.rejected += signed(self.rejects.len() as u64);
        counts.bad_values += self.bad_values;
    }
}
