//! What of a page is new, changed or as it was: a pure decision from the page and what the table knows of its keys.

use std::collections::HashMap;

use entity::{
    definition::Identity,
    record::{Known, Row},
    reject,
};
use roaring::RoaringTreemap;

use crate::{
    error::SyncError,
    run::{Run, signed},
    source::plan::{DeleteHow, Mode, Plan, Way},
    validate::{self, Checked, Identified, Identities, Reject},
};

/// What a page changes.
#[derive(Debug, Default)]
pub(super) struct Diff {
    pub(super) inserts: Vec<(i64, Row)>,
    /// With whether the row was deleted.
    pub(super) updates: Vec<(i64, Row, bool)>,
    /// Rows that the upstream marks as deleted.
    pub(super) deletes: Vec<Known>,
    unchanged: u64,
    pub(super) rejects: Vec<reject::New>,
    /// Those of `rejects` whose key could not be read.
    pub(super) keyless: u64,
    /// Values that did not fit, and the keys of the rows that may have had some before.
    pub(super) bad: Vec<reject::New>,
    /// Live rows that came, whether as they were, changed, or as a reject.
    pub(super) seen: Vec<i64>,
    repeated: u64,
    /// A row that came on an earlier page of the run is changed: that page cannot be remembered as what the row is.
    pub(super) contradicts: bool,
    moved: u64,
    came: u64,
    /// Those that had come on an earlier page of the span, and do not come later in its order.
    came_again: u64,
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
    for record in page.records {
        if let Some(hash) = here.get(&record.key) {
            match *hash == record.hash {
                true => diff.unchanged += 1,
                false => rejects.push(twice(record)),
            }
            continue;
        }
        here.insert(record.key.clone(), record.hash.clone());
        rejects.extend(diff.compare(plan, run, record, &mut known));
    }
    if diff.came > 0
        && diff.came_again == diff.came
        && run.position.walked.pages > 1
        && plan.definition.identity != Identity::Hash
    {
        return Err(circle(run, diff.came));
    }
    diff.reject(rejects, &known);
    Ok(diff)
}

/// Whether a record that comes on two pages is one that moved.
///
/// Without a key equal records may be several, and only a total that they would have to fill up tells otherwise.
/// Lines of a file are no pages: its parts may hold equal ones.
pub(super) fn tells_repeats(plan: &Plan) -> bool {
    match plan.definition.identity {
        Identity::Key => true,
        Identity::Hash => plan.page.total.is_some() && plan.page.way != Way::None,
        Identity::Line => false,
    }
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
    /// Takes in one record; `Some`: it is a reject.
    fn compare(
        &mut self,
        plan: &Plan,
        run: &Run,
        record: Identified,
        known: &mut HashMap<String, Known>,
    ) -> Option<Reject> {
        self.came += 1;
        let old = known.get(&record.key);
        let live = old.filter(|old| !old.deleted);
        let is_among =
            |rows: &RoaringTreemap| old.is_some_and(|old| rows.contains(old.rowno.cast_unsigned()));
        let (came_before, came_again) = (is_among(&run.seen.rows), is_among(&run.seen.span));
        if record.deleted {
            self.contradicts |= came_before;
            self.moved += u64::from(came_again && plan.closes_ranks());
            match live.filter(|_| plan.deletes.how != DeleteHow::Off) {
                Some(live) => self.deletes.push(live.clone()),
                None => self.unchanged += 1,
            }
            return None;
        }
        let changed = match plan.mode {
            Mode::Append => old.is_none(),
            Mode::Mirror | Mode::Upsert => live.is_none_or(|live| live.payload_hash != record.hash),
        };
        if came_before {
            self.contradicts |= changed;
            // Parents may share a child; but a child that differs between them is written back and forth for ever.
            // What changed at a border of two spans comes in both.
            let is_repeated = plan.cursor.is_none() && (plan.for_each.is_none() || changed);
            self.repeated += u64::from(is_repeated && tells_repeats(plan));
        }
        if came_again {
            // Oldest first, a page may hold nothing but what has changed since it came.
            let is_later = changed && run.position.is_oldest_first(plan);
            self.came_again += u64::from(!is_later);
            self.moved += u64::from(changed && plan.closes_ranks());
        }
        if !changed {
            self.unchanged += 1;
            self.seen.extend(old.map(|old| old.rowno));
            return None;
        }
        match validate::row(plan, record) {
            Ok(checked) => {
                let old = known.remove(&checked.row.record_key);
                self.change(run, checked, old);
                None
            }
            Err(reject) => Some(reject),
        }
    }

    fn change(&mut self, run: &Run, checked: Checked, old: Option<Known>) {
        let rowno = match old {
            Some(old) => {
                self.updates.push((old.rowno, checked.row, old.deleted));
                old.rowno
            }
            None => {
                let rowno = run.last_rowno + 1 + signed(self.inserts.len() as u64);
                self.inserts.push((rowno, checked.row));
                rowno
            }
        };
        self.seen.push(rowno);
        self.bad.extend(checked.bad);
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

    /// Whether no record of the page is a row.
    pub(super) fn is_nothing_but_rejects(&self) -> bool {
        self.came == 0
            || self.inserts.len() + self.updates.len() + self.deletes.len() == 0
                && self.unchanged == 0
    }

    /// Adds to the run what the page brought.
    pub(super) fn see(&self, run: &mut Run) {
        run.last_rowno += signed(self.inserts.len() as u64);
        let seen = &mut run.seen.rows;
        seen.extend(self.seen.iter().map(|rowno| rowno.cast_unsigned()));
        let span = &mut run.seen.span;
        span.extend(self.seen.iter().map(|rowno| rowno.cast_unsigned()));
        for gone in &self.deletes {
            seen.remove(gone.rowno.cast_unsigned());
        }
        run.position.moved += self.moved;
        run.position.repeated += self.repeated;
        run.position.keyless += self.keyless;
        let counts = &mut run.counts;
        counts.inserted += signed(self.inserts.len() as u64);
        counts.updated += signed(self.updates.len() as u64);
        counts.unchanged += signed(self.unchanged);
        counts.deleted += signed(self.deletes.len() as u64);
        counts.rejected += signed(self.rejects.len() as u64);
        counts.bad_values += signed(self.bad.len() as u64);
    }
}
