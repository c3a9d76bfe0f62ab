//! Lists of platform tables, filtered, sorted and paged as the rows of resources are.
//!
//! A table, or some joined ones, is read as one derived table whose columns are called as its rows are served: conditions,
//! orders and positions are those of rows. There is no index for each order, so a list is read through a
//! [`Reader`](crate::dialect::Reader), whose time bounds it.

use sea_orm::{
    DbBackend, IntoSimpleExpr, QueryResult,
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Query, SelectStatement, SimpleExpr},
};

use crate::{
    definition::{Cell, Definition, Field, Identity, Kind},
    dialect,
    record::{
        Counted, Course, Direction, Filter, Position, Window, all_of, at_most, beyond, column,
        counting, cut, level_or_beyond, ties,
    },
};

/// The column by which rows are told apart, and in whose order those come that are level.
const ROWNO: &str = "rowno";

/// A platform table, or some joined ones, as its rows are listed.
#[derive(Clone, Debug)]
pub struct Listing {
    definition: Definition,
    sortable: Vec<&'static str>,
    is_newest_first: bool,
    rows: SelectStatement,
}

/// A column of a list: a member of its rows.
#[derive(Clone, Debug)]
pub struct Column {
    name: &'static str,
    kind: Kind,
    value: SimpleExpr,
    is_filterable: bool,
    is_sortable: bool,
    is_optional: bool,
    values: Vec<String>,
}

/// A part of a list, in the list's order whatever the direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub rows: Vec<Row>,
    /// Whether there is more in the direction that was asked for.
    pub more: bool,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// One for each of [`Listing::fields`].
    pub cells: Vec<Cell>,
    pub position: Position,
}

impl Column {
    /// A column that always has a value, and can be filtered and sorted by.
    pub fn new(name: &'static str, kind: Kind, value: impl IntoSimpleExpr) -> Self {
        Self {
            name,
            kind,
            value: value.into_simple_expr(),
            is_filterable: true,
            is_sortable: true,
            is_optional: false,
            values: Vec::new(),
        }
    }

    /// It may have no value.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// It has no other values than these.
    #[must_use]
    pub fn one_of<'a>(mut self, values: impl IntoIterator<Item = &'a str>) -> Self {
        self.values = values.into_iter().map(str::to_owned).collect();
        self
    }

    /// Nothing is sorted by it: the table may be large, and no index has its order.
    #[must_use]
    pub fn unsorted(mut self) -> Self {
        self.is_sortable = false;
        self
    }

    /// It is only looked at.
    #[must_use]
    pub fn shown(mut self) -> Self {
        self.is_filterable = false;
        self.unsorted()
    }

    fn field(&self) -> Field {
        Field {
            name: self.name.to_owned(),
            kind: self.kind,
            index: self.is_filterable,
            contains: false,
            rule: String::new(),
            values: self.values.clone(),
            required: !self.is_optional,
        }
    }
}

impl Listing {
    /// A list of that name of what `from` selects from: tables that are joined stand to the right of an outer join, so that
    /// each row of the first is one of the list. `rowno` numbers these.
    pub fn new(
        name: &str,
        (mut from, rowno): (SelectStatement, impl IntoSimpleExpr),
        columns: impl IntoIterator<Item = Column>,
    ) -> Self {
        from.expr_as(rowno.into_simple_expr(), Alias::new(ROWNO));
        let (mut fields, mut sortable) = (Vec::new(), Vec::new());
        for column in columns {
            fields.push(column.field());
            sortable.extend(column.is_sortable.then_some(column.name));
            from.expr_as(column.value, Alias::new(column.name));
        }
        Self {
            definition: definition(name, fields),
            sortable,
            is_newest_first: false,
            rows: from,
        }
    }

    /// Without a sort the rows with the highest numbers come first.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.is_newest_first = true;
        self
    }

    pub fn name(&self) -> &str {
        &self.definition.resource
    }

    /// Its columns, as the parameters of a list are checked against them.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// The members of its rows.
    pub fn fields(&self) -> &[Field] {
        &self.definition.fields
    }

    /// The names of the columns that it can be sorted by, any of them in any order.
    pub fn sortable(&self) -> &[&'static str] {
        &self.sortable
    }

    /// Whether it begins with the newest rows where no order is asked for.
    pub fn is_newest_first(&self) -> bool {
        self.is_newest_first
    }

    /// At most `window.limit` of the rows that meet all `filters`.
    ///
    /// # Errors
    /// The database does not answer, or not in time.
    pub async fn page(
        &self,
        db: &impl ConnectionTrait,
        filters: &[Filter],
        window: Window<'_>,
    ) -> Result<Page, DbErr> {
        let backend = db.get_database_backend();
        let mut select = self.select(backend, filters);
        select.expr(column(ROWNO));
        for field in self.fields() {
            let value = dialect::readable(backend, field.kind, column(&field.name));
            select.expr(value);
        }
        if let Some(from) = window.from {
            select.cond_where(beyond(backend, window, from));
            // Said once more so that an index of the first order is begun at the right place.
            select.cond_where(level_or_beyond(backend, window, from));
        }
        self.order(&mut select, window);
        select.limit(window.limit.saturating_add(1));
        let rows = db.query_all(&select).await?;
        let rows = rows.iter().map(|row| self.row(backend, row, window));
        let mut rows: Vec<Row> = rows.collect::<Result<_, _>>()?;
        let more = cut(&mut rows, window, |row| &row.position).is_some();
        if window.direction == Direction::Backward {
            rows.reverse();
        }
        Ok(Page { rows, more })
    }

    /// The row of that number.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn one(
        &self,
        db: &impl ConnectionTrait,
        rowno: i64,
    ) -> Result<Option<Vec<Cell>>, DbErr> {
        let backend = db.get_database_backend();
        let mut select = self.select(backend, &[]);
        select
            .expr(column(ROWNO))
            .and_where(column(ROWNO).eq(rowno));
        for field in self.fields() {
            let value = dialect::readable(backend, field.kind, column(&field.name));
            select.expr(value);
        }
        let row = db.query_one(&select).await?;
        row.map(|row| self.cells(backend, &row)).transpose()
    }

    /// How many rows meet all `filters`: all of them, or counted up to `most`.
    ///
    /// # Errors
    /// The database does not answer, or not in time.
    pub async fn count(
        &self,
        db: &impl ConnectionTrait,
        filters: &[Filter],
        most: Option<u64>,
    ) -> Result<Counted, DbErr> {
        let mut select = self.select(db.get_database_backend(), filters);
        if let Some(most) = most {
            select.expr(column(ROWNO));
            let counted = at_most(db, &select, most.saturating_add(1)).await?;
            let (value, exact) = (Ord::min(counted, most), counted <= most);
            return Ok(Counted { value, exact });
        }
        select.expr(counting());
        let row = db.query_one(&select).await?;
        let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        let (value, exact) = (count.unsigned_abs(), true);
        Ok(Counted { value, exact })
    }

    /// Nothing of the rows that meet all `filters`, yet.
    fn select(&self, backend: DbBackend, filters: &[Filter]) -> SelectStatement {
        let mut select = Query::select();
        select
            .from_subquery(self.rows.clone(), Alias::new("record"))
            .cond_where(all_of(backend, filters));
        select
    }

    /// Rows without a value come last, as on every database.
    fn order(&self, select: &mut SelectStatement, window: Window<'_>) {
        let nulls = Course::of(false, window.direction).order();
        for key in window.sort {
            // No index has this order: it is asked for only where there may be such rows.
            if !key.field.required {
                select.order_by_expr(column(&key.field.name).is_null(), nulls.clone());
            }
            let way = Course::of(key.descending, window.direction);
            select.order_by_expr(column(&key.field.name), way.order());
        }
        select.order_by_expr(column(ROWNO), ties(window).order());
    }

    fn row(&self, backend: DbBackend, row: &QueryResult, window: Window<'_>) -> Result<Row, DbErr> {
        let cells = self.cells(backend, row)?;
        let of_field = |field: &Field| {
            let mut both = self.fields().iter().zip(&cells);
            both.find(|(other, _)| other.name == field.name)
                .map_or(Cell::Null, |(_, cell)| cell.clone())
        };
        let values = window.sort.iter().map(|key| of_field(&key.field)).collect();
        let rowno = row.try_get_by_index(0)?;
        let position = Position { values, rowno };
        Ok(Row { cells, position })
    }

    fn cells(&self, backend: DbBackend, row: &QueryResult) -> Result<Vec<Cell>, DbErr> {
        let fields = self.fields().iter().enumerate();
        let cells = fields.map(|(at, field)| dialect::read(backend, row, 1 + at, field.kind));
        cells.collect()
    }
}

/// What the parameters of a list are checked against.
fn definition(name: &str, fields: Vec<Field>) -> Definition {
    Definition {
        source: String::new(),
        resource: name.to_owned(),
        table: name.to_owned(),
        description: None,
        key: Vec::new(),
        identity: Identity::Key,
        fields,
        tables: Vec::new(),
        orders: Vec::new(),
        search: Vec::new(),
        parent: None,
        history: false,
        face: None,
        read: None,
        local: None,
    }
}
