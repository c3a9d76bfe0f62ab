//! The one binary: settings, logs, signals and subcommands. Glue only: what it starts lives in the libraries.

mod cli;
mod command;

mod control;

mod database;
mod definitions;
mod progress;
mod services;
mod settings;
mod signals;
mod telemetry;

mod demo;

mod exit;
mod print;

use std::{io::Write, process::ExitCode, time::Duration};

use clap::Parser;

use cli::Cli;
use exit::{Exit, Misuse};
use settings::Variables;

/// The longest that the process outlives its command, for threads that are still in a system call.
const LAST_WAIT: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return tell(&anyhow::Error::new(error).context("the runtime cannot be started"));
        }
    };
    let result = runtime.block_on(command::run(cli, Variables::of_process()));
    runtime.shutdown_timeout(LAST_WAIT);
    match result {
        Ok(exit) => exit.into(),
        Err(error) => tell(&error),
    }
}

/// Prints an error with its causes, and says what it is worth.
fn tell(error: &anyhow::Error) -> ExitCode {
    // Without a stderr there is nobody to tell.
    drop(writeln!(std::io::stderr(), "error: {error:#}"));
    match error.is::<Misuse>() {
        true => Exit::Misuse.into(),
        false => Exit::Failed.into(),
    }
}
