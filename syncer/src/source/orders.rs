//! The orders of several fields that lists may be sorted by: each becomes an index.

use entity::definition::{Definition, Field, Kind, Order, OrderKey, index_name, indexes_of};

use super::{
    document::Resource,
    fault::Wrong,
    names,
    plan::{OnBad, Rule},
    report::Report,
};

/// Longest entry of an index of MySQL, in bytes.
const ENTRY_BYTES: usize = 3072;

/// The orders of `resource`, whose rows are those of `definition`, read by `rules`.
pub(crate) fn orders(
    report: &mut Report<'_>,
    resource: &Resource,
    (definition, rules): (&Definition, &[Rule]),
) -> Vec<Order> {
    let given = resource.spec.orders.iter().flatten();
    let given = given.map(|order| order.iter().cloned().map(OrderKey::from).collect());
    let mut orders: Vec<Order> = Vec::new();
    for order in given {
        let mut wrongs = wrongs(definition, rules, &order);
        let reversed: Order = order.iter().map(OrderKey::reversed).collect();
        if orders.contains(&order) || orders.contains(&reversed) {
            let message = format!("`{}` is there twice, this way or reversed", written(&order));
            wrongs.push(Wrong::new(message));
        }
        for wrong in wrongs {
            report.wrong(&["orders"], wrong);
        }
        orders.push(order);
    }
    orders
}

fn wrongs(definition: &Definition, rules: &[Rule], order: &Order) -> Vec<Wrong> {
    let mut wrongs = Vec::new();
    if order.len() < 2 {
        let message = format!("`{}` is an order of one field", written(order));
        let accepted = "two fields or more; by one alone lists are sorted without being told";
        wrongs.push(Wrong::accepts(message, accepted));
    }
    for (place, key) in order.iter().enumerate() {
        if order[..place].iter().any(|other| other.field == key.field) {
            wrongs.push(Wrong::new(format!(
                "`{}` names `{}` twice",
                written(order),
                key.field
            )));
        }
        wrongs.extend(wrong(definition, rules, (place, key)));
    }
    if wrongs.is_empty() {
        wrongs.extend(too_long(definition, order));
    }
    wrongs
}

fn wrong(
    definition: &Definition,
    rules: &[Rule],
    (place, key): (usize, &OrderKey),
) -> Option<Wrong> {
    let name = &key.field;
    let is_sortable = |field: &Field| field.index && field.kind != Kind::List;
    let found = definition
        .fields
        .iter()
        .zip(rules)
        .find(|(field, _)| field.name == *name);
    let Some((field, rule)) = found else {
        let sortable = definition.fields.iter().filter(|field| is_sortable(field));
        let names: Vec<&str> = sortable.map(|field| field.name.as_str()).collect();
        let wrong = Wrong::accepts(format!("there is no field `{name}`"), names.join(", "));
        return Some(match entity::nearest(name, names.iter().copied()) {
            Some(nearest) => wrong.meant(nearest),
            None => wrong,
        });
    };
    if !is_sortable(field) {
        let message = format!("`{name}` cannot be sorted by");
        return Some(Wrong::accepts(
            message,
            "a field with an index, and no list",
        ));
    }
    let always_there = rule.required && rule.on_bad == OnBad::Reject;
    (place > 0 && !always_there).then(|| {
        Wrong::accepts(
            format!("`{name}` may have no value, and rows without one come last both ways"),
            "behind an order's first field: a field of the key, or one with `required = true` and `on_bad = \"reject\"`",
        )
    })
}

/// Databases cannot have an index of that name, or of that many bytes.
fn too_long(definition: &Definition, order: &Order) -> Option<Wrong> {
    let bytes = order.iter().filter_map(|key| definition.field(&key.field));
    let bytes: usize = bytes
        .map(|field| match (definition.text_limit(field), field.kind) {
            (Some(chars), _) => 4 * chars,
            // Four bytes hold nine digits, on each side of the point.
            (None, Kind::Decimal { precision, .. }) => 4 * (usize::from(precision) / 9 + 2),
            _ => 8,
        })
        .sum();
    // The row's number stands behind them.
    let bytes = bytes + 8;
    if bytes > ENTRY_BYTES {
        return Some(Wrong::new(format!(
            "an index of `{}` would take {bytes} bytes in MySQL, which takes {ENTRY_BYTES}",
            written(order)
        )));
    }
    let mut indexes = indexes_of(order).into_iter();
    indexes.find_map(|index| names::index(&index_name(&definition.table, &index)).err())
}

fn written(order: &Order) -> String {
    let keys: Vec<String> = order.iter().map(OrderKey::to_string).collect();
    keys.join(",")
}
