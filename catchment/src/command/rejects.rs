//! `catchment rejects`: what could not be stored and why, and another try after a definition was put right.

use std::cmp::Reverse;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use entity::reject::{Alike, Entity as Reject, Filter, Kind, Model};
use sea_orm::DatabaseConnection;
use serde::Serialize;
use syncer::{Ctx, Replayed, Wanted};

use super::{Call, Form, runs};
use crate::{
    cli::{Rejects, Target},
    definitions,
    exit::Exit,
    print::{self, Align, Table},
    signals,
};

/// Longest text in a column of the list, in characters.
const COLUMN_CHARS: usize = 60;
/// Longest reason.
const REASON_CHARS: usize = 300;

#[derive(Serialize)]
struct Listed {
    resources: Vec<Resource>,
}

#[derive(Serialize)]
struct Resource {
    source: String,
    resource: String,
    counts: Vec<Count>,
    rejects: Vec<Row>,
    /// Those that were not asked for.
    #[serde(skip)]
    others: u64,
}

#[derive(Serialize)]
struct Count {
    kind: &'static str,
    field: Option<String>,
    /// Without the value that it speaks of.
    reason: String,
    count: u64,
}

#[derive(Serialize)]
struct Row {
    kind: &'static str,
    key: Option<String>,
    field: Option<String>,
    path: Option<String>,
    value: Option<String>,
    reason: String,
    /// None: a changed definition was applied to what is stored.
    run: Option<i64>,
    at: DateTime<Utc>,
    /// Of a rejected record; that of a value is its row's.
    payload: Option<String>,
}

#[derive(Serialize)]
struct Replays {
    replays: Vec<Replayed>,
    /// Resources that another process is at work on.
    skipped: Vec<String>,
}

pub(super) async fn run(call: &Call, what: Rejects) -> anyhow::Result<Exit> {
    match what {
        Rejects::List {
            target,
            kind,
            field,
            limit,
        } => {
            let filter = Filter {
                kind: kind.map(Kind::from),
                field,
                ..Filter::default()
            };
            list(call, &target, filter, limit).await
        }
        Rejects::Replay { target } => replay(call, &target).await,
    }
}

async fn list(call: &Call, target: &Target, filter: Filter, limit: u64) -> anyhow::Result<Exit> {
    let db = call.open_ready().await?;
    let mut resources = Vec::new();
    let all = entity::resource::Entity::all_with_source(&db).await?;
    for (resource, source) in runs::asked(&all, Some(target))? {
        let filter = Filter {
            resource_id: resource.id,
            ..filter.clone()
        };
        let (counts, rejects, others) = of(&db, &filter, limit).await?;
        resources.push(Resource {
            source: source.name.clone(),
            resource: resource.name.clone(),
            counts,
            rejects,
            others,
        });
    }
    match call.form {
        Form::Json => print::json(&Listed { resources })?,
        Form::Text => print::text(&listed(&resources, call.clock.now()))?,
    }
    Ok(Exit::Done)
}

async fn of(
    db: &DatabaseConnection,
    filter: &Filter,
    limit: u64,
) -> anyhow::Result<(Vec<Count>, Vec<Row>, u64)> {
    let is_asked = |alike: &Alike| {
        filter.kind.is_none_or(|kind| kind == alike.kind)
            && (filter.field.as_ref()).is_none_or(|field| Some(field) == alike.field.as_ref())
    };
    let counts = Reject::count_by_reason(db, filter.resource_id).await?;
    let (asked, others): (Vec<Alike>, Vec<Alike>) = counts.into_iter().partition(is_asked);
    let others = others.iter().map(|alike| alike.count).sum();
    let mut counts: Vec<Count> = asked.into_iter().map(Count::from).collect();
    counts.sort_by_key(|count| Reverse(count.count));
    let rejects = Reject::list(db, filter, limit).await?;
    let rejects = rejects.into_iter().map(Row::from).collect();
    Ok((counts, rejects, others))
}

async fn replay(call: &Call, target: &Target) -> anyhow::Result<Exit> {
    let catalog = call.catalog()?;
    let source = definitions::source(&catalog, &target.source)?;
    let plans = match &target.resource {
        Some(name) => vec![definitions::resource(source, name)?],
        None => source.resources.iter().collect(),
    };
    let ctx: Ctx = call.ctx(call.open_ready().await?, signals::listen()?)?;
    let (mut replays, mut skipped) = (Vec::new(), Vec::new());
    for plan in plans {
        if ctx.stop.is_asked() {
            break;
        }
        let name = format!("{}.{}", source.name, plan.name);
        let replayed = syncer::replay(&ctx, source, plan, &Wanted::default()).await;
        match replayed.map_err(|error| anyhow!("{name}: {}", error.chain()))? {
            Some(replayed) => replays.push(replayed),
            None => skipped.push(name),
        }
    }
    let exit = match (&*skipped, replays.iter().any(|replayed| replayed.stopped)) {
        _ if ctx.stop.is_asked() => Exit::Partial,
        ([], false) => Exit::Done,
        ([], true) => Exit::Partial,
        _ => Exit::Failed,
    };
    let replays = Replays { replays, skipped };
    match call.form {
        Form::Json => print::json(&replays)?,
        Form::Text => print::text(&replayed(&replays))?,
    }
    Ok(exit)
}

impl From<Alike> for Count {
    fn from(alike: Alike) -> Self {
        Self {
            kind: alike.kind.as_str(),
            field: alike.field,
            reason: alike.reason,
            count: alike.count,
        }
    }
}

impl From<Model> for Row {
    fn from(reject: Model) -> Self {
        Self {
            kind: reject.kind.as_str(),
            key: reject.record_key,
            field: reject.field,
            path: reject.path,
            value: reject.value,
            reason: reject.reason,
            run: Some(reject.run_id).filter(|run| *run > 0),
            at: reject.created_at,
            payload: (reject.kind == Kind::Record).then_some(reject.payload),
        }
    }
}

fn listed(resources: &[Resource], now: DateTime<Utc>) -> String {
    let mut text = String::new();
    for resource in resources {
        let name = format!("{}.{}", resource.source, resource.resource);
        if resource.counts.is_empty() {
            let none = match resource.others {
                0 => "no rejects".to_owned(),
                others => {
                    let others = print::count(i64::try_from(others).unwrap_or(i64::MAX));
                    format!("no rejects of that field or kind; there are {others} others")
                }
            };
            text.push_str(&format!("{name}: {none}\n"));
            continue;
        }
        text.push_str(&format!("{name}\n"));
        text.push_str(&counted(&resource.counts));
        text.push('\n');
        text.push_str(&told(&resource.rejects, now));
        text.push('\n');
    }
    text
}

fn counted(counts: &[Count]) -> String {
    let mut table = Table::new(&[
        ("count", Align::Right),
        ("kind", Align::Left),
        ("field", Align::Left),
        ("reason", Align::Left),
    ]);
    for count in counts {
        table.row([
            print::count(i64::try_from(count.count).unwrap_or(i64::MAX)),
            count.kind.to_owned(),
            or_dash(count.field.as_deref()),
            in_a_line(&count.reason, REASON_CHARS),
        ]);
    }
    table.render()
}

fn told(rejects: &[Row], now: DateTime<Utc>) -> String {
    let mut table = Table::new(&[
        ("kind", Align::Left),
        ("key", Align::Left),
        ("path", Align::Left),
        ("value", Align::Left),
        ("reason", Align::Left),
        ("run", Align::Right),
        ("kept", Align::Left),
    ]);
    for reject in rejects {
        table.row([
            reject.kind.to_owned(),
            or_dash(reject.key.as_deref()),
            or_dash(reject.path.as_deref().or(reject.field.as_deref())),
            or_dash(reject.value.as_deref()),
            in_a_line(&reject.reason, REASON_CHARS),
            reject
                .run
                .map_or_else(|| "-".to_owned(), |run| run.to_string()),
            print::ago(reject.at, now),
        ]);
    }
    table.render()
}

fn or_dash(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| in_a_line(text, COLUMN_CHARS))
}

/// A text that came from elsewhere, without what would move the terminal's cursor.
fn in_a_line(text: &str, most: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = plain.take(most).collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    short
}

fn replayed(replays: &Replays) -> String {
    let mut text = String::new();
    for replayed in &replays.replays {
        let parts = [
            (replayed.inserted, "inserted"),
            (replayed.updated, "updated"),
            (replayed.unchanged, "as their rows are"),
            (replayed.rejected, "still rejected"),
            (replayed.older, "older than their rows"),
        ];
        let told = parts.iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told
            .map(|(count, what)| format!("{} {what}", print::count(*count)))
            .collect();
        let told = match &*told.join(", ") {
            "" => "no rejects".to_owned(),
            told => told.to_owned(),
        };
        let stopped = if replayed.stopped {
            "; stopped before the last"
        } else {
            ""
        };
        text.push_str(&format!(
            "{}.{}: {told}{stopped}\n",
            replayed.source, replayed.resource
        ));
    }
    for name in &replays.skipped {
        text.push_str(&format!(
            "{name}: skipped, another process is at work on it\n"
        ));
    }
    text
}
