//! `GET /{source}/{resource}/{key}/-/history`: the versions of one record, the newest first.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use chrono::SecondsFormat;
use entity::{
    Members,
    record::{self, Direction, Entry, HistoryPage, Op, Position},
    version,
};

use super::{ENOUGH_BYTES, Since};
use crate::{
    AppState,
    answers::{About, Answer, Body},
    caching::hexadecimal,
    identity::View,
    parameters::Parameters,
    path::Segments,
    patience::{self, TIMEOUT},
    problem::Problem,
    records::{
        binding::Binding,
        cursor::Cursor,
        envelope::{self, Page},
        narrowed::{or_faults, value},
        one::{no_record, with_key},
        query,
    },
    registry::Resource,
};

const OWN: [&str; 4] = ["fields", "limit", "cursor", TIMEOUT];

pub(crate) async fn history(
    State(state): State<AppState>,
    snapshot: View,
    Segments((source, name, key)): Segments<(String, String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let resource = snapshot.resource(&source, &name)?;
    let parameters = Parameters::decode(query.as_deref())?;
    let asked = Asked::parse(&state, (resource, &key), &parameters)?;
    Since::of(resource)?;
    let mut about = About::of_rows(resource, Vec::new());
    if let Some(response) = about.not_modified(&state, &request) {
        return Ok(response);
    }
    let reader = state.reader_within(asked.timeout);
    let place = (key.as_str(), asked.before);
    let definition = &resource.definition;
    let found = record::history(&reader, definition, place, (asked.limit, ENOUGH_BYTES)).await?;
    if found.entries.is_empty() && asked.before == i64::MAX {
        return Err(no_record(resource, &key));
    }
    let versions: Vec<i64> = found.entries.iter().map(|entry| entry.version).collect();
    let id = resource.model.id;
    let by = By {
        runs: version::Entity::runs_of(&reader, id, &versions).await?,
        actors: match definition.local {
            Some(_) => version::Entity::actors_of(&reader, id, &versions).await?,
            None => HashMap::new(),
        },
    };
    let next = found.older.as_ref().zip(versions.last());
    let next = next.map(|(_, last)| {
        let cursor = Cursor {
            direction: Direction::Forward,
            position: Position {
                values: Vec::new(),
                rowno: *last,
            },
        };
        state.signer.encode(&asked.binding, &cursor)
    });
    about.links = links(&parameters, next.as_deref());
    let wanted = asked.fields.as_deref();
    let wanted = wanted.map(|names| with_key(resource, names));
    let rows = array(&found, &by, wanted.as_deref())?;
    let page = Page {
        limit: asked.limit,
        next,
        prev: None,
    };
    let body = Body::Envelope(envelope::list(&rows, &page, None)?);
    Ok(Answer { about, body }.into_response())
}

/// Who made each version.
struct By {
    runs: HashMap<i64, i64>,
    /// Of a local resource: who wrote.
    actors: HashMap<i64, String>,
}

/// What is asked for.
struct Asked {
    fields: Option<Vec<String>>,
    limit: u64,
    timeout: Option<Duration>,
    /// The versions are from before this one.
    before: i64,
    binding: Binding,
}

impl Asked {
    fn parse(
        state: &AppState,
        (resource, key): (&Arc<Resource>, &str),
        parameters: &Parameters,
    ) -> Result<Self, Problem> {
        let settings = &state.settings;
        let mut faults = parameters.unknown(&OWN);
        let fields = value(parameters, "fields", query::fields);
        let limit = value(parameters, "limit", |text| {
            query::number("limit", text, settings.max_limit)
        });
        let cursor = value(parameters, "cursor", |text| Ok(text.to_owned()));
        let (fields, limit) = (
            or_faults(fields, &mut faults),
            or_faults(limit, &mut faults),
        );
        let cursor = or_faults(cursor, &mut faults);
        let timeout = value(parameters, TIMEOUT, |text| patience::limit(text, settings));
        let timeout = or_faults(timeout, &mut faults);
        if !faults.is_empty() {
            return Err(Problem::refused(faults));
        }
        let names = [&resource.source.name, &resource.model.name];
        let [source, name] = names.map(String::as_str);
        let binding = Binding::of([source, name, "history", key]);
        let before = match cursor {
            None => i64::MAX,
            Some(text) => state.signer.decode(&text, &binding, &[])?.position.rowno,
        };
        Ok(Self {
            fields,
            limit: limit.unwrap_or(settings.default_limit),
            timeout,
            before,
            binding,
        })
    }
}

fn array(page: &HistoryPage, by: &By, wanted: Option<&[&str]>) -> Result<String, Problem> {
    let mut body = String::from("[");
    let older = page.entries.iter().skip(1).map(Some);
    let older = older.chain([page.older.as_ref()]);
    for (index, (entry, before)) in page.entries.iter().zip(older).enumerate() {
        if index > 0 {
            body.push(',');
        }
        write_entry(&mut body, (entry, by, before), wanted)?;
    }
    body.push(']');
    Ok(body)
}

/// Writes a version, and what it changed of the one before it.
fn write_entry(
    body: &mut String,
    (entry, by, before): (&Entry, &By, Option<&Entry>),
    wanted: Option<&[&str]>,
) -> Result<(), Problem> {
    let op = match (entry.op, before.map(|before| before.op)) {
        // What comes back is there anew.
        (Op::Update, Some(Op::Delete)) | (Op::Insert, _) => "insert",
        (Op::Update, _) => "update",
        (Op::Delete, _) => "delete",
    };
    let at = entry.at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let version = entry.version;
    let run = json(&by.runs.get(&version))?;
    body.push_str(&format!(
        r#"{{"version":{version},"at":"{at}","op":"{op}","run":{run},"#
    ));
    if let Some(actor) = by.actors.get(&version) {
        body.push_str(&format!(r#""actor":{},"#, json(actor)?));
    }
    let old = before.and_then(|before| before.payload.as_deref());
    let changed = match (&entry.payload, old) {
        (Some(new), Some(old)) => changed_fields(old, new),
        _ => None,
    };
    if let Some(names) = changed {
        body.push_str(&format!(r#""changed_fields":{},"#, json(&names)?));
    }
    if entry.op != Op::Delete && !entry.payload_hash.is_empty() {
        let hash = hexadecimal(&entry.payload_hash);
        body.push_str(&format!(r#""hash":"{hash}","#));
    }
    body.push_str(r#""data":"#);
    match &entry.payload {
        Some(payload) => envelope::write_row(body, payload, wanted)?,
        None => body.push_str("null"),
    }
    body.push('}');
    Ok(())
}

/// The names of the members that only one of the records has, or that have other bytes in it; `None`: one is no object.
fn changed_fields(old: &str, new: &str) -> Option<Vec<String>> {
    let Members(old) = serde_json::from_str(old).ok()?;
    let Members(new) = serde_json::from_str(new).ok()?;
    let values = |members: &[(String, &serde_json::value::RawValue)], name: &str| {
        let of_name = members.iter().filter(|(other, _)| other == name);
        of_name
            .map(|(_, value)| value.get().to_owned())
            .collect::<Vec<_>>()
    };
    let mut names: Vec<String> = Vec::new();
    for (name, _) in new.iter().chain(&old) {
        if !names.contains(name) && values(&old, name) != values(&new, name) {
            names.push(name.clone());
        }
    }
    Some(names)
}

fn links(parameters: &Parameters, next: Option<&str>) -> String {
    let next = next.map(|cursor| {
        let query = parameters.with("cursor", cursor);
        format!("<?{query}>; rel=\"next\"")
    });
    let others = [
        r#"<../../-/schema>; rel="describedby""#,
        r#"<../../../../../openapi.json>; rel="service-desc""#,
    ];
    let others = others.map(str::to_owned);
    next.into_iter()
        .chain(others)
        .collect::<Vec<_>>()
        .join(", ")
}

fn json(value: &impl serde::Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::changed_fields;

    #[test]
    fn what_changed_is_told_by_the_bytes_of_members() {
        let check = |old: &str, new: &str, expected: Option<&[&str]>| {
            let found = changed_fields(old, new);
            let found: Option<Vec<&str>> = found
                .as_ref()
                .map(|names| names.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), expected, "{old} {new}");
        };
        check(r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a":1}"#, Some(&[]));
        check(
            r#"{"a":1,"b":2}"#,
            r#"{"a":1.0,"c":3}"#,
            Some(&["a", "c", "b"]),
        );
        check(r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#, Some(&["a"]));
        check("[1]", r#"{"a":1}"#, None);
    }
}
