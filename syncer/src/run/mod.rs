//! A run in memory: where it stands, what it saw, and what it did so far.

/// A walk that an earlier process left.
mod left;
/// A walk through pages.
mod walk;
/// The page to ask for next.
mod way;

use chrono::{DateTime, Utc};
use entity::{
    cursor,
    lease::Held,
    record::Stored,
    reject::Kept,
    resource,
    run::{self as log, Counts},
};
use roaring::RoaringTreemap;
use sea_orm::DbErr;
use tokio::time::Instant;

use crate::{
    Ctx,
    error::SyncError,
    fetch::page::At,
    lease::Loss,
    memory::{Known, Memory},
    parents::Parent,
    position::{Legacy, Position, Seen},
    source::plan::{Mode, Most, Plan, Way},
    verdict::{self, Verdict},
    write::{Dry, Waiting},
};

/// So many walks in a row that the upstream did not answer or let us into: it is down, or a key was taken back, and the
/// others need not be tried.
const MOST_UNANSWERED: u64 = 5;

/// A run under way.
#[derive(Debug)]
pub(crate) struct Run {
    pub id: i64,
    pub resource: resource::Model,
    pub lease: Held,
    /// Whether another process has taken the lease.
    pub loss: Loss,
    pub started_at: DateTime<Utc>,
    /// What it did itself.
    pub counts: Counts,
    /// What the runs did that it goes on with.
    pub earlier: Counts,
    pub version: i64,
    pub live_rows: i64,
    pub last_rowno: i64,
    pub position: Position,
    pub seen: Seen,
    /// What the runs before left to this one.
    pub legacy: Legacy,
    pub memory: Memory,
    /// What is kept of records and values that did not fit.
    pub kept: Kept,
    /// What came and is not written yet.
    pub waiting: Waiting,
    /// When the cursor was written last.
    pub saved_at: Instant,
    /// The page where it goes on from what an earlier process left, until it was asked for.
    pub resumed_at: Option<At>,
    /// When that place was left: it does not get younger by being tried in vain.
    pub left_at: DateTime<Utc>,
    /// Rows that pages of the run changed: a page that is as it was may have held them as they were before.
    pub written: RoaringTreemap,
    /// Whether the deletes that the plan's limit would stop are wanted.
    pub accept_deletes: bool,
    pub mode: log::Mode,
    /// What a dry run would have written; `None`: it is none, and writes.
    pub dry: Option<Dry>,
}

impl Run {
    /// Whether the table was filled for the first time, and gets its indexes.
    pub(crate) fn is_first_whole(&self, verdict: &Verdict) -> bool {
        self.dry.is_none() && !self.resource.indexed && !verdict.resumable
    }

    /// Whether the children of a parent need not be asked for: it did not change since they were.
    pub(crate) fn skips(&self, plan: &Plan, parent: &Stored) -> bool {
        let is_wanted = (plan.for_each.as_ref()).is_some_and(|for_each| for_each.changed_only);
        let version = self.legacy.marks.parents;
        is_wanted
            && !self.position.full
            && !self.position.retrying
            && self.legacy.parents.contains(parent.rowno.cast_unsigned())
            && version.is_some_and(|version| parent.version <= version)
    }

    /// The name of a page in the memory of pages, and what is known of it.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn remembered(
        &mut self,
        ctx: &Ctx,
        parent: &Parent,
        ordinal: u64,
    ) -> Result<(Option<Vec<u8>>, Option<Known>), DbErr> {
        let Some(request) = self.memory.request(parent, ordinal) else {
            return Ok((None, None));
        };
        let known = self.memory.known(ctx, self.resource.id, &request).await?;
        Ok((Some(request), known))
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
        // What is remembered of pages may be why: the next run asks as if it knew nothing.
        self.waiting.contradicts |= matches!(&result, Err(error) if !error.can_resume());
        let fault = match result {
            Ok(()) => None,
            Err(SyncError::Short { why }) => Some(why),
            Err(error) if plan.for_each.is_some() && error.is_local() => {
                self.unanswered(error.is_unanswered());
                if self.position.unanswered >= MOST_UNANSWERED {
                    return Err(error);
                }
                Some(error.chain())
            }
            Err(error) => return Err(error),
        };
        self.position.parent = parent.rowno();
        self.position.at = None;
        let rownos = parent.rownos.iter().copied();
        let Some(fault) = fault else {
            self.unanswered(false);
            self.seen.parents.extend(rownos.map(i64::cast_unsigned));
            return Ok(());
        };
        self.position.failed.extend(rownos);
        self.position.faults += 1;
        let fault = match &parent.name {
            Some(name) => format!("{name}: {fault}"),
            None => fault,
        };
        tracing::warn!(fault, "a walk is not complete");
        self.position.first_fault.get_or_insert(fault);
        Ok(())
    }

    fn unanswered(&mut self, is_so: bool) {
        self.position.unanswered = if is_so {
            self.position.unanswered + 1
        } else {
            0
        };
    }

    /// Checks that the rejects of the run are no more than the plan bears.
    ///
    /// # Errors
    /// There are more.
    pub(crate) fn bears(&self, plan: &Plan) -> Result<(), SyncError> {
        let (bad, fetched) = (
            self.counts.rejected + self.counts.bad_values,
            self.counts.fetched,
        );
        let is_over = match plan.bad_max {
            None => false,
            Some(Most::Rows(most)) => bad.cast_unsigned() > most,
            // A share of few records says little; the verdict looks again.
            Some(share @ Most::Share(_)) => {
                fetched >= 1_000
                    && !verdict::within(bad.cast_unsigned(), fetched.cast_unsigned(), share)
            }
        };
        if !is_over {
            return Ok(());
        }
        Err(SyncError::TooManyRejects {
            why: verdict::too_many_rejects(plan, bad.cast_unsigned(), fetched.cast_unsigned()),
        })
    }

    /// Whether rows that did not come are gone, were the run complete.
    pub(crate) fn tells_absence(&self, plan: &Plan) -> bool {
        plan.mode == Mode::Mirror && (self.position.full || plan.cursor.is_none())
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
            .saturating_sub(self.seen.rows.len())
    }

    /// What was done since the reading began, by whichever runs.
    pub(crate) fn so_far(&self) -> Counts {
        let mut all = self.earlier;
        all += self.counts;
        all
    }

    /// Where the run stands, for the transaction of the page that brought it there: what [`crate::position::Left::of`] reads.
    pub(crate) fn standing(&mut self, plan: &Plan, now: DateTime<Utc>) -> cursor::Standing {
        let seen = self.seen.write();
        cursor::Standing {
            resource_id: self.resource.id,
            run_id: self.id,
            plan: plan.fingerprint.clone(),
            position: serde_json::to_string(&(&self.position, self.so_far())).unwrap_or_default(),
            seen,
            at: match self.resumed_at {
                Some(_) => self.left_at,
                None => now,
            },
        }
    }
}

/// Whether it is time to read everything, and not only what changed.
pub(crate) fn is_due(plan: &Plan, legacy: &Legacy, now: DateTime<Utc>) -> bool {
    let (Some(every), Some(last)) = (plan.full_every, legacy.marks.full_at) else {
        return legacy.marks.full_at.is_none();
    };
    // What lies in the future was written by a clock that was ahead, and says nothing.
    !(now - last).to_std().is_ok_and(|age| age < every)
}

/// A count as the database holds it.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
