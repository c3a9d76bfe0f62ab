//! What `catchment rejects` takes.

use clap::{Subcommand, ValueEnum};
use entity::reject;

use super::{At, Target};

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
        #[command(flatten)]
        at: At,
    },
    /// Read rejected records again under the present definition, without the upstream
    ///
    /// In this process; with --api the syncer is asked for it. Those that pass become rows. A record never takes the place of a row that was written after it came.
    Replay {
        /// A source, or one of its resources: thecatapi, thecatapi.breeds
        #[arg(value_name = "SOURCE[.RESOURCE]")]
        target: Target,
        #[command(flatten)]
        at: At,
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
