//! `catchment rejects`: what could not be stored and why, and another try after a definition was put right.

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use entity::reject::Kind;
use serde::{Deserialize, Serialize};
use syncer::{Ctx, Replayed, Wanted};
use url::form_urlencoded::Serializer;

use super::{Call, Form, ask, status};
use crate::{
    cli::{At, Rejects, Target},
    control::Control,
    definitions,
    exit::Exit,
    print::{self, Align, Table},
    signals,
};

/// Most rejects that are asked for at once.
const PAGE: u64 = 500;
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

#[derive(Deserialize, Serialize)]
struct Count {
    kind: String,
    field: Option<String>,
    /// Without the value that it speaks of.
    reason: String,
    count: u64,
}

#[derive(Deserialize, Serialize)]
struct Row {
    #[serde(skip_serializing)]
    id: i64,
    kind: String,
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

/// Which rejects are listed.
struct Only {
    kind: Option<Kind>,
    field: Option<String>,
    /// Most of a resource.
    limit: u64,
}

pub(super) async fn run(call: &Call, what: Rejects) -> anyhow::Result<Exit> {
    match what {
        Rejects::List {
            target,
            kind,
            field,
            limit,
            at,
        } => {
            let only = Only {
                kind: kind.map(Kind::from),
                field,
                limit,
            };
            list(call, &at, &target, &only).await
        }
        Rejects::Replay { target, at } if at.api.is_some() => ask::replay(call, &at, &target).await,
        Rejects::Replay { target, .. } => replay(call, &target).await,
    }
}

async fn list(call: &Call, at: &At, target: &Target, only: &Only) -> anyhow::Result<Exit> {
    let control = call.control(at).await?;
    let mut resources = Vec::new();
    for resource in status::resources(&control, Some(target)).await? {
        let (source, resource) = (resource.source, resource.resource);
        let base = format!("/{source}/{resource}/rejects");
        let counts: Vec<Count> = control.get(&format!("{base}/counts")).await?;
        let (counts, others): (Vec<Count>, Vec<Count>) =
            counts.into_iter().partition(|count| only.has(count));
        resources.push(Resource {
            rejects: newest(call, &control, (&base, only)).await?,
            others: others.iter().map(|count| count.count).sum(),
            counts,
            source,
            resource,
        });
    }
    match call.form {
        Form::Json => print::json(&Listed { resources })?,
        Form::Text => print::text(&listed(&resources, call.clock.now()))?,
    }
    Ok(Exit::Done)
}

/// The newest first, page by page behind the last one that is known.
async fn newest(
    call: &Call,
    control: &Control,
    (base, only): (&str, &Only),
) -> anyhow::Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let some = (only.limit - rows.len() as u64).min(PAGE);
        let mut path = format!("{base}?sort=-id&limit={some}");
        path.push_str(&only.filters());
        if let Some(last) = rows.last() {
            path.push_str(&format!("&id__lt={}", last.id));
        }
        let page: Vec<Row> = control.get(&path).await?;
        // An api may give fewer at once than are asked for.
        let is_last = page.is_empty();
        for row in page {
            let has_payload = call.form == Form::Json && row.kind == Kind::Record.as_str();
            rows.push(match has_payload {
                true => control.get(&format!("{base}/{}", row.id)).await?,
                false => row,
            });
        }
        if is_last || rows.len() as u64 >= only.limit {
            return Ok(rows);
        }
    }
}

impl Only {
    fn has(&self, count: &Count) -> bool {
        self.kind.is_none_or(|kind| kind.as_str() == count.kind)
            && (self.field.as_ref()).is_none_or(|field| Some(field) == count.field.as_ref())
    }

    fn filters(&self) -> String {
        let mut filters = Serializer::new(String::new());
        if let Some(kind) = self.kind {
            filters.append_pair("kind", kind.as_str());
        }
        if let Some(field) = &self.field {
            filters.append_pair("field", field);
        }
        match filters.finish().as_str() {
            "" => String::new(),
            some => format!("&{some}"),
        }
    }
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
            count.kind.clone(),
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
            reject.kind.clone(),
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
