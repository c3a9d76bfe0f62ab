//! `catchment run` and `cancel`: asks the syncers, wherever they are, for something, and waits for what comes of it if
//! that is wished for.

use axum::http::Method;
use chrono::{DateTime, Utc};
use entity::{
    command::{Answer, Came, State},
    run::Outcome,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Call, Form,
    runs::Run,
    status,
    sync::{Told, told},
};
use crate::{
    cli::{At, Mode, Target},
    control::Control,
    exit::Exit,
    print,
};

/// Seconds that one question waits for an answer.
const WAIT: u8 = 30;

/// What came of being asked for runs.
#[derive(Deserialize)]
struct Asked {
    commands: Vec<Command>,
    #[serde(default)]
    refused: Vec<Refused>,
}

#[derive(Serialize)]
struct Document {
    commands: Vec<Command>,
    refused: Vec<Refused>,
    /// Of the commands that were waited for.
    runs: Vec<Run>,
}

/// Something that was asked for.
#[derive(Deserialize, Serialize)]
struct Command {
    #[serde(rename(deserialize = "id"))]
    command: i64,
    kind: String,
    source: String,
    resource: String,
    state: State,
    run: Option<i64>,
    asked_by: String,
    asked_at: DateTime<Utc>,
    taken_at: Option<DateTime<Utc>>,
    holder: Option<String>,
    done_at: Option<DateTime<Utc>>,
    answer: Option<Answer>,
}

/// A resource of several that was not asked for.
#[derive(Deserialize, Serialize)]
struct Refused {
    source: String,
    resource: String,
    detail: String,
}

/// What is asked of a resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) mode: Mode,
    pub(super) accept_deletes: bool,
    pub(super) wait: bool,
}

pub(super) async fn run(call: &Call, at: &At, target: &Target, wish: Wish) -> anyhow::Result<Exit> {
    let control = call.control(at).await?;
    let path = format!("{}/runs", status::path(Some(target)));
    let body = json!({ "mode": wish.mode.as_str(), "accept_deletes": wish.accept_deletes });
    asked(call, &control, (&path, &body), wish.wait).await
}

/// Reads the rejects of a resource again, and waits for that.
pub(super) async fn replay(call: &Call, at: &At, target: &Target) -> anyhow::Result<Exit> {
    let control = call.control(at).await?;
    let mut exit = Exit::Done;
    for resource in status::resources(&control, Some(target)).await? {
        let (source, name) = (&resource.source, &resource.resource);
        let path = format!("/{source}/{name}/rejects/replay");
        exit = exit.max(asked(call, &control, (&path, &json!({})), true).await?);
    }
    Ok(exit)
}

pub(super) async fn cancel(call: &Call, at: &At, run: i64) -> anyhow::Result<Exit> {
    let control = call.control(at).await?;
    let path = format!("/runs/{run}/cancel");
    asked(call, &control, (&path, &json!({})), false).await
}

async fn asked(
    call: &Call,
    control: &Control,
    (path, body): (&str, &Value),
    wait: bool,
) -> anyhow::Result<Exit> {
    let asked: Asked = control.act(Method::POST, path, body).await?;
    let mut document = Document {
        commands: Vec::new(),
        refused: asked.refused,
        runs: Vec::new(),
    };
    for command in asked.commands {
        if call.form == Form::Text {
            print::text(&command.text())?;
        }
        document.commands.push(command);
    }
    for refused in &document.refused {
        let (source, name, detail) = (&refused.source, &refused.resource, &refused.detail);
        print::note(&format!("{source}.{name}: {detail}"));
    }
    let mut exit = match document.refused.as_slice() {
        [] => Exit::Done,
        _ => Exit::Failed,
    };
    if wait {
        for command in &mut document.commands {
            exit = exit.max(ended(call, control, command, &mut document.runs).await?);
        }
    }
    if call.form == Form::Json {
        print::json(&document)?;
    }
    Ok(exit)
}

/// Waits until a command is done; how that ended.
async fn ended(
    call: &Call,
    control: &Control,
    command: &mut Command,
    runs: &mut Vec<Run>,
) -> anyhow::Result<Exit> {
    let path = format!("/commands/{}?wait={WAIT}", command.command);
    while command.done_at.is_none() {
        *command = control.get(&path).await?;
    }
    let name = format!("{}.{}", command.source, command.resource);
    let Some(answer) = &command.answer else {
        print::note(&format!("{name}: the answer is one of another version"));
        return Ok(Exit::Failed);
    };
    let exit = exit(answer.outcome);
    let error = answer.error.as_deref();
    let Some(run) = answer.run else {
        let came = answer.outcome.as_str();
        let error = error.map_or_else(String::new, |error| format!(": {error}"));
        print::note(&format!("{name}: {came}{error}"));
        return Ok(exit);
    };
    let mut run: Run = control.get(&format!("/runs/{run}")).await?;
    run.measure();
    if call.form == Form::Text {
        let told_of = Told {
            outcome: run.outcome.unwrap_or(Outcome::Failed),
            duration_ms: run.duration_ms.unwrap_or_default(),
            counts: &run.counts,
            error: error.or(run.error.as_deref()),
        };
        print::text(&told(&name, &told_of))?;
    }
    runs.push(run);
    Ok(exit)
}

/// What became of a command, as exit codes say it.
fn exit(came: Came) -> Exit {
    match came {
        Came::Complete | Came::Cancelled | Came::Ended => Exit::Done,
        Came::Partial => Exit::Partial,
        Came::Suspect => Exit::Suspect,
        Came::Deferred => Exit::Deferred,
        Came::Failed | Came::Conflict | Came::Refused => Exit::Failed,
    }
}

impl Command {
    fn text(&self) -> String {
        let (source, name, kind, id) = (&self.source, &self.resource, &self.kind, self.command);
        format!("{source}.{name}: asked to {kind}, command {id}\n")
    }
}
