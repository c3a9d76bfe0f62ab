//! The queries of the api. Deleted rows are never among the answers.

mod embed;
mod facets;
mod random;
mod stretch;

use sea_orm::{
    DbBackend, QueryResult,
    entity::prelude::*,
    sea_query::{Alias, Condition, ExprTrait, Query, SelectStatement, SimpleExpr},
};

pub use self::{
    embed::{Embedded, embedded, numbered},
    facets::{Facet, FacetValue, facet},
    random::{Dice, random},
};

use self::stretch::{Stretch, Walk, stretches};
use super::{Column, Model, aliased, find};
use crate::{
    definition::{Cell, Definition, Field},
    dialect,
};

/// Which rows of a resource are meant.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    pub definition: &'a Definition,
    /// All must hold.
    pub filters: &'a [Filter],
    /// Only the rows fetched from one row of the parent resource.
    pub of: Option<ChildOf<'a>>,
}

/// A condition on a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub field: Field,
    pub test: Test,
}

/// What a field's value must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    Equals(Cell),
    /// The list has this item.
    Has(String),
}

/// A row of the parent resource.
#[derive(Clone, Copy, Debug)]
pub struct ChildOf<'a> {
    pub parent: &'a Definition,
    pub record_key: &'a str,
}

/// A field to sort by. Rows without a value come last, ascending or descending.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    pub field: Field,
    pub descending: bool,
}

/// Which part of the selected rows is wanted, and in which order. Ties end on `rowno`.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    pub sort: &'a [SortKey],
    /// Where to begin: the row that stands here is not among the answer.
    pub from: Option<&'a Position>,
    pub direction: Direction,
    pub limit: u64,
}

/// A place in the order of a list, also after the row that stood there is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// One for each field that is sorted by.
    pub values: Vec<Cell>,
    pub rowno: i64,
}

/// Which way to go from a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Backward,
}

/// A part of a list, in the list's order whatever the direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub rows: Vec<ListedRow>,
    /// Whether there is more in the direction that was asked for.
    pub more: bool,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedRow {
    pub payload: String,
    pub position: Position,
}

/// At most `window.limit` of the selected rows.
///
/// # Errors
/// The database does not answer.
pub async fn list(
    db: &impl ConnectionTrait,
    selection: Selection<'_>,
    window: Window<'_>,
) -> Result<Listed, DbErr> {
    let backend = db.get_database_backend();
    let selected = condition(backend, selection);
    let wanted = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    for stretch in stretches(backend, window) {
        // One more than wanted tells whether there is more.
        let missing = window.limit.saturating_add(1) - rows.len() as u64;
        if missing == 0 {
            break;
        }
        let mut select = part(backend, selection, window.sort, stretch);
        select.cond_where(selected.clone()).limit(missing);
        for row in db.query_all(&select).await? {
            rows.push(listed_row(backend, window.sort, &row)?);
        }
    }
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    if window.direction == Direction::Backward {
        rows.reverse();
    }
    Ok(Listed { rows, more })
}

/// How many rows are selected.
///
/// # Errors
/// The database does not answer.
pub async fn count(db: &impl ConnectionTrait, selection: Selection<'_>) -> Result<u64, DbErr> {
    find(&selection.definition.table)
        .filter(condition(db.get_database_backend(), selection))
        .count(db)
        .await
}

/// The row of a key.
///
/// # Errors
/// The database does not answer.
pub async fn one(
    db: &impl ConnectionTrait,
    table: &str,
    record_key: &str,
) -> Result<Option<Model>, DbErr> {
    find(table)
        .filter(Column::RecordKey.eq(record_key))
        .filter(Column::DeletedAt.is_null())
        .one(db)
        .await
}

/// Whether there is a row of that key.
///
/// # Errors
/// The database does not answer.
pub async fn exists(
    db: &impl ConnectionTrait,
    table: &str,
    record_key: &str,
) -> Result<bool, DbErr> {
    let mut select = Query::select();
    select
        .expr(Expr::val(1))
        .from(aliased(table))
        .and_where(Column::RecordKey.eq(record_key))
        .and_where(Column::DeletedAt.is_null());
    Ok(db.query_one(&select).await?.is_some())
}

/// Field `name` of the table that the query reads.
fn column(name: &str) -> SimpleExpr {
    Expr::col((Alias::new("record"), Alias::new(name)))
}

fn condition(backend: DbBackend, selection: Selection<'_>) -> Condition {
    let mut all = Condition::all().add(Column::DeletedAt.is_null());
    for filter in selection.filters {
        all = all.add(test(backend, selection.definition, filter));
    }
    if let Some(of) = selection.of {
        all = children(all, selection.definition, of);
    }
    all
}

fn test(backend: DbBackend, definition: &Definition, filter: &Filter) -> SimpleExpr {
    match &filter.test {
        Test::Equals(cell) => {
            let operand = dialect::operand(backend, filter.field.kind, cell);
            column(&filter.field.name).eq(operand)
        }
        Test::Has(item) => {
            let mut rownos = Query::select();
            rownos
                .column(Alias::new("rowno"))
                .from(Alias::new(definition.list_table(&filter.field)))
                .and_where(Expr::col(Alias::new("value")).eq(item.as_str()));
            column("rowno").in_subquery(rownos)
        }
    }
}

/// The copied values are asked of the parent's row: nothing is parsed, and the child's index is used.
fn children(mut all: Condition, child: &Definition, of: ChildOf<'_>) -> Condition {
    for (field, copied) in child.parent.iter().flat_map(|parent| &parent.copy) {
        let mut value = Query::select();
        value
            .expr(column(copied))
            .from(aliased(&of.parent.table))
            .and_where(Column::RecordKey.eq(of.record_key))
            .and_where(Column::DeletedAt.is_null());
        all = all.add(column(field).eq(SimpleExpr::from(value)));
    }
    all
}

fn part(
    backend: DbBackend,
    selection: Selection<'_>,
    sort: &[SortKey],
    stretch: Stretch,
) -> SelectStatement {
    let mut select = Query::select();
    select
        .expr(column("rowno"))
        .expr(column("payload"))
        .from(aliased(&selection.definition.table))
        .cond_where(stretch.condition);
    for key in sort {
        let readable = dialect::readable(backend, key.field.kind, column(&key.field.name));
        select.expr(readable);
    }
    for (expression, order) in stretch.order {
        select.order_by_expr(expression, order);
    }
    let by_field = match stretch.walk {
        Walk::Rowno => pins_a_field(selection),
        Walk::PinnedField => true,
        Walk::Field | Walk::Sorted => false,
    };
    if by_field {
        dialect::walk_field_index(&mut select);
    }
    select
}

/// Whether an indexed field has one value in all selected rows.
fn pins_a_field(selection: Selection<'_>) -> bool {
    let filters = selection.filters.iter();
    let mut equalities = filters.filter(|filter| matches!(filter.test, Test::Equals(_)));
    let definition = selection.definition;
    let is_indexed = |name: &str| definition.field(name).is_some_and(|field| field.index);
    let relation = selection.of.and(definition.parent.as_ref());
    let mut copied = relation.iter().flat_map(|parent| &parent.copy);
    equalities.any(|filter| filter.field.index) || copied.any(|(field, _)| is_indexed(field))
}

fn listed_row(backend: DbBackend, sort: &[SortKey], row: &QueryResult) -> Result<ListedRow, DbErr> {
    let values = sort
        .iter()
        .enumerate()
        .map(|(index, key)| dialect::read(backend, row, 2 + index, key.field.kind));
    Ok(ListedRow {
        payload: row.try_get_by_index(1)?,
        position: Position {
            values: values.collect::<Result<_, _>>()?,
            rowno: row.try_get_by_index(0)?,
        },
    })
}
