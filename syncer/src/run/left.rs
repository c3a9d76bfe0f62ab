//! A walk that an earlier process left: whether it can be gone on with, and going back if not.

use crate::{
    error::SyncError,
    fetch::page::At,
    position::{Last, Seen},
    source::plan::{Plan, Source},
};

use super::{Run, signed};

impl Run {
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
        let again = self.position.walked.records;
        self.position.came = self.position.came.saturating_sub(again);
        self.forget_total();
        // What came in spans and from parents before this one does not come again, and is not gone all the same.
        if plan.for_each.is_none() && self.position.spans < 2 {
            self.seen = Seen::default();
            self.position.repeated = 0;
            self.position.moved = 0;
            self.position.keyless = 0;
            self.position.spans = 0;
        }
        let from = self.position.from;
        self.begin_span(source, plan, from);
    }

    /// Takes the total of the pages that are read again out of the run's.
    fn forget_total(&mut self) {
        let again = self.position.walked.total.map_or(0, signed);
        let others = self.counts.total.map(|total| total - again);
        self.counts.total = others.filter(|others| *others > 0);
    }
}
