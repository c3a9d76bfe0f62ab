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

    /// Name of the index of an order that the definition has, whichever way it is asked for.
    pub fn order_index_name(&self, keys: &[OrderKey]) -> Option<String> {
        let is_it = |order: &&Order| {
            let reversed = order.iter().map(OrderKey::reversed);
            *order == keys || reversed.eq(keys.iter().cloned())
        };
        let order = self.orders.iter().find(is_it)?;
        Some(index_name(&self.table, order))
    }
}

/// Name of the index of `order` on `table`. No field begins with a digit, so that it tells what descends.
pub fn index_name(table: &str, order: &[OrderKey]) -> String {
    let mut name = format!("by_{table}");
    for key in order {
        name.push_str(if key.descending { "__0" } else { "__" });
        name.push_str(&key.field);
    }
    name
}
