//! A walk through pages: where it begins, what came of it, and whether that is all that there is.

use crate::{
    came,
    error::SyncError,
    fetch::page::{self, At, Walked},
    parents::Parent,
    position::Last,
    source::plan::{CursorKind, Mark, Order, Plan, Source, Total, Values, Way},
    span,
    validate::Lead,
};

use super::{Run, signed};

impl Run {
    /// Goes to the page of `parent`'s walk to ask for first: where an earlier process left it, or at its start.
    pub(crate) fn begin(&mut self, source: &Source, plan: &Plan, parent: &Parent) {
        if !self.position.retrying {
            self.position.begun = parent.rowno();
        }
        if self.position.parent == parent.rowno() && self.position.group == parent.group() {
            return;
        }
        self.position.parent = parent.rowno();
        self.position.group = parent.group().to_vec();
        self.position.spans = 0;
        let from = plan.cursor.as_ref().and_then(|cursor| {
            let is_known = !self.position.full && !parent.is_new;
            let mark = self.legacy.marks.cursor.filter(|_| is_known);
            span::begin(cursor, mark, self.position.until)
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

    pub(super) fn begin_span(&mut self, source: &Source, plan: &Plan, from: Option<Mark>) {
        self.position.from = from;
        self.position.spans += 1;
        self.position.walked = Walked::default();
        self.position.last = None;
        self.seen.span.clear();
        self.position.at = Some(page::first(&plan.page, source.is_folder()));
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
            promised: before.promised || answer.more == Some(true),
            idle: if records == 0 { before.idle + 1 } else { 0 },
            ..before
        };
        self.counts.pages += 1;
        self.counts.fetched += signed(records);
        self.position.came += records;
        if let Some(total) = total {
            let others = self.counts.total.unwrap_or(0) - before.total.map_or(0, signed);
            self.counts.total = Some(others.saturating_add(signed(total)));
        }
        if let Some((least, greatest)) = came.span {
            self.reach(least, greatest);
        }
        self.position.walked = walked;
        let recurs = self.recurs(plan, came);
        self.resumed_at = None;
        self.position.last = plan.page.is_counted().then(|| Last {
            at: here.clone(),
            count: records,
            records: came.hash.clone(),
        });
        recurs?;
        self.position.at = self.way_on(plan, here, came)?;
        Ok(self.position.at.clone())
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
        let greatest = span::clamped(greatest, position.until);
        position.highest = position.highest.max(Some(greatest));
    }

    /// Whether a record may have come behind us while we read, with a value below the greatest that we met.
    ///
    /// Times are clamped to the run's start, before which nothing can come any more. Of a running number only what was
    /// there when the run began is known to be whole: what came until the one before it.
    pub(crate) fn may_be_outrun(&self, plan: &Plan) -> bool {
        let Some(cursor) = plan.cursor.as_ref() else {
            return false;
        };
        let is_in_order = match cursor.order {
            Order::Ascending => self.position.is_oldest_first(plan),
            Order::Descending => true,
            Order::Any => plan.page.way == Way::None,
        };
        cursor.kind == CursorKind::Integer && (plan.for_each.is_some() || !is_in_order)
    }

    /// Whether a page whose greatest value is that lies behind all that is asked for: the upstream answers newest first.
    pub(super) fn is_behind(&self, plan: &Plan, greatest: Mark) -> bool {
        let descends =
            (plan.cursor.as_ref()).is_some_and(|cursor| cursor.order == Order::Descending);
        descends && self.position.from.is_some_and(|from| greatest < from)
    }
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
