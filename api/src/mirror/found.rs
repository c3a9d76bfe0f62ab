//! Which resource a request for the upstream asks for: by its path, and where several have that, by its parameters.

use std::sync::Arc;

use entity::{
    definition::{
        Face,
        face::{PageWay, Part, Shape},
    },
    nearest, source,
};

use super::{
    asked::{self, Asked},
    phrase,
};
use crate::{
    fault::{Code, Fault},
    parameters::Parameters,
    problem::{Kind, Problem},
    registry::{Resource, Snapshot},
    settings::Settings,
};

/// What is asked for.
pub(super) struct Found<'a> {
    pub(super) resource: &'a Arc<Resource>,
    pub(super) shape: &'a Shape,
    pub(super) asked: Asked,
}

/// The one resource of `source` that has the path and takes the parameters.
///
/// # Errors
/// There is none, or more than one: the problem says what there is.
pub(super) fn found<'a>(
    (snapshot, source): (&'a Snapshot, &'a source::Model),
    (path, parameters): (&str, &'a Parameters),
    settings: &Settings,
) -> Result<Found<'a>, Problem> {
    let mut good: Vec<Found<'a>> = Vec::new();
    let mut refused: Vec<Vec<Fault>> = Vec::new();
    for (resource, shape) in open(snapshot, source) {
        let Some(values) = phrase::read_path(&shape.path, path) else {
            continue;
        };
        match asked::asked((&resource.definition, shape), values, parameters, settings) {
            Ok(asked) => good.push(Found {
                resource,
                shape,
                asked,
            }),
            Err(faults) => refused.push(faults),
        }
    }
    // That which asks for the fewest parameters more than were given.
    let least = good.iter().map(|found| found.asked.absent).min();
    good.retain(|found| Some(found.asked.absent) == least);
    match (good.pop(), good.is_empty()) {
        (Some(found), true) => found.ready(),
        (Some(found), false) => {
            good.push(found);
            Err(ambiguous(&good))
        }
        (None, _) if refused.is_empty() => Err(unknown_path((snapshot, source), path)),
        (None, _) => Err(refusal(refused)),
    }
}

/// What is wrong with a request that no resource with the path takes: for that one to which it is nearest.
fn refusal(mut refused: Vec<Vec<Fault>>) -> Problem {
    refused.sort_by_key(Vec::len);
    let is_one_of_several = refused.len() > 1;
    let faults = refused.into_iter().next().unwrap_or_default();
    if is_one_of_several {
        let detail =
            "several resources have this path, and the parameters are those of none of them";
        return Problem::not_mirrored(detail, faults);
    }
    Problem::refused(faults)
}

/// The resources that can be answered for, with their shapes.
fn open<'a>(
    snapshot: &'a Snapshot,
    source: &'a source::Model,
) -> impl Iterator<Item = (&'a Arc<Resource>, &'a Shape)> {
    let resources = snapshot.of_source(source);
    resources.filter_map(|resource| match &resource.definition.face {
        Some(Face::Open(shape)) => Some((resource, shape.as_ref())),
        Some(Face::Closed(_)) | None => None,
    })
}

fn ambiguous(several: &[Found<'_>]) -> Problem {
    let names = several
        .iter()
        .map(|found| found.resource.model.name.clone());
    let names: Vec<String> = names.collect();
    let query = several.iter().flat_map(|found| &found.shape.query);
    let query = query.map(|(name, phrase)| format!("{name}={}", phrase::shown(phrase)));
    let mut query: Vec<String> = query.collect();
    query.sort_unstable();
    query.dedup();
    let detail = format!(
        "the resources `{}` all have this path; their parameters tell them apart",
        names.join("`, `")
    );
    let mut fault = Fault::new("query", Code::MissingParameter, detail.clone());
    fault.allowed = query;
    Problem::not_mirrored(detail, vec![fault])
}

fn unknown_path((snapshot, source): (&Snapshot, &source::Model), path: &str) -> Problem {
    let paths = open(snapshot, source).map(|(_, shape)| phrase::shown(&shape.path));
    let mut paths: Vec<String> = paths.collect();
    paths.dedup();
    let detail = format!(
        "nothing is mirrored from the path `{path}` of `{}`",
        source.name
    );
    let mut fault = Fault::new("path", Code::UnknownPath, detail.clone());
    fault.did_you_mean = nearest(path, paths.iter().map(String::as_str)).map(str::to_owned);
    fault.allowed = paths;
    let mut faults = vec![fault];
    for resource in snapshot.of_source(source) {
        let name = &resource.model.name;
        let why = match &resource.definition.face {
            Some(Face::Open(_)) => continue,
            Some(Face::Closed(why)) => why,
            None => "the syncer has not written down yet what its upstream looks like",
        };
        let detail = format!("the resource `{name}` is not among them: {why}");
        faults.push(Fault::new("path", Code::NotMirrored, detail));
    }
    Problem::not_mirrored(detail, faults)
}

impl Found<'_> {
    /// # Errors
    /// Its rows are not there yet, or not the indexes that they are found by.
    fn ready(self) -> Result<Self, Problem> {
        let name = &self.resource.model.name;
        if self.resource.model.synced_at.is_none() || !self.resource.has_table() {
            // What is missing now would be taken for gone.
            let detail = format!("no run of `{name}` was complete yet");
            return Err(Problem::new(Kind::NotReady, detail));
        }
        let definition = &self.resource.definition;
        let is_there = |name: &str| definition.field(name).is_some_and(|field| field.index);
        if self.fields().all(is_there) {
            return Ok(self);
        }
        let detail = format!("the indexes of `{name}` are being made");
        Err(Problem::new(Kind::NotReady, detail))
    }

    /// The fields that rows are found and sorted by.
    fn fields(&self) -> impl Iterator<Item = &str> {
        let shape = self.shape;
        let query = shape.query.iter().map(|(_, phrase)| phrase);
        let parts = query.chain([&shape.path]).flatten();
        let parents = parts.filter_map(|part| match part {
            Part::Parent(field) => Some(field.as_str()),
            Part::Text(_) | Part::From | Part::Until => None,
        });
        let mark = shape.mark.as_ref().map(|mark| mark.field.as_str());
        let last = match &shape.pages.way {
            PageWay::Last { field, .. } => Some(field.as_str()),
            _ => None,
        };
        parents.chain(mark).chain(last)
    }
}
