//! What `catchment state` takes.

use clap::Subcommand;

use super::{ResourceName, Target};

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
