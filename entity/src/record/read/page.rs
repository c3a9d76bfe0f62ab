//! Reads a page of a list, whichever way.

use std::{collections::HashMap, ops::ControlFlow};

use sea_orm::{
    DbBackend, QueryResult,
    entity::prelude::*,
    sea_query::{Alias, Condition, ExprTrait, Query, SelectStatement, SimpleExpr},
};

use super::{
    Listed, ListedRow, Position, SortKey, Window, aliased, column, stretch::Stretch, walk::Walk,
    wanted::Wanted, way::FAR,
};
use crate::dialect;

/// The column that tells of an entry whether its row fits.
pub(super) const FITS: &str = "fits";

/// What is selected of each entry of an index that is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The payloads of those that fit.
    Payloads,
    /// Only whether they fit: there are more of them than rows are wanted.
    Marks,
}

/// An entry of the index that was walked.
pub(super) struct Entry {
    pub(super) position: Position,
    pub(super) fits: bool,
    payload: Option<String>,
}

/// How far a walk has come.
struct Walked {
    found: Vec<Entry>,
    /// One more than the page has: it tells whether there is more.
    enough: u64,
    from: Option<Position>,
    /// How many entries may still be looked at.
    left: u64,
    growth: u64,
}

/// A walk under way.
pub(super) struct Walker<'a> {
    pub(super) wanted: &'a Wanted<'a>,
    pub(super) walk: &'a Walk<'a>,
    pub(super) window: Window<'a>,
    pub(super) backend: DbBackend,
}

impl Walker<'_> {
    /// Walks until the page is full, the index at its end, or [`FAR`] entries are behind.
    pub(super) async fn page(&self, db: &impl ConnectionTrait) -> Result<Listed, DbErr> {
        let enough = self.window.limit.saturating_add(1);
        let mut walked = Walked {
            found: Vec::new(),
            enough,
            from: self.window.from.cloned(),
            left: Ord::max(FAR, enough),
            growth: 1,
        };
        loop {
            if let ControlFlow::Break(stopped) = self.piece(db, &mut walked).await? {
                return self.listed(db, walked.found, stopped).await;
            }
        }
    }

    /// Walks the stretches from where the last piece ended, until one has more than is looked at of it at once. At the end
    /// says where the walk ended, unless the page is full or the index at its end.
    async fn piece(
        &self,
        db: &impl ConnectionTrait,
        walked: &mut Walked,
    ) -> Result<ControlFlow<Option<Position>>, DbErr> {
        for stretch in self.stretches(walked.from.as_ref()) {
            let missing = walked.enough - walked.found.len() as u64;
            let take = Ord::min(missing.saturating_mul(walked.growth), walked.left);
            let what = match take <= walked.enough {
                true => What::Payloads,
                false => What::Marks,
            };
            let entries = self.entries(db, &stretch, (what, take)).await?;
            let came = entries.len() as u64;
            let end = entries.last().map(|entry| entry.position.clone());
            gather(&mut walked.found, entries, walked.enough);
            walked.left -= came;
            if walked.found.len() as u64 == walked.enough {
                return Ok(ControlFlow::Break(None));
            }
            if walked.left == 0 {
                return Ok(ControlFlow::Break(end));
            }
            if came == take {
                // Some did not fit: the index goes on behind them. Where many do not, more are looked at each time.
                walked.from = end;
                walked.growth = walked.growth.saturating_mul(4);
                return Ok(ControlFlow::Continue(()));
            }
        }
        Ok(ControlFlow::Break(None))
    }

    pub(super) fn stretches(&self, from: Option<&Position>) -> Vec<Stretch> {
        self.walk.stretches(self.backend, self.window, from)
    }

    /// The statement that reads one stretch. Its only condition is the range of the index: whether a row fits is told
    /// beside it, so that no database can think of another way.
    pub(super) fn select(&self, stretch: &Stretch, what: What, take: u64) -> SelectStatement {
        let fits = self.wanted.condition(self.backend);
        let told: SimpleExpr = match what {
            What::Payloads => Expr::case(fits, column("payload")).into(),
            What::Marks => mark(fits),
        };
        let table = aliased(&self.wanted.definition.table);
        let mut select = Query::select();
        match self.walk {
            Walk::Item { field, .. } => {
                let item = Alias::new("item");
                let rowno = || Expr::col((item.clone(), Alias::new("rowno")));
                let items = Alias::new(self.wanted.definition.list_table(field));
                select.expr(rowno()).from_as(items, item.clone());
                // An outer join is begun at its left in every database.
                select.left_join(table, column("rowno").eq(rowno()));
            }
            _ => {
                select.expr(column("rowno")).from(table);
            }
        }
        if let Some(index) = self
            .walk
            .index(self.wanted.definition, self.window.direction)
        {
            dialect::walk_index(&mut select, &index);
        }
        select
            .expr_as(told, Alias::new(FITS))
            .cond_where(stretch.condition.clone())
            .limit(take);
        sorted_values(&mut select, self.backend, self.window.sort);
        for (expression, order) in &stretch.order {
            select.order_by_expr(expression.clone(), order.clone());
        }
        select
    }

    pub(super) async fn entries(
        &self,
        db: &impl ConnectionTrait,
        stretch: &Stretch,
        (what, take): (What, u64),
    ) -> Result<Vec<Entry>, DbErr> {
        let rows = db.query_all(&self.select(stretch, what, take)).await?;
        let entry = |row: &QueryResult| {
            let payload: Option<String> = match what {
                What::Payloads => row.try_get_by_index(1)?,
                What::Marks => None,
            };
            let fits = match what {
                What::Payloads => payload.is_some(),
                What::Marks => row.try_get_by_index::<i64>(1)? == 1,
            };
            let position = position(self.backend, self.window.sort, row)?;
            Ok(Entry {
                position,
                fits,
                payload,
            })
        };
        rows.iter().map(entry).collect()
    }

    /// The page of what was found; `stopped` is where the walk ended before the page was full.
    async fn listed(
        &self,
        db: &impl ConnectionTrait,
        mut found: Vec<Entry>,
        stopped: Option<Position>,
    ) -> Result<Listed, DbErr> {
        let end = cut(&mut found, self.window, |entry| &entry.position).or(stopped);
        let bare = found.iter().filter(|entry| entry.payload.is_none());
        let bare: Vec<i64> = bare.map(|entry| entry.position.rowno).collect();
        let mut payloads = payloads(db, self.wanted, &bare).await?;
        // A row that went while its payload was fetched is left out.
        let rows = found.into_iter().filter_map(|entry| {
            let fetched = || payloads.remove(&entry.position.rowno);
            Some(ListedRow {
                payload: entry.payload.or_else(fetched)?,
                position: entry.position,
            })
        });
        Ok(Listed::in_order(self.window, rows.collect(), end))
    }
}

/// Takes the row off that only tells that there is more; if so, says where the page ends.
pub(crate) fn cut<T>(
    rows: &mut Vec<T>,
    window: Window<'_>,
    position: impl Fn(&T) -> &Position,
) -> Option<Position> {
    let wanted = usize::try_from(window.limit).unwrap_or(usize::MAX);
    if rows.len() <= wanted {
        return None;
    }
    rows.truncate(wanted);
    rows.last().map(|row| position(row).clone())
}

/// Whether a row fits, as 1 or 0.
pub(super) fn mark(condition: Condition) -> SimpleExpr {
    Expr::case(condition, Expr::cust("1"))
        .finally(Expr::cust("0"))
        .into()
}

/// The rows of these numbers. There are only a few different lengths of the statement, since each is kept prepared.
pub(super) fn numbered(rownos: &[i64]) -> SimpleExpr {
    let last = rownos.last().copied().unwrap_or_default();
    let padded = rownos.iter().copied().chain(std::iter::repeat(last));
    let padded = padded.take(rownos.len().next_power_of_two());
    column("rowno").is_in(padded)
}

/// Selects the values that a row's position is made of, behind all else.
pub(super) fn sorted_values(select: &mut SelectStatement, backend: DbBackend, sort: &[SortKey]) {
    for key in sort {
        let readable = dialect::readable(backend, key.field.kind, column(&key.field.name));
        select.expr(readable);
    }
}

/// The position of a row whose number was selected first.
pub(super) fn position(
    backend: DbBackend,
    sort: &[SortKey],
    row: &QueryResult,
) -> Result<Position, DbErr> {
    let keys = sort.iter().enumerate();
    let values = keys.map(|(at, key)| dialect::read(backend, row, 2 + at, key.field.kind));
    Ok(Position {
        values: values.collect::<Result<_, _>>()?,
        rowno: row.try_get_by_index(0)?,
    })
}

/// Adds the entries that fit, up to `enough` in all. A row stands in a list's index once for each time that it has the item.
fn gather(found: &mut Vec<Entry>, entries: Vec<Entry>, enough: u64) {
    for entry in entries.into_iter().filter(|entry| entry.fits) {
        let last = found.last().map(|last| last.position.rowno);
        let is_full = found.len() as u64 == enough;
        if !is_full && last != Some(entry.position.rowno) {
            found.push(entry);
        }
    }
}

async fn payloads(
    db: &impl ConnectionTrait,
    wanted: &Wanted<'_>,
    rownos: &[i64],
) -> Result<HashMap<i64, String>, DbErr> {
    if rownos.is_empty() {
        return Ok(HashMap::new());
    }
    let mut select = Query::select();
    select
        .expr(column("rowno"))
        .expr(column("payload"))
        .from(aliased(&wanted.definition.table))
        .and_where(numbered(rownos))
        .and_where(column("deleted_at").is_null());
    let rows = db.query_all(&select).await?;
    let pairs = rows.iter().map(|row| {
        let pair = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok(pair)
    });
    pairs.collect()
}
