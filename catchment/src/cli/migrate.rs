//! What `catchment migrate` takes.

use clap::Subcommand;

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
