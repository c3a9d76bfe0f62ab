//! `catchment openapi`: the description of the api for the definitions that run, without a database.

use entity::definition::Definition;

use super::Call;
use crate::{exit::Exit, print};

pub(super) fn run(call: &Call) -> anyhow::Result<Exit> {
    let catalog = call.catalog()?;
    let resources = catalog.sources.iter().flat_map(|source| &source.resources);
    let definitions: Vec<&Definition> = resources.map(|plan| &plan.definition).collect();
    print::json(&api::document(&definitions, &call.api_settings()?))?;
    Ok(Exit::Done)
}
