//! `catchment status --watch`: a line whenever a resource fares otherwise than before.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use chrono::SecondsFormat;
use entity::run::Outcome;

use super::{
    Call, Form,
    status::{self, Resource},
};
use crate::{control::Control, print};

/// How often it is asked for. A syncer writes down once a second how far its runs are.
const EVERY: Duration = Duration::from_secs(1);

/// Tells what changes, from what was told before on.
///
/// # Errors
/// Nobody answers, or nobody reads what is told.
pub(super) async fn run(
    call: &Call,
    control: &Control,
    known: Vec<Resource>,
) -> anyhow::Result<Infallible> {
    let mut known: HashMap<String, String> = known.iter().map(told).collect();
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        for resource in status::resources(control, None).await? {
            let (name, text) = told(&resource);
            if known.get(&name) == Some(&text) {
                continue;
            }
            match call.form {
                Form::Json => print::text(&format!("{}\n", serde_json::to_string(&resource)?))?,
                Form::Text => {
                    let now = call.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true);
                    print::text(&format!("{now}  {name}  {text}\n"))?;
                }
            }
            known.insert(name, text);
        }
    }
}

/// A resource's name, and how it fares.
fn told(resource: &Resource) -> (String, String) {
    let name = format!("{}.{}", resource.source, resource.resource);
    let mut text = status::state(resource);
    if resource.running.is_none() {
        let outcome = resource.outcome.map_or("no run yet", Outcome::as_str);
        let (rows, version) = (print::count(resource.rows), resource.version);
        text.push_str(&format!(": {outcome}, {rows} rows, version {version}"));
    }
    (name, text)
}
