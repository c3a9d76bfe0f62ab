//! From what was seen to the tables to paste.

use std::collections::HashSet;

use toml::Value;

use super::{
    Inferred,
    answer::Answer,
    columns::{Seen, columns, keyed_by, records},
    key::Key,
    subject::Subject,
    total,
    walk::Walked,
};
use crate::draft::{self, Draft, Line, Page, PageKind, Table};

/// The proposal for `subject`, from what `walked` brought.
pub(super) fn propose(subject: &Subject, walked: &Walked, requests: i64) -> Inferred {
    let keyed_by = keyed_by(subject, walked);
    let all = records(walked, keyed_by.as_deref());
    let mut different = HashSet::new();
    let distinct = all
        .iter()
        .filter(|record| different.insert(*record))
        .collect();
    let pages = walked
        .answers
        .iter()
        .filter(|answer| !walked.found.records(&answer.body).is_empty());
    let seen = Seen {
        records: distinct,
        came: all.len(),
        pages: pages.count(),
        requests,
    };
    let (fields, key) = columns(subject, &seen, keyed_by.as_deref());
    let mut tables = Vec::new();
    if !subject.is_written {
        tables.push(source(subject, walked));
    }
    tables.push(Table {
        name: format!("resource.{}", subject.resource),
        lines: resource(subject, walked, &seen, (&key, keyed_by.as_deref())),
    });
    tables.push(Table {
        name: format!("resource.{}.fields", subject.resource),
        lines: fields,
    });
    let draft = Draft {
        head: head(subject, walked, &seen),
        tables,
    };
    Inferred {
        source: subject.source.clone(),
        resource: subject.resource.clone(),
        toml: draft.to_toml(),
        records: seen.records.len(),
        pages: seen.pages,
        requests,
    }
}

fn head(subject: &Subject, walked: &Walked, seen: &Seen<'_>) -> Vec<String> {
    let count = |count: usize, thing: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {thing}{plural}")
    };
    let mut head = vec![format!(
        "Drafted by `catchment infer` from {} on {} of {} ({}).",
        count(seen.records.len(), "record"),
        count(seen.pages, "page"),
        walked.url().split('?').next().unwrap_or_default(),
        count(usize::try_from(seen.requests).unwrap_or(0), "request"),
    )];
    head.push(
        "Comments say what it rests on. A member that none of these records had is not in it."
            .to_owned(),
    );
    if seen.came > seen.records.len() {
        let again = count(seen.came - seen.records.len(), "record");
        head.push(format!(
            "{again} came again as the same: pages overlap, move while they are read, \
             or come at random (then mode = \"upsert\")."
        ));
    }
    if subject.is_written {
        let Subject { resource, path, .. } = subject;
        head.push(format!(
            "In place of [resource.{resource}] and [resource.{resource}.fields] in {path}."
        ));
    }
    let variables = subject.secrets.iter().map(|(name, _)| name.as_str());
    for name in variables {
        head.push(format!(
            "Set the variable {name} to the secret that stood in the URL."
        ));
    }
    head
}

fn source(subject: &Subject, walked: &Walked) -> Table {
    let said = subject.definition.get("source").and_then(Value::as_table);
    let keys = ["name", "base_url", "auth"];
    let said = keys.iter().filter_map(|key| said?.get_key_value(*key));
    let mut lines: Vec<Line> = said
        .map(|(name, value)| Line::entry(name, value.to_string()))
        .collect();
    lines.push(Line::noted(
        "schedule",
        "\"every 1h\"",
        "assumed: how often do the records change?",
    ));
    let first = walked.answers.first();
    lines.extend(
        first
            .and_then(limits)
            .map(|limits| Line::noted("limits", limits, "its answers have these headers")),
    );
    Table {
        name: "source".to_owned(),
        lines,
    }
}

/// The headers that tell how many requests are left and when there are more.
fn limits(answer: &Answer) -> Option<String> {
    let pairs = ["ratelimit", "x-ratelimit", "x-rate-limit"];
    let prefix = pairs.iter().find(|prefix| {
        answer.header(&format!("{prefix}-remaining")).is_some()
            && answer.header(&format!("{prefix}-reset")).is_some()
    })?;
    let place = |name: &str| draft::quoted(&format!("header:{prefix}-{name}"));
    Some(draft::inline(&[
        ("remaining", place("remaining")),
        ("reset", place("reset")),
    ]))
}

fn resource(
    subject: &Subject,
    walked: &Walked,
    seen: &Seen<'_>,
    (key, keyed_by): (&Key, Option<&str>),
) -> Vec<Line> {
    let page = page(subject, walked, seen);
    let mut lines = written(subject, &page);
    let new = |name: &str| subject.said(name).is_none();
    if new("records") && !walked.found.path.is_empty() {
        let others: Vec<String> = walked
            .found
            .others
            .iter()
            .map(|path| format!("`{}`", draft::place(path)))
            .collect();
        let note = if others.is_empty() {
            String::new()
        } else {
            format!("there are arrays at {}, too", others.join(", "))
        };
        lines.push(Line::noted(
            "records",
            draft::quoted(&draft::place(&walked.found.path)),
            note,
        ));
    }
    if let Some(name) = keyed_by.filter(|_| new("keyed_by")) {
        let note = "the records are an object's members; each gets its name there as this";
        lines.push(Line::noted("keyed_by", draft::quoted(name), note));
    }
    if new("key") {
        let names = match key.names.as_slice() {
            [] => draft::quoted("hash"),
            names => draft::names(names),
        };
        lines.push(Line::noted("key", names, key.note.clone()));
    }
    if walked.ends_in_404 && new("status") {
        lines.push(Line::noted(
            "status",
            "{ 404 = \"empty\" }",
            "that is the answer behind the last page",
        ));
    }
    lines.extend(walked.notes.iter().map(Line::remark));
    if new("page") {
        lines.push(Line::entry("page", page.to_toml()));
    }
    lines
}

/// What the resource's table says already, without what goes into `page`.
fn written(subject: &Subject, page: &Page) -> Vec<Line> {
    let mut lines = Vec::new();
    let own = subject.own().into_iter().flatten();
    let mut query = None;
    for (name, value) in own {
        match (name.as_str(), value) {
            ("fields", _) => {}
            ("query", Value::Table(table)) => query = Some(table.clone()),
            _ => lines.push(Line::entry(name, value.to_string())),
        }
    }
    let mut query = query.unwrap_or_default();
    for name in subject.lifted() {
        query.remove(&name);
    }
    if page.kind == PageKind::None {
        // Without pages the parameters are plain ones.
        let asked = &subject.asked;
        for (name, number) in [&asked.page, &asked.offset, &asked.size]
            .into_iter()
            .flatten()
        {
            query.insert(name.clone(), number.to_string().into());
        }
    }
    if !query.is_empty() {
        lines.push(Line::entry("query", Value::Table(query).to_string()));
    }
    lines
}

/// The page that was found out, with the place of the total.
fn page(subject: &Subject, walked: &Walked, seen: &Seen<'_>) -> Page {
    if let Some(page) = &subject.declared.page {
        return page.clone();
    }
    let mut page = walked.page.clone();
    if page.kind == PageKind::None {
        page = Page::new(PageKind::None);
    }
    // A walk by pages that was cut short has more to come.
    let is_all = walked.is_all && page.kind != PageKind::None;
    let total = total::find(&walked.answers, &walked.found, seen.came, is_all);
    page.total = total.map(|place| place.to_text());
    page
}
