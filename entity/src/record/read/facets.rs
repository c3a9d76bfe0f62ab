//! The values of a field over the selected rows, each with how many rows have it.
//!
//! Where no row is deleted, all rows' values stand in the field's index, and nothing else is read. Otherwise each row is
//! looked at, for the index does not say which are deleted.

use sea_orm::{
    DbBackend, QueryResult,
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Order, Query, SelectStatement, SimpleExpr},
};

use super::{Selection, aliased, column, condition};
use crate::{
    definition::{Cell, Definition, Field, Kind},
    dialect, resource,
};

/// What values a field has.
#[derive(Clone, Debug, PartialEq)]
pub struct Facet {
    /// The most frequent first, and of those that are as frequent the least. A list counts for each of its items.
    pub values: Vec<FacetValue>,
    /// Whether there are more.
    pub truncated: bool,
    /// Rows in which the field has no value.
    pub without: i64,
}

/// A value, and in how many rows it is.
#[derive(Clone, Debug, PartialEq)]
pub struct FacetValue {
    pub value: Cell,
    pub count: i64,
}

/// At most `limit` values of `field` in the selected rows.
///
/// # Errors
/// The database does not answer.
pub async fn facet(
    db: &impl ConnectionTrait,
    selection: Selection<'_>,
    field: &Field,
    limit: u64,
) -> Result<Facet, DbErr> {
    let wanted = Wanted {
        backend: db.get_database_backend(),
        definition: selection.definition,
        field,
        limit,
    };
    // All of them are named, so that a selection that can say more cannot be taken for all rows.
    let Selection {
        definition: _,
        filters,
        of,
    } = selection;
    if filters.is_empty() && of.is_none() {
        let rows = db.query_all(&wanted.by_index()).await?;
        if let Some(facet) = wanted.of_all_rows(&rows)? {
            return Ok(facet);
        }
    }
    let rows = db.query_all(&wanted.by_row(selection)).await?;
    let facet = wanted.facet(&rows)?;
    let Some(without) = wanted.rows_without(selection) else {
        return Ok(facet);
    };
    let counted = db.query_one(&without).await?;
    let without = counted.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(Facet { without, ..facet })
}

/// Where the columns of an answer stand.
const VALUE: usize = 0;
const COUNT: usize = 1;
const STORED: usize = 2;
const LIVE: usize = 3;
const WITH_ITEMS: usize = 4;

#[derive(Clone, Copy)]
struct Wanted<'a> {
    backend: DbBackend,
    definition: &'a Definition,
    field: &'a Field,
    limit: u64,
}

impl Wanted<'_> {
    fn is_list(&self) -> bool {
        self.field.kind == Kind::List
    }

    fn items(&self) -> Alias {
        Alias::new(self.definition.list_table(self.field))
    }

    /// Over all rows, deleted ones included, with how many there are of both: in one statement, between whose parts
    /// nothing is committed.
    fn by_index(&self) -> SelectStatement {
        let stored = Query::select()
            .expr(Expr::cust("COUNT(*)"))
            .from(aliased(&self.definition.table))
            .to_owned();
        let live = Query::select()
            .column(resource::Column::LiveRows)
            .from(resource::Entity)
            .and_where(resource::Column::TableName.eq(self.definition.table.as_str()))
            .to_owned();
        let mut select = self.grouped();
        select
            .expr(SimpleExpr::from(stored))
            .expr(SimpleExpr::from(live));
        if self.is_list() {
            let with_items = Query::select()
                .expr(Expr::cust("COUNT(DISTINCT rowno)"))
                .from(self.items())
                .to_owned();
            select.expr(SimpleExpr::from(with_items));
            select.from_as(self.items(), "item");
        } else {
            select.from(aliased(&self.definition.table));
        }
        select
    }

    fn by_row(&self, selection: Selection<'_>) -> SelectStatement {
        let mut select = self.grouped();
        select.from(aliased(&self.definition.table));
        if self.is_list() {
            let own = item("rowno").eq(column("rowno"));
            select.join_as(
                sea_orm::JoinType::InnerJoin,
                self.items(),
                Alias::new("item"),
                own,
            );
        }
        select.cond_where(condition(self.backend, selection));
        select
    }

    /// The rows whose list is empty; the others' lack of a value is a group of its own.
    fn rows_without(&self, selection: Selection<'_>) -> Option<SelectStatement> {
        let any_item = Query::select()
            .expr(Expr::val(1))
            .from_as(self.items(), "item")
            .and_where(item("rowno").eq(column("rowno")))
            .to_owned();
        let mut select = Query::select();
        select
            .expr(Expr::cust("COUNT(*)"))
            .from(aliased(&self.definition.table))
            .cond_where(condition(self.backend, selection))
            .and_where(Expr::exists(any_item).not());
        self.is_list().then_some(select)
    }

    /// Two more than wanted: the rows without a value, which come first, and one that tells whether there are more.
    fn grouped(&self) -> SelectStatement {
        let (value, count) = match self.is_list() {
            true => (item("value"), "COUNT(DISTINCT item.rowno)"),
            false => (column(&self.field.name), "COUNT(*)"),
        };
        let mut select = Query::select();
        select
            .expr(dialect::readable(
                self.backend,
                self.field.kind,
                value.clone(),
            ))
            .expr(Expr::cust(count))
            .add_group_by([value.clone()])
            .order_by_expr(value.clone().is_null(), Order::Desc)
            .order_by_expr(Expr::cust(count), Order::Desc)
            .order_by_expr(value, Order::Asc)
            .limit(self.limit + 2);
        select
    }

    /// `None` if the answer does not tell: some rows are deleted, or no row has an item.
    fn of_all_rows(&self, rows: &[QueryResult]) -> Result<Option<Facet>, DbErr> {
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let stored: i64 = first.try_get_by_index(STORED)?;
        let live: Option<i64> = first.try_get_by_index(LIVE)?;
        if live != Some(stored) {
            return Ok(None);
        }
        let mut facet = self.facet(rows)?;
        if self.is_list() {
            let with_items: i64 = first.try_get_by_index(WITH_ITEMS)?;
            facet.without = stored - with_items;
        }
        Ok(Some(facet))
    }

    fn facet(&self, rows: &[QueryResult]) -> Result<Facet, DbErr> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let (mut values, mut without) = (Vec::with_capacity(rows.len()), 0);
        for row in rows {
            let value = dialect::read(self.backend, row, VALUE, self.field.kind)?;
            let count = row.try_get_by_index(COUNT)?;
            match value {
                Cell::Null => without = count,
                value => values.push(FacetValue { value, count }),
            }
        }
        let truncated = values.len() > limit;
        values.truncate(limit);
        Ok(Facet {
            values,
            truncated,
            without,
        })
    }
}

fn item(name: &str) -> SimpleExpr {
    Expr::col((Alias::new("item"), Alias::new(name)))
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, StatementBuilder};

    use super::*;
    use crate::definition::Identity;

    #[test]
    fn all_rows_are_counted_by_nothing_but_what_an_index_has() {
        let field = |name: &str, kind| Field {
            name: name.to_owned(),
            kind,
            index: true,
            rule: String::new(),
            values: Vec::new(),
            required: false,
        };
        let definition = Definition {
            source: "cats".to_owned(),
            resource: "breeds".to_owned(),
            table: "cats_breeds".to_owned(),
            description: None,
            key: Vec::new(),
            identity: Identity::Hash,
            fields: vec![field("weight", Kind::Integer), field("items", Kind::List)],
            tables: Vec::new(),
            parent: None,
        };
        let check = |at: usize, expected: &str| {
            let backend = DbBackend::Sqlite;
            let wanted = Wanted {
                backend,
                definition: &definition,
                field: &definition.fields[at],
                limit: 20,
            };
            let sql = StatementBuilder::build(&wanted.by_index(), &backend).to_string();
            assert_eq!(sql.replace('"', ""), expected);
        };
        let counts = "(SELECT COUNT(*) FROM cats_breeds AS record), \
                      (SELECT live_rows FROM resource WHERE resource.table_name = 'cats_breeds')";
        check(
            0,
            &format!(
                "SELECT record.weight, COUNT(*), {counts} FROM cats_breeds AS record GROUP BY record.weight \
                 ORDER BY record.weight IS NULL DESC, COUNT(*) DESC, record.weight ASC LIMIT 22"
            ),
        );
        check(
            1,
            &format!(
                "SELECT item.value, COUNT(DISTINCT item.rowno), {counts}, \
                 (SELECT COUNT(DISTINCT rowno) FROM cats_breeds__items) FROM cats_breeds__items AS item \
                 GROUP BY item.value ORDER BY item.value IS NULL DESC, COUNT(DISTINCT item.rowno) DESC, \
                 item.value ASC LIMIT 22"
            ),
        );
    }
}
