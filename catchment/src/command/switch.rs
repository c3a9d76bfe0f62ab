//! `catchment stop` and `start`: whether resources are to run.

use axum::http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Call, Form,
    status::{self, Resource},
};
use crate::{
    cli::{At, Target},
    exit::Exit,
    print,
};

#[derive(Serialize)]
struct Document {
    resources: Vec<Resource>,
}

pub(super) async fn run(
    call: &Call,
    at: &At,
    target: Option<&Target>,
    enabled: bool,
) -> anyhow::Result<Exit> {
    let control = call.control(at).await?;
    let wish = json!({ "enabled": enabled });
    control
        .act::<Value>(Method::PATCH, &status::path(target), &wish)
        .await?;
    let resources = status::resources(&control, target).await?;
    match call.form {
        Form::Json => print::json(&Document { resources })?,
        Form::Text => print::text(&text(&resources))?,
    }
    Ok(Exit::Done)
}

fn text(resources: &[Resource]) -> String {
    let lines = resources.iter().map(|resource| {
        let (source, name, state) = (&resource.source, &resource.resource, &resource.state);
        format!("{source}.{name}: {state}\n")
    });
    lines.collect()
}
