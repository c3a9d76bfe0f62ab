//! What must be true after every run of every drill, whatever the upstream did.

use entity::run::Outcome;
use serde_json::{Value, json};

use super::seen::Seen;

/// Something that always holds.
pub(super) struct Law {
    pub(super) text: &'static str,
    /// What breaks it.
    pub(super) broken: fn(&Seen) -> Option<String>,
}

pub(super) const LAWS: [Law; 10] = [
    Law {
        text: "A run that is not `complete` deletes nothing: every row that was live before it is live after it.",
        broken: lost_a_row,
    },
    Law {
        text: "What a run did not count did not happen: without an insert, an update or a delete the table is the same, byte for byte, and so is the version.",
        broken: changed_in_silence,
    },
    Law {
        text: "A `complete` run accounts for each record that came: as inserted, updated, unchanged, rejected, or as the mark of a deletion.",
        broken: lost_a_record,
    },
    Law {
        text: "The resource's row tells the number of live rows, the last outcome, and that the rows are complete only if they are.",
        broken: resource_lies,
    },
    Law {
        text: "The run log has the run's outcome, its reason, all its counts, and an end that is not before its start.",
        broken: run_log_lies,
    },
    Law {
        text: "A run that is not `complete` has a reason, and a `complete` one has none.",
        broken: no_reason,
    },
    Law {
        text: "A reason is short enough to be read: at most 2,000 characters, however long a URL or an answer is.",
        broken: long_reason,
    },
    Law {
        text: "The log has one line for the end of the run, with the resource, the outcome, the reason and the counts.",
        broken: no_line,
    },
    Law {
        text: "The log warns of a run that is not `complete` in one line that names the cause, warns of no other, and never tells an upstream's fault as an error of ours.",
        broken: no_warning,
    },
    Law {
        text: "No secret is in the log, in the run log, in the cursor or in what is remembered of pages.",
        broken: told_a_secret,
    },
];

fn is_complete(seen: &Seen) -> bool {
    seen.report.outcome == Outcome::Complete
}

fn lost_a_row(seen: &Seen) -> Option<String> {
    let live = seen.after.live();
    let mut before = seen.before.live();
    before.retain(|key| !live.contains(key));
    (!is_complete(seen) && !before.is_empty()).then(|| format!("{before:?} are gone"))
}

fn changed_in_silence(seen: &Seen) -> Option<String> {
    let changed = seen.before.rows != seen.after.rows;
    let counted = seen.report.counts.changed_rows();
    let raised = seen.after.resource.version > seen.before.resource.version;
    (changed != counted || changed != raised).then(|| {
        format!(
            "the rows changed: {changed}; it was counted: {counted}; the version rose: {raised}"
        )
    })
}

fn lost_a_record(seen: &Seen) -> Option<String> {
    let counts = seen.report.counts;
    let marks = if seen.is_flagged { counts.deleted } else { 0 };
    let told = counts.inserted + counts.updated + counts.unchanged + counts.rejected + marks;
    (is_complete(seen) && told != counts.fetched).then(|| format!("{counts:?}"))
}

fn resource_lies(seen: &Seen) -> Option<String> {
    let resource = &seen.after.resource;
    let live = seen.after.live().len();
    let changed = seen.report.counts.changed_rows();
    // A run that broke off before it changed anything leaves the rows of the complete one before it.
    let complete = is_complete(seen) || (!changed && seen.before.resource.complete);
    let honest = usize::try_from(resource.live_rows) == Ok(live)
        && resource.last_outcome == Some(seen.report.outcome)
        && resource.complete == complete;
    (!honest).then(|| format!("{live} rows are live, and it says {resource:?}"))
}

fn run_log_lies(seen: &Seen) -> Option<String> {
    let (run, report) = (&seen.run, &seen.report);
    let honest = run.outcome == Some(report.outcome)
        && run.error == report.error
        && counts(&json!(run)) == counts(&json!(report.counts))
        && run.ended_at >= Some(run.started_at)
        && report.duration_ms >= 0;
    (!honest).then(|| format!("{run:?}, reported as {report:?}"))
}

fn no_reason(seen: &Seen) -> Option<String> {
    let error = &seen.report.error;
    (is_complete(seen) != error.is_none()).then(|| format!("{error:?}"))
}

fn long_reason(seen: &Seen) -> Option<String> {
    let reason = seen.report.error.as_deref()?;
    let (length, end) = (reason.chars().count(), reason.len().saturating_sub(80));
    (length > 2000).then(|| format!("it has {length} and ends with {}", &reason[end..]))
}

fn no_line(seen: &Seen) -> Option<String> {
    let (report, wanted) = (&seen.report, counts(&json!(seen.report.counts)));
    let is_its = |line: &&Value| {
        line["message"] == "run ended"
            && line["span"]["resource"] == report.resource
            && line["outcome"] == report.outcome.as_str()
            && line["error"].as_str() == report.error.as_deref()
            && counts(line) == wanted
    };
    let found = seen.lines("INFO").filter(is_its).count();
    (found != 1).then(|| format!("{found} of {:?}", seen.log))
}

fn no_warning(seen: &Seen) -> Option<String> {
    let names = |line: &&Value| {
        line["error"].as_str() == seen.report.error.as_deref()
            && line["span"]["resource"] == seen.report.resource
    };
    let wanted = usize::from(!is_complete(seen));
    let named = seen.lines("WARN").filter(names).count();
    let is_calm = wanted > 0 || seen.lines("WARN").count() == 0;
    let errors = seen.lines("ERROR").count();
    (named != wanted || !is_calm || errors > 0).then(|| format!("{:?}", seen.log))
}

fn told_a_secret(seen: &Seen) -> Option<String> {
    let told = format!("{:?} {:?} {:?}", seen.log, seen.run, seen.stored);
    told.contains("s3cret").then_some(told)
}

/// The counts in an object, in an order of their own.
fn counts(object: &Value) -> [Value; 9] {
    [
        "requests",
        "pages",
        "fetched",
        "inserted",
        "updated",
        "unchanged",
        "deleted",
        "rejected",
        "bad_values",
    ]
    .map(|name| object[name].clone())
}
