//! Fetches ahead: while a page is read and written, the next ones are on their way. They come out in order.

use std::{collections::VecDeque, sync::Arc};

use entity::run::Counts;
use tokio::task::JoinHandle;

use crate::{
    Ctx,
    error::SyncError,
    fetch::{
        self, Ask, Got,
        page::{At, Walked},
    },
    memory::Known,
    parents::Parent,
    run::Run,
    source::plan::{Page, Plan, Source, Values},
};

/// The pages of one walk that are on their way.
#[derive(Debug)]
pub(crate) struct Pages {
    source: Arc<Source>,
    plan: Arc<Plan>,
    values: Arc<Values>,
    flights: VecDeque<Flight>,
}

/// A request under way. It is given up when nobody waits for it any more.
#[derive(Debug)]
struct Flight {
    at: At,
    request: Option<Vec<u8>>,
    known: Option<Known>,
    task: JoinHandle<(Result<Got, SyncError>, Counts)>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A page that came.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// Its name in the memory of pages, if they are remembered.
    pub request: Option<Vec<u8>>,
    /// What is known of it from an earlier run.
    pub known: Option<Known>,
    pub got: Got,
}

impl Pages {
    pub(crate) fn of(source: &Arc<Source>, plan: &Arc<Plan>, values: Values) -> Self {
        Self {
            source: Arc::clone(source),
            plan: Arc::clone(plan),
            values: Arc::new(values),
            flights: VecDeque::new(),
        }
    }

    /// Asks for the page at `at` and, where it is known which ones follow, for as many of them as the upstream takes at once.
    ///
    /// # Errors
    /// The database does not answer, or another process has the lease.
    pub(crate) async fn ask(
        &mut self,
        ctx: &Ctx,
        run: &mut Run,
        parent: &Parent,
        at: &At,
    ) -> Result<(), SyncError> {
        if run.loss.is_known() {
            return Err(SyncError::LeaseLost);
        }
        if self.flights.front().is_some_and(|flight| flight.at != *at) {
            self.flights.clear();
        }
        let walked = run.position.walked;
        let most = self.source.limits.concurrency.unwrap_or(1);
        let wanted = upcoming(&self.plan.page, at, walked, most);
        let ordinals = walked.pages..;
        for (at, ordinal) in wanted.into_iter().zip(ordinals).skip(self.flights.len()) {
            let (request, known) = run.remembered(ctx, parent, ordinal).await?;
            self.start(ctx, at, request, known);
        }
        Ok(())
    }

    /// The page at `at` as it is now, whatever is known of it.
    ///
    /// # Errors
    /// It cannot be had.
    pub(crate) async fn anew(
        &mut self,
        ctx: &Ctx,
        run: &mut Run,
        at: &At,
        fetched: Fetched,
    ) -> Result<Fetched, SyncError> {
        self.flights.clear();
        self.ask_alone(ctx, at);
        let got = self.next(run).await?.got;
        Ok(Fetched { got, ..fetched })
    }

    /// Asks for the page at `at` alone, whatever is known of it.
    pub(crate) fn ask_alone(&mut self, ctx: &Ctx, at: &At) {
        self.start(ctx, at.clone(), None, None);
    }

    fn start(&mut self, ctx: &Ctx, at: At, request: Option<Vec<u8>>, known: Option<Known>) {
        let (ctx, source, plan) = (
            ctx.clone(),
            Arc::clone(&self.source),
            Arc::clone(&self.plan),
        );
        let values = Arc::clone(&self.values);
        let validators = known
            .as_ref()
            .and_then(|known| known.validators(&at))
            .cloned();
        let place = at.clone();
        let task = tokio::spawn(async move {
            let mut counts = Counts::default();
            let ask = Ask {
                source: &source,
                plan: &plan,
                values: &values,
                at: &place,
                known: validators.as_ref(),
            };
            let got = fetch::page(&ctx, ask, &mut counts).await;
            (got, counts)
        });
        self.flights.push_back(Flight {
            at,
            request,
            known,
            task,
        });
    }

    /// Whether the next page is there already.
    pub(crate) fn is_ready(&self) -> bool {
        (self.flights.front()).is_some_and(|flight| flight.task.is_finished())
    }

    /// The page that was asked for first.
    ///
    /// # Errors
    /// It cannot be had.
    pub(crate) async fn next(&mut self, run: &mut Run) -> Result<Fetched, SyncError> {
        let Some(mut flight) = self.flights.pop_front() else {
            return Err(SyncError::Stopped);
        };
        let (got, counts) = match (&mut flight.task).await {
            Ok(fetched) => fetched,
            Err(broken) => {
                return Err(SyncError::Unaskable {
                    url: self.plan.name.clone(),
                    why: format!("the request broke off: {broken}"),
                });
            }
        };
        run.counts += counts;
        Ok(Fetched {
            request: flight.request.take(),
            known: flight.known.take(),
            got: got?,
        })
    }
}

/// The pages from `at` on that will surely be asked for, at most `most`: the first, and those that a known total promises.
fn upcoming(page: &Page, at: &At, walked: Walked, most: usize) -> Vec<At> {
    let mut all = vec![at.clone()];
    let total = walked.total.or(walked.known_total);
    let (Some(total), Some(size)) = (total, page.size.records.filter(|size| *size > 0)) else {
        return all;
    };
    let left = total.saturating_sub(walked.records).div_ceil(size);
    let left = page
        .max
        .map_or(left, |max| left.min(max.saturating_sub(walked.pages)));
    let others = 1..left.min(most as u64);
    match at {
        At::Number(first) => all.extend(others.map(|more| At::Number(first + more))),
        At::Offset(first) => all.extend(others.map(|more| At::Offset(first + more * size))),
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::plan::{End, Param, Size, Way, Within};

    #[test]
    fn a_total_promises_pages() {
        let page = Page {
            way: Way::Number {
                param: Param {
                    name: "page".into(),
                    within: Within::Query,
                },
                start: 0,
            },
            size: Size {
                param: None,
                records: Some(10),
            },
            total: None,
            more: None,
            end: End::Empty,
            max: None,
        };
        let walked = |total, records| Walked {
            total,
            records,
            pages: 1,
            ..Walked::default()
        };
        let check = |at: At, walked, most, expected: &[At]| {
            assert_eq!(upcoming(&page, &at, walked, most), expected);
        };
        let number = At::Number;
        check(number(1), walked(None, 10), 4, &[number(1)]);
        check(number(1), walked(Some(25), 10), 4, &[number(1), number(2)]);
        check(
            number(1),
            walked(Some(999), 10),
            3,
            &[number(1), number(2), number(3)],
        );
        check(number(1), walked(Some(10), 10), 3, &[number(1)]);
        let offsets = [At::Offset(10), At::Offset(20)];
        check(At::Offset(10), walked(Some(25), 10), 4, &offsets);
        check(
            At::Token("t".into()),
            walked(Some(99), 10),
            4,
            &[At::Token("t".into())],
        );
    }
}
