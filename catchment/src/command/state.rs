//! `catchment state`: where reading stands, shown or forgotten.

use std::io::{self, IsTerminal, Write};

use anyhow::{anyhow, bail};
use chrono::{DateTime, Utc};
use serde::Serialize;
use syncer::{
    source::plan::{Catalog, Plan},
    state::{self, Holder, Mark, Place, Reset, State},
};

use super::{Call, Form};
use crate::{
    cli::{self, ResourceName, Target},
    definitions,
    exit::{Exit, Misuse},
    print, signals,
};

#[derive(Serialize)]
struct Document {
    resources: Vec<State>,
    /// Resources that no syncer has registered yet.
    unregistered: Vec<String>,
}

#[derive(Serialize)]
struct Forgotten<'a> {
    source: &'a str,
    resource: &'a str,
    /// Whether there was anything to forget.
    reset: bool,
}

pub(super) async fn run(call: &Call, what: &cli::State) -> anyhow::Result<Exit> {
    let catalog = call.catalog()?;
    match what {
        cli::State::Show { target } => show(call, &catalog, target).await,
        cli::State::Reset { resource, yes } => {
            let name = format!("{}.{}", resource.source, resource.resource);
            // A wrong name is told before anybody is asked.
            let source = definitions::source(&catalog, &resource.source)?;
            definitions::resource(source, &resource.resource)?;
            if !yes && !is_agreed(&name)? {
                print::text("nothing was forgotten\n")?;
                return Ok(Exit::Failed);
            }
            reset(call, &catalog, resource).await
        }
    }
}

async fn show(call: &Call, catalog: &Catalog, target: &Target) -> anyhow::Result<Exit> {
    let source = definitions::source(catalog, &target.source)?;
    let plans: Vec<&Plan> = match &target.resource {
        Some(name) => vec![definitions::resource(source, name)?],
        None => source.resources.iter().map(AsRef::as_ref).collect(),
    };
    let ctx = call.ctx(call.open_ready().await?, signals::listen()?)?;
    let (mut resources, mut unregistered) = (Vec::new(), Vec::new());
    for plan in plans {
        match state::show(&ctx, source, plan).await? {
            Some(state) => resources.push(state),
            None => unregistered.push(format!("{}.{}", source.name, plan.name)),
        }
    }
    let now = call.clock.now();
    match call.form {
        Form::Json => print::json(&Document {
            resources,
            unregistered,
        })?,
        Form::Text => {
            let told = resources.iter().map(|state| text(state, now));
            let never = unregistered.iter();
            let never = never.map(|name| format!("{name}\n  nothing was ever read\n"));
            let blocks: Vec<String> = told.chain(never).collect();
            print::text(&blocks.join("\n"))?;
        }
    }
    Ok(Exit::Done)
}

async fn reset(call: &Call, catalog: &Catalog, name: &ResourceName) -> anyhow::Result<Exit> {
    let source = definitions::source(catalog, &name.source)?;
    let plan = definitions::resource(source, &name.resource)?;
    let ctx = call.ctx(call.open_ready().await?, signals::listen()?)?;
    let ResourceName {
        source: of,
        resource,
    } = name;
    let done = match state::reset(&ctx, source, plan).await? {
        Reset::Done => true,
        Reset::Unknown => false,
        Reset::Busy if ctx.stop.is_asked() => bail!("stopped before the lease was free"),
        Reset::Busy => {
            return Err(anyhow!(
                "another process is at work on {of}.{resource}; nothing was forgotten; try again when its run has ended"
            ));
        }
    };
    match call.form {
        Form::Json => print::json(&Forgotten {
            source: of,
            resource,
            reset: done,
        })?,
        Form::Text if done => print::text(&format!(
            "{of}.{resource}: forgotten; the next run reads everything. Its rows stay.\n"
        ))?,
        Form::Text => print::text(&format!(
            "{of}.{resource}: nothing was ever read, so there is nothing to forget\n"
        ))?,
    }
    Ok(Exit::Done)
}

/// Asks whoever sits at the terminal.
fn is_agreed(name: &str) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Misuse(format!(
            "`state reset` makes the next run of {name} read everything; say --yes where nobody can be asked"
        ))
        .into());
    }
    let mut terminal = io::stderr();
    write!(
        terminal,
        "The next run of {name} will read everything; its rows stay. Forget? [y/N] "
    )?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

fn text(state: &State, now: DateTime<Utc>) -> String {
    let mut lines = vec![("mark", mark(state.mark.as_ref(), now))];
    lines.push((
        "unfinished",
        match &state.unfinished {
            None => "none".to_owned(),
            Some(place) => unfinished(place, now),
        },
    ));
    let pages = i64::try_from(state.pages).unwrap_or(i64::MAX);
    lines.push(("pages", format!("{} remembered", print::count(pages))));
    lines.push((
        "lease",
        match &state.lease {
            None => "free".to_owned(),
            Some(lease) => held(lease, now),
        },
    ));
    let lines = lines.iter();
    let lines = lines.map(|(name, what)| format!("  {name:<10}  {what}\n"));
    format!(
        "{}.{}\n{}",
        state.source,
        state.resource,
        lines.collect::<String>()
    )
}

fn held(lease: &Holder, now: DateTime<Utc>) -> String {
    let ends = lease.expires_at.map(|at| print::until(at, now));
    let ends = ends.map_or(String::new(), |ends| {
        format!("; ends {ends} unless it is renewed")
    });
    format!("held by {}{ends}", lease.holder)
}

fn mark(mark: Option<&Mark>, now: DateTime<Utc>) -> String {
    let Some(mark) = mark else {
        return "none: the next run reads everything".to_owned();
    };
    let mut parts = Vec::new();
    if let Some(cursor) = &mark.cursor {
        parts.push(format!("read up to {cursor}"));
    }
    if let Some(at) = mark.full_at {
        parts.push(format!("last in full {}", print::ago(at, now)));
    }
    if let Some(version) = mark.parents_version {
        let parents = i64::try_from(mark.parents).unwrap_or(i64::MAX);
        parts.push(format!(
            "{} parents as of version {version}",
            print::count(parents)
        ));
    }
    if !mark.failed_parents.is_empty() {
        let failed = mark.failed_parents.iter().take(10);
        let failed: Vec<String> = failed.map(ToString::to_string).collect();
        let count = mark.failed_parents.len();
        let more = if count > 10 { ", …" } else { "" };
        parts.push(format!(
            "{count} failed, tried first next time: rowno {}{more}",
            failed.join(", ")
        ));
    }
    parts.join("; ")
}

fn unfinished(place: &Place, now: DateTime<Utc>) -> String {
    let mut text = format!(
        "run {}, left {} with {} records",
        place.run,
        print::ago(place.saved_at, now),
        print::count(place.fetched)
    );
    if let Some(parent) = place.parent {
        text.push_str(&format!("; at parent rowno {parent}"));
    }
    if let Some(at) = &place.at {
        text.push_str(&format!(
            "; behind page {} of its walk, next is {at}",
            place.pages
        ));
    }
    if let Some(until) = place.deferred_until {
        text.push_str(&format!(
            "; the upstream may be asked again {}",
            print::until(until, now)
        ));
    }
    text.push_str(if place.goes_on {
        "; the next run goes on there"
    } else {
        "; too long ago or of other parents: the next run begins anew"
    });
    text
}
