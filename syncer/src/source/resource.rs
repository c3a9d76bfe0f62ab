//! The `[resource.<name>]` tables: from the merged spec of one resource to its plan.

use entity::definition::{Definition, Identity};

use super::{
    column,
    document::{Document, Resource},
    fault::Wrong,
    names, notation, paging,
    plan::{Format, Method, Mode, Place, Plan, Pointer, Template, Way},
    relation,
    report::Report,
    rule,
    spec::{ModeSpec, Names},
    template::{self, Secrets},
    unsupported, upstream,
};

/// Where a plan is made.
pub(crate) struct Setting<'a> {
    pub(crate) document: &'a Document,
    pub(crate) secrets: &'a Secrets<'a>,
    pub(crate) parent: Option<&'a Plan>,
}

/// The plan of `resource`. It is whole only if nothing was reported.
pub(crate) fn plan(report: &mut Report<'_>, resource: &Resource, setting: &Setting<'_>) -> Plan {
    let Resource { name, spec, .. } = resource;
    unsupported::resource(report, spec);
    if let Err(wrong) = names::resource(name) {
        report.wrong(&[], wrong);
    }
    let for_each = setting
        .parent
        .and_then(|parent| relation::for_each(report, resource, parent));
    let (fields, rules) = column::columns(report, resource, setting.parent.zip(for_each.as_ref()))
        .into_iter()
        .unzip();
    let page = paging::page(report, spec);
    let source = &setting.document.source.name;
    let definition = Definition {
        source: source.clone(),
        resource: name.clone(),
        table: format!("{source}_{name}"),
        description: spec.description.clone(),
        key: key(report, resource),
        identity: Identity::Key,
        fields,
        tables: Vec::new(),
        parent: for_each.as_ref().map(relation::parent_of),
    };
    column::fits(report, &definition);
    let usable = usable(resource, setting.parent);
    let parent = usable.as_deref();
    let mut plan = Plan {
        name: name.clone(),
        method: Method::Get,
        path: path(report, resource, setting, parent),
        body: None,
        format: Format::Json,
        keyed_by: None,
        bad_max: None,
        cursor: None,
        full_every: None,
        tables: Vec::new(),
        query: upstream::query(report, &spec.query, setting.secrets, parent),
        headers: upstream::headers(report, &spec.headers, setting.secrets, parent),
        records: body_place(report, "records", spec.records.as_deref()).unwrap_or_default(),
        expect: paging::expect(report, &spec.expect, &page),
        page,
        empty_on: paging::empty_on(report, spec),
        error_when: body_place(report, "error_when", spec.error_when.as_deref()),
        mode: if spec.mode == Some(ModeSpec::Upsert) {
            Mode::Upsert
        } else {
            Mode::Mirror
        },
        deletes: paging::deletes(report, &spec.deletes),
        for_each,
        rules,
        definition,
        fingerprint: String::new(),
    };
    check_parameters(report, &plan, setting.document);
    plan.fingerprint = fingerprint(&plan, resource, setting.document);
    plan
}

fn key(report: &mut Report<'_>, resource: &Resource) -> Vec<String> {
    let key = resource
        .spec
        .key
        .as_ref()
        .map(Names::to_vec)
        .unwrap_or_default();
    if key.is_empty() {
        report.wrong(
            &["key"],
            Wrong::accepts(
                "`key` is missing",
                "the field or fields that identify a record: \"id\"",
            ),
        );
    }
    for (index, name) in key.iter().enumerate() {
        if key[..index].contains(name) {
            report.wrong(&["key"], Wrong::new(format!("`{name}` is in it twice")));
        }
    }
    key
}

/// The fields that templates may name. A parent that is not there is reported as such, so that any will do.
fn usable(resource: &Resource, parent: Option<&Plan>) -> Option<Vec<String>> {
    resource.spec.for_each.as_ref()?;
    Some(match parent {
        Some(parent) => relation::usable(parent),
        None => relation::named(resource),
    })
}

fn path(
    report: &mut Report<'_>,
    resource: &Resource,
    setting: &Setting<'_>,
    parent: Option<&[String]>,
) -> Template {
    let Some(path) = &resource.spec.path else {
        if !report.root.has(&["path"]) {
            report.wrong(
                &["path"],
                Wrong::accepts(
                    "`path` is missing",
                    "what is appended to base_url: \"/breeds\"",
                ),
            );
        }
        return Template::default();
    };
    let checked = check_path(path).and_then(|()| template::template(path, setting.secrets, parent));
    report.ok(&["path"], checked).unwrap_or_default()
}

fn check_path(path: &str) -> Result<(), Wrong> {
    if !path.is_empty() && !path.starts_with('/') {
        let wrong = Wrong::accepts(
            format!("`{path}` does not start with `/`"),
            "what is appended to base_url: \"/breeds\"",
        );
        return Err(if path.contains("://") {
            wrong
        } else {
            wrong.meant(format!("/{path}"))
        });
    }
    if path.contains(['?', '#']) || path.contains(char::is_whitespace) {
        return Err(Wrong::accepts(
            format!("`{path}` holds a blank, `?` or `#`"),
            "parameters in `query`",
        ));
    }
    Ok(())
}

/// A place in the body, as a pointer.
fn body_place(report: &mut Report<'_>, key: &str, text: Option<&str>) -> Option<Pointer> {
    match report.read(&[key], text, notation::place)? {
        Place::Body(pointer) => Some(pointer),
        Place::Header(_) | Place::Last(_) => {
            report.unsupported(&[key], "a place in a header", "body:/json/pointer");
            None
        }
    }
}

/// A parameter that two would send.
fn check_parameters(report: &mut Report<'_>, plan: &Plan, document: &Document) {
    let param = match &plan.page.way {
        Way::Number { param, .. } | Way::Offset { param, .. } | Way::Cursor { param, .. } => {
            Some(&param.name)
        }
        Way::None | Way::Link | Way::Url { .. } => None,
    };
    let size = plan.page.size.param.as_ref().map(|param| &param.name);
    let query = document.source.query.keys();
    for (name, _) in &plan.query {
        let message = if param == Some(name) || size == Some(name) {
            format!("paging sends `{name}` already")
        } else if query.clone().any(|one| one == name) {
            format!("`{name}` is in the source's `query` already, and would be sent twice")
        } else {
            continue;
        };
        report.wrong_key(&["query", name], Wrong::accepts(message, "one of the two"));
    }
}

/// Changes with everything that decides which pages are asked for, and with the key and the mode.
fn fingerprint(plan: &Plan, resource: &Resource, document: &Document) -> String {
    let spec = &resource.spec;
    let key: Vec<(&String, String)> = plan
        .definition
        .key
        .iter()
        .map(|name| {
            (
                name,
                plan.definition
                    .field(name)
                    .map_or_else(String::new, |field| field.kind.to_string()),
            )
        })
        .collect();
    let values = plan.for_each.iter().flat_map(|for_each| &for_each.values);
    let values: Vec<(&String, String)> = values
        .map(|(name, pointer)| (name, pointer.to_string()))
        .collect();
    rule::short_hash(&serde_json::json!([
        document.source.base_url,
        document.source.query,
        document.source.headers,
        spec.path,
        spec.query,
        spec.headers,
        plan.records.to_string(),
        spec.page,
        spec.for_each,
        values,
        key,
        plan.mode == Mode::Mirror,
    ]))
}
