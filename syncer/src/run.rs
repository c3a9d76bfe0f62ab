//! A run in memory: where it stands, what it saw, and what it did so far.

use chrono::{DateTime, Utc};
use entity::{cursor, lease::Held, record::Stored, reject::Kept, resource, run::Counts};
use roaring::RoaringTreemap;
use sea_orm::DbErr;
use tokio::time::Instant;

use crate::{
    Ctx, came,
    error::SyncError,
    fetch::page::{self, At, Next, Walked},
    memory::{Known, Memory},
    parents::Parent,
    position::{Last, Legacy, Position, Seen},
    source::plan::{Mark, Mode, Most, Order, Plan, Source, Total, Values, Way},
    span,
    validate::Lead,
    verdict,
    write::Waiting,
};

/// A walk that brings nothing for so many pages has no end.
const MOST_IDLE: u64 = 100;
/// So many walks in a row that the upstream did not answer: it is down, and the others need not be tried.
const MOST_UNANSWERED: u64 = 5;

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
}

impl Run {
    /// Goes to the page of `parent`'s walk to ask for first: where an earlier process left it, or at its start.
    pub(crate) fn begin(&mut self, source: &Source, plan: &Plan, parent: &Parent) {
        if !self.position.retrying {
            self.position.begun = parent.rowno();
        }
        if self.position.parent == parent.rowno() {
            return;
        }
        self.position.parent = parent.rowno();
        self.position.spans = 0;
        let from = plan.cursor.as_ref().and_then(|cursor| {
            let is_known = !self.position.full && !parent.is_new;
            span::begin(cursor, self.legacy.marks.cursor.filter(|_| is_known))
        });
        self.begin_span(source, plan, from);
    }

    /// Goes to the first page of the span after the one that ended; false: that was the last.
    pub(crate) fn next_span(&mut self, source: &Source, plan: &Plan) -> bool {
        let next = self.until(plan);
        if next.is_none() || next >= self.position.until {
            return false;
        }
        self.begin_span(source, plan, next);
        true
    }

    fn begin_span(&mut self, source: &Source, plan: &Plan, from: Option<Mark>) {
        self.position.from = from;
        self.position.spans += 1;
        self.position.walked = Walked::default();
        self.position.last = None;
        self.position.at = Some(page::first(&plan.page, source.is_local()));
    }

    /// Where the span ends that is walked.
    fn until(&self, plan: &Plan) -> Option<Mark> {
        let cursor = plan.cursor.as_ref()?;
        span::until(cursor, self.position.from, self.position.until)
    }

    /// What the templates of the span's requests are filled with.
    pub(crate) fn values(&self, plan: &Plan, parent: &Parent) -> Values {
        let written = |mark: Option<Mark>| {
            let cursor = plan.cursor.as_ref()?;
            mark.map(|mark| span::written(cursor, mark))
        };
        Values {
            cursor: written(self.position.from),
            cursor_until: written(self.until(plan)),
            ..parent.values.clone()
        }
    }

    /// What a walk through the span gives to each of its records.
    pub(crate) fn lead<'a>(&self, parent: &'a Parent, records: u64) -> Lead<'a> {
        Lead {
            copies: &parent.copies,
            before: self.position.walked.records - records,
        }
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

    /// Takes in what came from `here`, and returns the page to ask for next.
    ///
    /// # Errors
    /// The walk has reached the plan's limit of pages.
    pub(crate) fn advance(
        &mut self,
        plan: &Plan,
        here: &At,
        came: &came::Page<'_>,
    ) -> Result<Option<At>, SyncError> {
        let answer = &came.answer;
        let records = answer.records;
        let before = self.position.walked;
        let total = answer.total.or(before.total);
        let walked = Walked {
            pages: before.pages + 1,
            records: before.records + records,
            total,
            known_total: came.known_total.or(before.known_total),
            shrunk: before.shrunk + shrinkage(before.total, total),
            idle: if records == 0 { before.idle + 1 } else { 0 },
            ..before
        };
        self.counts.pages += 1;
        self.counts.fetched += signed(records);
        if let Some(total) = total {
            let others = self.counts.total.unwrap_or(0) - before.total.map_or(0, signed);
            self.counts.total = Some(others.saturating_add(signed(total)));
        }
        if let Some((least, greatest)) = came.span {
            self.reach(least, greatest);
        }
        self.position.walked = walked;
        self.resumed_at = None;
        self.position.last = plan.page.is_counted().then(|| Last {
            at: here.clone(),
            count: records,
            records: came.hash.clone(),
        });
        self.position.at = self.way_on(plan, here, came)?;
        Ok(self.position.at.clone())
    }

    /// The page to ask for next.
    fn way_on(
        &mut self,
        plan: &Plan,
        here: &At,
        came: &came::Page<'_>,
    ) -> Result<Option<At>, SyncError> {
        let walked = self.position.walked;
        let at = match page::next(&plan.page, here, walked, &came.answer) {
            Next::At(at) => at,
            Next::End => return Ok(None),
            Next::Lost(why) => return Err(SyncError::Lost { why }),
        };
        if came
            .span
            .is_some_and(|(_, greatest)| self.is_behind(plan, greatest))
        {
            return Ok(None);
        }
        self.position.walked.anchor = anchor(here, &at, walked)?;
        if plan.page.max.is_some_and(|max| walked.pages >= max) {
            return Err(SyncError::TooManyPages {
                count: walked.pages,
            });
        }
        if walked.idle >= MOST_IDLE {
            let why = format!("{MOST_IDLE} in a row held no record");
            return Err(SyncError::Loop { why });
        }
        Ok(Some(at))
    }

    /// The page to look at again before the run goes on behind it, where an earlier process left it.
    pub(crate) fn to_verify(&self, plan: &Plan) -> Option<Last> {
        let is_resumed = self.resumed_at.is_some() && self.resumed_at == self.position.at;
        self.position
            .last
            .clone()
            .filter(|_| is_resumed && plan.page.is_counted())
    }

    /// Whether the place that an earlier process left is not there any more.
    pub(crate) fn is_gone(&self, here: &At, error: &SyncError) -> bool {
        self.resumed_at.as_ref() == Some(here)
            && matches!(
                error,
                SyncError::Status {
                    status: 400..=499,
                    ..
                } | SyncError::Unaskable { .. }
                    | SyncError::Decode { .. }
            )
    }

    /// Goes back to the start of the span: what an earlier process left is no place to go on from.
    pub(crate) fn restart(&mut self, source: &Source, plan: &Plan, why: &str) {
        tracing::info!(
            why,
            "the run cannot go on where it was left: from the start again"
        );
        self.resumed_at = None;
        if plan.for_each.is_none() {
            self.seen = Seen::default();
            self.position.repeated = 0;
            self.position.keyless = 0;
            self.counts.total = None;
        }
        let from = self.position.from;
        self.begin_span(source, plan, from);
    }

    /// The page behind the last one, where a stated total alone says that there is none, and rows would be deleted by that word.
    pub(crate) fn doubts(&self, plan: &Plan) -> Option<At> {
        let walked = self.position.walked;
        let last = self.position.last.as_ref()?;
        let is_full = plan
            .page
            .size
            .records
            .is_some_and(|size| last.count >= size);
        let is_told = is_full && walked.total == Some(walked.records);
        let live = self.live_rows + self.waiting.live;
        let some_are_gone = live.cast_unsigned() > self.seen.rows.len();
        let is_plain = plan.for_each.is_none() && plan.page.more.is_none();
        if !is_told || !is_plain || !some_are_gone || !self.tells_absence(plan) {
            return None;
        }
        match (&plan.page.way, &last.at) {
            (_, At::Number(number)) => Some(At::Number(number + 1)),
            (Way::Offset { start, .. }, _) => Some(At::Offset(start + walked.records)),
            _ => None,
        }
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

    /// Checks that a walk which came to its end brought what the upstream said there is.
    ///
    /// # Errors
    /// It fell short.
    pub(crate) fn end_span(&self, plan: &Plan) -> Result<(), SyncError> {
        shortfall(plan, self.position.walked).map_or(Ok(()), |why| Err(SyncError::Short { why }))
    }

    /// Takes in the greatest value of the plan's cursor among a page's records, and the smallest.
    fn reach(&mut self, least: Mark, greatest: Mark) {
        let position = &mut self.position;
        position.unordered |= position.highest.is_some_and(|highest| least < highest);
        let greatest = span::clamped(greatest, self.started_at);
        position.highest = position.highest.max(Some(greatest));
    }

    /// Whether a page whose greatest value is that lies behind all that is asked for: the upstream answers newest first.
    fn is_behind(&self, plan: &Plan, greatest: Mark) -> bool {
        let descends =
            (plan.cursor.as_ref()).is_some_and(|cursor| cursor.order == Order::Descending);
        descends && self.position.from.is_some_and(|from| greatest < from)
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

    /// Where the run stands, for the transaction of the page that brought it there: what [`crate::position::Left::of`] reads.
    pub(crate) fn standing(&mut self, plan: &Plan, now: DateTime<Utc>) -> cursor::Standing {
        let seen = self.seen.write();
        cursor::Standing {
            resource_id: self.resource.id,
            run_id: self.id,
            plan: plan.fingerprint.clone(),
            position: serde_json::to_string(&(&self.position, self.counts)).unwrap_or_default(),
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
    (now - last).to_std().is_ok_and(|age| age >= every)
}

/// The anchor of a walk that goes on from `here` to `at`.
///
/// # Errors
/// The walk goes in a circle: it was at the anchor before (Brent's algorithm, which remembers one place only).
fn anchor(here: &At, at: &At, walked: Walked) -> Result<u64, SyncError> {
    let next = page::hash(at);
    let pages = walked.pages;
    if here == at || (pages > 1 && next == walked.anchor) {
        let why = format!("after {pages} pages the way on leads back to one that came before");
        return Err(SyncError::Loop { why });
    }
    Ok(if pages.is_power_of_two() {
        next
    } else {
        walked.anchor
    })
}

/// What `walked` lacks of what the upstream said there is.
fn shortfall(plan: &Plan, walked: Walked) -> Option<String> {
    let Total::Within(distance) = plan.expect.total else {
        return None;
    };
    let came = walked.records;
    let Some(total) = walked.total.or(walked.known_total) else {
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
