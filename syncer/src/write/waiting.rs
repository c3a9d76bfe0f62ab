//! What pages brought and is not written yet: many small pages are one commit.

use std::{
    collections::{BTreeMap, HashMap},
    mem::take,
    ops::Range,
};

use entity::{
    page,
    record::{self, Known, Row, Stamp},
    reject,
    request::{self, Entity as Request},
    run::Counts,
};
use roaring::RoaringTreemap;
use sea_orm::{DatabaseTransaction, DbErr};

use super::{
    deletes,
    diff::{Diff, tells_repeats},
};
use crate::{
    error::SyncError,
    fetch::Validators,
    memory::{self, Came, Met},
    run::{Run, signed},
    source::plan::Plan,
};

/// So many changed rows and rejects, or bytes of them, are worth a commit: more in one costs memory and saves nothing.
const MOST_ROWS: usize = 1_000;
const MOST_BYTES: usize = 1 << 20;

/// What the next commit writes.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// What the table will know of the keys among it.
    pub known: HashMap<String, Known>,
    inserts: BTreeMap<i64, Row>,
    updates: BTreeMap<i64, Row>,
    /// Rows that the upstream marks as deleted.
    deletes: Vec<i64>,
    rejects: Vec<reject::New>,
    /// Values of its rows that did not fit.
    bad: Vec<reject::New>,
    pages: Vec<Written>,
    /// What brought the rows.
    requests: Vec<request::New>,
    /// Pages contradict one another about a row or their number: what is remembered of them is not to be relied on.
    pub contradicts: bool,
    /// Pages that are as they were, and told by other signs.
    renewed: Vec<page::New>,
    bytes: usize,
    /// What its commit adds to the live rows.
    pub live: i64,
    /// The counts, version and live rows of the run before it.
    pub before: Option<(Counts, i64, i64)>,
}

/// What is to be remembered of a page.
#[derive(Debug)]
pub(crate) struct Brought {
    /// What it was asked for with, as it may be shown.
    pub url: String,
    pub request: Option<Vec<u8>>,
    pub known: Option<memory::Known>,
    pub parent: i64,
    pub validators: Validators,
    /// Hash of its records.
    pub answer: Vec<u8>,
    pub came: Came,
}

/// A page among it.
#[derive(Debug)]
struct Written {
    page: Brought,
    rows: RoaringTreemap,
    /// Its part of the rejects.
    rejects: Range<usize>,
    /// Whether all that it brought are rejects, and it is not the first of its walk.
    may_circle: bool,
}

impl Waiting {
    pub(super) fn changes_rows(&self) -> bool {
        !self.inserts.is_empty() || !self.updates.is_empty() || !self.deletes.is_empty()
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        !self.changes_rows()
            && !self.contradicts
            && self.rejects.is_empty()
            && self.pages.is_empty()
            && self.renewed.is_empty()
    }

    /// Whether it is worth a commit, however soon the next page comes.
    pub(super) fn is_large(&self) -> bool {
        let rows = self.inserts.len() + self.updates.len() + self.rejects.len() + self.bad.len();
        // Pages that write the same row again and again add none.
        rows.max(self.requests.len()) >= MOST_ROWS || self.bytes >= MOST_BYTES
    }

    /// Takes down what brought the rows that a page changes.
    fn asked(&mut self, url: &str, diff: &Diff) {
        let inserted = diff.inserts.iter().map(|(rowno, _)| *rowno);
        let updated = diff.updates.iter().map(|(rowno, ..)| *rowno);
        let rownos: RoaringTreemap = inserted.chain(updated).map(i64::cast_unsigned).collect();
        if !rownos.is_empty() {
            let url = url.to_owned();
            self.requests.push(request::New { url, rownos });
        }
    }

    fn insert(&mut self, rowno: i64, row: Row) {
        self.bytes += row.payload.len();
        self.know(rowno, &row);
        self.live += 1;
        self.inserts.insert(rowno, row);
    }

    fn update(&mut self, rowno: i64, row: Row, was_deleted: bool) {
        self.bytes += row.payload.len();
        self.know(rowno, &row);
        self.live += i64::from(was_deleted);
        self.deletes.retain(|deleted| *deleted != rowno);
        match self.inserts.get_mut(&rowno) {
            Some(new) => *new = row,
            None => {
                self.updates.insert(rowno, row);
            }
        }
    }

    fn reject(&mut self, rejects: Vec<reject::New>, bad: Vec<reject::New>) {
        let all = rejects.iter().chain(&bad);
        self.bytes += all.map(reject::New::bytes).sum::<usize>();
        self.rejects.extend(rejects);
        self.bad.extend(bad);
    }

    fn know(&mut self, rowno: i64, row: &Row) {
        let known = Known {
            rowno,
            record_key: row.record_key.clone(),
            payload_hash: row.payload_hash.clone(),
            deleted: false,
        };
        self.takes_over(known);
    }

    /// What waits of the same key is no longer so.
    fn takes_over(&mut self, known: Known) {
        let key = known.record_key.clone();
        if self.known.insert(key.clone(), known).is_some() {
            self.bad.retain(|bad| bad.record_key.as_ref() != Some(&key));
        }
    }

    fn delete(&mut self, known: Known) {
        self.live -= 1;
        self.deletes.push(known.rowno);
        let gone = Known {
            deleted: true,
            ..known
        };
        self.takes_over(gone);
    }

    /// Writes the rows; what stays of them here is their keys.
    pub(super) async fn write_rows(
        &mut self,
        transaction: &DatabaseTransaction,
        (plan, resource_id): (&Plan, i32),
        stamp: Stamp,
    ) -> Result<(), DbErr> {
        let inserts = take(&mut self.inserts).into_iter().collect();
        record::insert(transaction, &plan.definition, inserts, stamp).await?;
        let updates = take(&mut self.updates).into_iter().collect();
        record::update(transaction, &plan.definition, updates, stamp).await?;
        if !self.deletes.is_empty() {
            deletes::apply(transaction, plan, &self.deletes, stamp).await?;
        }
        let requests = take(&mut self.requests);
        Request::keep(transaction, (resource_id, stamp.version), requests).await
    }

    /// The keys of all rows that it writes.
    pub(super) fn keys(&self) -> Vec<&str> {
        self.known.keys().map(String::as_str).collect()
    }

    /// Hands the rejects over, in the order in which the pages brought them.
    pub(super) fn take_rejects(&mut self) -> Vec<reject::New> {
        take(&mut self.rejects)
    }

    /// Hands over the values that did not fit.
    pub(super) fn take_bad(&mut self) -> Vec<reject::New> {
        take(&mut self.bad)
    }

    /// The pages to remember, whose rejects are kept under the ids in `kept`.
    ///
    /// # Errors
    /// All that a page brought are rejects that had come before on another page of its walk: the pages go in a circle.
    pub(super) fn pages(self, run: &Run, kept: &[i64]) -> Result<Vec<page::New>, SyncError> {
        let mut pages = self.renewed;
        for written in self.pages {
            let ids = kept.get(written.rejects).unwrap_or_default();
            let is_old = |id: &i64| run.seen.rejects.contains(id.cast_unsigned());
            if written.may_circle && !ids.is_empty() && ids.iter().all(is_old) {
                let why = format!(
                    "all {} records of a page had come on an earlier page",
                    ids.len()
                );
                return Err(SyncError::Loop { why });
            }
            let Brought {
                url: _,
                request,
                known,
                parent,
                validators,
                answer,
                came,
            } = written.page;
            pages.extend(run.memory.remembered(Met {
                request,
                known,
                parent,
                validators,
                answer,
                came,
                rows: written.rows,
                rejects: ids.iter().map(|id| id.cast_unsigned()).collect(),
            }));
        }
        Ok(pages)
    }
}

impl Run {
    /// Takes in what a page changes.
    pub(super) fn take(&mut self, diff: Diff, mut page: Brought) {
        let before = (self.counts, self.version, self.live_rows);
        self.waiting.before.get_or_insert(before);
        self.meet(&page);
        diff.see(self);
        page.came.keyless = diff.keyless;
        let first = self.waiting.rejects.len();
        let may_circle = diff.is_nothing_but_rejects() && self.position.walked.pages > 1;
        self.waiting.asked(&page.url, &diff);
        let changed = diff.updates.iter().map(|(rowno, ..)| *rowno);
        let deleted = diff.deletes.iter().map(|known| known.rowno);
        self.written
            .extend(changed.chain(deleted).map(i64::cast_unsigned));
        let waiting = &mut self.waiting;
        waiting.contradicts |= diff.contradicts;
        for (rowno, row) in diff.inserts {
            waiting.insert(rowno, row);
        }
        for (rowno, row, was_deleted) in diff.updates {
            waiting.update(rowno, row, was_deleted);
        }
        for known in diff.deletes {
            // It may have come on an earlier page, and is no longer one of the live rows that came.
            self.seen.rows.remove(known.rowno.cast_unsigned());
            waiting.delete(known);
        }
        waiting.reject(diff.rejects, diff.bad);
        if page.request.is_some() || may_circle {
            waiting.pages.push(Written {
                page,
                rows: diff
                    .seen
                    .iter()
                    .map(|rowno| rowno.cast_unsigned())
                    .collect(),
                rejects: first..waiting.rejects.len(),
                may_circle,
            });
        }
    }

    /// Takes in a page that is as it was.
    pub(super) fn take_again(&mut self, plan: &Plan, page: Brought) {
        self.meet(&page);
        let Some(known) = &page.known else {
            return;
        };
        let counts = &mut self.counts;
        let rejected = known.rejects.len().min(page.came.answer.records);
        counts.rejected += signed(rejected);
        counts.unchanged += signed(page.came.answer.records - rejected);
        if plan.for_each.is_none() && plan.cursor.is_none() && tells_repeats(plan) {
            self.position.repeated += self.seen.rows.intersection_len(&known.rows);
        }
        self.waiting.contradicts |= !self.written.is_disjoint(&known.rows);
        self.position.keyless += known.came.keyless;
        self.seen.rows |= &known.rows;
        self.seen.span |= &known.rows;
        self.seen.rejects |= &known.rejects;
        // The place or the validators may be others all the same.
        let (rows, rejects) = (known.rows.clone(), known.rejects.clone());
        let met = Met {
            request: page.request,
            parent: page.parent,
            validators: page.validators,
            answer: page.answer,
            came: page.came,
            rows,
            rejects,
            known: page.known,
        };
        self.waiting.renewed.extend(self.memory.remembered(met));
    }

    fn meet(&mut self, page: &Brought) {
        if let Some(known) = &page.known {
            self.seen.pages.insert(known.id.cast_unsigned());
        }
    }
}
