//! `catchment plan`: the requests and the time that the next runs need.

use std::sync::Arc;

use anyhow::bail;
use serde::Serialize;
use syncer::{
    forecast::{Forecast, Need, forecast},
    source::plan::{Plan, Source},
};

use super::{Call, Form};
use crate::{
    cli::Target,
    definitions,
    exit::Exit,
    print::{self, Align, Table},
    signals,
};

#[derive(Serialize)]
struct Document {
    sources: Vec<Forecast>,
}

pub(super) async fn run(call: &Call, target: Option<&Target>) -> anyhow::Result<Exit> {
    let catalog = call.catalog()?;
    let wanted: Vec<&Arc<Source>> = match target {
        Some(target) => {
            let source = definitions::source(&catalog, &target.source)?;
            definitions::fetched(source)?;
            vec![source]
        }
        None => {
            let sources = catalog.sources.iter();
            sources.filter(|source| !source.is_written()).collect()
        }
    };
    let only = target.and_then(|target| target.resource.as_deref());
    let ctx = call.ctx(call.open_known().await?, signals::listen()?)?;
    let mut sources = Vec::new();
    for source in wanted {
        let plans: Vec<&Plan> = match only {
            Some(name) => vec![definitions::resource(source, name)?],
            None => source.resources.iter().map(AsRef::as_ref).collect(),
        };
        let forecast = tokio::select! {
            forecast = forecast(&ctx, source, plans.into_iter()) => forecast?,
            () = ctx.stop.asked() => bail!("stopped before all upstreams answered"),
        };
        if call.form == Form::Text {
            let gap = if sources.is_empty() { "" } else { "\n" };
            print::text(&format!("{gap}{}", text(&forecast)))?;
        }
        sources.push(forecast);
    }
    if call.form == Form::Json {
        print::json(&Document { sources })?;
    }
    Ok(Exit::Done)
}

fn text(forecast: &Forecast) -> String {
    let mut table = Table::new(&[
        ("resource", Align::Left),
        ("requests", Align::Right),
        ("time", Align::Left),
        ("why", Align::Left),
    ]);
    for one in &forecast.resources {
        table.row([
            format!("{}.{}", forecast.source, one.resource),
            requests(one.need),
            time(one.need),
            one.why.clone(),
        ]);
    }
    let mut text = format!("{}\n\n{}", line(forecast), table.render());
    let unknown = forecast.resources.iter().flat_map(|one| {
        let name = format!("{}.{}", forecast.source, one.resource);
        let told = one.unknown.iter();
        told.map(move |what| format!("{name}: not known is {what}\n"))
    });
    let unknown: String = unknown.collect();
    if !unknown.is_empty() {
        text.push_str(&format!("\n{unknown}"));
    }
    text
}

/// What the runs of a source need together, and of what.
fn line(forecast: &Forecast) -> String {
    let need = forecast.need;
    let plural = if need.requests == 1 { "" } else { "s" };
    let mut line = format!(
        "{}: {} request{plural} in {}",
        forecast.source,
        requests(need),
        match need.time_ms {
            Some(_) => time(need),
            None => "a time that is not known".to_owned(),
        }
    );
    let rate = forecast.rate.map(|rate| {
        let per = print::took(i64::try_from(rate.per_ms).unwrap_or(i64::MAX));
        format!("at most {} in {per}", rate.requests)
    });
    let at_once = forecast.concurrency.map(|most| format!("{most} at once"));
    let limits: Vec<String> = rate.into_iter().chain(at_once).collect();
    if !limits.is_empty() {
        line.push_str(&format!("; {}", limits.join(", ")));
    }
    let fits = match forecast.fits {
        Some(true) => "they fit between two ticks",
        Some(false) => "they do not fit between two ticks",
        None => "whether they fit between two ticks is not known",
    };
    line.push_str(&format!("; schedule `{}`: {fits}", forecast.schedule));
    line
}

fn requests(need: Need) -> String {
    let count = print::count(i64::try_from(need.requests).unwrap_or(i64::MAX));
    match bound(need.requests_at_least, need.requests_at_most) {
        Some(bound) => format!("{bound} {count}"),
        None => count,
    }
}

/// How a number is to be taken that may be too small, or too large.
fn bound(at_least: bool, at_most: bool) -> Option<&'static str> {
    match (at_least, at_most) {
        (true, true) => Some("about"),
        (true, false) => Some("at least"),
        (false, true) => Some("at most"),
        (false, false) => None,
    }
}

fn time(need: Need) -> String {
    let Some(time) = need.time_ms else {
        return "?".to_owned();
    };
    let time = print::took(i64::try_from(time).unwrap_or(i64::MAX));
    if need.requests == 0 && need.time_ms == Some(0) && !need.time_at_least {
        return "-".to_owned();
    }
    let bound = bound(need.time_at_least, need.time_at_most);
    format!("{} {time}", bound.unwrap_or("about"))
}
