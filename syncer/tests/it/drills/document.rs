//! `doc/drills.md`: every drill in a table, with what came of it on each database.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use super::{
    Faults,
    drill::{Act, Drill, Theme},
    law::LAWS,
};

const HEAD: &str = "\
<!-- Written by `CATCHMENT_DRILLS_WRITE=1 cargo test -p syncer --test it drills`; CI fails when it is not up to date. -->

# Drills

What upstreams do in bad hours, and what Catchment must then make of it. Each drill below is played on each database by
a scripted upstream at a real socket: first some records are mirrored, then the upstream does what the drill says, and in
the end it is well again. `cargo test -p syncer --test it drills` plays them all; `CATCHMENT_DRILLS=\"short page\"` before
it plays some of them. They stand in `syncer/tests/it/drills/`, and this page is written from them and from their results.

";

const AFTER: &str = "\
Where a drill ends with a well upstream, the run after it is `complete` and the table holds exactly the upstream's
records, byte for byte; the run after that writes nothing.

The outcomes are `complete` (all of it came, and is to be believed), `partial` (some of it failed), `suspect` (it came, and
is not to be believed), `deferred` (the upstream asked to wait) and `failed` (nothing could be had). Whatever the outcome,
the last good rows are served.
";

const DATABASES: [&str; 3] = ["SQLite", "MySQL", "MariaDB"];

/// The page as the drills and their results make it.
pub(super) struct Document(String);

impl Document {
    pub(super) fn of(themes: &[Theme], faults: &Faults) -> Self {
        let mut text = HEAD.to_owned();
        text.push_str("After each run of each drill, all of this must hold:\n\n");
        for law in &LAWS {
            let _infallible = writeln!(text, "- {}", law.text);
        }
        let _infallible = write!(text, "\n{AFTER}\n{}\n", tally(themes, faults));
        for theme in themes {
            let _infallible = write!(
                text,
                "\n## {}\n\n| drill | the upstream … | outcome | what must be true | {} |\n| --- | --- | --- | --- | --- | --- | --- |\n",
                theme.title,
                DATABASES.join(" | ")
            );
            for drill in &theme.drills {
                text.push_str(&row(drill, faults));
            }
        }
        Self(text)
    }

    /// Puts the page into the repository.
    pub(super) fn write(&self) {
        assert!(
            self.is_whole(),
            "doc/drills.md tells of all three databases, and not all of them can be had here"
        );
        std::fs::write(path(), &self.0).expect("doc/drills.md can be written");
    }

    /// Compares the page with the one in the repository, where all databases can be had: in CI they can.
    pub(super) fn check(&self) {
        if !self.is_whole() {
            eprintln!("doc/drills.md is not compared: not every database can be had here");
            return;
        }
        let there = std::fs::read_to_string(path()).unwrap_or_default();
        assert!(
            there == self.0,
            "doc/drills.md is not what the drills say; write it anew: CATCHMENT_DRILLS_WRITE=1 cargo test -p syncer --test it drills"
        );
    }

    fn is_whole(&self) -> bool {
        !self.0.contains(UNPLAYED)
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../doc/drills.md")
}

const UNPLAYED: &str = "not played";

fn tally(themes: &[Theme], faults: &Faults) -> String {
    let drills: usize = themes.iter().map(|theme| theme.drills.len()).sum();
    let results = DATABASES.map(|database| {
        let its = faults.iter().filter(|((_, on), _)| *on == database);
        let hold = its.filter(|(_, faults)| faults.is_empty()).count();
        format!("{hold} hold on {database}")
    });
    format!("**{drills} drills: {}.**", results.join(", "))
}

fn row(drill: &Drill, faults: &Faults) -> String {
    let results = DATABASES.map(|database| match faults.get(&(drill.name, database)) {
        None => UNPLAYED,
        Some(faults) if faults.is_empty() => "holds",
        Some(_) => "**fails**",
    });
    let outcomes: Vec<_> = drill.acts.iter().map(|act| act.outcome.as_str()).collect();
    let must: Vec<_> = drill.acts.iter().map(demands).collect();
    let must = match must.as_slice() {
        [one] => one.clone(),
        several => {
            let several = several.iter().enumerate();
            let told: Vec<_> = several
                .map(|(at, must)| format!("run {}: {must}", at + 1))
                .collect();
            told.join("<br>")
        }
    };
    let cells = [
        drill.name,
        &plain(drill.upstream),
        &outcomes.join(", then "),
        &must,
    ];
    format!("| {} | {} |\n", cells.join(" | "), results.join(" | "))
}

/// What an act demands, in words.
fn demands(act: &Act) -> String {
    let said = (!act.says.is_empty()).then(|| format!("it says \"{}\"", act.says));
    let facts = act.facts.iter().map(super::fact::Fact::told);
    let all: Vec<_> = said.into_iter().chain(facts).collect();
    plain(&all.join("; "))
}

/// A text that stands in a cell of a table as it is. Within backquotes, a `<` is one already.
fn plain(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let escaped = parts.map(|(at, part)| match at % 2 {
        0 => part.replace('<', "&lt;"),
        _ => part.to_owned(),
    });
    let line = escaped.collect::<Vec<_>>().join("`");
    line.replace('|', "\\|").replace('\n', " ")
}
