//! What is checked and in which order: files to documents, documents to sources, sources to a catalogue.

use std::sync::Arc;

use super::{
    Environment, File,
    document::{self, Document},
    face,
    fault::{Fault, Faults, Wrong},
    names,
    plan::{Catalog, Plan, Source},
    relation,
    report::Report,
    resource::{self, Setting},
    schema::schema,
    shipped::is_shipped,
    tree::{At, Node},
    upstream,
};

/// Checks `files` and makes them plans.
///
/// # Errors
/// Every fault of every file.
pub fn load(files: &[File], environment: &Environment<'_>) -> Result<Catalog, Faults> {
    let mut faults = Vec::new();
    let documents = documents(files, environment, &mut faults);
    let sources: Vec<Option<Source>> = documents
        .iter()
        .map(|document| source(document, environment, &mut faults))
        .collect();
    let made = documents
        .iter()
        .zip(&sources)
        .filter_map(|(document, source)| Some((document, source.as_ref()?)));
    let claims: Vec<_> = made
        .flat_map(|(document, source)| names::claims(&document.file, &document.node, source))
        .collect();
    names::collisions(&claims, &mut faults);
    if faults.is_empty() {
        return Ok(Catalog {
            sources: sources.into_iter().flatten().map(Arc::new).collect(),
        });
    }
    faults.sort();
    // What a default gets wrong is found once for each resource.
    faults.dedup();
    Err(Faults(faults))
}

/// The files that are TOML, of the sources that are enabled.
fn documents(
    files: &[File],
    environment: &Environment<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Document> {
    let schema = schema();
    let parsed: Vec<_> = files
        .iter()
        .filter_map(|file| document::parse(file, faults))
        .collect();
    if parsed.len() == files.len() {
        unknown_sources(&parsed, environment, faults);
    }
    let mut documents: Vec<Document> = Vec::new();
    for parsed in parsed {
        let name = parsed.name.clone().unwrap_or_default();
        if environment
            .enabled
            .as_ref()
            .is_some_and(|enabled| !enabled.contains(&name))
        {
            continue;
        }
        let document = document::read(parsed, &schema, environment, faults);
        let same = documents
            .iter()
            .find(|other| !name.is_empty() && other.source.name == name);
        if let Some(other) = same {
            let wrong = Wrong::accepts(
                format!("`{name}` is also the name of the source in {}", other.file),
                "one file for each source",
            );
            faults.push(wrong.at(
                &document.file,
                &document.node.nearest(&["source", "name"]).at,
            ));
            continue;
        }
        documents.push(document);
    }
    documents
}

/// Settings for sources that no file describes.
fn unknown_sources(
    parsed: &[document::Parsed],
    environment: &Environment<'_>,
    faults: &mut Vec<Fault>,
) {
    let known: Vec<&str> = parsed
        .iter()
        .filter_map(|parsed| parsed.name.as_deref())
        .collect();
    let overridden = environment
        .overrides
        .keys()
        .map(|name| (name, format!("source.{name}")));
    let enabled = environment
        .enabled
        .iter()
        .flatten()
        .map(|name| (name, "sources.enabled".to_owned()));
    for (name, key) in overridden
        .chain(enabled)
        .filter(|(name, _)| !known.contains(&name.as_str()))
    {
        let wrong = match is_shipped(name) {
            true => Wrong::accepts(
                format!("the source `{name}` comes with Catchment, and is not enabled"),
                "a source that runs; to run this one, name it in sources.enabled",
            ),
            false => Wrong::choice(
                format!("there is no source `{name}`"),
                name,
                known.iter().copied(),
            ),
        };
        faults.push(wrong.at(
            "",
            &At {
                key,
                position: None,
            },
        ));
    }
}

/// The source of `document` with its resources, parents before their children.
fn source(
    document: &Document,
    environment: &Environment<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Source> {
    let node = document.node.get("source").unwrap_or(&document.node);
    let mut report = Report {
        file: &document.file,
        root: node,
        faults,
    };
    let source = upstream::source(&mut report, &document.source, environment.secret);
    let known: Vec<&str> = document
        .node
        .get("resource")
        .map_or(&[][..], Node::entries)
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    if known.is_empty() {
        let wrong = Wrong::accepts(
            "there is no resource in it",
            "[resource.<name>] with path, key and page",
        );
        faults.push(wrong.at(&document.file, &document.node.at));
    }
    let mut plans: Vec<Arc<Plan>> = Vec::new();
    for (index, parent) in relation::order(&document.resources) {
        let resource = &document.resources[index];
        let mut report = Report {
            file: &document.file,
            root: &resource.node,
            faults,
        };
        relation::check(&mut report, &document.resources, index, &known);
        let parent = parent.map(|parent| &document.resources[parent].name);
        let parent = parent.and_then(|name| plans.iter().find(|plan| plan.name == *name));
        let setting = Setting {
            document,
            secrets: environment.secret,
            parent: parent.map(Arc::as_ref),
        };
        let mut plan = resource::plan(&mut report, resource, &setting);
        if let Some(source) = &source {
            relation::check_changed_only(&mut report, source, &plan);
            if plan.definition.local.is_none() {
                plan.definition.face = Some(face::face((source, &document.source), &plan));
            }
        }
        plans.push(Arc::new(plan));
    }
    source.map(|source| Source {
        resources: plans,
        ..source
    })
}
