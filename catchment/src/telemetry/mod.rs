//! Where log lines go: text for a terminal, JSON lines for machines, and a copy in a folder if one is named.

mod json;
mod level;

use std::{
    fs,
    io::{self, IsTerminal},
    path::Path,
};

use anyhow::Context;
use tracing_appender::{
    non_blocking::WorkerGuard,
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{
    Layer, Registry,
    fmt::{self, format::Writer, time::FormatTime, writer::BoxMakeWriter},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use entity::Clock;
use json::JsonLines;

use crate::settings;
pub(crate) use level::{Format, Level};

/// Which of the process's outputs carries the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// For commands whose output the log is.
    Stdout,
    /// For commands that print a result.
    Stderr,
}

/// What is particular to a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    /// Names the files in the log's folder.
    pub command: &'static str,
    pub output: Output,
    /// Holds on the output above if the settings say `auto`; the folder's files then have `info`.
    pub level: &'static str,
    /// Holds if the settings say `auto`; `None`: text on a terminal, else JSON.
    pub format: Option<Format>,
}

/// Begins to log. What it returns must live as long as the process: its end writes out the last lines.
pub(crate) fn start(log: &settings::Log, voice: Voice) -> anyhow::Result<Option<WorkerGuard>> {
    let (file, guard) = match &log.folder {
        Some(folder) => {
            let (writer, guard) = tracing_appender::non_blocking(appender(folder, log, voice)?);
            let layer = JsonLines::new(writer, Clock::system());
            (
                Some(layer.with_filter(log.level.filter("info"))),
                Some(guard),
            )
        }
        None => (None, None),
    };
    tracing_subscriber::registry()
        .with(console(log, voice).with_filter(log.level.filter(voice.level)))
        .with(file)
        .try_init()
        .context("the log cannot be started")?;
    Ok(guard)
}

fn console(log: &settings::Log, voice: Voice) -> Box<dyn Layer<Registry> + Send + Sync> {
    let (writer, is_terminal) = match voice.output {
        Output::Stdout => (BoxMakeWriter::new(io::stdout), io::stdout().is_terminal()),
        Output::Stderr => (BoxMakeWriter::new(io::stderr), io::stderr().is_terminal()),
    };
    let format = match (log.format, voice.format) {
        (Format::Auto, Some(format)) => format,
        (Format::Auto, None) if is_terminal => Format::Text,
        (Format::Auto, None) => Format::Json,
        (format, _) => format,
    };
    if format == Format::Json {
        return JsonLines::new(writer, Clock::system()).boxed();
    }
    fmt::layer()
        .with_writer(writer)
        .with_ansi(is_terminal)
        .with_target(false)
        .with_timer(TimeOfDay(Clock::system()))
        .boxed()
}

fn appender(
    folder: &Path,
    log: &settings::Log,
    voice: Voice,
) -> anyhow::Result<RollingFileAppender> {
    let failed = || {
        let folder = folder.display();
        format!("no log file can be made in the folder {folder}; the setting `log.folder` names it")
    };
    fs::create_dir_all(folder).with_context(failed)?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(format!("catchment-{}", voice.command))
        .filename_suffix("log")
        .max_log_files(log.files.get())
        .build(folder)
        .with_context(failed)
}

/// Who watches a terminal knows the day.
struct TimeOfDay(Clock);

impl FormatTime for TimeOfDay {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{}", self.0.now().format("%H:%M:%S%.3f"))
    }
}
