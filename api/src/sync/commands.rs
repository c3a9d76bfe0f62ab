//! `POST …/runs`, `…/rejects/replay`, `/sync/runs/{id}/cancel`: what the syncers are asked to do; `GET /sync/commands`:
//! what became of it.

use std::time::Duration;

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use entity::{
    command::{self, Entity as Commands, Kind},
    run::Mode,
};
use sea_orm::EntityTrait;
use tokio::time::{Instant, timeout_at};

use super::{
    actor::Actor,
    answer,
    ask::{Act, ask},
    runs,
    target::{Named, Target, gone},
    told::Command,
};
use crate::{
    AppState,
    body::{FromMembers, Json, Members},
    changes::waiting,
    fault::{Code, Fault},
    parameters::Parameters,
    path::Segments,
    problem::Problem,
    tables,
};

const WAIT: &str = "wait";

/// What a run is to be like.
pub(crate) struct Wish {
    mode: Mode,
    accept_deletes: bool,
}

impl FromMembers for Wish {
    fn from_members(members: &mut Members) -> Self {
        Self {
            mode: mode(members),
            accept_deletes: members.flag("accept_deletes"),
        }
    }
}

fn mode(members: &mut Members) -> Mode {
    let Some(text) = members.text_if_any("mode") else {
        return Mode::default();
    };
    let mut modes = [Mode::Incremental, Mode::Full, Mode::Dry].into_iter();
    let found = modes.find(|mode| mode.as_str() == text);
    found.unwrap_or_else(|| {
        members.fault("mode", "`mode`: write `incremental`, `full` or `dry`");
        Mode::default()
    })
}

pub(crate) async fn run_all(
    State(state): State<AppState>,
    actor: Actor,
    Json(wish): Json<Wish>,
) -> Result<Response, Problem> {
    ask(&state, &actor, (&Target::all(&state).await?, run(&wish))).await
}

pub(crate) async fn run_source(
    State(state): State<AppState>,
    Segments(source): Segments<String>,
    actor: Actor,
    Json(wish): Json<Wish>,
) -> Result<Response, Problem> {
    let target = Target::source(&state, &source).await?;
    ask(&state, &actor, (&target, run(&wish))).await
}

pub(crate) async fn run_resource(
    State(state): State<AppState>,
    Segments((source, name)): Segments<(String, String)>,
    actor: Actor,
    Json(wish): Json<Wish>,
) -> Result<Response, Problem> {
    let target = Target::resource(&state, (&source, &name)).await?;
    ask(&state, &actor, (&target, run(&wish))).await
}

fn run(wish: &Wish) -> Act {
    let mut detail = wish.mode.as_str().to_owned();
    if wish.accept_deletes {
        detail.push_str(", deletes accepted");
    }
    Act {
        kind: Kind::Run,
        run_id: None,
        body: command::Body {
            mode: wish.mode,
            accept_deletes: wish.accept_deletes,
            ..command::Body::default()
        },
        detail: Some(detail),
    }
}

pub(crate) async fn replay(
    State(state): State<AppState>,
    Segments((source, name)): Segments<(String, String)>,
    actor: Actor,
) -> Result<Response, Problem> {
    let target = Target::resource(&state, (&source, &name)).await?;
    let act = Act {
        kind: Kind::Replay,
        run_id: None,
        body: command::Body::default(),
        detail: None,
    };
    ask(&state, &actor, (&target, act)).await
}

pub(crate) async fn cancel(
    State(state): State<AppState>,
    Segments(id): Segments<String>,
    actor: Actor,
) -> Result<Response, Problem> {
    let run = runs::model(&state, &id).await?;
    let target = Target::of_id(&state, run.resource_id).await?;
    let act = Act {
        kind: Kind::Cancel,
        run_id: Some(run.id),
        body: command::Body::default(),
        detail: Some(format!("run {}", run.id)),
    };
    ask(&state, &actor, (&target, act)).await
}

pub(crate) async fn list(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    tables::list(&state, &command::Entity::listing(), query.as_deref()).await
}

pub(crate) async fn one(
    State(state): State<AppState>,
    Segments(id): Segments<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let until = Instant::now() + patience(query.as_deref())?;
    let mut command = model(&state, &id).await?;
    if command.done_at.is_none() && until > Instant::now() {
        command = waited_for(&state, command, until).await?;
    }
    let target = Target::of_id(&state, command.resource_id).await?;
    let names = target.resources.first().map(Named::names);
    let names = names.ok_or_else(gone)?;
    answer(StatusCode::OK, &Command::new(command, names))
}

/// How long the caller waits.
fn patience(query: Option<&str>) -> Result<Duration, Problem> {
    let parameters = Parameters::decode(query)?;
    let mut faults = parameters.unknown(&[WAIT]);
    let wait = parameters.single(WAIT).map_err(|fault| vec![fault]);
    let wait = wait.and_then(|wait| wait.map_or(Ok(Duration::ZERO), waiting));
    match wait {
        Ok(wait) if faults.is_empty() => Ok(wait),
        Ok(_) => Err(Problem::refused(faults)),
        Err(wrong) => {
            faults.extend(wrong);
            Err(Problem::refused(faults))
        }
    }
}

/// The command when it is done, or how it is when the time is over.
async fn waited_for(
    state: &AppState,
    mut command: command::Model,
    until: Instant,
) -> Result<command::Model, Problem> {
    let _place = state.feed.place()?;
    let mut stopping = state.stopping.subscribe();
    // One reads for all who wait: each asks for its own command when that is among the open ones no more.
    let mut news = state.board.follow(state).await?;
    loop {
        let is_open = news.borrow_and_update().open.contains(&command.id);
        if !is_open {
            let found = Commands::find_by_id(command.id)
                .one(&state.reader())
                .await?;
            command = found.ok_or_else(gone)?;
        }
        if command.done_at.is_some() {
            return Ok(command);
        }
        let woken = async {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stops| *stops) => false,
                changed = news.changed() => changed.is_ok(),
            }
        };
        if !matches!(timeout_at(until, woken).await, Ok(true)) {
            return Ok(command);
        }
    }
}

/// The command of that id.
async fn model(state: &AppState, id: &str) -> Result<command::Model, Problem> {
    let found = match id.parse::<i64>() {
        Ok(id) => Commands::find_by_id(id).one(&state.reader()).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| {
        let detail = format!("there is no command `{id}`");
        Problem::not_found(Fault::new("id", Code::UnknownRecord, detail))
    })
}
