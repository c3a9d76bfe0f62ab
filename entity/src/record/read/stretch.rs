//! Cuts a window of a list into stretches that an index can walk, to be read one after the other.
//!
//! Databases differ in where nulls sort, and none of them seeks an index for `a > x OR (a = x AND
//! rowno > n) OR a IS NULL`. So a list sorted by one field is read as the rest of the ties, the values
//! behind them, and the rows without a value: each is one range of the index `(field, rowno)`. With
//! several fields there is no index to walk, and one expression says it all.

use sea_orm::{
    DbBackend,
    sea_query::{Condition, ExprTrait, Order, SimpleExpr},
};

use super::{Direction, Position, SortKey, Window, column};
use crate::{definition::Cell, dialect};

/// A part of a list: the rows that meet `condition`, by `order`.
pub(super) struct Stretch {
    pub(super) condition: Condition,
    pub(super) order: Vec<(SimpleExpr, Order)>,
    /// Which index brings the rows in this order.
    pub(super) walk: Walk,
}

/// An index that has the rows of a stretch one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    /// The table's own, or that of a field which a filter pins to one value.
    Rowno,
    /// That of the sorted field, which the stretch pins to one value.
    PinnedField,
    /// That of the sorted field.
    Field,
    /// None: the rows are sorted.
    Sorted,
}

/// The stretches of `window`, in the direction in which it is read.
pub(super) fn stretches(backend: DbBackend, window: Window<'_>) -> Vec<Stretch> {
    match window.sort {
        [] => vec![in_rowno_order(window)],
        [key] => by_one_field(backend, key, window),
        _ => vec![by_several_fields(backend, window)],
    }
}

fn in_rowno_order(window: Window<'_>) -> Stretch {
    let way = Way::of(false, window.direction);
    let beyond = window
        .from
        .map(|from| way.beyond(column("rowno"), from.rowno));
    Stretch {
        condition: Condition::all().add_option(beyond),
        order: vec![(column("rowno"), way.order())],
        walk: Walk::Rowno,
    }
}

fn by_one_field(backend: DbBackend, key: &SortKey, window: Window<'_>) -> Vec<Stretch> {
    let way = Way::of(key.descending, window.direction);
    let field = || column(&key.field.name);
    let by_rowno = |condition: SimpleExpr| Stretch {
        condition: Condition::all().add(condition),
        order: vec![(column("rowno"), way.order())],
        walk: Walk::PinnedField,
    };
    let by_field = |condition: SimpleExpr| Stretch {
        condition: Condition::all().add(condition),
        order: vec![(field(), way.order()), (column("rowno"), way.order())],
        walk: Walk::Field,
    };
    let values = || by_field(field().is_not_null());
    let nulls = || by_rowno(field().is_null());
    let forward = window.direction == Direction::Forward;
    let Some(Position { values: at, rowno }) = window.from else {
        return if forward {
            vec![values(), nulls()]
        } else {
            vec![nulls(), values()]
        };
    };
    let behind = way.beyond(column("rowno"), *rowno);
    match at.first() {
        None | Some(Cell::Null) => {
            let rest = by_rowno(field().is_null().and(behind));
            if forward {
                vec![rest]
            } else {
                vec![rest, values()]
            }
        }
        Some(value) => {
            let operand = || dialect::operand(backend, key.field.kind, value);
            let ties = by_rowno(field().eq(operand()).and(behind));
            let rest = by_field(way.beyond(field(), operand()));
            if forward {
                vec![ties, rest, nulls()]
            } else {
                vec![ties, rest]
            }
        }
    }
}

fn by_several_fields(backend: DbBackend, window: Window<'_>) -> Stretch {
    let nulls = Way::of(false, window.direction);
    let mut order = Vec::new();
    for key in window.sort {
        let way = Way::of(key.descending, window.direction);
        order.push((column(&key.field.name).is_null(), nulls.order()));
        order.push((column(&key.field.name), way.order()));
    }
    let last = window.sort.last().is_some_and(|key| key.descending);
    let ties = Way::of(last, window.direction);
    order.push((column("rowno"), ties.order()));
    let condition = match window.from {
        None => Condition::all(),
        Some(from) => beyond_several(backend, window, from, ties),
    };
    Stretch {
        condition,
        order,
        walk: Walk::Sorted,
    }
}

/// Beyond in the first field; or level in it and beyond in the second; and so on, `rowno` last.
fn beyond_several(backend: DbBackend, window: Window<'_>, from: &Position, ties: Way) -> Condition {
    let mut any = Condition::any();
    let mut level = Condition::all();
    for (key, value) in window.sort.iter().zip(&from.values) {
        let field = || column(&key.field.name);
        let operand = || dialect::operand(backend, key.field.kind, value);
        let way = Way::of(key.descending, window.direction);
        let beyond = match (value, window.direction) {
            (Cell::Null, Direction::Forward) => None,
            (Cell::Null, Direction::Backward) => Some(field().is_not_null()),
            (_, Direction::Forward) => Some(way.beyond(field(), operand()).or(field().is_null())),
            (_, Direction::Backward) => Some(way.beyond(field(), operand())),
        };
        if let Some(beyond) = beyond {
            any = any.add(level.clone().add(beyond));
        }
        level = level.add(match value {
            Cell::Null => field().is_null(),
            _ => field().eq(operand()),
        });
    }
    any.add(level.add(ties.beyond(column("rowno"), from.rowno)))
}

/// Which way an index is walked.
#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

impl Way {
    fn of(descending: bool, direction: Direction) -> Self {
        if descending == (direction == Direction::Backward) {
            Self::Up
        } else {
            Self::Down
        }
    }

    fn order(self) -> Order {
        match self {
            Self::Up => Order::Asc,
            Self::Down => Order::Desc,
        }
    }

    fn beyond(self, expression: SimpleExpr, value: impl Into<SimpleExpr>) -> SimpleExpr {
        match self {
            Self::Up => expression.gt(value),
            Self::Down => expression.lt(value),
        }
    }
}
