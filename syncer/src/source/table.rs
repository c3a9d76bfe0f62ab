//! The `[resource.<name>.tables]` tables: arrays of objects, one row an object.

use entity::definition::{Kind, Table};

use super::{
    column,
    document::Resource,
    fault::Wrong,
    names,
    plan::{Pointer, TableRule},
    pointing,
    report::Report,
    rule::{self, Column, Reader},
    spec::{FieldEntry, TableSpec},
    tree::Node,
};

/// The child tables of `resource`, in the order of the file. `table` is its own.
pub(crate) fn tables(
    report: &mut Report<'_>,
    resource: &Resource,
    table: &str,
) -> Vec<(Table, TableRule)> {
    let declared = report.root.get("tables").map_or(&[][..], Node::entries);
    let mut tables = Vec::new();
    for entry in declared {
        if let Some(spec) = resource.spec.tables.get(&entry.name) {
            tables.push(child(report, &entry.name, spec, table));
        }
    }
    tables
}

fn child(report: &mut Report<'_>, name: &str, spec: &TableSpec, table: &str) -> (Table, TableRule) {
    let path = ["tables", name];
    if let Err(wrong) = names::table(name) {
        report.wrong_key(&path, wrong);
    }
    let from = spec.from.as_deref().map(pointing::pointer_to_each);
    let from = report.ok(&["tables", name, "from"], from.transpose());
    let from = from
        .flatten()
        .unwrap_or_else(|| Pointer(vec![name.to_owned()]));
    let (fields, rules): (Vec<_>, Vec<_>) = fields(report, name, spec).into_iter().unzip();
    if fields.is_empty() && !report.root.has(&["tables", name, "fields"]) {
        report.wrong(
            &path,
            Wrong::accepts(
                "there is no field in it",
                "[resource.<name>.tables.<name>.fields] with a type for each",
            ),
        );
    }
    column::fits_child(report, name, &format!("{table}__{name}"), &fields);
    let table = Table {
        name: name.to_owned(),
        fields,
        rule: rule::short_hash(&from.to_string().into()),
    };
    (table, TableRule { from, rules })
}

fn fields(report: &mut Report<'_>, name: &str, spec: &TableSpec) -> Vec<Column> {
    let path = ["tables", name, "fields"];
    let declared = report.root.nearest(&path);
    let declared = if report.root.entry(&path).is_some() {
        declared.entries()
    } else {
        &[]
    };
    let mut columns = Vec::new();
    for entry in declared {
        let Some(field) = spec.fields.get(&entry.name) else {
            continue;
        };
        let mut reader = Reader {
            report,
            table: Some(name),
            name: &entry.name,
            is_key: false,
        };
        let column = reader.column(&FieldEntry::to_spec(field));
        if column.0.kind == Kind::List {
            let wrong = Wrong::accepts(
                "a table's rows hold no lists",
                "types: any but list; `json` keeps it as it is",
            );
            report.wrong(&["tables", name, "fields", &entry.name], wrong);
        }
        columns.push(column);
    }
    columns
}
