//! The progress bar of a run on a terminal: pages of total, records, rate, time left.

use std::time::Duration;

use entity::run::Counts;
use indicatif::{ProgressBar, ProgressStyle};

use crate::print;

/// How often it is drawn while nothing comes.
const BEAT: Duration = Duration::from_millis(200);

const OF_TOTAL: &str = "{prefix}  {bar:24} {pos}/{len} pages  {msg}  {eta} left";
const WITHOUT_TOTAL: &str = "{prefix}  {spinner} {pos} pages  {msg}";

/// A bar on stderr, so that stdout holds the result alone.
#[derive(Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(resource: &str) -> Self {
        let bar = ProgressBar::no_length()
            .with_style(style(WITHOUT_TOTAL))
            .with_prefix(resource.to_owned());
        bar.enable_steady_tick(BEAT);
        Self(bar)
    }

    /// Takes in how far a run has come.
    pub(crate) fn show(&self, counts: &Counts, pages: Option<u64>) {
        let done = u64::try_from(counts.pages).unwrap_or(0);
        // The style goes first: each change draws the bar.
        self.0.set_style(style(match pages {
            Some(_) => OF_TOTAL,
            None => WITHOUT_TOTAL,
        }));
        match pages {
            // The first pages of a resource may turn out more than were told.
            Some(total) => self.0.set_length(total.max(done)),
            None => self.0.unset_length(),
        }
        self.0.set_position(done);
        self.0.set_message(said(counts, self.0.elapsed()));
    }

    /// Tells something above the bar, where it stays.
    pub(crate) fn note(&self, text: &str) {
        self.0.suspend(|| print::note(text));
    }

    /// Makes room for the result.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// A template that indicatif refused would show as its own bar.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn said(counts: &Counts, elapsed: Duration) -> String {
    let millis = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
    let rate = counts.fetched.saturating_mul(1000) / millis.max(1);
    let (fetched, rate) = (print::count(counts.fetched), print::count(rate));
    format!("{fetched} records  {rate}/s")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use entity::run::Counts;
    use indicatif::ProgressStyle;

    use super::{OF_TOTAL, WITHOUT_TOTAL, said};

    #[test]
    fn the_templates_can_be_drawn() {
        for template in [OF_TOTAL, WITHOUT_TOTAL] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn the_rate_is_that_of_the_run() {
        let check = |fetched, millis, expected| {
            let counts = Counts {
                fetched,
                ..Counts::default()
            };
            assert_eq!(said(&counts, Duration::from_millis(millis)), expected);
        };
        check(0, 0, "0 records  0/s");
        check(3_000, 2_000, "3,000 records  1,500/s");
        check(50, 10, "50 records  5,000/s");
    }
}
