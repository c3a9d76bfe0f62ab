//! What a field may be, as SQL.

use sea_orm::{
    DbBackend,
    entity::prelude::*,
    sea_query::{Alias, Condition, ExprTrait, Query, SimpleExpr},
};
use std::ops::Bound;

use super::{
    Filter,
    allowed::{Allowed, Span},
    column,
    wanted::Items,
};
use crate::{
    definition::{Cell, Definition, Field},
    dialect,
};

/// All ranges of the field's index that have what is allowed, one condition each; single values are together in one.
pub(super) fn ranges(backend: DbBackend, field: &Field, allowed: &Allowed) -> Vec<SimpleExpr> {
    let operand = |value: &Cell| dialect::operand(backend, field.kind, value);
    let (points, spans): (Vec<&Span>, Vec<&Span>) = allowed
        .spans
        .iter()
        .partition(|span| span.point().is_some());
    let points: Vec<&Cell> = points.into_iter().filter_map(Span::point).collect();
    let mut ranges = Vec::new();
    match points.as_slice() {
        [] => {}
        [value] => ranges.push(column(&field.name).eq(operand(value))),
        values => {
            let values = values.iter().map(|value| operand(value));
            ranges.push(column(&field.name).is_in(values));
        }
    }
    let spans = spans.into_iter();
    ranges.extend(spans.map(|span| within(backend, field, span)));
    if allowed.null {
        ranges.push(column(&field.name).is_null());
    }
    ranges
}

/// The field is one of what is allowed.
pub(super) fn any_of(backend: DbBackend, field: &Field, allowed: &Allowed) -> Condition {
    let ranges = ranges(backend, field, allowed).into_iter();
    ranges.fold(Condition::any(), Condition::add)
}

/// Each of `filters`, on columns, holds.
pub(crate) fn all_of(backend: DbBackend, filters: &[Filter]) -> Condition {
    let each = filters.iter().map(|filter| {
        let allowed = Allowed::by(&filter.test);
        any_of(backend, &filter.field, &allowed)
    });
    each.fold(Condition::all(), Condition::add)
}

/// The field is in the span.
pub(super) fn within(backend: DbBackend, field: &Field, span: &Span) -> SimpleExpr {
    let name = || column(&field.name);
    let operand = |value: &Cell| dialect::operand(backend, field.kind, value);
    if let Some(value) = span.point() {
        return name().eq(operand(value));
    }
    let low = match &span.low {
        Bound::Unbounded => None,
        Bound::Included(value) => Some(name().gte(operand(value))),
        Bound::Excluded(value) => Some(name().gt(operand(value))),
    };
    let high = match &span.high {
        Bound::Unbounded => None,
        Bound::Included(value) => Some(name().lte(operand(value))),
        Bound::Excluded(value) => Some(name().lt(operand(value))),
    };
    match (low, high) {
        (Some(low), Some(high)) => low.and(high),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => name().is_not_null(),
    }
}

/// The field has that value, or none.
pub(super) fn is(backend: DbBackend, field: &Field, value: &Cell) -> SimpleExpr {
    match value {
        Cell::Null => column(&field.name).is_null(),
        value => column(&field.name).eq(dialect::operand(backend, field.kind, value)),
    }
}

/// The row's list has such items. Asked row by row: gathering all rows that have an item would cost as many as there are.
pub(super) fn items(definition: &Definition, field: &Field, items: &Items) -> SimpleExpr {
    let mut rows = Query::select();
    rows.expr(Expr::val(1))
        .from_as(Alias::new(definition.list_table(field)), Alias::new("item"))
        .and_where(Expr::col((Alias::new("item"), Alias::new("rowno"))).eq(column("rowno")));
    if let Some(is_item) = items.is_item() {
        rows.and_where(is_item);
    }
    let exists = Expr::exists(rows);
    match items {
        Items::None => exists.not(),
        _ => exists,
    }
}
