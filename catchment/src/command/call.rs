//! What a command is called with, and what settings become for it.

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use entity::Clock;
use sea_orm::DatabaseConnection;
use secrecy::{ExposeSecret, SecretString};
use syncer::{Ctx, source::plan::Catalog, stop::Stop};

use crate::{
    cli::{ApiUrl, At},
    control::{Control, Remote},
    database, definitions,
    exit::Misuse,
    settings::{Settings, Variables, expand},
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
    pub(super) async fn open(&self) -> anyhow::Result<DatabaseConnection> {
        database::open(&self.settings.database, &self.lookup()).await
    }

    /// The database, if its schema is up to date.
    pub(super) async fn open_ready(&self) -> anyhow::Result<DatabaseConnection> {
        database::open_ready(&self.settings.database, &self.lookup()).await
    }

    /// The database as it is, with or without a schema.
    pub(super) async fn open_existing(&self) -> anyhow::Result<DatabaseConnection> {
        database::open_existing(&self.settings.database, &self.lookup()).await
    }

    /// The database, if it is there and its schema is up to date; else an empty one in memory.
    pub(super) async fn open_known(&self) -> anyhow::Result<DatabaseConnection> {
        let known = database::open_known(&self.settings.database, &self.lookup()).await?;
        if let Some(db) = known {
            return Ok(db);
        }
        let db = self.open_scratch().await?;
        migration::up(&db).await?;
        Ok(db)
    }

    /// A database for commands that store nothing.
    pub(super) async fn open_scratch(&self) -> anyhow::Result<DatabaseConnection> {
        Ok(entity::connect::connect("sqlite::memory:", 1).await?)
    }

    /// The syncer's tap: that of a remote api, or of this machine's database.
    pub(super) async fn control(&self, at: &At) -> anyhow::Result<Control> {
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

    pub(super) fn catalog(&self) -> anyhow::Result<Arc<Catalog>> {
        let catalog = definitions::load(&self.settings, &self.variables)?;
        let faulty = |faults| Misuse(format!("the definitions are faulty\n{faults}"));
        Ok(Arc::new(catalog.map_err(faulty)?))
    }

    pub(super) fn ctx(&self, db: DatabaseConnection, stop: Stop) -> anyhow::Result<Ctx> {
        let ctx = Ctx::new(db, self.clock.clone(), stop);
        let mut ctx = ctx.context("no HTTP client can be made")?;
        ctx.lease = self.settings.syncer.lease;
        // A reader that has just looked looks again after one such time; the second is for its answers under way.
        ctx.notice = self.settings.api.refresh * 2;
        ctx.poll = self.settings.syncer.poll;
        ctx.host = host().into();
        Ok(ctx)
    }

    pub(super) fn api_settings(&self) -> Result<api::Settings, Misuse> {
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

    pub(super) fn auth_settings(&self) -> Result<api::AuthSettings, Misuse> {
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
    pub(super) fn password_cost(&self) -> Result<api::password::Cost, Misuse> {
        let auth = &self.settings.auth;
        let (memory, iterations) = (auth.argon2_memory, auth.argon2_iterations);
        let cost = api::password::Cost::new(memory, iterations, auth.argon2_parallelism);
        cost.map_err(|why| {
            Misuse(format!(
                "`auth.argon2_memory`, `_iterations` and `_parallelism`: {why}"
            ))
        })
    }

    pub(super) fn lookup(&self) -> impl Fn(&str) -> Result<Option<SecretString>, String> {
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
