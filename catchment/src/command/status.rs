//! `catchment status`: how fresh and complete each resource is, what runs now, and whether anybody runs it.

use chrono::{DateTime, Utc};
use entity::{run::Outcome, source::Budget};
use serde::{Deserialize, Serialize};

use super::{Call, Form, watch};
use crate::{
    cli::{At, Target},
    control::Control,
    exit::Exit,
    print::{self, Align, Table},
};

/// What the api says of all of it.
#[derive(Deserialize)]
struct Fare {
    syncers: Vec<Syncer>,
    sources: Vec<Source>,
}

#[derive(Deserialize)]
struct Source {
    source: String,
    budget: Option<Budget>,
    resources: Vec<Resource>,
}

#[derive(Serialize)]
struct Document {
    resources: Vec<Resource>,
    budgets: Vec<OfSource>,
    syncers: Vec<Syncer>,
}

/// What may be asked of a source's upstream, as the syncer that asked it last knew.
#[derive(Serialize)]
struct OfSource {
    source: String,
    #[serde(flatten)]
    budget: Budget,
}

/// A process that is alive.
#[derive(Deserialize, Serialize)]
struct Syncer {
    name: String,
    sources: Vec<String>,
    started_at: DateTime<Utc>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Resource {
    pub(super) source: String,
    pub(super) resource: String,
    pub(super) enabled: bool,
    pub(super) state: String,
    #[serde(rename(deserialize = "last_outcome"))]
    pub(super) outcome: Option<Outcome>,
    pub(super) rows: i64,
    pub(super) version: i64,
    /// Whether the rows are those of one complete run.
    complete: bool,
    last_run_at: Option<DateTime<Utc>>,
    synced_at: Option<DateTime<Utc>>,
    changed_at: Option<DateTime<Utc>>,
    next_run_at: Option<DateTime<Utc>>,
    pub(super) running: Option<Running>,
    rejects: u64,
}

/// A run under way.
#[derive(Deserialize, Serialize)]
pub(super) struct Running {
    run: i64,
    pages: i64,
    pages_expected: Option<i64>,
    fetched: i64,
    /// Records a second.
    rate: Option<f64>,
    seconds_left: Option<i64>,
}

/// `going_on`: tells what changes from then on, for ever.
pub(super) async fn run(call: &Call, at: &At, going_on: bool) -> anyhow::Result<Exit> {
    let control = call.control(at).await?;
    let fare: Fare = control.get("").await?;
    let mut document = Document {
        resources: Vec::new(),
        budgets: Vec::new(),
        syncers: fare.syncers,
    };
    for Source {
        source,
        budget,
        resources,
    } in fare.sources
    {
        document.resources.extend(resources);
        let of_source = budget.map(|budget| OfSource { source, budget });
        document.budgets.extend(of_source);
    }
    match call.form {
        Form::Json => print::json(&document)?,
        Form::Text if document.resources.is_empty() => print::text(NOTHING)?,
        Form::Text => {
            let now = call.clock.now();
            print::text(&table(&document.resources, now))?;
            let lines = document.budgets.iter().filter_map(|of| budget(of, now));
            print::text(&lines.collect::<String>())?;
            if document.syncers.is_empty() {
                print::text(NOBODY)?;
            }
        }
    }
    if going_on {
        match watch::run(call, &control, document.resources).await? {}
    }
    Ok(Exit::Done)
}

/// Where the api has a resource, or a source, or all of them.
pub(super) fn path(target: Option<&Target>) -> String {
    match target {
        None => String::new(),
        Some(Target {
            source,
            resource: None,
        }) => format!("/{source}"),
        Some(Target {
            source,
            resource: Some(resource),
        }) => format!("/{source}/{resource}"),
    }
}

/// The resources that `target` names, as the api tells of them.
///
/// # Errors
/// There are none.
pub(super) async fn resources(
    control: &Control,
    target: Option<&Target>,
) -> anyhow::Result<Vec<Resource>> {
    let at = path(target);
    match target {
        None => {
            let fare: Fare = control.get(&at).await?;
            let resources = fare.sources.into_iter().flat_map(|source| source.resources);
            Ok(resources.collect())
        }
        Some(Target { resource: None, .. }) => Ok(control.get::<Source>(&at).await?.resources),
        Some(_) => Ok(vec![control.get(&at).await?]),
    }
}

const NOTHING: &str = "\
no resource is registered yet; `catchment up` registers the definitions and runs them, `catchment sync SOURCE` once
";

const NOBODY: &str =
    "\nno syncer is alive: nothing runs, and what is asked for waits, until one is started\n";

pub(super) fn table(resources: &[Resource], now: DateTime<Utc>) -> String {
    let mut table = Table::new(&[
        ("resource", Align::Left),
        ("outcome", Align::Left),
        ("rows", Align::Right),
        ("version", Align::Right),
        ("synced", Align::Left),
        ("state", Align::Left),
        ("next run", Align::Left),
        ("rejects", Align::Right),
    ]);
    for resource in resources {
        let next = match resource.next_run_at {
            _ if !resource.enabled => "-".to_owned(),
            Some(time) => print::until(time, now),
            None => "-".to_owned(),
        };
        table.row([
            format!("{}.{}", resource.source, resource.resource),
            resource.outcome.map_or("-", Outcome::as_str).to_owned(),
            print::count(resource.rows),
            print::count(resource.version),
            resource
                .synced_at
                .map_or_else(|| "never".to_owned(), |time| print::ago(time, now)),
            state(resource),
            next,
            resource.rejects.to_string(),
        ]);
    }
    table.render()
}

/// What may still be asked of an upstream, if that is known to have an end.
fn budget(of: &OfSource, now: DateTime<Utc>) -> Option<String> {
    let OfSource { source, budget } = of;
    if let Some(until) = budget.waiting_until.filter(|until| *until > now) {
        let until = print::until(until, now);
        return Some(format!(
            "{source}: its upstream may be asked again {until}\n"
        ));
    }
    let (left, resets_at) = (budget.left?, budget.resets_at.filter(|at| *at > now)?);
    let resets = print::until(resets_at, now);
    Some(format!("{source}: {left} requests left, more {resets}\n"))
}

/// The state, and how far a run has come.
pub(super) fn state(resource: &Resource) -> String {
    let state = &resource.state;
    let Some(running) = &resource.running else {
        return state.clone();
    };
    let pages = match running.pages_expected {
        Some(expected) => format!("{} of {} pages", running.pages, expected),
        None => format!("{} pages", running.pages),
    };
    let left = running.seconds_left.map_or_else(String::new, |seconds| {
        format!(", {} left", print::took(seconds.saturating_mul(1000)))
    });
    format!("{state}: {pages}{left}")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use serde_json::{Value, json};

    use super::{OfSource, Resource, table};

    fn resource(name: &str, more: Value) -> Resource {
        let mut resource = json!({
            "source": "thecatapi",
            "resource": name,
            "enabled": true,
            "state": "idle",
            "rows": 0,
            "version": 0,
            "complete": false,
            "rejects": 0,
        });
        let Value::Object(more) = more else {
            panic!("no members: {more}");
        };
        resource.as_object_mut().unwrap().extend(more);
        serde_json::from_value(resource).unwrap()
    }

    #[test]
    fn a_budget_is_told_while_it_holds() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let check = |budget: Value, expected: Option<&str>| {
            let of = OfSource {
                source: "cats".to_owned(),
                budget: serde_json::from_value(budget).unwrap(),
            };
            assert_eq!(super::budget(&of, now).as_deref(), expected);
        };
        let later = now + TimeDelta::seconds(30);
        check(
            json!({ "left": 7, "resets_at": later }),
            Some("cats: 7 requests left, more in 30 s\n"),
        );
        check(json!({ "left": 7, "resets_at": now }), None);
        check(json!({ "rate": 120, "per_ms": 60_000 }), None);
        check(
            json!({ "left": 0, "waiting_until": later }),
            Some("cats: its upstream may be asked again in 30 s\n"),
        );
    }

    #[test]
    fn a_line_says_how_fresh_a_resource_is_and_what_it_does() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let breeds = json!({
            "last_outcome": "complete",
            "rows": 12_067,
            "version": 3,
            "synced_at": now - TimeDelta::seconds(12),
            "next_run_at": now + TimeDelta::minutes(29),
            "rejects": 1,
        });
        let images = json!({ "enabled": false, "state": "stopped" });
        let running = json!({
            "run": 7, "pages": 12, "pages_expected": 48, "fetched": 1_200, "rate": 30.5, "seconds_left": 118,
        });
        let votes = json!({ "state": "running", "running": running });
        let lines = [
            resource("breeds", breeds),
            resource("images", images),
            resource("votes", votes),
        ];
        insta::assert_snapshot!(table(&lines, now), @r"
        RESOURCE          OUTCOME     ROWS  VERSION  SYNCED    STATE                                NEXT RUN   REJECTS
        thecatapi.breeds  complete  12,067        3  12 s ago  idle                                 in 29 min        1
        thecatapi.images  -              0        0  never     stopped                              -                0
        thecatapi.votes   -              0        0  never     running: 12 of 48 pages, 118 s left  -                0
        ");
    }
}
