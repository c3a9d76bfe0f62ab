//! What the command line takes. It decides nothing: each command is a module of `command`.

use std::{fmt, path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand, ValueEnum};
use entity::reject;
use url::Url;

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
    /// Show each resource: its last outcome, rows, version, age and next run
    Status,
    /// Show the newest runs, and what each did
    Runs {
        /// Only runs of this source or resource
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Option<Target>,
        /// Most runs to show
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        limit: u64,
    },
    /// List records and values that could not be stored, or read the records again
    #[command(subcommand)]
    Rejects(Rejects),
    /// Print the OpenAPI document of the api for the definitions that run
    Openapi,
    /// Print the default settings file, which explains every setting
    Settings,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum State {
    /// Show the mark of the last complete run, an unfinished run's place, and who holds the lease
    Show {
        /// A source, or one of its resources
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Target,
    },
    /// Forget mark, place and remembered pages, so that the next run reads everything; the rows stay
    Reset {
        /// A resource of a source: thecatapi.breeds
        #[arg(value_name = "SOURCE.RESOURCE")]
        resource: ResourceName,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Apply what is missing
    Up,
    /// Undo the newest migrations; what their tables held is lost
    Down {
        /// How many to undo
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// Show which migrations are applied; changes nothing
    Status,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Rejects {
    /// Count them by reason, then show the newest
    List {
        /// A source, or one of its resources: thecatapi, thecatapi.breeds
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Target,
        /// Only whole records, or only values that were left out of their rows
        #[arg(long)]
        kind: Option<RejectKind>,
        /// Only those for which this field is at fault; of a table's field: table.field
        #[arg(long)]
        field: Option<String>,
        /// Most rejects to show of a resource
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        limit: u64,
    },
    /// Read rejected records again under the present definition, without the upstream
    ///
    /// Those that pass become rows. A record never takes the place of a row that was written after it came.
    Replay {
        /// A source, or one of its resources: thecatapi, thecatapi.breeds
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Target,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RejectKind {
    Record,
    Value,
}

impl From<RejectKind> for reject::Kind {
    fn from(kind: RejectKind) -> Self {
        match kind {
            RejectKind::Record => Self::Record,
            RejectKind::Value => Self::Value,
        }
    }
}

/// `SOURCE.RESOURCE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceName {
    pub source: String,
    pub resource: String,
}

/// `SOURCE` or `SOURCE.RESOURCE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub source: String,
    pub resource: Option<String>,
}

/// What to infer from: `SOURCE.RESOURCE` or a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inferred {
    Resource(ResourceName),
    Url(Url),
}

impl FromStr for Inferred {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains("://") {
            return text.parse().map(Self::Resource).map_err(|why: String| {
                format!("{why}, or as a URL, like https://api.example.com/items")
            });
        }
        match text.parse::<Url>() {
            Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(Self::Url(url)),
            Ok(url) => Err(format!(
                "`{}:` is no scheme for it; use http or https",
                url.scheme()
            )),
            Err(error) => Err(format!("it is no URL: {error}")),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        self.resource
            .iter()
            .try_for_each(|name| write!(f, ".{name}"))
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (source, resource) = match text.split_once('.') {
            Some((source, resource)) => (source, Some(resource)),
            None => (text, None),
        };
        if source.is_empty() || resource.is_some_and(|name| name.is_empty() || name.contains('.')) {
            return Err(
                "write it as `source` or `source.resource`, like thecatapi.breeds".to_owned(),
            );
        }
        Ok(Self {
            source: source.to_owned(),
            resource: resource.map(str::to_owned),
        })
    }
}

impl FromStr for ResourceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as `source.resource`, like thecatapi.breeds".to_owned();
        let target: Target = text.parse().map_err(|_| wrong())?;
        let resource = target.resource.ok_or_else(wrong)?;
        Ok(Self {
            source: target.source,
            resource,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Cli, Inferred, ResourceName, Target};

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_inferred_from_is_a_resource_or_a_url() {
        let check = |text: &str, expected: Option<bool>| {
            let inferred = text.parse::<Inferred>().ok();
            let is_url = inferred.map(|what| matches!(what, Inferred::Url(_)));
            assert_eq!(is_url, expected, "{text}");
        };
        check("shop.products", Some(false));
        check("https://api.example.com/items?page=1", Some(true));
        check("api.example.com/items", None);
        check("shop", None);
        check("ftp://api.example.com", None);
        check("https://", None);
    }

    #[test]
    fn a_target_is_a_source_or_a_resource() {
        let check = |text: &str, expected: Option<(&str, Option<&str>)>| {
            let target = text.parse::<Target>().ok();
            let found = target
                .as_ref()
                .map(|target| (target.source.as_str(), target.resource.as_deref()));
            assert_eq!(found, expected, "{text}");
            let resource = text.parse::<ResourceName>().is_ok();
            assert_eq!(resource, matches!(expected, Some((_, Some(_)))), "{text}");
        };
        check("thecatapi", Some(("thecatapi", None)));
        check("thecatapi.breeds", Some(("thecatapi", Some("breeds"))));
        check("", None);
        check(".breeds", None);
        check("thecatapi.", None);
        check("a.b.c", None);
    }
}
