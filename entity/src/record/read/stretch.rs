//! How the index of a list's sorted fields is cut into stretches, to be read one after the other.
//!
//! Databases differ in where nulls sort, and none of them seeks an index for `a > x OR (a = x AND rowno > n) OR a IS
//! NULL`. So a list sorted by one field is read as the rest of the ties, the values behind them, and the rows without a
//! value: each is one range of the index `(field, rowno)`. The same goes for an index of several fields, with ties of ties.

use std::ops::Bound;

use sea_orm::{
    DbBackend,
    sea_query::{Condition, ExprTrait, Order, SimpleExpr},
};

use super::{
    Direction, Position, SortKey,
    allowed::{Allowed, Span},
    column, condition,
};
use crate::{definition::Cell, dialect};

/// A part of a list: one range of an index, in the index's order.
pub(super) struct Stretch {
    pub(super) part: Part,
    pub(super) condition: Condition,
    pub(super) order: Vec<(SimpleExpr, Order)>,
}

/// What a stretch is of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Rows,
    /// The rows that have the value of the row where the page begins.
    Ties,
    /// The rows that have a value.
    Values,
    /// The rows that have none.
    Nulls,
}

/// A walk of the index of the sorted fields, about to be cut into stretches.
pub(super) struct Cut<'a> {
    pub(super) backend: DbBackend,
    pub(super) keys: &'a [SortKey],
    pub(super) first: &'a Allowed,
    pub(super) direction: Direction,
}

impl Cut<'_> {
    /// The stretches from `from` on, in the direction in which the list is read.
    pub(super) fn stretches(&self, from: Option<&Position>) -> Vec<Stretch> {
        let forward = self.direction == Direction::Forward;
        let Some(from) = from else {
            let (values, nulls) = (self.values(self.first), self.nulls());
            return if forward {
                values.into_iter().chain(nulls).collect()
            } else {
                nulls.into_iter().chain(values).collect()
            };
        };
        let mut stretches = self.ties(from);
        match from.values.first() {
            None | Some(Cell::Null) if forward => {}
            None | Some(Cell::Null) => stretches.extend(self.values(self.first)),
            Some(value) => {
                let value = Bound::Excluded(value.clone());
                let beyond = match self.way(0) {
                    Way::Up => Allowed::range(value, Bound::Unbounded),
                    Way::Down => Allowed::range(Bound::Unbounded, value),
                };
                stretches.extend(self.values(&self.first.and(&beyond)));
                stretches.extend(self.nulls().filter(|_| forward));
            }
        }
        stretches
    }

    /// The rows that are level with the position in all fields, then in all but the last, and so on.
    fn ties(&self, from: &Position) -> Vec<Stretch> {
        let level = |fields: usize| {
            let both = self.keys.iter().zip(&from.values).take(fields);
            both.fold(Condition::all(), |all, (key, value)| {
                all.add(condition::is(self.backend, &key.field, value))
            })
        };
        let all = self.keys.len();
        let behind = self.way(all - 1).beyond(column("rowno"), from.rowno);
        let mut ties = vec![self.stretch(Part::Ties, level(all).add(behind), all)];
        for at in (1..all).rev() {
            let (Some(key), Some(value)) = (self.keys.get(at), from.values.get(at)) else {
                continue;
            };
            let name = || column(&key.field.name);
            let operand = || dialect::operand(self.backend, key.field.kind, value);
            // These fields have a value, but for rows that stand since before the definition said so.
            let nulls = |condition| self.stretch(Part::Ties, level(at).add(condition), at + 1);
            let values = |condition| self.stretch(Part::Ties, level(at).add(condition), at);
            match (self.way(at), value) {
                (Way::Up, Cell::Null) => ties.push(values(name().is_not_null())),
                (Way::Up, _) => ties.push(values(name().gt(operand()))),
                (Way::Down, Cell::Null) => {}
                (Way::Down, _) => {
                    ties.push(values(name().lt(operand())));
                    ties.push(nulls(name().is_null()));
                }
            }
        }
        ties
    }

    fn values(&self, allowed: &Allowed) -> Vec<Stretch> {
        let Some(first) = self.keys.first() else {
            return Vec::new();
        };
        let stretch = |span: &Span| {
            let within = condition::within(self.backend, &first.field, span);
            // Nothing is left to be ordered by a field that has one value: MariaDB would sort.
            let level = usize::from(span.point().is_some());
            self.stretch(Part::Values, Condition::all().add(within), level)
        };
        let spans = allowed.spans.iter();
        match self.way(0) {
            Way::Up => spans.map(stretch).collect(),
            Way::Down => spans.rev().map(stretch).collect(),
        }
    }

    fn nulls(&self) -> impl Iterator<Item = Stretch> {
        let first = self.keys.first().filter(|_| self.first.null);
        let nulls = first.map(|key| {
            let null = Condition::all().add(column(&key.field.name).is_null());
            self.stretch(Part::Nulls, null, 1)
        });
        nulls.into_iter()
    }

    /// A range in which the first `level` fields have one value.
    fn stretch(&self, part: Part, condition: Condition, level: usize) -> Stretch {
        let keys = self.keys.iter().enumerate().skip(level);
        let fields = keys.map(|(at, key)| (column(&key.field.name), self.way(at).order()));
        let rowno = (column("rowno"), self.way(self.keys.len() - 1).order());
        Stretch {
            part,
            condition,
            order: fields.chain([rowno]).collect(),
        }
    }

    fn way(&self, at: usize) -> Way {
        let descending = self.keys.get(at).is_some_and(|key| key.descending);
        Way::of(descending, self.direction)
    }
}

/// Which way an index is walked.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Up,
    Down,
}

impl Way {
    pub(crate) fn of(descending: bool, direction: Direction) -> Self {
        if descending == (direction == Direction::Backward) {
            Self::Up
        } else {
            Self::Down
        }
    }

    pub(crate) fn order(self) -> Order {
        match self {
            Self::Up => Order::Asc,
            Self::Down => Order::Desc,
        }
    }

    pub(super) fn beyond(self, expression: SimpleExpr, value: impl Into<SimpleExpr>) -> SimpleExpr {
        match self {
            Self::Up => expression.gt(value),
            Self::Down => expression.lt(value),
        }
    }
}
