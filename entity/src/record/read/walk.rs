//! Which index is walked for a list.

use sea_orm::{
    DbBackend, DbErr,
    entity::prelude::*,
    sea_query::{Alias, Condition, SimpleExpr},
};

use super::{
    Direction, Position, SortKey, Window,
    allowed::Allowed,
    column, condition,
    stretch::{Cut, Part, Stretch, Way},
    wanted::{Items, Wanted, is_item},
};
use crate::definition::{Cell, Definition, Field, OrderKey};

/// Most ranges of one index that are walked one by one; more are walked as one, with what lies between.
const MOST_SPANS: usize = 8;

/// An index that has the rows of a list one behind the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Walk<'a> {
    /// The table's own.
    Rowno,
    /// A field's, where the field has that value, or none.
    Pinned { field: &'a Field, value: Cell },
    /// A list's, where it has that item.
    Item { field: &'a Field, item: String },
    /// That of the fields which are sorted by.
    Sorted {
        keys: &'a [SortKey],
        /// What the first of them may be.
        first: Allowed,
    },
}

impl<'a> Walk<'a> {
    /// The index for the rows that are wanted, in the order of `sort`.
    ///
    /// # Errors
    /// No index has that order.
    pub(super) fn of(wanted: &Wanted<'a>, sort: &'a [SortKey]) -> Result<Self, DbErr> {
        let Some(first) = sort.first() else {
            return Ok(Self::by_rowno(wanted));
        };
        if index_name(wanted.definition, sort, Direction::Forward).is_none() {
            let table = &wanted.definition.table;
            let message = format!("no index of `{table}` has the order that is asked for");
            return Err(DbErr::Custom(message));
        }
        let allowed = wanted.allowed(&first.field);
        if let (1, Some(value)) = (sort.len(), allowed.pin()) {
            let (field, value) = (&first.field, value.clone());
            return Ok(Self::Pinned { field, value });
        }
        let many = allowed.spans.len() > MOST_SPANS;
        let first = if many { allowed.hull() } else { allowed };
        Ok(Self::Sorted { keys: sort, first })
    }

    fn by_rowno(wanted: &Wanted<'a>) -> Self {
        let mut columns = wanted.columns.iter().filter(|(field, _)| field.index);
        let pinned = columns.find_map(|&(field, ref allowed)| {
            let value = allowed.pin()?.clone();
            Some(Self::Pinned { field, value })
        });
        let mut lists = wanted.lists.iter();
        let item = || {
            lists.find_map(|&(field, ref items)| match items {
                Items::AnyOf(items) => match items.as_slice() {
                    [item] => Some(Self::Item {
                        field,
                        item: item.clone(),
                    }),
                    _ => None,
                },
                Items::Beginning(_) | Items::Some | Items::None => None,
            })
        };
        pinned.or_else(item).unwrap_or(Self::Rowno)
    }

    /// Whether it brings only rows that meet all conditions on `field`.
    pub(super) fn sees_to(&self, field: &Field, allowed: &Allowed) -> bool {
        match self {
            Self::Pinned { field: pinned, .. } => pinned.name == field.name,
            Self::Sorted { keys, first } => {
                keys.first().is_some_and(|key| key.field.name == field.name) && first == allowed
            }
            Self::Rowno | Self::Item { .. } => false,
        }
    }

    /// Whether it brings only rows whose list `field` has what it must.
    pub(super) fn sees_to_list(&self, field: &Field, items: &Items) -> bool {
        match (self, items) {
            (
                Self::Item {
                    field: walked,
                    item,
                },
                Items::AnyOf(items),
            ) => walked.name == field.name && *items == [item.as_str()],
            _ => false,
        }
    }

    /// The index's name in the database; `None`: the table's own.
    pub(super) fn index(&self, definition: &Definition, direction: Direction) -> Option<String> {
        match self {
            Self::Rowno => None,
            Self::Pinned { field, .. } => Some(definition.index_name(field)),
            Self::Item { field, .. } => Some(definition.list_index_name(field)),
            Self::Sorted { keys, .. } => index_name(definition, keys, direction),
        }
    }

    /// The fields that the index is of; none: the rows' numbers.
    pub(super) fn fields(&self) -> Vec<&str> {
        match self {
            Self::Rowno => Vec::new(),
            Self::Pinned { field, .. } | Self::Item { field, .. } => vec![&field.name],
            Self::Sorted { keys, .. } => keys.iter().map(|key| key.field.name.as_str()).collect(),
        }
    }

    /// The stretches of `window`, in the direction in which it is read, from `from` on.
    pub(super) fn stretches(
        &self,
        backend: DbBackend,
        window: Window<'_>,
        from: Option<&Position>,
    ) -> Vec<Stretch> {
        let descending = window.sort.last().is_some_and(|key| key.descending);
        let way = Way::of(descending, window.direction);
        let by_rowno = |rowno: SimpleExpr, pinned: Option<SimpleExpr>| {
            let beyond = from.map(|from| way.beyond(rowno.clone(), from.rowno));
            vec![Stretch {
                part: Part::Rows,
                condition: Condition::all().add_option(pinned).add_option(beyond),
                order: vec![(rowno, way.order())],
            }]
        };
        match self {
            Self::Rowno => by_rowno(column("rowno"), None),
            Self::Pinned { field, value } => {
                let pinned = condition::is(backend, field, value);
                by_rowno(column("rowno"), Some(pinned))
            }
            Self::Item { item, .. } => {
                let rowno = Expr::col((Alias::new("item"), Alias::new("rowno")));
                by_rowno(rowno, Some(is_item(std::slice::from_ref(item))))
            }
            Self::Sorted { keys, first } => {
                let cut = Cut {
                    backend,
                    keys,
                    first,
                    direction: window.direction,
                };
                cut.stretches(from)
            }
        }
    }
}

/// The name of the index that has the order of `sort`, read in that direction.
fn index_name(definition: &Definition, sort: &[SortKey], direction: Direction) -> Option<String> {
    match sort {
        [key] => Some(definition.index_name(&key.field)),
        keys => {
            let keys = keys.iter().map(|key| OrderKey {
                field: key.field.name.clone(),
                descending: key.descending != (direction == Direction::Backward),
            });
            definition.order_index_name(&keys.collect::<Vec<_>>())
        }
    }
}
