//! The `[resource.<name>]` tables: from the merged spec of one resource to its plan.

use entity::definition::Definition;

use super::{
    address, answer, column, demands,
    document::{Document, Resource},
    identity, incremental, local, names, paging,
    plan::{ForEach, Mode, Plan, Rule, TableRule},
    relation,
    report::Report,
    request, rule, table,
    template::{Scope, Secrets},
    unsupported,
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
    check(report, resource, setting);
    let for_each = setting
        .parent
        .and_then(|parent| relation::for_each(report, resource, parent));
    let (definition, rules, tables) = definition(report, resource, setting, for_each.as_ref());
    let usable = usable(resource, setting.parent);
    let scope = Scope {
        secrets: setting.secrets,
        parent: usable.as_deref(),
        cursor: incremental::bounds(report, resource),
    };
    let request = request::request(report, resource, &scope);
    let page = paging::page(report, spec);
    let answer = answer::answer(report, spec);
    answer::check_places(report, answer.format, &page);
    request::check_parameters(report, &request, &page, setting);
    let mode = demands::mode(report, spec);
    let plan = Plan {
        name: name.clone(),
        method: request.method,
        path: request.path,
        query: request.query,
        headers: request.headers,
        body: request.body,
        format: answer.format,
        records: answer.records,
        keyed_by: answer.keyed_by,
        single: answer.single,
        error_when: answer.error_when,
        expect: demands::expect(report, &spec.expect, &page, mode),
        page,
        empty_on: demands::empty_on(report, spec),
        deletes: demands::deletes(report, &spec.deletes, mode),
        mode,
        bad_max: demands::bad_max(report, spec),
        cursor: incremental::cursor(report, resource),
        full_every: incremental::full_every(report, resource),
        for_each,
        rules,
        tables,
        definition,
        fingerprint: String::new(),
    };
    let fingerprint = fingerprint(&plan, resource, setting.document);
    Plan {
        fingerprint,
        ..plan
    }
}

fn check(report: &mut Report<'_>, resource: &Resource, setting: &Setting<'_>) {
    unsupported::resource(report, &resource.spec);
    if address::is_folder(&setting.document.source.base_url) {
        local::resource(report, &resource.spec);
    }
    if let Err(wrong) = names::resource(&resource.name) {
        report.wrong(&[], wrong);
    }
}

/// The rows as the database and the api know them, and how they are taken from records.
fn definition(
    report: &mut Report<'_>,
    resource: &Resource,
    setting: &Setting<'_>,
    for_each: Option<&ForEach>,
) -> (Definition, Vec<Rule>, Vec<TableRule>) {
    let (key, identity) = identity::identity(report, resource);
    let parent = setting.parent.zip(for_each);
    let columns = column::columns(report, resource, &key, parent);
    let (fields, rules) = columns.into_iter().unzip();
    let source = &setting.document.source.name;
    let table = format!("{source}_{}", resource.name);
    let (tables, table_rules) = table::tables(report, resource, &table).into_iter().unzip();
    let definition = Definition {
        source: source.clone(),
        resource: resource.name.clone(),
        table,
        description: resource.spec.description.clone(),
        key,
        identity,
        fields,
        tables,
        parent: for_each.map(relation::parent_of),
    };
    column::fits(report, &definition);
    (definition, rules, table_rules)
}

/// The fields that templates may name. A parent that is not there is reported as such, so that any will do.
fn usable(resource: &Resource, parent: Option<&Plan>) -> Option<Vec<String>> {
    resource.spec.for_each.as_ref()?;
    Some(match parent {
        Some(parent) => relation::usable(parent),
        None => relation::named(resource),
    })
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
        spec.method,
        spec.path,
        spec.query,
        spec.headers,
        spec.body,
        format!("{:?}", plan.format),
        plan.records.to_string(),
        plan.keyed_by,
        plan.single,
        spec.page,
        spec.cursor,
        spec.for_each,
        values,
        key,
        plan.definition.identity,
        plan.mode == Mode::Mirror,
    ]))
}
