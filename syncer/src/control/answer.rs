//! One command that this process has taken: obeyed, and answered with what came of it.

use std::sync::Arc;

use entity::{
    command::{Answer, Body, Came, Entity as Command, Kind, Model, Taken},
    lease::Entity as Lease,
    progress::Entity as Progress,
    resource::Entity as Resource,
    run::{self, Mode, Outcome, Trigger},
};
use sea_orm::{DbErr, EntityTrait};
use tracing::{info, warn};

use super::{
    fate::{self, Fate},
    hand::answered,
};
use crate::{
    Ctx, How, SyncError,
    replay::{Wanted, replay},
    source::plan::{Plan, Source},
    sync::sync,
};

/// What a command is about.
#[derive(Clone)]
pub(super) struct Of {
    pub(super) source: Arc<Source>,
    pub(super) plan: Arc<Plan>,
}

/// Obeys a command that was taken, keeps it as long as that needs, and answers it. It is given back if it is time to stop.
pub(super) async fn obey(ctx: Ctx, of: Of, command: Model, taken: Taken) {
    info!(
        source = of.source.name,
        resource = of.plan.name,
        command = command.id,
        kind = command.kind.as_str(),
        by = command.asked_by,
        "command taken"
    );
    let answer = tokio::select! {
        answer = Box::pin(answer(&ctx, &of, &command)) => answer,
        () = keep(&ctx, &taken) => return,
    };
    let told = match answer {
        Ok(Some(answer)) => answered(&ctx, &taken, command.kind, &answer).await,
        Ok(None) => Command::release(&ctx.db, &taken).await,
        // Whoever has the resource now answers it.
        Err(SyncError::LeaseLost) => Ok(()),
        Err(error) => {
            let answer = failed(Came::Failed, error.chain());
            answered(&ctx, &taken, command.kind, &answer).await
        }
    };
    if let Err(error) = told {
        warn!(command = command.id, %error, "the command cannot be answered: it is taken up again");
    }
}

/// Renews the hold on a command, for ever: once another process has it, what is under way here is kept apart from what
/// that one does by the lease.
#[expect(clippy::disallowed_methods, reason = "a hold is renewed at a pace")]
async fn keep(ctx: &Ctx, taken: &Taken) {
    loop {
        tokio::time::sleep(ctx.lease / 3).await;
        if let Err(error) = Command::renew(&ctx.db, taken, ctx.lease).await {
            warn!(command = taken.id, %error, "the hold on a command could not be renewed");
        }
    }
}

/// What came of a command; `None`: it was time to stop before.
async fn answer(ctx: &Ctx, of: &Of, command: &Model) -> Result<Option<Answer>, SyncError> {
    let body = match command.body() {
        Ok(body) => body,
        Err(error) => {
            let why = format!("the command cannot be read by this version of Catchment: {error}");
            return Ok(Some(failed(Came::Refused, why)));
        }
    };
    loop {
        let row = Resource::find_by_id(command.resource_id)
            .one(&ctx.db)
            .await?;
        let Some(row) = row else {
            return Ok(Some(failed(Came::Refused, "there is no such resource")));
        };
        let begun = Command::find_by_id(command.id).one(&ctx.db).await?;
        let run_id = begun.and_then(|command| command.run_id);
        if let Fate::Ended(run) = fate::of(&ctx.db, row.id, run_id).await? {
            return Ok(Some(of_run(&run)));
        }
        if !row.enabled && command.kind == Kind::Run {
            let by = row.steered_by.as_deref().unwrap_or("an operator");
            let why = format!("the resource was stopped by {by}; start it first");
            return Ok(Some(failed(Came::Refused, why)));
        }
        let came = match command.kind {
            Kind::Replay => replayed(ctx, of, command.id, &body).await?,
            _ => ran(ctx, of, command.id, &body).await?,
        };
        if let Some(answer) = came {
            let is_cut_short = ctx.stop.is_asked() && answer.outcome == Came::Partial;
            return Ok(Some(answer).filter(|_| !is_cut_short));
        }
        if ctx.stop.is_asked() {
            return Ok(None);
        }
        if let Some(run) = in_the_way(ctx, command).await? {
            return Ok(Some(Answer {
                outcome: Came::Conflict,
                run: Some(run),
                error: Some(
                    "a run of the resource was under way, and did not end in time".to_owned(),
                ),
            }));
        }
    }
}

/// Makes the run that was asked for; `None`: another process has the resource, or the run was made by one.
async fn ran(ctx: &Ctx, of: &Of, id: i64, body: &Body) -> Result<Option<Answer>, SyncError> {
    let how = How {
        full: body.mode == Mode::Full,
        dry: body.mode == Mode::Dry,
        accept_deletes: body.accept_deletes,
        command: Some(id),
    };
    let report = sync(ctx, &of.source, &of.plan, Trigger::Manual, how).await?;
    Ok(report.map(|report| Answer {
        outcome: report.outcome.into(),
        run: Some(report.run),
        error: report.error,
    }))
}

async fn replayed(ctx: &Ctx, of: &Of, id: i64, body: &Body) -> Result<Option<Answer>, SyncError> {
    let wanted = Wanted {
        rejects: body.rejects.clone(),
        command: Some(id),
    };
    let replayed = replay(ctx, &of.source, &of.plan, &wanted).await?;
    Ok(replayed.map(|replayed| Answer {
        outcome: if replayed.stopped {
            Came::Partial
        } else {
            Came::Complete
        },
        run: Some(replayed.run),
        error: replayed.why,
    }))
}

/// The run that is under way in another process, unless it goes on with what this command began.
async fn in_the_way(ctx: &Ctx, command: &Model) -> Result<Option<i64>, DbErr> {
    let Some(lease) = Lease::current(&ctx.db, command.resource_id).await? else {
        return Ok(None);
    };
    let progress = Progress::find_by_id(command.resource_id)
        .one(&ctx.db)
        .await?;
    let Some(progress) = progress.filter(|progress| progress.holder == lease.holder) else {
        return Ok(None);
    };
    let begun = Command::find_by_id(command.id).one(&ctx.db).await?;
    let begun = begun.and_then(|command| command.run_id);
    let fate = fate::of(&ctx.db, command.resource_id, begun).await?;
    let is_its_own = matches!(fate, Fate::Open(run) if run.id == progress.run_id);
    Ok(Some(progress.run_id).filter(|_| !is_its_own))
}

/// What a run that ended under another process answers.
fn of_run(run: &run::Model) -> Answer {
    Answer {
        outcome: run.outcome.unwrap_or(Outcome::Failed).into(),
        run: Some(run.id),
        error: run.error.clone(),
    }
}

pub(super) fn failed(outcome: Came, why: impl Into<String>) -> Answer {
    Answer {
        outcome,
        run: None,
        error: Some(why.into()),
    }
}
