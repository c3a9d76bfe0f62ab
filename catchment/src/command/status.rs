//! `catchment status`: how fresh and complete each resource is.

use chrono::{DateTime, Utc};
use entity::{reject, resource, run::Outcome, source};
use serde::Serialize;

use super::{Call, Form};
use crate::{
    exit::Exit,
    print::{self, Align, Table},
};

#[derive(Serialize)]
struct Document {
    resources: Vec<Resource>,
}

#[derive(Serialize)]
struct Resource {
    source: String,
    resource: String,
    enabled: bool,
    outcome: Option<Outcome>,
    rows: i64,
    version: i64,
    /// Whether the rows are those of one complete run.
    complete: bool,
    last_run_at: Option<DateTime<Utc>>,
    synced_at: Option<DateTime<Utc>>,
    changed_at: Option<DateTime<Utc>>,
    next_run_at: Option<DateTime<Utc>>,
    rejects: u64,
}

pub(super) async fn run(call: &Call) -> anyhow::Result<Exit> {
    let db = call.open_ready().await?;
    let mut resources = Vec::new();
    for (resource, source) in resource::Entity::all_with_source(&db).await? {
        let rejects = reject::Entity::count_of(&db, resource.id).await?;
        resources.push(Resource::new(resource, source, rejects));
    }
    match call.form {
        Form::Json => print::json(&Document { resources })?,
        Form::Text if resources.is_empty() => print::text(NOTHING)?,
        Form::Text => print::text(&table(&resources, call.clock.now()))?,
    }
    Ok(Exit::Done)
}

const NOTHING: &str = "\
no resource is registered yet; `catchment up` registers the definitions and runs them, `catchment sync SOURCE` once
";

impl Resource {
    fn new(resource: resource::Model, source: source::Model, rejects: u64) -> Self {
        Self {
            source: source.name,
            resource: resource.name,
            enabled: resource.enabled,
            outcome: resource.last_outcome,
            rows: resource.live_rows,
            version: resource.version,
            complete: resource.complete,
            last_run_at: resource.last_run_at,
            synced_at: resource.synced_at,
            changed_at: resource.changed_at,
            next_run_at: resource.next_run_at,
            rejects,
        }
    }
}

fn table(resources: &[Resource], now: DateTime<Utc>) -> String {
    let mut table = Table::new(&[
        ("resource", Align::Left),
        ("outcome", Align::Left),
        ("rows", Align::Right),
        ("version", Align::Right),
        ("synced", Align::Left),
        ("next run", Align::Left),
        ("rejects", Align::Right),
    ]);
    for resource in resources {
        let next = match resource.next_run_at {
            _ if !resource.enabled => "disabled".to_owned(),
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
            next,
            resource.rejects.to_string(),
        ]);
    }
    table.render()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use entity::run::Outcome;

    use super::{Resource, table};

    #[test]
    fn a_line_says_how_fresh_a_resource_is() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let breeds = Resource {
            source: "thecatapi".to_owned(),
            resource: "breeds".to_owned(),
            enabled: true,
            outcome: Some(Outcome::Complete),
            rows: 12_067,
            version: 3,
            complete: true,
            last_run_at: Some(now),
            synced_at: Some(now - TimeDelta::seconds(12)),
            changed_at: Some(now),
            next_run_at: Some(now + TimeDelta::minutes(29)),
            rejects: 1,
        };
        let images = Resource {
            source: "thecatapi".to_owned(),
            resource: "breed_images".to_owned(),
            enabled: false,
            outcome: None,
            rows: 0,
            version: 0,
            complete: false,
            last_run_at: None,
            synced_at: None,
            changed_at: None,
            next_run_at: None,
            rejects: 0,
        };
        insta::assert_snapshot!(table(&[breeds, images], now), @r"
        RESOURCE                OUTCOME     ROWS  VERSION  SYNCED    NEXT RUN   REJECTS
        thecatapi.breeds        complete  12,067        3  12 s ago  in 29 min        1
        thecatapi.breed_images  -              0        0  never     disabled         0
        ");
    }
}
