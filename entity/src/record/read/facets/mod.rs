//! The values of a field over the selected rows, each with how many rows have it.
//!
//! All rows' values stand in the field's index, those of deleted ones, too: where there are any, these are looked for and
//! taken off again. Only where there are filters is each row looked at that they leave.

mod select;

use sea_orm::{DbBackend, QueryResult, entity::prelude::*};

use self::select::{COUNT, LIVE, STORED, Values, WITH_ITEMS};
use super::{Selection, page::numbered, wanted::Wanted, way::few};
use crate::{
    definition::{Cell, Field, Kind},
    dialect,
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
    let backend = db.get_database_backend();
    let values = Values {
        backend,
        definition: selection.definition,
        field,
        limit,
    };
    let read = |rows: &[QueryResult]| read(backend, rows, field.kind, limit);
    // All of them are named, so that a selection that can say more cannot be taken for all rows.
    let Selection {
        definition: _,
        filters,
        of,
    } = selection;
    let Some(wanted) = Wanted::of(db, selection).await? else {
        return read(&[]);
    };
    let is_all = filters.is_empty() && of.is_none();
    let mut selected = wanted.condition(backend);
    if !is_all && let Some(few) = few(db, &wanted, |_| true).await? {
        selected = selected.add(numbered(&few.rownos));
    }
    let rows = if is_all {
        let rows = db.query_all(&values.all()).await?;
        let has_deleted = has_deleted(&rows)?;
        if !has_deleted {
            let facet = read(&rows)?;
            return if field.kind == Kind::List {
                with_empty_lists(facet, &rows)
            } else {
                Ok(facet)
            };
        }
        db.query_all(&values.live()).await?
    } else {
        db.query_all(&values.selected(selected.clone())).await?
    };
    let facet = read(&rows)?;
    if field.kind != Kind::List {
        return Ok(facet);
    }
    let counted = db.query_one(&values.empty_lists(selected)).await?;
    let without = counted.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(Facet { without, ..facet })
}

/// Whether some of the stored rows are deleted, or none was found that could tell.
fn has_deleted(rows: &[QueryResult]) -> Result<bool, DbErr> {
    let Some(first) = rows.first() else {
        return Ok(true);
    };
    let stored: i64 = first.try_get_by_index(STORED)?;
    let live: Option<i64> = first.try_get_by_index(LIVE)?;
    Ok(live != Some(stored))
}

fn with_empty_lists(facet: Facet, rows: &[QueryResult]) -> Result<Facet, DbErr> {
    let Some(first) = rows.first() else {
        return Ok(facet);
    };
    let stored: i64 = first.try_get_by_index(STORED)?;
    let with_items: i64 = first.try_get_by_index(WITH_ITEMS)?;
    let without = stored - with_items;
    Ok(Facet { without, ..facet })
}

fn read(backend: DbBackend, rows: &[QueryResult], kind: Kind, limit: u64) -> Result<Facet, DbErr> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut values, mut without) = (Vec::with_capacity(rows.len()), 0);
    for row in rows {
        let count = row.try_get_by_index(COUNT)?;
        match dialect::read(backend, row, select::VALUE, kind)? {
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
