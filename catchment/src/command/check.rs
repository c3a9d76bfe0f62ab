//! `catchment check`: all faults of the definitions at once; then one cheap request per resource, and what it saw.

use std::{sync::Arc, time::Instant};

use anyhow::bail;
use serde::Serialize;
use syncer::{
    Probe,
    source::{
        Faults,
        plan::{Catalog, Source},
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
        for plan in &source.resources {
            let began = Instant::now();
            let probe = tokio::select! {
                probe = syncer::probe(&ctx, source, plan) => probe,
                () = ctx.stop.asked() => bail!("stopped before all resources were tried"),
            };
            let looked = Looked {
                probe,
                duration_ms: began.elapsed().as_millis(),
            };
            if call.form == Form::Text {
                print::text(&looked.text())?;
            }
            all.push(looked);
        }
    }
    Ok(all)
}

impl Looked {
    fn text(&self) -> String {
        let Self { probe, duration_ms } = self;
        let mut text = format!("{}.{}: ", probe.source, probe.resource);
        if let Some(error) = &probe.error {
            return format!("{text}{error}\n");
        }
        text.push_str(&number(probe.records, "record"));
        if let Some(total) = probe.total {
            text.push_str(&format!(" of {total}"));
        }
        text.push_str(&format!(" in {duration_ms} ms"));
        if probe.rejected > 0 {
            text.push_str(&format!(", {}", number(probe.rejected, "reject")));
        }
        if probe.bad_values > 0 {
            let bad_values = usize::try_from(probe.bad_values).unwrap_or(usize::MAX);
            text.push_str(&format!(", {}", number(bad_values, "bad value")));
        }
        text.push('\n');
        for reason in &probe.reasons {
            text.push_str(&format!("  rejected: {reason}\n"));
        }
        if !probe.absent.is_empty() {
            let fields = probe.absent.join(", ");
            text.push_str(&format!(
                "  in no record: {fields}; is their `from` right?\n"
            ));
        }
        text
    }
}

fn number(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}
