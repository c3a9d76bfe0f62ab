//! Reads a page of few rows: they are fetched by their numbers, and put in order.

use sea_orm::{
    DbBackend,
    entity::prelude::*,
    sea_query::{Condition, ExprTrait, Query, SelectStatement, SimpleExpr},
};

use super::{
    Direction, Listed, ListedRow, Position, Window, aliased, column, condition,
    page::{cut, mark, numbered, position, sorted_values},
    stretch::Way,
    wanted::Wanted,
    way::Few,
};
use crate::{definition::Cell, dialect};

/// Those of `rownos`, few, that fit, in the order of the list.
pub(super) async fn page(
    db: &impl ConnectionTrait,
    wanted: &Wanted<'_>,
    (window, few): (Window<'_>, &Few<'_>),
) -> Result<Listed, DbErr> {
    let backend = db.get_database_backend();
    if few.rownos.is_empty() {
        return Ok(Listed::in_order(window, Vec::new(), None));
    }
    let select = select(backend, wanted, (window, few));
    let rows = db.query_all(&select).await?;
    let rows = rows.iter().map(|row| {
        Ok(ListedRow {
            payload: row.try_get_by_index(1)?,
            position: position(backend, window.sort, row)?,
        })
    });
    let mut rows: Vec<ListedRow> = rows.collect::<Result<_, DbErr>>()?;
    let end = cut(&mut rows, window, |row| &row.position);
    Ok(Listed::in_order(window, rows, end))
}

pub(super) fn select(
    backend: DbBackend,
    wanted: &Wanted<'_>,
    (window, few): (Window<'_>, &Few<'_>),
) -> SelectStatement {
    let mut fits = wanted.condition(backend);
    if let Some(from) = window.from {
        fits = fits.add(beyond(backend, window, from));
    }
    let mut select = Query::select();
    select
        .expr(column("rowno"))
        .expr(column("payload"))
        .from(aliased(&wanted.definition.table))
        .and_where(numbered(&few.rownos))
        .and_where(opaque(fits))
        .limit(window.limit.saturating_add(1));
    dialect::by_rowno(&mut select);
    sorted_values(&mut select, backend, window.sort);
    let nulls = Way::of(false, window.direction);
    for key in window.sort {
        let way = Way::of(key.descending, window.direction);
        select.order_by_expr(column(&key.field.name).is_null(), nulls.order());
        select.order_by_expr(column(&key.field.name), way.order());
    }
    select.order_by_expr(column("rowno"), ties(window).order());
    select
}

/// `condition` in a form in which no database looks for an index.
pub(super) fn opaque(condition: Condition) -> SimpleExpr {
    mark(condition).eq(Expr::cust("1"))
}

/// Beyond in the first field; or level in it and beyond in the second; and so on, `rowno` last.
pub(crate) fn beyond(backend: DbBackend, window: Window<'_>, from: &Position) -> Condition {
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
        level = level.add(condition::is(backend, &key.field, value));
    }
    any.add(level.add(ties(window).beyond(column("rowno"), from.rowno)))
}

/// In the first field not before the position, whatever the others are.
pub(crate) fn level_or_beyond(
    backend: DbBackend,
    window: Window<'_>,
    from: &Position,
) -> Condition {
    let first = window.sort.first().zip(from.values.first());
    let Some((key, value)) =
        first.filter(|(key, value)| key.field.required && **value != Cell::Null)
    else {
        return Condition::all();
    };
    let operand = dialect::operand(backend, key.field.kind, value);
    let field = column(&key.field.name);
    let within = match Way::of(key.descending, window.direction) {
        Way::Up => field.gte(operand),
        Way::Down => field.lte(operand),
    };
    Condition::all().add(within)
}

/// Which way those come that are level in all fields.
pub(crate) fn ties(window: Window<'_>) -> Way {
    let descending = window.sort.last().is_some_and(|key| key.descending);
    Way::of(descending, window.direction)
}
