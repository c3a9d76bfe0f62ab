//! The subcommands, a file each. Each returns what the exit code says.

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

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use entity::Clock;
use sea_orm::DatabaseConnection;
use secrecy::{ExposeSecret, SecretString};
use syncer::{Ctx, How, source::plan::Catalog, stop::Stop};

use crate::{
    cli::{ApiUrl, At, Cli, Command, Common},
    control::{Control, Remote},
    database, definitions,
    exit::{Exit, Misuse},
    print,
    settings::{self, File, Settings, Variables, expand},
    telemetry::{self, Format, Output, Voice},
};

/// The variable that holds the key of a remote api.
const KEY: &str = "CATCHMENT_API_KEY";

/// How long a command waits for its own database: nobody else waits with it.
const PATIENCE: Duration = Duration::from_secs(60);

/// In which form a command prints its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
}

/// What every command is called with.
pub(crate) struct Call {
    pub settings: Settings,
    pub variables: Variables,
    pub form: Form,
    pub clock: Clock,
}

impl Call {
    /// The database; a file that is missing is made.
    async fn open(&self) -> anyhow::Result<DatabaseConnection> {
        database::open(&self.settings.database, &self.lookup()).await
    }

    /// The database, if its schema is up to date.
    async fn open_ready(&self) -> anyhow::Result<DatabaseConnection> {
        database::open_ready(&self.settings.database, &self.lookup()).await
    }

    /// The database as it is, with or without a schema.
    async fn open_existing(&self) -> anyhow::Result<DatabaseConnection> {
        database::open_existing(&self.settings.database, &self.lookup()).await
    }

    /// The database, if it is there and its schema is up to date; else an empty one in memory.
    async fn open_known(&self) -> anyhow::Result<DatabaseConnection> {
        let known = database::open_known(&self.settings.database, &self.lookup()).await?;
        if let Some(db) = known {
            return Ok(db);
        }
        let db = self.open_scratch().await?;
        migration::up(&db).await?;
        Ok(db)
    }

    /// A database for commands that store nothing.
    async fn open_scratch(&self) -> anyhow::Result<DatabaseConnection> {
        Ok(entity::connect::connect("sqlite::memory:", 1).await?)
    }

    /// The syncer's tap: that of a remote api, or of this machine's database.
    async fn control(&self, at: &At) -> anyhow::Result<Control> {
        if let Some(ApiUrl(url)) = &at.api {
            let key = self.variables.get(KEY).map(SecretString::from);
            return Ok(Control::Remote(Remote::new(
                url.clone(),
                at.key.clone().or(key),
            )?));
        }
        let settings = api::Settings {
            query_timeout: PATIENCE,
            ..api::Settings::new(made_up())
        };
        let db = self.open_ready().await?;
        let state = api::AppState::new(db, self.clock.clone(), settings);
        Ok(Control::Local(Box::new(api::Local::new(state).await)))
    }

    fn catalog(&self) -> anyhow::Result<Arc<Catalog>> {
        let catalog = definitions::load(&self.settings, &self.variables)?;
        let faulty = |faults| Misuse(format!("the definitions are faulty\n{faults}"));
        Ok(Arc::new(catalog.map_err(faulty)?))
    }

    fn ctx(&self, db: DatabaseConnection, stop: Stop) -> anyhow::Result<Ctx> {
        let ctx = Ctx::new(db, self.clock.clone(), stop);
        let mut ctx = ctx.context("no HTTP client can be made")?;
        ctx.lease = self.settings.syncer.lease;
        // A reader that has just looked looks again after one such time; the second is for its answers under way.
        ctx.notice = self.settings.api.refresh * 2;
        ctx.poll = self.settings.syncer.poll;
        ctx.host = host().into();
        Ok(ctx)
    }

    fn api_settings(&self) -> Result<api::Settings, Misuse> {
        let settings = &self.settings.api;
        let secret = expand(
            settings.cursor_secret.expose_secret(),
            &self.lookup(),
            str::to_owned,
        );
        let secret = secret.map_err(|why| Misuse(format!("`api.cursor_secret`: {why}")))?;
        let secret = match secret.expose_secret() {
            "" => made_up(),
            given => given.as_bytes().to_vec(),
        };
        Ok(api::Settings {
            cursor_secret: secret,
            default_limit: settings.default_limit.get(),
            max_limit: settings.max_limit.get(),
            query_timeout: settings.query_timeout,
            cache_bytes: u64::from(settings.cache_mib) << 20,
            refresh: settings.refresh,
            cors_origins: settings.cors_origins.clone(),
            read: settings.read.clone(),
            auth: self.auth_settings()?,
            in_flight: settings.in_flight.get(),
            rate_limit: settings.rate_limit,
            client_header: settings.client_header.clone(),
            public_url: settings.public_url.clone(),
            grace: self.settings.stop.grace,
            followers: settings.followers.get(),
            heartbeat: settings.heartbeat,
            exports: settings.exports.get(),
            export_timeout: settings.export_timeout,
            export_stall: settings.export_stall,
            imports: settings.imports.get(),
            import_body: u64::from(settings.import_mib) << 20,
            import_timeout: settings.import_timeout,
        })
    }

    fn auth_settings(&self) -> Result<api::AuthSettings, Misuse> {
        let settings = &self.settings.auth;
        let wrong = |why| Misuse(format!("`auth.signing_key`: {why}"));
        let pem = settings.signing_key.expose_secret();
        let pem = expand(pem, &self.lookup(), str::to_owned).map_err(wrong)?;
        let signing_keys = match pem.expose_secret() {
            "" => None,
            pem => Some(pem.parse().map_err(wrong)?),
        };
        Ok(api::AuthSettings {
            access_time: settings.access_time,
            refresh_time: settings.refresh_time,
            cost: self.password_cost()?,
            registration: settings.registration,
            signing_keys,
            login_rate: settings.login_rate,
            address_rate: settings.address_rate,
            account_rate: settings.account_rate,
        })
    }

    /// What a password's hash costs.
    fn password_cost(&self) -> Result<api::password::Cost, Misuse> {
        let auth = &self.settings.auth;
        let (memory, iterations) = (auth.argon2_memory, auth.argon2_iterations);
        let cost = api::password::Cost::new(memory, iterations, auth.argon2_parallelism);
        cost.map_err(|why| {
            Misuse(format!(
                "`auth.argon2_memory`, `_iterations` and `_parallelism`: {why}"
            ))
        })
    }

    fn lookup(&self) -> impl Fn(&str) -> Result<Option<SecretString>, String> {
        |reference| self.variables.secret(reference)
    }
}

/// The name of the machine, for people; nothing where it does not tell it.
fn host() -> String {
    let told = fs::read_to_string("/proc/sys/kernel/hostname");
    told.map_or_else(|_| String::new(), |name| name.trim().to_owned())
}

/// From the operating system's randomness, like the keys of hash maps.
fn made_up() -> Vec<u8> {
    let words = (0..4_u8).map(|word| RandomState::new().hash_one(word));
    words.flat_map(u64::to_ne_bytes).collect()
}

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
        Command::Status { at } => Box::pin(status::run(&call, &at)).await,
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
