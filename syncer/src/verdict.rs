//! How a run ended: a pure decision from what it was promised and what came.

use chrono::{DateTime, Utc};
use entity::{reject::Entity as Reject, resource::Entity as Resource, run::Outcome};
use sea_orm::DbErr;

use crate::{
    Ctx,
    error::{SyncError, short},
    run::Run,
    source::plan::{DeleteHow, Most, Plan},
    write,
};

/// How a run ended, and why it is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub outcome: Outcome,
    pub reason: Option<String>,
    /// Whether the next run may go on where this one ended.
    pub resumable: bool,
    /// When the upstream may be asked again.
    pub deferred_until: Option<DateTime<Utc>>,
    /// Whether a row that did not come is gone.
    tells_absence: bool,
}

/// What a verdict needs to know of the database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// Whether the rows whose children were asked for are themselves all there.
    parents_complete: bool,
    /// Rejects and bad values that the resource has now.
    bad: u64,
}

/// Looks at what the verdict on `run` needs to know.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn facts(ctx: &Ctx, plan: &Plan, run: &Run) -> Result<Facts, DbErr> {
    let bad = match plan.bad_max {
        Some(_) => {
            let kept = Reject::count_all(&ctx.db, run.resource.id).await?;
            // Those that are gone only a complete run forgets: they must not keep it from being one.
            let past = write::past(&ctx.db, plan, run).await?;
            let new = run.dry.as_ref().map_or(0, |dry| dry.bad);
            kept.saturating_sub(past.len() as u64) + new
        }
        None => 0,
    };
    Ok(Facts {
        parents_complete: parents_complete(ctx, plan, run).await?,
        bad,
    })
}

async fn parents_complete(ctx: &Ctx, plan: &Plan, run: &Run) -> Result<bool, DbErr> {
    let Some(for_each) = &plan.for_each else {
        return Ok(true);
    };
    let parent = Resource::by_name(&ctx.db, run.resource.source_id, &for_each.resource).await?;
    let walked = run.position.parents;
    Ok(parent.is_some_and(|parent| parent.complete && walked == Some(parent.version)))
}

impl Verdict {
    fn because(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            reason: Some(short(reason.into())),
            resumable: false,
            deferred_until: None,
            tells_absence: false,
        }
    }

    /// Whether rows that did not come are gone.
    pub(crate) fn deletes(&self, plan: &Plan) -> bool {
        self.outcome == Outcome::Complete
            && self.tells_absence
            && plan.deletes.how != DeleteHow::Off
    }
}

/// Judges a run that walked to its end, or to `result`'s error.
pub(crate) fn judge(
    plan: &Plan,
    run: &Run,
    result: &Result<(), SyncError>,
    facts: Facts,
) -> Verdict {
    if let Err(error) = result {
        let wrote = run.so_far().pages > 0;
        let deferred_until = match error {
            SyncError::Deferred { until } => Some(*until),
            _ => None,
        };
        return Verdict {
            resumable: error.can_resume(),
            deferred_until,
            ..Verdict::because(error.outcome(wrote), error.chain())
        };
    }
    if let Some(fault) = &run.position.first_fault {
        let others = run.position.faults - 1;
        let more = if others == 0 {
            String::new()
        } else {
            format!(" (and {others} more)")
        };
        let outcome = match run.so_far().pages {
            0 => Outcome::Failed,
            _ => Outcome::Partial,
        };
        return Verdict::because(outcome, format!("{fault}{more}"));
    }
    if !facts.parents_complete {
        let parent = plan
            .for_each
            .as_ref()
            .map_or("", |for_each| for_each.resource.as_str());
        return Verdict::because(
            Outcome::Partial,
            format!(
                "its parent resource `{parent}` is not complete itself, or changed while its children were read"
            ),
        );
    }
    if run.position.repeated > 0 {
        return Verdict::because(Outcome::Partial, repeated(plan, run.position.repeated));
    }
    if run.position.moved > 0 {
        return Verdict::because(Outcome::Partial, moved(run.position.moved));
    }
    suspicion(plan, run, facts).unwrap_or(Verdict {
        outcome: Outcome::Complete,
        reason: None,
        resumable: false,
        deferred_until: None,
        tells_absence: run.tells_absence(plan),
    })
}

fn repeated(plan: &Plan, count: u64) -> String {
    match &plan.for_each {
        None => format!(
            "{count} records came on two pages: the upstream moved them while its pages were read, and may have moved others past us"
        ),
        Some(for_each) => format!(
            "{count} records came for two rows of `{}` with different contents; add a copied field to `key`",
            for_each.resource
        ),
    }
}

fn moved(count: u64) -> String {
    format!(
        "{count} records changed while the pages were read and came again, so that others may have moved past us; \
         ask for an order that a change does not move a record in, or page by the last record (`page.next = \"last:/…\"`)"
    )
}

/// Everything came, but is it to be believed?
fn suspicion(plan: &Plan, run: &Run, facts: Facts) -> Option<Verdict> {
    let came = run.position.came;
    let rows = run.live_rows.cast_unsigned();
    if let Some(most) = plan.bad_max
        && !within(facts.bad, rows.max(came), most)
    {
        let reason = too_many_rejects(plan, facts.bad, rows.max(came));
        return Some(Verdict::because(Outcome::Suspect, reason));
    }
    if !run.position.full {
        // What changed since the last run may be nothing at all.
        return absence(plan, run);
    }
    if came < plan.expect.min {
        let reason = format!(
            "{came} records came where expect.min is {}",
            plan.expect.min
        );
        return Some(Verdict::because(Outcome::Suspect, reason));
    }
    absence(plan, run)
}

/// Are the rows really gone that did not come?
fn absence(plan: &Plan, run: &Run) -> Option<Verdict> {
    let (gone, live) = (run.gone(), run.live_rows.cast_unsigned());
    if !run.tells_absence(plan) || gone == 0 || run.accept_deletes {
        return None;
    }
    if let Some(max) = plan.expect.max_drop
        && share(gone, live) > max
    {
        let reason = format!(
            "{gone} of {live} rows did not come; expect.max_drop is {}",
            percent(max)
        );
        return Some(Verdict::because(Outcome::Suspect, reason));
    }
    if plan.deletes.how == DeleteHow::Off {
        return None;
    }
    if run.position.keyless > 0 {
        return Some(Verdict::because(Outcome::Partial, keyless(plan, run)));
    }
    if within(gone, live, plan.deletes.max) {
        return None;
    }
    let max = most(plan.deletes.max, "rows");
    let reason = format!(
        "it would delete {gone} of {live} rows where deletes.max is {max}; nothing was deleted; \
         if they are really gone, run `catchment sync {}.{} --accept-deletes`",
        plan.definition.source, plan.definition.resource
    );
    Some(Verdict::because(Outcome::Suspect, reason))
}

/// What is wrong with so many rejects and bad values among so many records.
pub(crate) fn too_many_rejects(plan: &Plan, bad: u64, of: u64) -> String {
    let max = plan
        .bad_max
        .map_or(String::new(), |max| most(max, "records"));
    format!(
        "{bad} rejects and bad values of {of} records where bad_max is {max}; see `catchment rejects list {}.{}`",
        plan.definition.source, plan.definition.resource
    )
}

fn most(most: Most, what: &str) -> String {
    match most {
        Most::Rows(rows) => format!("{rows} {what}"),
        Most::Share(share) => percent(share),
    }
}

fn keyless(plan: &Plan, run: &Run) -> String {
    format!(
        "{} rows did not come, but {} records came whose key cannot be read and may be theirs; nothing was deleted; \
         if they are really gone, run `catchment sync {}.{} --accept-deletes`",
        run.gone(),
        run.position.keyless,
        plan.definition.source,
        plan.definition.resource
    )
}

/// Whether `gone` of `live` are no more than `max`.
pub(crate) fn within(gone: u64, live: u64, max: Most) -> bool {
    match max {
        Most::Rows(rows) => gone <= rows,
        Most::Share(most) => share(gone, live) <= most,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share needs no more than 53 bits"
)]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_on_deletes_counts_rows_or_a_share() {
        let check = |gone, live, max, expected| {
            assert_eq!(within(gone, live, max), expected, "{gone} of {live}");
        };
        check(2, 67, Most::Share(0.2), true);
        check(14, 67, Most::Share(0.2), false);
        check(1, 5, Most::Share(0.2), true);
        check(3, 1000, Most::Rows(2), false);
        check(0, 0, Most::Share(0.0), true);
    }
}
