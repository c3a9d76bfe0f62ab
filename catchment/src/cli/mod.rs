//! What the command line takes. It decides nothing: each command is a module of `command`.

mod control;
mod infer;
mod migrate;
mod rejects;
mod state;
mod user;

mod target;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::{
    control::{ApiUrl, At, Mode},
    infer::Inferred,
    migrate::Migrate,
    rejects::Rejects,
    state::State,
    target::{ResourceName, Target},
    user::{Key, SigningKey, User},
};

const ABOUT: &str = "\
Mirrors HTTP APIs into your own database and serves them from there: fast, filterable, and up when \
the upstream is not.";

const AFTER: &str = "\
First steps:
  catchment demo                     everything at once, nothing to configure
  catchment up                       the same on your settings, in ./catchment.db
  catchment check                    are the definitions right, do the upstreams answer?
  catchment infer URL                a definition for your API, from its answers
  catchment plan                     how many requests and how long will a run take?
  catchment sync thecatapi.breeds    one run, now

Settings come from catchment.toml in the working folder and from variables such as
CATCHMENT__API__LISTEN; `catchment settings` prints all of them with their meaning.

Exit codes:
  0  done; of a run: complete
  1  failed
  2  wrong use, or faulty settings or definitions
  3  partial: some pages or parents failed
  4  suspect: it came, but is not to be believed; nothing was deleted
  5  deferred: the upstream asked to wait longer than a run may";

#[derive(Debug, Parser)]
#[command(name = "catchment", version, about = ABOUT, after_help = AFTER)]
#[command(
    propagate_version = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Debug)]
pub(crate) struct Common {
    /// Print one JSON document instead of text; `up`, `syncer` and `api`: log as JSON lines
    #[arg(long, global = true)]
    pub json: bool,
    /// Settings file [default: catchment.toml in the working folder, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run all of it at once, with nothing to configure and an upstream of its own
    ///
    /// Mirrors a built-in stand-in for The Cat API into an SQLite file in a temporary folder, which
    /// goes when the demo ends. Reads no settings file and heeds only the variables of the sections
    /// api, syncer, stop and log, such as `CATCHMENT__API__LISTEN`.
    Demo,
    /// Run syncer and api in one process, on a schema brought up to date first
    Up,
    /// Run the syncer: mirrors each source on its schedule
    ///
    /// Waits for the schema that `catchment migrate up` makes.
    Syncer,
    /// Run the api: serves what was mirrored
    ///
    /// Waits for the schema that `catchment migrate up` makes.
    Api,
    /// Bring the database's schema up to date, undo it, or say where it stands
    #[command(subcommand)]
    Migrate(Migrate),
    /// Tell all faults of the definitions, or try one cheap request per resource
    Check {
        /// Try only this source
        source: Option<String>,
    },
    /// Show the rows that a resource's first records would become; stores nothing
    Sample {
        /// A resource of a source: thecatapi.breeds
        #[arg(value_name = "SOURCE.RESOURCE")]
        resource: ResourceName,
        /// Most rows to show
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
        rows: u16,
    },
    /// Propose fields with types, key and paging from real answers, ready to paste
    ///
    /// Asks for a few pages. Of a resource in a definition file it prints the tables with what they
    /// lack; of a URL a whole definition. Comments say what rests on little. Stores nothing.
    Infer {
        /// A resource of a source (shop.products), or the URL of a list
        #[arg(value_name = "SOURCE.RESOURCE|URL")]
        what: Inferred,
    },
    /// Draft a definition from an OpenAPI document; asks nobody
    Init {
        /// The document: OpenAPI 3.0, 3.1 or Swagger 2.0, as JSON or YAML
        #[arg(long, value_name = "FILE")]
        openapi: PathBuf,
        /// What to call the source [default: the document's title]
        #[arg(long)]
        name: Option<String>,
    },
    /// Run a source or one of its resources now
    ///
    /// The exit code tells the outcome; of several runs, the worst.
    Sync {
        /// A source, or one of its resources: thecatapi, thecatapi.breeds
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Target,
        /// Begin at the first page, even if an unfinished run could go on
        #[arg(long)]
        full: bool,
        /// Delete what the upstream no longer has, even if it is more than the definition's deletes.max
        #[arg(long)]
        accept_deletes: bool,
    },
    /// Forecast the requests and the time that the next runs need; runs nothing
    ///
    /// From what the last runs needed and the parents that are there now; of a resource that was
    /// never complete, from its first page. Says what is not known.
    Plan {
        /// Only this source or resource
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Option<Target>,
    },
    /// Show where reading stands, or forget it
    #[command(subcommand)]
    State(State),
    /// Show each resource: its last outcome, rows, version, age, what it is at, and its next run
    Status {
        /// Then go on: tell each resource that fares otherwise than before, until interrupted
        #[arg(long)]
        watch: bool,
        #[command(flatten)]
        at: At,
    },
    /// Stop resources: a run under way ends after the page in flight, and none begins
    Stop {
        /// Only this source or resource
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Option<Target>,
        #[command(flatten)]
        at: At,
    },
    /// Start resources that were stopped
    Start {
        /// Only this source or resource
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Option<Target>,
        #[command(flatten)]
        at: At,
    },
    /// Ask the syncer, wherever it is, to run a source or one of its resources now
    ///
    /// With --wait the exit code tells the outcome; of several runs, the worst. `sync` runs in this
    /// process instead.
    Run {
        /// A source, or one of its resources: thecatapi, thecatapi.breeds
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Target,
        /// How much to read
        #[arg(long, value_enum, default_value_t)]
        mode: Mode,
        /// Delete what the upstream no longer has, even if it is more than the definition's deletes.max
        #[arg(long)]
        accept_deletes: bool,
        /// Wait until it has ended
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        at: At,
    },
    /// Ask the syncer to end a run after the page in flight
    Cancel {
        /// The run's number, as `status` and `runs` show it
        run: i64,
        #[command(flatten)]
        at: At,
    },
    /// Show the newest runs, and what each did
    Runs {
        /// Only runs of this source or resource
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Option<Target>,
        /// Most runs to show
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        limit: u64,
        #[command(flatten)]
        at: At,
    },
    /// List records and values that could not be stored, or read the records again
    #[command(subcommand)]
    Rejects(Rejects),
    /// Make, list and remove the users who may log in to the api
    #[command(subcommand)]
    User(User),
    /// Make, list and revoke keys with which programs ask the api
    #[command(subcommand)]
    Key(Key),
    /// Change the key that signs access tokens
    #[command(subcommand)]
    SigningKey(SigningKey),
    /// Print the OpenAPI document of the api for the definitions that run
    Openapi,
    /// Print the default settings file, which explains every setting
    Settings,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
