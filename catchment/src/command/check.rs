//! `catchment check`: all faults of the definitions at once; then one cheap request per resource, and what it saw.

use std::{sync::Arc, time::Instant};

use anyhow::bail;
use entity::access::Rule;
use serde::Serialize;
use syncer::{
    Limit, Marked, Probe, Promise, WayOn,
    source::{
        Faults,
        plan::{Catalog, Plan, Source},
    },
};

use super::{Call, Form};
use crate::{definitions, exit::Exit, print, signals};

#[derive(Serialize)]
struct Document {
    faults: Faults,
    resources: Vec<Looked>,
}

#[derive(Serialize)]
struct Looked {
    #[serde(flatten)]
    probe: Probe,
    duration_ms: u128,
    /// Who may read it in the api.
    read: Rule,
}

pub(super) async fn run(call: &Call, source: Option<&str>) -> anyhow::Result<Exit> {
    let catalog = match definitions::load(&call.settings, &call.variables)? {
        Ok(catalog) => catalog,
        Err(faults) => return report(call.form, faults),
    };
    let sources: Vec<&Arc<Source>> = match source {
        Some(name) => vec![definitions::source(&catalog, name)?],
        None => catalog.sources.iter().collect(),
    };
    let resources = look(call, &catalog, &sources).await?;
    let is_well = resources.iter().all(|looked| looked.probe.error.is_none());
    if call.form == Form::Json {
        let faults = Faults(Vec::new());
        print::json(&Document { faults, resources })?;
    }
    Ok(if is_well { Exit::Done } else { Exit::Failed })
}

fn report(form: Form, faults: Faults) -> anyhow::Result<Exit> {
    match form {
        Form::Text => print::text(&format!(
            "{faults}\n\n{}\n",
            number(faults.0.len(), "fault")
        ))?,
        Form::Json => print::json(&Document {
            faults,
            resources: Vec::new(),
        })?,
    }
    Ok(Exit::Misuse)
}

/// Tries each resource in turn, and says at once what came.
async fn look(
    call: &Call,
    catalog: &Catalog,
    sources: &[&Arc<Source>],
) -> anyhow::Result<Vec<Looked>> {
    let ctx = call.ctx(call.open_scratch().await?, signals::listen()?)?;
    if call.form == Form::Text {
        let plans: usize = catalog
            .sources
            .iter()
            .map(|source| source.resources.len())
            .sum();
        let sources = number(catalog.sources.len(), "source");
        print::text(&format!(
            "{sources}, {}: no faults\n\n",
            number(plans, "resource")
        ))?;
    }
    let mut all = Vec::new();
    for source in sources {
        if source.is_written() {
            // There is no upstream to be asked.
            if call.form == Form::Text {
                print::text(&format!("{}: callers of the api write it\n", source.name))?;
            }
            continue;
        }
        for plan in &source.resources {
            let began = Instant::now();
            let probe = tokio::select! {
                probe = syncer::probe(&ctx, source, plan) => probe,
                () = ctx.stop.asked() => bail!("stopped before all resources were tried"),
            };
            let looked = Looked {
                probe,
                duration_ms: began.elapsed().as_millis(),
                read: rule(call, plan),
            };
            if call.form == Form::Text {
                print::text(&looked.text())?;
            }
            all.push(looked);
        }
    }
    Ok(all)
}

fn rule(call: &Call, plan: &Plan) -> Rule {
    let own = plan.definition.read.as_ref();
    own.unwrap_or(&call.settings.api.read).clone()
}

impl Looked {
    fn text(&self) -> String {
        let Self {
            probe,
            duration_ms,
            read,
        } = self;
        let mut text = format!("{}.{}: ", probe.source, probe.resource);
        if let Some(error) = &probe.error {
            return format!("{text}{error}\n");
        }
        if let Some(status) = probe.status {
            text.push_str(&format!("{status}, "));
        }
        text.push_str(&number(probe.records, "record"));
        if let Some(total) = probe.total {
            text.push_str(&format!(" of {total}"));
        }
        match (probe.parents, probe.records) {
            (None, _) => {}
            (Some(1), _) => text.push_str(" (of one parent)"),
            (Some(count), 0) => text.push_str(&format!(" (of the first {count} parents)")),
            (Some(count), _) => {
                text.push_str(&format!(" (of parent {count}, the first that has any)"));
            }
        }
        text.push_str(&format!(" in {duration_ms} ms"));
        if probe.rejected > 0 {
            text.push_str(&format!(", {}", number(probe.rejected, "reject")));
        }
        if probe.bad_values > 0 {
            text.push_str(&format!(", {}", number(probe.bad_values, "bad value")));
        }
        text.push('\n');
        if *read != Rule::Public {
            let words = read.words().join(", ");
            text.push_str(&format!("  who may read: {words}\n"));
        }
        for line in details(probe) {
            text.push_str(&format!("  {line}\n"));
        }
        text
    }
}

/// How many bad values are told; a definition with more has other worries.
const MOST: usize = 10;

fn details(probe: &Probe) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(probe.next.as_ref().map(next));
    lines.extend(probe.cursor.as_ref().map(|cursor| {
        let Marked { field, present, of } = cursor;
        format!(
            "cursor: `{field}` is in {present} of {}",
            number(*of, "record")
        )
    }));
    if !probe.limits.is_empty() {
        let limits: Vec<String> = probe.limits.iter().map(limit).collect();
        lines.push(format!("limits: {}", limits.join("; ")));
    }
    if !probe.validators.is_empty() {
        lines.push(format!("offers: {}", probe.validators.join(", ")));
    }
    let reasons = probe.reasons.iter();
    lines.extend(reasons.map(|reason| format!("rejected: {reason}")));
    let bad = probe.bad.iter().take(MOST);
    lines.extend(bad.map(|bad| {
        let times = match bad.count {
            1 => String::new(),
            count => format!(" ({count} times)"),
        };
        format!("bad value: {}: {}{times}", bad.field, bad.reason)
    }));
    if probe.bad.len() > MOST {
        lines.push(format!(
            "bad value: and {} more kinds",
            probe.bad.len() - MOST
        ));
    }
    if !probe.absent.is_empty() {
        let fields = probe.absent.join(", ");
        lines.push(format!("in no record: {fields}; is their `from` right?"));
    }
    lines.extend(probe.hints.iter().map(|hint| format!("hint: {hint}")));
    lines
}

fn next(next: &WayOn) -> String {
    match next.is {
        Promise::Promised | Promise::Possible => format!("next: {}", next.how),
        Promise::None => format!("next: none, {}", next.how),
        Promise::Lost => format!("next: lost, {}", next.how),
    }
}

fn limit(limit: &Limit) -> String {
    let Limit {
        key,
        place,
        value,
        number,
    } = limit;
    match (value, number) {
        (None, _) => format!("nothing in {place} for {key}"),
        (Some(value), None) => format!("{key} `{value}` in {place} is not understood"),
        (Some(_), Some(number)) if *key == "remaining" => format!("{key} {number} in {place}"),
        (Some(_), Some(number)) => format!("{key} in {number:.0} s in {place}"),
    }
}

fn number(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}
