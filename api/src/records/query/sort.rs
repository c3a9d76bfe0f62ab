//! The order of a list: `sort=a,-b`.

use entity::{
    definition::{Definition, Field, Kind, OrderKey},
    record::{Filter, SortKey, Test},
};

use super::operator::is_filterable;
use crate::fault::{Code, Fault};

/// Whether a list can be sorted by `field`.
pub(crate) fn is_sortable(field: &Field) -> bool {
    is_filterable(field) && field.kind != Kind::List
}

/// Reads the fields to sort by, of those of these names, or of all that a list can be sorted by.
///
/// # Errors
/// All that is wrong with them.
pub(super) fn sort(
    (definition, names): (&Definition, Option<&[&str]>),
    value: &str,
) -> Result<Vec<SortKey>, Vec<Fault>> {
    let is_sortable = |field: &Field| {
        let is_named = names.is_none_or(|names| names.contains(&field.name.as_str()));
        is_named && is_sortable(field)
    };
    let mut keys: Vec<SortKey> = Vec::new();
    let mut faults = Vec::new();
    for part in value.split(',') {
        let (name, descending) = match part.strip_prefix('-') {
            Some(name) => (name, true),
            None => (part, false),
        };
        let twice = keys.iter().any(|key| key.field.name == name);
        match definition.field(name) {
            Some(_) if twice => {
                let detail = format!("`{name}` is named twice");
                faults.push(Fault::new("sort", Code::RepeatedParameter, detail));
            }
            Some(field) if is_sortable(field) => {
                let field = field.clone();
                keys.push(SortKey { field, descending });
            }
            known => {
                let sortable = definition.fields.iter().filter(|field| is_sortable(field));
                let sortable = sortable.map(|field| field.name.clone()).collect();
                faults.push(not_sortable(known, name).or_one_of(name, sortable));
            }
        }
    }
    if faults.is_empty() {
        Ok(keys)
    } else {
        Err(faults)
    }
}

/// The whole order that an index has and that `sort` begins; fields of which the filters leave but one value do not count.
///
/// # Errors
/// No index has it.
pub(super) fn walked(
    definition: &Definition,
    sort: Vec<SortKey>,
    filters: &[Filter],
) -> Result<Vec<SortKey>, Fault> {
    let declared = |sort: &[SortKey]| {
        let keys: Vec<OrderKey> = sort.iter().map(order_key).collect();
        definition
            .order_of(&keys)
            .and_then(|order| of_order(definition, &order))
    };
    if sort.len() <= 1 {
        return Ok(sort);
    }
    if let Some(order) = declared(&sort) {
        return Ok(order);
    }
    let pinned = |key: &SortKey| {
        let mut filters = filters.iter();
        filters.any(|filter| {
            filter.field.name == key.field.name
                && matches!(filter.test, Test::Equals(_) | Test::IsNull(true))
        })
    };
    let mut left: Vec<SortKey> = sort.iter().filter(|key| !pinned(key)).cloned().collect();
    if left.is_empty() {
        left.extend(sort.last().cloned());
    }
    if left.len() == 1 {
        return Ok(left);
    }
    declared(&left).ok_or_else(|| no_index(definition, &sort))
}

fn of_order(definition: &Definition, order: &[OrderKey]) -> Option<Vec<SortKey>> {
    let keys = order.iter().map(|key| {
        Some(SortKey {
            field: definition.field(&key.field)?.clone(),
            descending: key.descending,
        })
    });
    keys.collect()
}

fn order_key(key: &SortKey) -> OrderKey {
    OrderKey {
        field: key.field.name.clone(),
        descending: key.descending,
    }
}

fn no_index(definition: &Definition, sort: &[SortKey]) -> Fault {
    let given: Vec<OrderKey> = sort.iter().map(order_key).collect();
    let given = written(&given);
    let orders: Vec<String> = definition
        .orders
        .iter()
        .map(|order| written(order))
        .collect();
    let instead = match orders.as_slice() {
        [] => "sort by one field".to_owned(),
        orders => format!(
            "sort by one field, or by `{}` or its reverse",
            orders.join("`, `")
        ),
    };
    let detail = format!(
        "`{}` has no index with the order `{given}`, and without one each request would sort every row; {instead}",
        definition.resource
    );
    Fault::new("sort", Code::NotSortable, detail).or_one_of(&given, orders)
}

/// An order as `sort` takes it.
pub(crate) fn written(order: &[OrderKey]) -> String {
    let keys: Vec<String> = order.iter().map(OrderKey::to_string).collect();
    keys.join(",")
}

fn not_sortable(field: Option<&Field>, name: &str) -> Fault {
    let (code, detail) = match field {
        None => (
            Code::UnknownField,
            format!("there is no field `{name}` to sort by"),
        ),
        Some(field) if field.kind == Kind::List || !field.kind.filterable() => (
            Code::NotSortable,
            format!("`{name}` is a {}, which has no order", field.kind),
        ),
        Some(_) => (
            Code::NotSortable,
            format!(
                "`{name}` cannot be sorted by: it has no index, and without one each request would read every row"
            ),
        ),
    };
    Fault::new("sort", code, detail)
}
