//! A source of the kind `local`: its rows come from the callers of the api, so that there is no upstream to be described.

use entity::definition::{Definition, Field, Identity, Kind, Local, Pointer, Rule};
use url::Url;

use super::{
    auth,
    document::Resource,
    fault::Wrong,
    names,
    plan::{
        DeleteHow, Deletes, End, Expect, Format, Limits, Method, Mode, Most, Page, Plan, Retry,
        Size, Source, Template, Total, Way,
    },
    report::Report,
    resource::{self, Setting},
    rule,
    schedule::Schedule,
    spec::{FieldEntry, SourceKindSpec, SourceSpec},
    template::Secrets,
    tree::Node,
};

/// What such a source may say.
const OF_SOURCE: [&str; 2] = ["kind", "name"];
/// What a resource of one may say.
const OF_RESOURCE: [&str; 6] = [
    "description",
    "key",
    "fields",
    "search",
    "orders",
    "history",
];

/// Whether the rows of the source come from callers.
pub(crate) fn is_written(spec: &SourceSpec) -> bool {
    spec.kind == Some(SourceKindSpec::Local)
}

/// The source, without resources yet.
pub(crate) fn source(report: &mut Report<'_>, spec: &SourceSpec) -> Option<Source> {
    only(report, &OF_SOURCE);
    report.ok(&["name"], names::source(&spec.name));
    let none: &Secrets<'_> = &|_| Ok(None);
    Some(Source {
        name: spec.name.clone(),
        base_url: Url::parse("local:").ok()?,
        schedule: Schedule::Never,
        auth: auth::auth(report, None, none),
        headers: Vec::new(),
        query: Vec::new(),
        timeout: std::time::Duration::ZERO,
        max_body: 0,
        proxy: None,
        limits: Limits::default(),
        retry: Retry {
            attempts: 1,
            on: Vec::new(),
            max_wait: std::time::Duration::ZERO,
        },
        resources: Vec::new(),
    })
}

/// The plan of a resource of one: how its table is made and filled. Nothing of it is ever fetched.
pub(crate) fn plan(report: &mut Report<'_>, resource: &Resource, setting: &Setting<'_>) -> Plan {
    only(report, &OF_RESOURCE);
    if let Err(wrong) = names::resource(&resource.name) {
        report.wrong(&[], wrong);
    }
    let (definition, rules, _) = resource::definition(report, resource, setting, None);
    check(report, resource, &definition);
    let (definition, rules) = by_name(report, definition, rules);
    Plan {
        name: resource.name.clone(),
        method: Method::Get,
        path: Template::default(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        format: Format::Json,
        records: Pointer::default(),
        keyed_by: None,
        single: false,
        page: Page {
            way: Way::None,
            size: Size::default(),
            total: None,
            more: None,
            end: End::Empty,
            max: None,
        },
        expect: Expect {
            total: Total::Off,
            min: 0,
            max_drop: None,
        },
        empty_on: Vec::new(),
        error_when: None,
        mode: Mode::Upsert,
        deletes: Deletes {
            how: DeleteHow::Soft,
            max: Most::Share(1.0),
            flag: None,
            values: Vec::new(),
        },
        bad_max: None,
        cursor: None,
        full_every: None,
        for_each: None,
        rules,
        tables: Vec::new(),
        definition,
        fingerprint: String::new(),
    }
}

/// Reports what only sources have that are fetched.
fn only(report: &mut Report<'_>, known: &[&str]) {
    let names: Vec<String> = report
        .root
        .entries()
        .iter()
        .map(|entry| entry.name.clone())
        .collect();
    for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
        let wrong = Wrong::accepts(
            format!("`{name}` means nothing for a local source, whose rows come from callers"),
            known.join(", "),
        );
        report.wrong_key(&[name], wrong);
    }
}

fn check(report: &mut Report<'_>, resource: &Resource, definition: &Definition) {
    if definition.identity != Identity::Key {
        let wrong = Wrong::accepts(
            "callers ask for a record by its key",
            "the field or fields that identify a record",
        );
        report.wrong(&["key"], wrong);
    }
    let declared = resource.node.get("fields").map_or(&[][..], Node::entries);
    if declared.is_empty() {
        let wrong = Wrong::accepts(
            "`fields` is missing: a record has no other members",
            "[resource.<name>.fields] with a name and type for each member",
        );
        report.wrong(&["fields"], wrong);
    }
    for field in &definition.fields {
        let spec = resource.spec.fields.get(&field.name);
        let spec = spec.map(FieldEntry::to_spec).unwrap_or_default();
        if spec.on_bad.is_some() {
            let wrong = Wrong::accepts(
                "`on_bad` means nothing for a local source: what does not fit is refused",
                "no such key",
            );
            report.wrong_key(&["fields", &field.name, "on_bad"], wrong);
        }
        if spec.pattern.is_some() && field.kind != Kind::Text {
            let wrong = Wrong::accepts(
                format!(
                    "`match` means nothing for the type `{}` here: callers send a value and no text",
                    field.kind
                ),
                "types: text",
            );
            report.wrong_key(&["fields", &field.name, "match"], wrong);
        }
    }
}

/// Callers write a member by its field's name; `from` is what a column of an imported table is called that holds it.
fn by_name(
    report: &mut Report<'_>,
    mut definition: Definition,
    rules: Vec<Rule>,
) -> (Definition, Vec<Rule>) {
    let mut headers: Vec<Option<String>> = Vec::new();
    let columns = definition.fields.iter_mut().zip(rules);
    let rules: Vec<Rule> = columns
        .map(|(field, rule)| {
            headers.push(header(report, field, &rule));
            let from = Pointer(vec![field.name.clone()]);
            let rule = Rule { from, ..rule };
            field.rule = rule::fingerprint(&rule);
            rule
        })
        .collect();
    definition.local = Some(Local {
        rules: rules.clone(),
        headers,
    });
    (definition, rules)
}

fn header(report: &mut Report<'_>, field: &Field, rule: &Rule) -> Option<String> {
    match rule.from.0.as_slice() {
        [name] if *name == field.name => None,
        [name] if name != "*" => Some(name.clone()),
        _ => {
            let wrong = Wrong::accepts(
                "it names a column of the tables that callers import",
                "one name: /Age; a `/` in it is written as ~1",
            );
            report.wrong(&["fields", &field.name, "from"], wrong);
            None
        }
    }
}
