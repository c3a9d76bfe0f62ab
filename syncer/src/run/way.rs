//! The way on: the page to ask for next, and the ways that lead nowhere.

use crate::{
    came,
    error::SyncError,
    fetch::page::{self, At, Next, Walked},
    source::plan::{Plan, Way},
};

use super::Run;

/// A walk that brings nothing for so many pages has no end.
const MOST_IDLE: u64 = 100;

impl Run {
    /// The page to ask for next.
    pub(super) fn way_on(
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

    /// Holds the page that was just read against the one that the walk remembers.
    ///
    /// Where keys identify records, rows that came before tell as much. Where they do not, equal records on two pages
    /// may well be two: only a page that comes again as a whole is the same one, whatever it was asked for by.
    ///
    /// # Errors
    /// They hold the same records: the upstream ignores what it is asked for, or the walk goes in a circle.
    pub(super) fn recurs(&mut self, plan: &Plan, came: &came::Page<'_>) -> Result<(), SyncError> {
        let walked = &mut self.position.walked;
        let records = came.answer.records;
        let is_told = records > 0 && plan.page.way != Way::None;
        let Some(hash) = came.hash.first_chunk().filter(|_| is_told) else {
            return Ok(());
        };
        let short = u64::from_le_bytes(*hash);
        if walked.pages > 1 && walked.anchor_records == short {
            let why = format!(
                "all {records} records of page {} had come on an earlier page",
                walked.pages
            );
            return Err(SyncError::Loop { why });
        }
        if walked.pages.is_power_of_two() {
            walked.anchor_records = short;
        }
        Ok(())
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
