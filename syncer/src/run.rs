//! A run in memory: where it stands, what it saw, and what it did so far.

use chrono::{DateTime, Utc};
use entity::{cursor, lease::Held, resource, run::Counts};
use roaring::RoaringTreemap;

use crate::{
    error::SyncError,
    fetch::page::{self, Answer, At, Next, Walked},
    parents::Parent,
    position::Position,
    source::plan::{Plan, Total, Way},
};

/// A walk that brings nothing for so many pages has no end.
const MOST_IDLE: u64 = 100;

/// A run under way.
#[derive(Debug)]
pub(crate) struct Run {
    pub id: i64,
    pub resource: resource::Model,
    pub lease: Held,
    pub started_at: DateTime<Utc>,
    /// What it did, over all processes that worked on it.
    pub counts: Counts,
    pub version: i64,
    pub live_rows: i64,
    pub last_rowno: i64,
    pub position: Position,
    /// The `rowno`s that came.
    pub seen: RoaringTreemap,
    /// The ids of the rejects that came.
    pub seen_rejects: RoaringTreemap,
    /// Whether the deletes that the plan's limit would stop are wanted.
    pub accept_deletes: bool,
}

impl Run {
    /// The page of `parent`'s walk to ask for first, where an earlier process left it or at its start.
    pub(crate) fn begin(&mut self, plan: &Plan, parent: &Parent) -> Option<At> {
        if self.position.parent != parent.rowno {
            self.position.parent = parent.rowno;
            self.position.walked = Walked::default();
            self.position.at = Some(page::first(&plan.page, false));
        }
        self.position.at.clone()
    }

    /// Takes in what came from `here`, and returns the page to ask for next.
    ///
    /// # Errors
    /// The walk has reached the plan's limit of pages.
    pub(crate) fn advance(
        &mut self,
        plan: &Plan,
        here: &At,
        answer: &Answer,
    ) -> Result<Option<At>, SyncError> {
        let records = answer.records;
        let before = self.position.walked;
        let total = answer.total.or(before.total);
        let walked = Walked {
            pages: before.pages + 1,
            records: before.records + records,
            total,
            shrunk: before.shrunk + shrinkage(before.total, total),
            idle: if records == 0 { before.idle + 1 } else { 0 },
            ..before
        };
        let at = match page::next(&plan.page, here, walked, answer) {
            Next::At(at) => Some(at),
            Next::End => None,
            Next::Lost(why) => {
                return Err(SyncError::Loop {
                    why: why.to_owned(),
                });
            }
        };
        if at.is_some() && plan.page.max.is_some_and(|max| walked.pages >= max) {
            return Err(SyncError::TooManyPages {
                count: walked.pages,
            });
        }
        if at.is_some() && walked.idle >= MOST_IDLE {
            let why = format!("{MOST_IDLE} in a row held no record");
            return Err(SyncError::Loop { why });
        }
        self.counts.pages += 1;
        self.counts.fetched += signed(records);
        if let Some(total) = total {
            let others = self.counts.total.unwrap_or(0) - before.total.map_or(0, signed);
            self.counts.total = Some(others.saturating_add(signed(total)));
        }
        self.position.walked = walked;
        self.position.at.clone_from(&at);
        Ok(at)
    }

    /// Ends the walk of one parent, or the only one. What went wrong with it alone is written down, the rest is an error.
    ///
    /// # Errors
    /// What would fail every further walk as well.
    pub(crate) fn end_walk(
        &mut self,
        plan: &Plan,
        parent: &Parent,
        result: Result<(), SyncError>,
    ) -> Result<(), SyncError> {
        let fault = match result {
            Ok(()) => shortfall(plan, self.position.walked),
            Err(error) if plan.for_each.is_some() && error.is_local() => Some(error.chain()),
            Err(error) => return Err(error),
        };
        self.position.parent = parent.rowno;
        self.position.at = None;
        if let Some(fault) = fault {
            self.position.faults += 1;
            let fault = match &parent.name {
                Some(name) => format!("{name}: {fault}"),
                None => fault,
            };
            tracing::warn!(fault, "a walk is not complete");
            self.position.first_fault.get_or_insert(fault);
        }
        Ok(())
    }

    /// Whether no page can follow: the run's end is all that is left to write.
    pub(crate) fn is_over(&self, plan: &Plan) -> bool {
        plan.for_each.is_none() && self.position.at.is_none()
    }

    /// How many pages there are, if the upstream said how many records.
    pub(crate) fn pages_expected(&self, plan: &Plan) -> Option<u64> {
        let total = self.position.walked.total?;
        if plan.page.way == Way::None {
            return Some(1);
        }
        let size = plan.page.size.records?;
        Some(total.div_ceil(size.max(1)))
    }

    /// How many live rows did not come.
    pub(crate) fn gone(&self) -> u64 {
        self.live_rows
            .cast_unsigned()
            .saturating_sub(self.seen.len())
    }

    /// Where the run stands, for the transaction of the page that brought it there: what [`crate::position::Left::of`] reads.
    pub(crate) fn cursor(&self, plan: &Plan, now: DateTime<Utc>) -> cursor::Standing {
        let size = self.seen.serialized_size() + self.seen_rejects.serialized_size();
        let mut seen = Vec::with_capacity(size);
        // Writing to memory cannot fail, and a cursor that cannot be read is a run from the start.
        let written = self.seen.serialize_into(&mut seen);
        let written = written.and_then(|()| self.seen_rejects.serialize_into(&mut seen));
        cursor::Standing {
            resource_id: self.resource.id,
            run_id: self.id,
            plan: plan.fingerprint.clone(),
            position: written
                .ok()
                .and_then(|()| serde_json::to_string(&(&self.position, self.counts)).ok())
                .unwrap_or_default(),
            seen,
            at: now,
        }
    }
}

/// What `walked` lacks of what the upstream said there is.
fn shortfall(plan: &Plan, walked: Walked) -> Option<String> {
    let Total::Within(distance) = plan.expect.total else {
        return None;
    };
    let came = walked.records;
    let Some(total) = walked.total else {
        let place = plan.page.total.as_ref().filter(|_| came > 0)?;
        return Some(format!("{came} records came, and no total in {place}"));
    };
    if walked.shrunk > distance {
        // Whatever stood behind a record that went has moved up, and may have moved onto a page that was read before.
        return Some(format!(
            "the stated total fell by {} while the pages were read: records may have moved past us",
            walked.shrunk
        ));
    }
    (came.abs_diff(total) > distance).then(|| {
        let allowed = if distance == 0 {
            String::new()
        } else {
            format!(" (within {distance} is allowed)")
        };
        format!("{came} records came where the upstream states {total}{allowed}")
    })
}

fn shrinkage(before: Option<u64>, now: Option<u64>) -> u64 {
    before.unwrap_or(0).saturating_sub(now.unwrap_or(0))
}

/// A count as the database holds it.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
