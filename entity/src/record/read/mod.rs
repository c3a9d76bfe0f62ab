//! The queries of the api. Deleted rows are never among the answers.

mod allowed;
mod condition;
mod wanted;

mod embed;
mod facets;
mod piece;
mod random;
mod stretch;
mod walk;
mod way;

mod few;
mod page;
mod skip;

mod count;
mod explain;

use sea_orm::{
    entity::prelude::*,
    sea_query::{Alias, Query, SimpleExpr},
};

use self::{page::Walker, wanted::Wanted, way::Way};
use super::{Column, Model, aliased, find};
use crate::definition::{Cell, Definition, Field};

pub use self::{
    count::{Counted, count, count_up_to},
    embed::{Embedded, embedded, numbered},
    explain::{Does, Step, explain},
    facets::{Facet, FacetValue, facet},
    piece::{Content, Piece, PieceRow, piece, rowno_of},
    random::{Dice, random},
    skip::{Skipped, skip},
    stretch::Part,
};
// Platform tables are listed in the same orders, under the same conditions.
pub(crate) use self::{
    condition::all_of,
    few::{beyond, level_or_beyond, ties},
    page::cut,
    stretch::Way as Course,
    way::{at_most, counting},
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

/// What a field's value must be. A row without a value meets none of them but [`Test::IsNull`]
/// and [`Test::NoneOrBetween`].
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    Equals(Cell),
    /// One of these.
    Among(Vec<Cell>),
    /// Another one than these.
    NotAmong(Vec<Cell>),
    Above(Cell),
    AtLeast(Cell),
    Below(Cell),
    AtMost(Cell),
    /// Not below the first, not above the second, or no value at all.
    NoneOrBetween(Option<Cell>, Option<Cell>),
    /// The text begins so; of a list: an item does.
    StartsWith(String),
    /// There is no value, or there is one; of a list: no item, or one.
    IsNull(bool),
    /// The list has this item.
    Has(String),
    /// The list has one of these items.
    HasAny(Vec<String>),
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    pub rows: Vec<ListedRow>,
    /// Whether there is more in the direction that was asked for.
    pub more: bool,
    /// If so, where it goes on. A page that is not full may end behind its last row.
    pub end: Option<Position>,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedRow {
    pub payload: String,
    pub position: Position,
}

/// At most `window.limit` of the selected rows.
///
/// There may be fewer although there is [more](Listed::end): a page looks at a bounded number of rows.
///
/// # Errors
/// The database does not answer, or no index has the order that is asked for.
pub async fn list(
    db: &impl ConnectionTrait,
    selection: Selection<'_>,
    window: Window<'_>,
) -> Result<Listed, DbErr> {
    let Some(wanted) = Wanted::of(db, selection).await? else {
        return Ok(Listed::in_order(window, Vec::new(), None));
    };
    match Way::of(db, &wanted, window).await? {
        Way::Few(few) => few::page(db, &wanted, (window, &few)).await,
        Way::Walk(walk) => {
            let walker = Walker {
                wanted: &wanted,
                walk: &walk,
                window,
                backend: db.get_database_backend(),
            };
            walker.page(db).await
        }
    }
}

impl Listed {
    /// Rows as they were read, brought into the list's order.
    fn in_order(window: Window<'_>, mut rows: Vec<ListedRow>, end: Option<Position>) -> Self {
        if window.direction == Direction::Backward {
            rows.reverse();
        }
        let more = end.is_some();
        Self { rows, more, end }
    }
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
pub(crate) fn column(name: &str) -> SimpleExpr {
    Expr::col((Alias::new("record"), Alias::new(name)))
}
