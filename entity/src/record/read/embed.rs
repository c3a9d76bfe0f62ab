//! The rows of a child resource for each of some rows of its parent: the first few, from the child's index.

use sea_orm::{
    entity::prelude::*,
    sea_query::{
        Alias, Condition, ExprTrait, Order, Query, SelectStatement, SimpleExpr, UnionType,
    },
};

use super::{ChildOf, Column, Model, aliased, column, find};
use crate::{definition::Definition, dialect};

/// Most parents of one statement: servers limit how many parts a union has.
const AT_ONCE: usize = 64;

/// The first rows of a child resource that belong to one row of the parent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embedded {
    pub payloads: Vec<String>,
    /// Whether there are more.
    pub more: bool,
}

/// At most `limit` rows of `child` for each of `parents`, in `rowno` order.
///
/// # Errors
/// The database does not answer.
pub async fn embedded(
    db: &impl ConnectionTrait,
    child: &Definition,
    parents: &[ChildOf<'_>],
    limit: usize,
) -> Result<Vec<Embedded>, DbErr> {
    let mut all = Vec::with_capacity(parents.len());
    for some in parents.chunks(AT_ONCE) {
        let Some(select) = of_some(child, some, limit) else {
            continue;
        };
        let mut rows = Vec::new();
        for row in db.query_all(&select).await? {
            let at: i64 = row.try_get_by_index(0)?;
            let rowno: i64 = row.try_get_by_index(1)?;
            let payload: String = row.try_get_by_index(2)?;
            rows.push((at, rowno, payload));
        }
        // No database promises in which order the parts of a union come.
        rows.sort_unstable_by_key(|(at, rowno, _)| (*at, *rowno));
        let mut of_each = vec![Embedded::default(); some.len()];
        for (at, _, payload) in rows {
            if let Some(of) = usize::try_from(at).ok().and_then(|at| of_each.get_mut(at)) {
                of.payloads.push(payload);
            }
        }
        for of in &mut of_each {
            of.more = of.payloads.len() > limit;
            of.payloads.truncate(limit);
        }
        all.append(&mut of_each);
    }
    Ok(all)
}

/// Rows with all of their envelope, by their numbers and in the order of these. Deleted ones are among them.
///
/// # Errors
/// The database does not answer.
pub async fn numbered(
    db: &impl ConnectionTrait,
    table: &str,
    rownos: &[i64],
) -> Result<Vec<Model>, DbErr> {
    let Some(last) = rownos.last() else {
        return Ok(Vec::new());
    };
    // The last one again and again, so that there are only a few different texts.
    let count = rownos.len().next_power_of_two();
    let padded = rownos.iter().chain(std::iter::repeat(last)).take(count);
    let rows = find(table).filter(Column::Rowno.is_in(padded.copied()));
    let mut rows = rows.all(db).await?;
    rows.sort_by_key(|row| rownos.iter().position(|rowno| *rowno == row.rowno));
    Ok(rows)
}

/// A union of one part for each parent, up to the next power of two: the parts too many have no parent, and no rows.
fn of_some(child: &Definition, parents: &[ChildOf<'_>], limit: usize) -> Option<SelectStatement> {
    let last = parents.last()?;
    // One more than wanted tells whether there is more.
    let limits = parents.iter().map(|parent| (parent, limit as u64 + 1));
    let padding = std::iter::repeat((last, 0));
    let count = parents.len().next_power_of_two();
    let parts = limits.chain(padding).take(count);
    let mut parts = (0_i64..)
        .zip(parts)
        .map(|(at, (parent, limit))| part(child, *parent, (at, limit)));
    let mut select = parts.next()?;
    for part in parts {
        select.union(UnionType::All, part);
    }
    Some(select)
}

/// SQLite has a limit of a union's part only in a subquery.
fn part(child: &Definition, parent: ChildOf<'_>, (at, limit): (i64, u64)) -> SelectStatement {
    let mut rows = Query::select();
    rows.expr_as(Expr::val(at), "at")
        .expr_as(column("rowno"), "rowno")
        .expr_as(column("payload"), "payload")
        .from(aliased(&child.table))
        .cond_where(belonging(child, parent))
        .order_by_expr(column("rowno"), Order::Asc)
        .limit(limit);
    let copied = child.parent.iter().flat_map(|parent| &parent.copy);
    let mut copied = copied.filter_map(|(field, _)| child.field(field));
    if let Some(field) = copied.find(|field| field.index) {
        dialect::walk_index(&mut rows, &child.index_name(field));
    }
    let mut select = Query::select();
    for name in ["at", "rowno", "payload"] {
        select.column((Alias::new("child"), Alias::new(name)));
    }
    select.from_subquery(rows, "child");
    select
}

/// The copied values are asked of the parent's row: nothing is parsed, and the child's index is used.
fn belonging(child: &Definition, of: ChildOf<'_>) -> Condition {
    let mut all = Condition::all().add(Column::DeletedAt.is_null());
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
