//! The orders of several fields that lists may be sorted by, each with an index of its own.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Definition;

/// Fields to sort by, the first one first. Those behind it always have a value.
pub type Order = Vec<OrderKey>;

/// One field of an order; written with `-` before its name if it descends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct OrderKey {
    pub field: String,
    pub descending: bool,
}

impl OrderKey {
    /// The same field the other way round.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            field: self.field.clone(),
            descending: !self.descending,
        }
    }
}

impl From<String> for OrderKey {
    fn from(text: String) -> Self {
        match text.strip_prefix('-') {
            Some(field) => Self {
                field: field.to_owned(),
                descending: true,
            },
            None => Self {
                field: text,
                descending: false,
            },
        }
    }
}

impl From<OrderKey> for String {
    fn from(key: OrderKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.descending { "-" } else { "" };
        write!(f, "{sign}{}", self.field)
    }
}

impl Definition {
    /// The order that begins with `keys`, or whose exact reverse does, in the direction of `keys`.
    pub fn order_of(&self, keys: &[OrderKey]) -> Option<Order> {
        let reversed = |order: &Order| order.iter().map(OrderKey::reversed).collect();
        let both = self
            .orders
            .iter()
            .flat_map(|order| [order.clone(), reversed(order)]);
        both.into_iter().find(|order| order.starts_with(keys))
    }

    /// Name of the index that brings the rows in the order `keys`; `None`: the definition has neither that order nor its
    /// reverse.
    pub fn order_index_name(&self, keys: &[OrderKey]) -> Option<String> {
        let reversed: Order = keys.iter().map(OrderKey::reversed).collect();
        let is_known = |order: &Order| *order == keys || *order == reversed;
        let mut indexes = indexes_of(self.orders.iter().find(|order| is_known(order))?);
        // Where there is but one, it is read both ways.
        let own = indexes.iter().position(|index| *index == keys);
        let index = indexes.swap_remove(own.unwrap_or(0));
        Some(index_name(&self.table, &index))
    }
}

/// The indexes by which rows come in `order` and in its reverse. One is read both ways, unless some of its fields descend
/// and others do not: from such an index MySQL cannot read a range backward.
pub fn indexes_of(order: &[OrderKey]) -> Vec<Order> {
    let is_mixed = order
        .iter()
        .any(|key| key.descending != order[0].descending);
    let reversed = order.iter().map(OrderKey::reversed).collect();
    match (is_mixed, order.first()) {
        (true, _) => vec![order.to_vec(), reversed],
        (false, Some(first)) if first.descending => vec![reversed],
        (false, _) => vec![order.to_vec()],
    }
}

/// Name of an index of a table. No field begins with a digit, so that it tells what descends.
pub fn index_name(table: &str, index: &[OrderKey]) -> String {
    let mut name = format!("by_{table}");
    for key in index {
        name.push_str(if key.descending { "__0" } else { "__" });
        name.push_str(&key.field);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> Order {
        let keys = text.split(',').map(str::to_owned);
        keys.map(OrderKey::from).collect()
    }

    #[test]
    fn only_an_order_that_turns_has_an_index_for_each_way() {
        let check = |of: &str, expected: &[&str]| {
            let indexes = indexes_of(&order(of)).into_iter();
            let names: Vec<_> = indexes.map(|index| index_name("t", &index)).collect();
            assert_eq!(names, expected);
        };
        check("a,b", &["by_t__a__b"]);
        check("-a,-b", &["by_t__a__b"]);
        check("a,-b,c", &["by_t__a__0b__c", "by_t__0a__b__0c"]);
    }
}
