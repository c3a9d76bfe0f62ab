//! A selection put in order: for each field what it may be, all conditions on it taken together.

use std::ops::Bound;

use sea_orm::{
    DbBackend,
    entity::prelude::*,
    sea_query::{Alias, Condition, ExprTrait, Query, SimpleExpr},
};

use super::{
    ChildOf, Column, Selection, Test, aliased,
    allowed::{Allowed, behind_all},
    column, condition,
};
use crate::{
    definition::{Cell, Definition, Field, Kind},
    dialect,
};

/// What is wanted of a resource's rows.
pub(super) struct Wanted<'a> {
    pub(super) definition: &'a Definition,
    /// Each column once.
    pub(super) columns: Vec<(&'a Field, Allowed)>,
    pub(super) lists: Vec<(&'a Field, Items)>,
}

/// What a list must hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Items {
    /// One of these.
    AnyOf(Vec<String>),
    /// One that begins so.
    Beginning(String),
    Some,
    None,
}

impl<'a> Wanted<'a> {
    /// `None` if no row can meet it.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn of(
        db: &impl ConnectionTrait,
        selection: Selection<'a>,
    ) -> Result<Option<Self>, DbErr> {
        let mut wanted = Self {
            definition: selection.definition,
            columns: Vec::new(),
            lists: Vec::new(),
        };
        for filter in selection.filters {
            match filter.field.kind {
                Kind::List => wanted.lists.push((&filter.field, Items::by(&filter.test))),
                _ => wanted.restrict(&filter.field, &Allowed::by(&filter.test)),
            }
        }
        if let Some(of) = selection.of {
            let Some(copied) = copied(db, selection.definition, of).await? else {
                return Ok(None);
            };
            for (field, value) in copied {
                wanted.restrict(field, &Allowed::one(&value));
            }
        }
        Ok((!wanted.is_empty()).then_some(wanted))
    }

    /// What may be in a column.
    pub(super) fn allowed(&self, field: &Field) -> Allowed {
        let mut columns = self.columns.iter();
        let found = columns.find(|(column, _)| column.name == field.name);
        found.map_or_else(Allowed::anything, |(_, allowed)| allowed.clone())
    }

    /// What a row must be, as one expression: it is there, and meets each condition.
    pub(super) fn condition(&self, backend: DbBackend) -> Condition {
        let mut all = Condition::all().add(Column::DeletedAt.is_null());
        for (field, allowed) in &self.columns {
            all = all.add(condition::any_of(backend, field, allowed));
        }
        for (field, items) in &self.lists {
            all = all.add(condition::items(self.definition, field, items));
        }
        all
    }

    fn restrict(&mut self, field: &'a Field, to: &Allowed) {
        let mut columns = self.columns.iter_mut();
        match columns.find(|(column, _)| column.name == field.name) {
            Some((_, allowed)) => *allowed = allowed.and(to),
            None => self.columns.push((field, to.clone())),
        }
    }

    fn is_empty(&self) -> bool {
        let nothing = |items: &Items| *items == Items::AnyOf(Vec::new());
        self.columns.iter().any(|(_, allowed)| allowed.is_empty())
            || self.lists.iter().any(|(_, items)| nothing(items))
    }
}

impl Items {
    fn by(test: &Test) -> Self {
        match test {
            Test::Has(item) => Self::AnyOf(vec![item.clone()]),
            Test::HasAny(items) => Self::AnyOf(items.clone()),
            Test::StartsWith(beginning) => Self::Beginning(beginning.clone()),
            Test::IsNull(true) => Self::None,
            Test::IsNull(false) => Self::Some,
            // A list is compared with nothing.
            _ => Self::AnyOf(Vec::new()),
        }
    }

    /// What an item must be, from the list's table `item`: one or more ranges of its index. `None`: it may be any.
    pub(super) fn is_item(&self) -> Option<SimpleExpr> {
        match self {
            Self::AnyOf(items) => Some(is_item(items)),
            Self::Beginning(beginning) => Some(begins(beginning)),
            Self::Some | Self::None => None,
        }
    }
}

/// The copied fields with the values that the parent's row has; `None` if that row or one of the values is not there.
async fn copied<'a>(
    db: &impl ConnectionTrait,
    child: &'a Definition,
    of: ChildOf<'_>,
) -> Result<Option<Vec<(&'a Field, Cell)>>, DbErr> {
    let backend = db.get_database_backend();
    let copies = child.parent.iter().flat_map(|parent| &parent.copy);
    let copies = copies.map(|(field, copied)| {
        let both = child.field(field).zip(of.parent.field(copied));
        both.ok_or_else(|| {
            let table = &child.table;
            DbErr::Custom(format!(
                "`{field}` of `{table}`, copied from `{copied}`, is being changed"
            ))
        })
    });
    let copies: Vec<(&Field, &Field)> = copies.collect::<Result<_, _>>()?;
    let mut select = Query::select();
    select
        .from(aliased(&of.parent.table))
        .and_where(Column::RecordKey.eq(of.record_key))
        .and_where(Column::DeletedAt.is_null());
    for (_, copied) in &copies {
        let readable = dialect::readable(backend, copied.kind, column(&copied.name));
        select.expr(readable);
    }
    if copies.is_empty() {
        select.expr(Expr::val(1));
    }
    let Some(row) = db.query_one(&select).await? else {
        return Ok(None);
    };
    let mut values = Vec::new();
    for (index, (field, copied)) in copies.into_iter().enumerate() {
        match dialect::read(backend, &row, index, copied.kind)? {
            Cell::Null => return Ok(None),
            value => values.push((field, value)),
        }
    }
    Ok(Some(values))
}

/// The item is one of `items`, from its table `item`.
pub(super) fn is_item(items: &[String]) -> SimpleExpr {
    match items {
        [item] => item_value().eq(item.as_str()),
        items => item_value().is_in(items.iter().map(String::as_str)),
    }
}

fn begins(beginning: &str) -> SimpleExpr {
    let from = item_value().gte(beginning);
    match behind_all(beginning) {
        Bound::Excluded(Cell::Text(end)) => from.and(item_value().lt(end)),
        _ => from,
    }
}

fn item_value() -> SimpleExpr {
    Expr::col((Alias::new("item"), Alias::new("value")))
}
