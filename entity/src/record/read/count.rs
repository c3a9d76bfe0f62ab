//! How many rows are selected.

use sea_orm::{
    entity::prelude::*,
    sea_query::{Alias, Query},
};

use super::{
    Direction, Selection, SortKey, Window, aliased,
    few::opaque,
    page::{FITS, Walker, What, numbered},
    walk::Walk,
    wanted::Wanted,
    way::{Few, counting, few},
};

/// How many rows were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub value: u64,
    /// Whether these are all: else there are at least so many.
    pub exact: bool,
}

/// None, and that is all.
impl Default for Counted {
    fn default() -> Self {
        Self {
            value: 0,
            exact: true,
        }
    }
}

/// How many rows are selected, however many there are.
///
/// # Errors
/// The database does not answer.
pub async fn count(db: &impl ConnectionTrait, selection: Selection<'_>) -> Result<u64, DbErr> {
    let Some(wanted) = Wanted::of(db, selection).await? else {
        return Ok(0);
    };
    if let Some(few) = few(db, &wanted, |_| true).await? {
        return count_among(db, &wanted, &few).await;
    }
    let mut select = Query::select();
    select
        .expr(counting())
        .from(aliased(&wanted.definition.table))
        .cond_where(wanted.condition(db.get_database_backend()));
    let row = db.query_one(&select).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

/// How many rows are selected, of the first `most` entries of an index that has them.
///
/// # Errors
/// The database does not answer.
pub async fn count_up_to(
    db: &impl ConnectionTrait,
    selection: Selection<'_>,
    most: u64,
) -> Result<Counted, DbErr> {
    let Some(wanted) = Wanted::of(db, selection).await? else {
        return Ok(Counted::default());
    };
    if let Some(few) = few(db, &wanted, |_| true).await? {
        let value = count_among(db, &wanted, &few).await?;
        let exact = true;
        return Ok(Counted { value, exact });
    }
    let mut indexed = wanted.columns.iter().filter(|(field, _)| field.index);
    let sort = indexed.next().map(|&(field, _)| SortKey {
        field: field.clone(),
        descending: false,
    });
    let window = Window {
        sort: sort.as_slice(),
        from: None,
        direction: Direction::Forward,
        limit: most,
    };
    let walker = Walker {
        wanted: &wanted,
        walk: &Walk::of(&wanted, window.sort)?,
        window,
        backend: db.get_database_backend(),
    };
    let (mut seen, mut value) = (0, 0);
    for stretch in walker.stretches(None) {
        // One more than `most` tells that there are more.
        let entries = walker.select(&stretch, What::Marks, most + 1 - seen);
        let mut counted = Query::select();
        counted
            .expr(counting())
            // A list may have an item twice.
            .expr(Expr::cust(format!(
                "COUNT(DISTINCT CASE WHEN {FITS} = 1 THEN rowno END)"
            )))
            .from_subquery(entries, Alias::new("entries"));
        if let Some(row) = db.query_one(&counted).await? {
            seen += row.try_get_by_index::<i64>(0)?.unsigned_abs();
            value += row.try_get_by_index::<i64>(1)?.unsigned_abs();
        }
        if seen > most {
            let (value, exact) = (value.min(most), false);
            return Ok(Counted { value, exact });
        }
    }
    let exact = true;
    Ok(Counted { value, exact })
}

async fn count_among(
    db: &impl ConnectionTrait,
    wanted: &Wanted<'_>,
    few: &Few<'_>,
) -> Result<u64, DbErr> {
    if few.rownos.is_empty() {
        return Ok(0);
    }
    let fits = wanted.condition(db.get_database_backend());
    let mut select = Query::select();
    select
        .expr(counting())
        .from(aliased(&wanted.definition.table))
        .and_where(numbered(&few.rownos))
        .and_where(opaque(fits));
    crate::dialect::by_rowno(&mut select);
    let row = db.query_one(&select).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}
