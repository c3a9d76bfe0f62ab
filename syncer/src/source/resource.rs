//! The `[resource.<name>]` tables: from the merged spec of one resource to its plan.

use entity::definition::Definition;

use super::{
    access, address, answer, column, demands,
    document::{Document, Resource},
    fingerprint, folder, identity, incremental, names, orders, paging, parameters,
    plan::{ForEach, Plan, Rule, TableRule},
    relation,
    report::Report,
    request, search, table,
    template::{Scope, Secrets},
    written,
};

/// Where a plan is made.
pub(crate) struct Setting<'a> {
    pub(crate) document: &'a Document,
    pub(crate) secrets: &'a Secrets<'a>,
    pub(crate) parent: Option<&'a Plan>,
}

/// The plan of `resource`. It is whole only if nothing was reported.
pub(crate) fn plan(report: &mut Report<'_>, resource: &Resource, setting: &Setting<'_>) -> Plan {
    if written::is_written(&setting.document.source) {
        return written::plan(report, resource, setting);
    }
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
    parameters::check(report, &request, &page, setting.document);
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
        expect: demands::expect(report, resource, &page, mode),
        page,
        empty_on: demands::empty_on(report, spec),
        deletes: demands::deletes(report, resource, mode, definition.identity),
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
    let fingerprint = fingerprint::of(&plan, resource, setting);
    Plan {
        fingerprint,
        ..plan
    }
}

fn check(report: &mut Report<'_>, resource: &Resource, setting: &Setting<'_>) {
    if address::is_folder(&setting.document.source.base_url) {
        folder::resource(report, &resource.spec);
    }
    if let Err(wrong) = names::resource(&resource.name) {
        report.wrong(&[], wrong);
    }
}

/// The rows as the database and the api know them, and how they are taken from records.
pub(crate) fn definition(
    report: &mut Report<'_>,
    resource: &Resource,
    setting: &Setting<'_>,
    for_each: Option<&ForEach>,
) -> (Definition, Vec<Rule>, Vec<TableRule>) {
    let (key, identity) = identity::identity(report, resource);
    let parent = setting.parent.zip(for_each);
    let columns = column::columns(report, resource, &key, parent);
    let (fields, rules): (_, Vec<Rule>) = columns.into_iter().unzip();
    let source = &setting.document.source.name;
    let table = format!("{source}_{}", resource.name);
    let (tables, table_rules) = table::tables(report, resource, &table).into_iter().unzip();
    let mut definition = Definition {
        source: source.clone(),
        resource: resource.name.clone(),
        table,
        description: resource.spec.description.clone(),
        key,
        identity,
        fields,
        tables,
        orders: Vec::new(),
        search: Vec::new(),
        parent: for_each.map(relation::parent_of),
        history: resource.spec.history.unwrap_or_default(),
        face: None,
        read: access::of_resource(report, resource, &setting.document.source),
        local: None,
    };
    if definition.history {
        let fits = names::table_fits(&definition.history_table());
        report.ok(&["history"], fits);
    }
    definition.orders = orders::orders(report, resource, (&definition, &rules));
    definition.search = search::search(report, resource, &definition);
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
