//! The subcommands, a file each. Each returns what the exit code says.

mod call;
mod demo;
mod first;
mod serve;

mod check;
mod infer;
mod init;
mod openapi;
mod plan;
mod sample;
mod sync;

mod ask;
mod key;
mod user;

mod migrate;
mod rejects;
mod runs;
mod state;
mod status;
mod switch;
mod watch;

use std::{fs, path::Path};

use entity::Clock;
use syncer::How;

pub(crate) use self::call::{Call, Form};
use crate::{
    cli::{Cli, Command, Common},
    exit::{Exit, Misuse},
    print,
    settings::{self, File, Settings, Variables},
    telemetry::{self, Format, Output, Voice},
};

/// Runs what the command line asks for.
#[expect(
    clippy::too_many_lines,
    reason = "an arm for each command, and nothing else"
)]
pub(crate) async fn run(cli: Cli, variables: Variables) -> anyhow::Result<Exit> {
    let Cli { command, common } = cli;
    let form = if common.json { Form::Json } else { Form::Text };
    if matches!(command, Command::Settings) {
        match form {
            Form::Text => print::text(settings::DEFAULT)?,
            Form::Json => print::json(&settings::DEFAULT.parse::<toml::Table>()?)?,
        }
        return Ok(Exit::Done);
    }
    let settings = load(&command, &common, &variables)?;
    let _last_lines = telemetry::start(&settings.log, voice(&command, form))?;
    let call = Call {
        settings,
        variables,
        form,
        clock: Clock::system(),
    };
    match command {
        Command::Demo => Box::pin(demo::run(call)).await,
        Command::Up => Box::pin(serve::up(&call)).await,
        Command::Syncer => Box::pin(serve::syncer(&call)).await,
        Command::Api => serve::api(&call).await,
        Command::Migrate(what) => migrate::run(&call, what).await,
        Command::Check { source } => Box::pin(check::run(&call, source.as_deref())).await,
        Command::Sample { resource, rows } => {
            Box::pin(sample::run(&call, &resource, rows.into())).await
        }
        Command::Infer { what } => Box::pin(infer::run(&call, &what)).await,
        Command::Init { openapi, name } => init::run(call.form, &openapi, name.as_deref()),
        Command::Sync {
            target,
            full,
            accept_deletes,
        } => {
            let how = How {
                full,
                accept_deletes,
                ..How::default()
            };
            Box::pin(sync::run(&call, &target, how)).await
        }
        Command::Plan { target } => Box::pin(plan::run(&call, target.as_ref())).await,
        Command::State(what) => Box::pin(state::run(&call, &what)).await,
        Command::Status { watch, at } => Box::pin(status::run(&call, &at, watch)).await,
        Command::Stop { target, at } => {
            Box::pin(switch::run(&call, &at, target.as_ref(), false)).await
        }
        Command::Start { target, at } => {
            Box::pin(switch::run(&call, &at, target.as_ref(), true)).await
        }
        Command::Run {
            target,
            mode,
            accept_deletes,
            wait,
            at,
        } => {
            let wish = ask::Wish {
                mode,
                accept_deletes,
                wait,
            };
            Box::pin(ask::run(&call, &at, &target, wish)).await
        }
        Command::Cancel { run, at } => Box::pin(ask::cancel(&call, &at, run)).await,
        Command::Runs { target, limit, at } => {
            Box::pin(runs::run(&call, &at, target.as_ref(), limit)).await
        }
        Command::Rejects(what) => Box::pin(rejects::run(&call, what)).await,
        Command::User(what) => Box::pin(user::run(&call, what)).await,
        Command::Key(what) => Box::pin(key::run(&call, what)).await,
        Command::SigningKey(what) => key::signing(&call, &what).await,
        Command::Openapi => openapi::run(&call),
        Command::Settings => Ok(Exit::Done),
    }
}

/// The sections that the demo heeds.
const DEMO: [&str; 5] = ["api", "auth", "syncer", "stop", "log"];

/// The settings for a command. The demo has settings of its own and reads no file.
fn load(command: &Command, common: &Common, variables: &Variables) -> anyhow::Result<Settings> {
    let is_demo = matches!(command, Command::Demo);
    let file = match &common.settings {
        Some(_) if is_demo => {
            let why =
                "the demo reads no settings file; leave out --settings, or use `catchment up`";
            return Err(Misuse(why.to_owned()).into());
        }
        None if is_demo => None,
        Some(path) => Some((path.display().to_string(), read(path)?)),
        None => optional(Path::new(settings::FILE))?.map(|text| (settings::FILE.to_owned(), text)),
    };
    let file = file.as_ref().map(|(name, text)| File { name, text });
    let variables = match command {
        Command::Demo => &variables.only(&DEMO),
        _ => variables,
    };
    let settings = settings::load(settings::DEFAULT, file, variables);
    Ok(settings.map_err(|faults| Misuse(format!("the settings are faulty\n{faults}")))?)
}

fn read(path: &Path) -> Result<String, Misuse> {
    let text = fs::read_to_string(path);
    text.map_err(|error| {
        Misuse(format!(
            "the file {} cannot be read: {error}",
            path.display()
        ))
    })
}

fn optional(path: &Path) -> Result<Option<String>, Misuse> {
    if path.exists() {
        read(path).map(Some)
    } else {
        Ok(None)
    }
}

/// How a command logs: the roles on stdout, which is theirs; the others beside their result.
fn voice(command: &Command, form: Form) -> Voice {
    let name = match command {
        Command::Demo => "demo",
        Command::Up => "up",
        Command::Syncer => "syncer",
        Command::Api => "api",
        Command::Migrate(_) => "migrate",
        Command::Check { .. } => "check",
        Command::Sample { .. } => "sample",
        Command::Infer { .. } => "infer",
        Command::Init { .. } => "init",
        Command::Sync { .. } => "sync",
        Command::Plan { .. } => "plan",
        Command::State(_) => "state",
        Command::Status { .. } => "status",
        Command::Stop { .. } => "stop",
        Command::Start { .. } => "start",
        Command::Run { .. } => "run",
        Command::Cancel { .. } => "cancel",
        Command::Runs { .. } => "runs",
        Command::Rejects(_) => "rejects",
        Command::User(_) => "user",
        Command::Key(_) => "key",
        Command::SigningKey(_) => "signing-key",
        Command::Openapi => "openapi",
        Command::Settings => "settings",
    };
    let is_role = matches!(command, Command::Up | Command::Syncer | Command::Api);
    Voice {
        command: name,
        output: if is_role {
            Output::Stdout
        } else {
            Output::Stderr
        },
        // The others print their result, why it is not the wished-for one included.
        level: if is_role { "info" } else { "error" },
        format: (is_role && form == Form::Json).then_some(Format::Json),
    }
}
