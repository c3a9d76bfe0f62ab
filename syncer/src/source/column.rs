//! Which columns a resource's table has, and whether databases can hold it.

use entity::definition::{Definition, Field, KEY_BYTES, Kind, TEXT_CHARS, indexes_of};

use super::{
    document::Resource,
    fault::Wrong,
    names,
    plan::{ForEach, Plan},
    report::Report,
    rule::{Column, Reader},
    spec::FieldEntry,
    tree::Node,
};

/// Widest row of MySQL in bytes, with room for what is not text.
const ROW_BYTES: usize = 60_000;
/// MySQL has 64 indexes a table; the primary key, the record's key and changes take theirs.
const INDEXES: usize = 60;

/// The fields of `resource`: the key's, those copied from the parent, then the declared ones, in order.
pub(crate) fn columns(
    report: &mut Report<'_>,
    resource: &Resource,
    key: &[String],
    parent: Option<(&Plan, &ForEach)>,
) -> Vec<Column> {
    let copied = parent
        .map(|(_, for_each)| for_each.copy.as_slice())
        .unwrap_or_default();
    let declared = resource.node.get("fields").map_or(&[][..], Node::entries);
    let mut columns: Vec<Column> = Vec::new();
    let names = key
        .iter()
        .chain(copied.iter().map(|(name, _)| name))
        .chain(declared.iter().map(|entry| &entry.name));
    for name in names {
        if columns.iter().any(|(field, _)| field.name == *name) {
            continue;
        }
        let mut reader = Reader {
            report,
            table: None,
            name,
            is_key: key.contains(name),
        };
        let source = copied.iter().find(|(copy, _)| copy == name);
        let copy = parent
            .zip(source)
            .and_then(|((plan, _), (_, field))| column_of(plan, field));
        let declared = resource.spec.fields.get(name);
        let column = match copy {
            Some(copy) => reader.copied(copy, declared.is_some()),
            None => reader.column(&declared.map(FieldEntry::to_spec).unwrap_or_default()),
        };
        columns.push(column);
    }
    columns
}

/// Whether databases can hold the table, and its name and those of its indexes.
pub(crate) fn fits(report: &mut Report<'_>, definition: &Definition) {
    for field in &definition.fields {
        if let Err(wrong) = names::fits(&definition.table, &field.name) {
            report.wrong_key(&["fields", &field.name], wrong);
        }
    }
    // That of the words is no longer than that of any field.
    for field in &definition.fields {
        if let Some(ends) = definition.ends(field)
            && let Err(wrong) = names::index(&definition.list_index_name(&ends))
        {
            report.wrong(&["fields", &field.name, "index"], wrong);
        }
    }
    let limits = definition
        .columns()
        .filter_map(|field| definition.text_limit(field));
    let indexes = definition.columns().filter(|field| field.index).count();
    let indexes = indexes
        + definition
            .orders
            .iter()
            .flat_map(|order| indexes_of(order))
            .count();
    check_sizes(report, &["fields"], limits.chain([KEY_BYTES]), indexes);
}

/// Whether databases can hold the child table `name`, whose name there is `table`.
pub(crate) fn fits_child(report: &mut Report<'_>, name: &str, table: &str, fields: &[Field]) {
    let path = ["tables", name, "fields"];
    for field in fields {
        if let Err(wrong) = names::fits(table, &field.name) {
            report.wrong_key(&["tables", name, "fields", &field.name], wrong);
        }
    }
    let texts = fields
        .iter()
        .filter(|field| field.kind == Kind::Text && field.index);
    let limits = texts.map(|_| TEXT_CHARS);
    let indexes = fields.iter().filter(|field| field.index).count();
    check_sizes(report, &path, limits, indexes);
}

/// Reports rows that are too wide, given the characters that each text takes, and too many indexes.
fn check_sizes(
    report: &mut Report<'_>,
    path: &[&str],
    limits: impl Iterator<Item = usize>,
    indexes: usize,
) {
    let bytes: usize = limits.map(|chars| 4 * chars + 2).sum();
    if bytes > ROW_BYTES {
        let message = format!("a row would take {bytes} bytes in MySQL, which takes {ROW_BYTES}");
        let wrong = Wrong::accepts(message, "`index = false` on texts that nobody filters by");
        report.wrong(path, wrong);
    }
    if indexes > INDEXES {
        let message = format!("{indexes} fields would be indexed; MySQL takes {INDEXES}");
        let wrong = Wrong::accepts(message, "`index = false` on fields that nobody filters by");
        report.wrong(path, wrong);
    }
}

fn column_of(plan: &Plan, name: &str) -> Option<Column> {
    let at = plan
        .definition
        .fields
        .iter()
        .position(|field| field.name == name)?;
    Some((plan.definition.fields[at].clone(), plan.rules[at].clone()))
}
