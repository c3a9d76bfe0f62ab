//! The settings: embedded defaults, then a file, then variables; the later wins. The only place that reads the
//! environment.
//!
//! [`load`] is a pure function of the texts and the variables. It tells every fault at once, each with where it stands,
//! and never repeats a value that may be a secret.

mod merge;
mod values;
mod variables;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use secrecy::SecretString;
use serde::Deserialize;
use toml::{Table, Value};

use crate::telemetry;
pub(crate) use values::{Lookup, expand};
pub(crate) use variables::Variables;

/// The defaults, and the manual.
pub(crate) const DEFAULT: &str = include_str!("../settings.default.toml");

/// A lease is renewed within a third of its time; a database may take that long to answer.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);

/// Looks cost queries; whoever asks for something wants to see it done.
const SHORTEST_POLL: Duration = Duration::from_millis(100);
const LONGEST_POLL: Duration = Duration::from_secs(10);

/// The file that is read when none is named.
pub(crate) const FILE: &str = "catchment.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub database: Database,
    pub api: Api,
    pub auth: Auth,
    pub syncer: Syncer,
    pub sources: Sources,
    pub stop: Stop,
    pub log: Log,
    #[serde(skip)]
    pub overrides: Overrides,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    /// With `${...}` as written.
    #[serde(deserialize_with = "values::secret")]
    pub url: SecretString,
    pub connections: NonZeroU32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
    /// With `${...}` as written; empty: one is made up.
    #[serde(deserialize_with = "values::secret")]
    pub cursor_secret: SecretString,
    pub default_limit: NonZeroU64,
    pub max_limit: NonZeroU64,
    #[serde(deserialize_with = "values::duration")]
    pub query_timeout: Duration,
    pub cache_mib: u32,
    #[serde(deserialize_with = "values::duration")]
    pub refresh: Duration,
    pub followers: NonZeroUsize,
    #[serde(deserialize_with = "values::duration")]
    pub heartbeat: Duration,
    pub exports: NonZeroUsize,
    #[serde(deserialize_with = "values::duration")]
    pub export_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub export_stall: Duration,
    #[serde(deserialize_with = "values::all_parsed")]
    pub cors_origins: Vec<api::Origin>,
    pub in_flight: NonZeroUsize,
    #[serde(deserialize_with = "values::parsed_if_any")]
    pub rate_limit: Option<api::Rate>,
    #[serde(deserialize_with = "values::parsed_if_any")]
    pub client_header: Option<api::ClientHeader>,
    #[serde(deserialize_with = "values::parsed_if_any")]
    pub public_url: Option<api::PublicUrl>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    #[serde(deserialize_with = "values::duration")]
    pub access_time: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub refresh_time: Duration,
    /// With `${...}` as written; empty: the database has it.
    #[serde(deserialize_with = "values::secret")]
    pub signing_key: SecretString,
    pub argon2_memory: NonZeroU32,
    pub argon2_iterations: NonZeroU32,
    pub argon2_parallelism: NonZeroU32,
    pub registration: bool,
    #[serde(deserialize_with = "values::parsed")]
    pub login_rate: api::Rate,
    #[serde(deserialize_with = "values::parsed")]
    pub address_rate: api::Rate,
    #[serde(deserialize_with = "values::parsed")]
    pub account_rate: api::Rate,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Syncer {
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
    #[serde(deserialize_with = "values::duration")]
    pub lease: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub poll: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sources {
    #[serde(deserialize_with = "values::folder")]
    pub dir: Option<PathBuf>,
    pub enabled: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stop {
    #[serde(deserialize_with = "values::duration")]
    pub grace: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    #[serde(deserialize_with = "values::parsed")]
    pub level: telemetry::Level,
    #[serde(deserialize_with = "values::parsed")]
    pub format: telemetry::Format,
    #[serde(deserialize_with = "values::folder")]
    pub folder: Option<PathBuf>,
    pub files: NonZeroUsize,
}

/// Changed keys of definitions: for each source, what goes over its `[source]` table.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Overrides(pub BTreeMap<String, Table>);

impl fmt::Debug for Overrides {
    /// Without the values: they may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Overrides {
    pub(crate) fn set(&mut self, source: &str, key: &str, value: Value) {
        let mut table = self.0.entry(source.to_owned()).or_default();
        let mut names: Vec<&str> = key.split('.').collect();
        let Some(last) = names.pop() else { return };
        for name in names {
            let inner = table
                .entry(name)
                .or_insert_with(|| Value::Table(Table::new()));
            // A table over a plain value takes its place, as the later does everywhere.
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            let Value::Table(inner) = inner else { return };
            table = inner;
        }
        table.insert(last.to_owned(), value);
    }
}

/// Everything that is wrong with the settings, a line each.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Faults {}

/// A settings file's name and text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

/// The settings that hold.
pub(crate) fn load(
    default: &str,
    file: Option<File<'_>>,
    variables: &Variables,
) -> Result<Settings, Faults> {
    let (given, mut faults) = merge::given(default, file, variables);
    faults.extend(merge::faults(default, &given));
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    let settings = merge::settings(default, given);
    let settings = settings.map_err(|error| Faults(vec![error.to_string()]))?;
    let faults = beyond_limits(&settings);
    if faults.is_empty() {
        Ok(settings)
    } else {
        Err(Faults(faults))
    }
}

/// What is wrong with values that are well written.
fn beyond_limits(settings: &Settings) -> Vec<String> {
    let (usual, most) = (settings.api.default_limit, settings.api.max_limit);
    let page = (usual > most)
        .then(|| format!("`api.default_limit` is {usual}, more than `api.max_limit`, {most}"));
    let lease = settings.syncer.lease;
    let lease = (lease < SHORTEST_LEASE)
        .then(|| format!("`syncer.lease` is {lease:?}; write at least {SHORTEST_LEASE:?}"));
    let poll = settings.syncer.poll;
    let poll = (!(SHORTEST_POLL..=LONGEST_POLL).contains(&poll))
        .then(|| format!("`syncer.poll` is {poll:?}; write {SHORTEST_POLL:?} to {LONGEST_POLL:?}"));
    page.into_iter().chain(lease).chain(poll).collect()
}
