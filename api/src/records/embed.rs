//! `embed=`: what else stands in each record of an answer: rows of its child resources, and where it comes from.
//!
//! Ours stand behind the record's own members, which keep their bytes. A member of the record that has a name of ours
//! gives way to it.

use std::{collections::HashMap, sync::Arc};

use entity::{
    definition::Definition,
    dialect::Reader,
    record::{self, ChildOf, Embedded, Model},
    request, version,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{envelope::write_row, members::with_ours, narrowed};
use crate::{
    answers::versions,
    caching::hexadecimal,
    fault::{Code, Fault},
    parameters::Parameters,
    problem::Problem,
    registry::{Resource, Snapshot},
};

/// Asks for where a record comes from. No resource is called so.
pub(crate) const PROVENANCE: &str = "-provenance";
/// Most rows of a child resource in one record.
pub(crate) const MOST: usize = 50;
/// Most records of a page that carry others.
pub(crate) const MAX_LIMIT: u64 = 100;

/// What may stand in a part of a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b',');

/// Whether the rows of a child resource that belong to one of its parent's are found by an index.
pub(crate) fn is_embeddable(child: &Definition) -> bool {
    let copied = child.parent.iter().flat_map(|parent| &parent.copy);
    let mut copied = copied.filter_map(|(field, _)| child.field(field));
    copied.any(|field| field.index)
}

/// What is wanted in each record besides itself.
pub(super) struct Embed<'a> {
    resource: &'a Resource,
    children: Vec<&'a Arc<Resource>>,
    provenance: bool,
}

impl<'a> Embed<'a> {
    /// Checks what `embed` names.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(super) fn asked(
        snapshot: &'a Snapshot,
        resource: &'a Resource,
        parameters: &Parameters,
    ) -> Result<Self, Problem> {
        let mut embed = Self {
            resource,
            children: Vec::new(),
            provenance: false,
        };
        let children = snapshot.children(resource);
        let of_resource: Vec<_> = children
            .filter(|child| is_embeddable(child.whole()))
            .collect();
        let read = |names| embed.take(&of_resource, names);
        let mut faults = Vec::new();
        let names = narrowed::value(parameters, "embed", |names| Ok(names.to_owned()));
        let names = narrowed::or_faults(names, &mut faults);
        faults.extend(names.as_deref().map(read).into_iter().flatten());
        if !faults.is_empty() {
            return Err(Problem::refused(faults));
        }
        let mut children = embed.children.iter();
        match children.find(|child| !is_embeddable(&child.definition)) {
            Some(child) => Err(child.being_filled()),
            None => Ok(embed),
        }
    }

    fn take(&mut self, children: &[&'a Arc<Resource>], names: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        for name in names.split(',') {
            let child = children.iter().find(|child| child.model.name == name);
            let is_known = child.is_some() || name == PROVENANCE;
            let is_taken = self.children.iter().any(|child| child.model.name == name)
                || (name == PROVENANCE && self.provenance);
            match child {
                _ if is_taken => {
                    let detail = format!("`{name}` is named twice");
                    faults.push(Fault::new("embed", Code::RepeatedParameter, detail));
                }
                _ if !is_known => faults.push(self.unknown(children, name)),
                Some(child) => self.children.push(child),
                None => self.provenance = true,
            }
        }
        faults
    }

    fn unknown(&self, children: &[&'a Arc<Resource>], name: &str) -> Fault {
        let names = children.iter().map(|child| child.model.name.clone());
        let names = names.chain([PROVENANCE.to_owned()]).collect();
        let detail = format!(
            "resource `{}` has nothing of the name `{name}` to embed",
            self.resource.model.name
        );
        Fault::new("embed", Code::UnknownRelation, detail).or_one_of(name, names)
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.children.is_empty() && !self.provenance
    }

    /// How many records a page has, where `limit` are wanted.
    pub(super) fn limit(&self, limit: u64) -> u64 {
        if self.is_nothing() {
            limit
        } else {
            limit.min(MAX_LIMIT)
        }
    }

    /// The resources whose rows are embedded.
    pub(super) fn resources(&self) -> impl Iterator<Item = &'a Arc<Resource>> {
        self.children.iter().copied()
    }

    /// What the tag of a single record has to carry besides its own.
    pub(super) fn tag(&self, row: &Model) -> String {
        // A record that went and came again as it was has other times.
        let provenance = self.provenance.then(|| row.version.to_string());
        let children = versions(self.resources());
        let children = (!children.is_empty()).then_some(children);
        let parts = provenance.into_iter().chain(children);
        parts.map(|part| format!(".{part}")).collect()
    }

    /// Each record, or the wanted part of it, with what is embedded. `base` leads to the resource's list.
    ///
    /// # Errors
    /// The database does not answer, or a record of which part is wanted is no object.
    pub(super) async fn records(
        &self,
        reader: &Reader,
        rows: Vec<Model>,
        (base, wanted): (&str, Option<&[&str]>),
    ) -> Result<Vec<String>, Problem> {
        let mut of_children = Vec::with_capacity(self.children.len());
        for child in self.resources() {
            let found = children(reader, (self.resource, child), &rows).await?;
            of_children.push((child, found.into_iter()));
        }
        let brought = self.brought(reader, &rows).await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let mut record = String::with_capacity(row.payload.len());
            write_row(&mut record, &row.payload, wanted)?;
            let mut ours = Vec::new();
            if self.provenance {
                ours.push(("_provenance", json_of(&Provenance::of(&row, &brought))?));
            }
            let mut embedded = Vec::with_capacity(of_children.len());
            for (child, found) in &mut of_children {
                let found = found.next().unwrap_or_default();
                let key = utf8_percent_encode(&row.record_key, PLAIN);
                let href = format!("{base}{key}/{}", child.model.name);
                embedded.push(member(&child.model.name, found, &href)?);
            }
            if !embedded.is_empty() {
                ours.push(("_embedded", format!("{{{}}}", embedded.join(","))));
            }
            records.push(with_ours(record, &ours).map_err(Problem::internal)?);
        }
        Ok(records)
    }
}

impl Embed<'_> {
    /// What brought the rows as they are.
    async fn brought(&self, reader: &Reader, rows: &[Model]) -> Result<Brought, Problem> {
        if !self.provenance {
            return Ok(Brought::default());
        }
        let versions: Vec<i64> = rows.iter().map(|row| row.version).collect();
        let of_versions: Vec<_> = rows.iter().map(|row| (row.rowno, row.version)).collect();
        let id = self.resource.model.id;
        Ok(Brought {
            runs: version::Entity::runs_of(reader, id, &versions).await?,
            actors: match self.resource.definition.local {
                Some(_) => version::Entity::actors_of(reader, id, &versions).await?,
                None => HashMap::new(),
            },
            urls: request::Entity::urls_of(reader, id, &of_versions).await?,
        })
    }
}

async fn children(
    reader: &Reader,
    (parent, child): (&Resource, &Resource),
    rows: &[Model],
) -> Result<Vec<Embedded>, Problem> {
    if !child.has_table() {
        return Ok(Vec::new());
    }
    let of = |row| child_of(&parent.definition, row);
    let parents: Vec<ChildOf<'_>> = rows.iter().map(of).collect();
    Ok(record::embedded(reader, &child.definition, &parents, MOST).await?)
}

fn child_of<'a>(parent: &'a Definition, row: &'a Model) -> ChildOf<'a> {
    ChildOf {
        parent,
        record_key: &row.record_key,
    }
}

/// `"images":{"data":[…],"more":false,"href":"…"}`
fn member(name: &str, embedded: Embedded, href: &str) -> Result<String, Problem> {
    let Embedded { payloads, more } = embedded;
    let (name, href) = (json_of(&name)?, json_of(&href)?);
    let data = payloads.join(",");
    Ok(format!(
        r#"{name}:{{"data":[{data}],"more":{more},"href":{href}}}"#
    ))
}

/// What brought rows as they are, as far as it is known.
#[derive(Default)]
struct Brought {
    /// The run that committed each version.
    runs: HashMap<i64, i64>,
    /// Who wrote each version.
    actors: HashMap<i64, String>,
    /// What the page of each row, by its `rowno`, was asked for with.
    urls: HashMap<i64, String>,
}

/// What the database knows of where a record comes from.
#[derive(Serialize)]
struct Provenance<'a> {
    first_seen_at: chrono::DateTime<chrono::Utc>,
    changed_at: chrono::DateTime<chrono::Utc>,
    version: i64,
    /// The run that made that commit; null: it is not known.
    run: Option<i64>,
    /// Who wrote it, of a local resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    /// The URL of the page that brought it so, without secrets; null: it is not known.
    request: Option<&'a str>,
    /// Unknown while the record is to be judged anew.
    #[serde(skip_serializing_if = "String::is_empty")]
    hash: String,
}

impl<'a> Provenance<'a> {
    fn of(row: &Model, brought: &'a Brought) -> Self {
        Self {
            first_seen_at: row.first_seen_at,
            changed_at: row.changed_at,
            version: row.version,
            run: brought.runs.get(&row.version).copied(),
            actor: brought.actors.get(&row.version).map(String::as_str),
            request: brought.urls.get(&row.rowno).map(String::as_str),
            hash: hexadecimal(&row.payload_hash),
        }
    }
}

fn json_of(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(Problem::internal)
}
