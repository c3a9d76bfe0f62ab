//! The log's two settings that are texts with a meaning: how much is told, and in which form.

use std::str::FromStr;

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter,
    filter::{FilterExt, LevelFilter, filter_fn},
    layer::Filter,
};

/// Libraries whose `info` says nothing to an operator; what the setting says about one of them goes before.
const QUIET: &str = "sea_orm=warn,sea_orm_migration=warn,sqlx=warn,hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,\
                     rustls=warn,tokio_cron_scheduler=warn";

/// How much is told; `None`: what the command deems right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Level(Option<String>);

impl Level {
    pub(super) fn filter<S: Subscriber>(&self, auto: &str) -> impl Filter<S> + use<S> {
        // Spans are kept below their level: a warning, too, has to say of which run it is.
        self.events(auto).or(filter_fn(|of| {
            of.is_span() && *of.level() <= tracing::Level::INFO
        }))
    }

    fn events(&self, auto: &str) -> EnvFilter {
        let level = self.0.as_deref().unwrap_or(auto);
        EnvFilter::new(format!("{QUIET},{level}"))
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self(None));
        }
        // A lone word that is no level would be taken for a module, of which then everything is told.
        let is_word = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
        let is_level = |part: &str| part.contains('=') || is_word(part);
        if !text.split(',').all(is_level) || EnvFilter::try_new(text).is_err() {
            return Err(
                "write error, warn, info, debug or trace, also by module: info,syncer=debug"
                    .to_owned(),
            );
        }
        Ok(Self(Some(text.to_owned())))
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text on a terminal, else JSON.
    Auto,
    Text,
    Json,
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("there is auto, text and json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn a_level_is_a_word_or_a_list_by_module() {
        let check =
            |text: &str, is_level| assert_eq!(text.parse::<Level>().is_ok(), is_level, "{text}");
        check("auto", true);
        check("debug", true);
        check("info,syncer=trace", true);
        check("info,syncer=loud", false);
        check("=", false);
        check("loud", false);
        check("syncer", false);
        check("", false);
    }

    #[test]
    fn libraries_are_quiet_unless_asked_for() {
        let check = |level: &str, module: &str, expected: &str| {
            let filter = level.parse::<Level>().unwrap().events("info").to_string();
            let directives: Vec<_> = filter.split(',').collect();
            assert!(
                directives.contains(&format!("{module}={expected}").trim_start_matches('=')),
                "{filter}"
            );
        };
        check("auto", "", "info");
        check("auto", "sqlx", "warn");
        check("debug", "", "debug");
        check("debug", "sqlx", "warn");
        check("debug,sqlx=trace", "sqlx", "trace");
    }
}
