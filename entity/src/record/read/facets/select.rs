//! The statements that count values.

use sea_orm::{
    DbBackend, JoinType,
    entity::prelude::*,
    sea_query::{
        Alias, Condition, ExprTrait, Order, Query, SelectStatement, SimpleExpr, UnionType,
    },
};

use super::super::{Column, aliased, column};
use crate::{
    definition::{Definition, Field, Kind},
    dialect, resource,
};

/// Where the columns of an answer stand.
pub(super) const VALUE: usize = 0;
pub(super) const COUNT: usize = 1;
pub(super) const STORED: usize = 2;
pub(super) const LIVE: usize = 3;
pub(super) const WITH_ITEMS: usize = 4;

/// The values of a field that are wanted: some of the most frequent.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) backend: DbBackend,
    pub(super) definition: &'a Definition,
    pub(super) field: &'a Field,
    pub(super) limit: u64,
}

impl Values<'_> {
    /// Over all rows, deleted ones included, with how many there are of both: in one statement, between whose parts
    /// nothing is committed.
    pub(super) fn all(&self) -> SelectStatement {
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
        self.read_field(&mut select);
        select
            .expr(SimpleExpr::from(stored))
            .expr(SimpleExpr::from(live));
        if self.is_list() {
            let with_items = Query::select()
                .expr(Expr::cust("COUNT(DISTINCT rowno)"))
                .from(self.items())
                .to_owned();
            select.expr(SimpleExpr::from(with_items));
        }
        select
    }

    /// Over all rows, less those that are deleted.
    pub(super) fn live(&self) -> SelectStatement {
        let (value, count) = self.counted();
        let counts = |count: String| {
            let mut select = Query::select();
            select
                .expr_as(value.clone(), "value")
                .expr_as(Expr::cust(count), "count")
                .add_group_by([value.clone()]);
            select
        };
        let mut counted = counts(count.to_owned());
        self.read_field(&mut counted);
        let mut gone = counts(format!("-{count}"));
        // `DISTINCT` changes nothing, but has the deleted rows looked for first: there are few of them.
        let deleted = Query::select()
            .distinct()
            .expr_as(column("rowno"), "rowno")
            .from(aliased(&self.definition.table))
            .and_where(Column::DeletedAt.is_not_null())
            .to_owned();
        gone.from_subquery(deleted, "gone");
        let its =
            |rowno: SimpleExpr| rowno.eq(Expr::col((Alias::new("gone"), Alias::new("rowno"))));
        if self.is_list() {
            let items = self.items();
            gone.join_as(JoinType::InnerJoin, items, "item", its(item("rowno")));
        } else {
            let table = Alias::new(&self.definition.table);
            gone.join_as(JoinType::InnerJoin, table, "record", its(column("rowno")));
        }
        counted.union(UnionType::All, gone);
        let value = Expr::col((Alias::new("counted"), Alias::new("value")));
        let mut select = self.most_frequent(&value, "SUM(counted.count)");
        select
            .from_subquery(counted, "counted")
            .and_having(Expr::cust("SUM(counted.count) > 0"));
        select
    }

    /// Over the selected rows.
    pub(super) fn selected(&self, selected: Condition) -> SelectStatement {
        let mut select = self.grouped();
        select.from(aliased(&self.definition.table));
        if self.is_list() {
            let own = item("rowno").eq(column("rowno"));
            select.join_as(JoinType::InnerJoin, self.items(), "item", own);
        }
        select.cond_where(selected);
        select
    }

    /// How many of the selected rows have an empty list, which is no value of its own.
    pub(super) fn empty_lists(&self, selected: Condition) -> SelectStatement {
        let any_item = Query::select()
            .expr(Expr::val(1))
            .from_as(self.items(), "item")
            .and_where(item("rowno").eq(column("rowno")))
            .to_owned();
        let mut select = Query::select();
        select
            .expr(Expr::cust("COUNT(*)"))
            .from(aliased(&self.definition.table))
            .cond_where(selected)
            .and_where(Expr::exists(any_item).not());
        select
    }

    fn grouped(&self) -> SelectStatement {
        let (value, count) = self.counted();
        self.most_frequent(&value, count)
    }

    /// What is counted, and how: a row that has an item twice counts once.
    fn counted(&self) -> (SimpleExpr, &'static str) {
        match self.is_list() {
            true => (item("value"), "COUNT(DISTINCT item.rowno)"),
            false => (column(&self.field.name), "COUNT(*)"),
        }
    }

    /// Two more than wanted: the rows without a value, which come first, and one that tells whether there are more.
    fn most_frequent(&self, value: &SimpleExpr, count: &'static str) -> SelectStatement {
        let kind = self.field.kind;
        let readable = dialect::readable(self.backend, kind, value.clone());
        // A sum of integers is a decimal to MySQL.
        let integer = Expr::cust(count).cast_as(Alias::new("SIGNED"));
        let mut select = Query::select();
        select
            .expr(readable)
            .expr(integer)
            .add_group_by([value.clone()])
            .order_by_expr(value.clone().is_null(), Order::Desc)
            .order_by_expr(Expr::cust(count), Order::Desc)
            .order_by_expr(value.clone(), Order::Asc)
            .limit(self.limit + 2);
        select
    }

    /// From the table whose index has the values.
    fn read_field(&self, select: &mut SelectStatement) {
        if self.is_list() {
            select.from_as(self.items(), "item");
        } else {
            select.from(aliased(&self.definition.table));
        }
    }

    fn is_list(&self) -> bool {
        self.field.kind == Kind::List
    }

    fn items(&self) -> Alias {
        Alias::new(self.definition.list_table(self.field))
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
            contains: false,
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
            history: false,
            fields: vec![field("weight", Kind::Integer), field("items", Kind::List)],
            tables: Vec::new(),
            orders: Vec::new(),
            search: Vec::new(),
            parent: None,
            face: None,
            read: None,
            local: None,
        };
        let check = |at: usize, expected: &str| {
            let backend = DbBackend::Sqlite;
            let values = Values {
                backend,
                definition: &definition,
                field: &definition.fields[at],
                limit: 20,
            };
            let sql = StatementBuilder::build(&values.all(), &backend).to_string();
            assert_eq!(sql.replace('"', ""), expected);
        };
        let counts = "(SELECT COUNT(*) FROM cats_breeds AS record), \
                      (SELECT live_rows FROM resource WHERE resource.table_name = 'cats_breeds')";
        check(
            0,
            &format!(
                "SELECT record.weight, CAST((COUNT(*)) AS SIGNED), {counts} FROM cats_breeds AS record GROUP BY record.weight \
                 ORDER BY record.weight IS NULL DESC, COUNT(*) DESC, record.weight ASC LIMIT 22"
            ),
        );
        check(
            1,
            &format!(
                "SELECT item.value, CAST((COUNT(DISTINCT item.rowno)) AS SIGNED), {counts}, \
                 (SELECT COUNT(DISTINCT rowno) FROM cats_breeds__items) FROM cats_breeds__items AS item \
                 GROUP BY item.value ORDER BY item.value IS NULL DESC, COUNT(DISTINCT item.rowno) DESC, \
                 item.value ASC LIMIT 22"
            ),
        );
    }
}
