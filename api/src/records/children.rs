//! `GET /{source}/{resource}/{key}/{child}`: the rows of a child resource that belong to one row.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};

use super::list::{List, Parent};
use crate::{
    AppState,
    fault::{Code, Fault},
    identity::View,
    path::Segments,
    problem::Problem,
    registry::{Resource, Snapshot},
};

pub(crate) async fn children(
    State(state): State<AppState>,
    snapshot: View,
    Segments((source, name, key, child)): Segments<(String, String, String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let parent = Parent {
        resource: snapshot.resource(&source, &name)?,
        key: &key,
    };
    let child = child_of(&snapshot, parent.resource, &child)?;
    let list = List::asked(&state, (&snapshot, child), Some(parent), query.as_deref())?;
    list.answer(&state, &request).await
}

fn child_of<'a>(
    snapshot: &'a Snapshot,
    parent: &'a Resource,
    name: &str,
) -> Result<&'a Arc<Resource>, Problem> {
    let children: Vec<_> = snapshot.children(parent).collect();
    let found = children.iter().find(|child| child.model.name == name);
    found.copied().ok_or_else(|| {
        let names = children.iter().map(|child| child.model.name.clone());
        let detail = format!(
            "resource `{}` has no child resource `{name}`",
            parent.model.name
        );
        let fault = Fault::new("child", Code::UnknownChild, detail);
        Problem::not_found(fault.or_one_of(name, names.collect()))
    })
}
