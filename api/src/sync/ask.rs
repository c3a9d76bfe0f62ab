//! Writes a command down for each of some resources, unless something is in its way: then where that is to be seen.

use std::collections::HashMap;

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{LINK, LOCATION},
    },
    response::{IntoResponse, Response},
};
use entity::{
    command::{self, Entity as Commands, Kind, New},
    resource::Entity as Resources,
    status::{self, State, Status},
};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, TransactionTrait};
use serde::Serialize;

use super::{
    actor::Actor,
    answer,
    target::{Named, Target},
    told::Command,
};
use crate::{
    AppState,
    problem::{Kind as Problems, Problem},
};

/// What is asked.
pub(super) struct Act {
    pub(super) kind: Kind,
    /// The run to cancel.
    pub(super) run_id: Option<i64>,
    pub(super) body: command::Body,
    /// For the audit.
    pub(super) detail: Option<String>,
}

/// What came of asking.
#[derive(Default, Serialize)]
struct Asked {
    commands: Vec<Command>,
    /// Of several resources those that were not asked for it, each with the reason.
    refused: Vec<Refused>,
}

#[derive(Serialize)]
struct Refused {
    source: String,
    resource: String,
    #[serde(flatten)]
    obstacle: Obstacle,
}

/// Why something cannot be asked for now.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Obstacle {
    detail: String,
    /// Where it is to be seen.
    path: String,
}

/// Asks for `act` of each resource of `target`.
///
/// # Errors
/// Something is in the way of all of them; or the database does not answer.
pub(super) async fn ask(
    state: &AppState,
    actor: &Actor,
    (target, act): (&Target, Act),
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let both = state.db.begin().await?;
    // Until this is written down, whoever asks for the same waits, and finds it then.
    Resources::hold(&both, &target.ids()).await?;
    let all = status::all(&both, now).await?;
    let by_id: HashMap<i32, &Status> = all.iter().map(|one| (one.resource.id, one)).collect();
    let mut asked = Asked::default();
    for named in &target.resources {
        let status = by_id.get(&named.id).copied();
        match status.and_then(|status| obstacle(&act, named, status)) {
            Some(obstacle) => asked.refuse(named, obstacle),
            None => asked
                .commands
                .push(written(&both, (named, &act, actor), now).await?),
        }
    }
    if asked.commands.is_empty() {
        return Ok(refusal(asked.refused));
    }
    let what = (act.action(), target.name.as_str());
    actor.did(&both, what, act.detail, now).await?;
    both.commit().await?;
    state.board.refresh(state).await;
    accepted(&asked)
}

impl Act {
    /// As the audit names it.
    fn action(&self) -> &'static str {
        match self.kind {
            Kind::Run => "sync.run",
            Kind::Cancel => "sync.cancel",
            Kind::Replay => "sync.replay",
        }
    }
}

impl Asked {
    fn refuse(&mut self, named: &Named, obstacle: Obstacle) {
        let names = named.names();
        self.refused.push(Refused {
            source: names.source.to_owned(),
            resource: names.resource.to_owned(),
            obstacle,
        });
    }
}

/// What is in the way of `act`.
fn obstacle(act: &Act, named: &Named, status: &Status) -> Option<Obstacle> {
    if status.state == State::Local && act.kind != Kind::Cancel {
        return Some(Obstacle {
            detail: "its rows come from callers of the api: it has no runs".to_owned(),
            path: named.names().path(),
        });
    }
    let mut open = status.commands.iter();
    let same = match act.kind {
        Kind::Cancel => open.find(|one| one.kind == Kind::Cancel && one.run_id == act.run_id),
        Kind::Run | Kind::Replay => open.find(|one| one.kind != Kind::Cancel),
    };
    if let Some(command) = same {
        let (id, kind) = (command.id, command.kind.as_str());
        return Some(Obstacle {
            detail: format!("a {kind} is asked for already, by command {id}"),
            path: format!("/api/v1/sync/commands/{id}"),
        });
    }
    let under_way = status.progress.as_ref().map(|progress| progress.run_id);
    match (act.kind, under_way) {
        (Kind::Cancel, under_way) if under_way == act.run_id => None,
        (Kind::Cancel, _) => act.run_id.map(|id| Obstacle {
            detail: format!("run {id} is not under way: it has ended, or its process died"),
            path: format!("/api/v1/sync/runs/{id}"),
        }),
        (_, Some(run)) => Some(Obstacle {
            detail: format!("run {run} is under way"),
            path: format!("/api/v1/sync/runs/{run}"),
        }),
        (Kind::Run, None) if !status.resource.enabled => Some(Obstacle {
            detail: "it is stopped; start it first".to_owned(),
            path: named.names().path(),
        }),
        _ => None,
    }
}

async fn written(
    db: &DatabaseTransaction,
    (named, act, actor): (&Named, &Act, &Actor),
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Command, DbErr> {
    let new = New {
        resource_id: named.id,
        kind: act.kind,
        run_id: act.run_id,
        body: act.body.clone(),
        by: actor.name.clone(),
        at: now,
    };
    let id = Commands::ask(db, new).await?;
    let written = Commands::find_by_id(id).one(db).await?;
    let written = written.ok_or_else(|| DbErr::RecordNotFound(format!("command {id}")))?;
    Ok(Command::new(written, named.names()))
}

/// The answer where everything is in the way.
fn refusal(refused: Vec<Refused>) -> Response {
    let (detail, path) = match <[Refused; 1]>::try_from(refused) {
        Ok([one]) => {
            let Refused {
                source,
                resource,
                obstacle,
            } = one;
            let detail = format!("`{source}.{resource}`: {}", obstacle.detail);
            (detail, Some(obstacle.path))
        }
        Err(several) if several.is_empty() => {
            let detail = "no resource is registered yet".to_owned();
            (detail, None)
        }
        Err(several) => {
            let lines = several.iter().map(|one| {
                let (source, name) = (&one.source, &one.resource);
                format!("`{source}.{name}`: {}", one.obstacle.detail)
            });
            (lines.collect::<Vec<_>>().join("; "), None)
        }
    };
    let mut response = Problem::new(Problems::Conflict, detail).into_response();
    let link = path.map(|path| format!("<{path}>; rel=\"related\""));
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    response
}

fn accepted(asked: &Asked) -> Result<Response, Problem> {
    let mut response = answer(StatusCode::ACCEPTED, asked)?;
    if let ([command], []) = (asked.commands.as_slice(), asked.refused.as_slice()) {
        let path = format!("/api/v1/sync/commands/{}", command.id);
        let path = HeaderValue::from_str(&path).map_err(Problem::internal)?;
        response.headers_mut().insert(LOCATION, path);
    }
    Ok(response)
}
