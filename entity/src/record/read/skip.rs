//! Passes rows by: how a place in a list is found by its number, without reading what stands before it.

use sea_orm::entity::prelude::*;

use super::{
    Position, Selection, Window,
    page::{Walker, What},
    walk::Walk,
    wanted::Wanted,
    way::FAR,
};

/// How far rows were passed by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Skipped {
    /// How many of the selected rows.
    pub rows: u64,
    /// Where that ended; `None`: where it began.
    pub end: Option<Position>,
    /// Whether there is none behind.
    pub is_all: bool,
}

/// Passes `window.limit` of the selected rows by, from `window.from` on.
///
/// It may end before, behind some thousand entries of an index: then it is to be gone on with from there.
///
/// # Errors
/// The database does not answer, or no index has the order that is asked for.
pub async fn skip(
    db: &impl ConnectionTrait,
    selection: Selection<'_>,
    window: Window<'_>,
) -> Result<Skipped, DbErr> {
    let all = Skipped {
        is_all: true,
        ..Skipped::default()
    };
    let Some(wanted) = Wanted::of(db, selection).await? else {
        return Ok(all);
    };
    let walker = Walker {
        walk: &Walk::of(&wanted, window.sort)?,
        wanted: &wanted,
        window,
        backend: db.get_database_backend(),
    };
    let mut skipped = Skipped {
        end: window.from.cloned(),
        ..all
    };
    let mut left = FAR;
    for stretch in walker.stretches(window.from) {
        let take = left.min(window.limit - skipped.rows);
        let entries = walker.entries(db, &stretch, (What::Marks, take)).await?;
        let came = entries.len() as u64;
        skipped.rows += entries.iter().filter(|entry| entry.fits).count() as u64;
        if let Some(last) = entries.into_iter().next_back() {
            skipped.end = Some(last.position);
        }
        left -= came;
        if came == take {
            skipped.is_all = false;
            return Ok(skipped);
        }
    }
    Ok(skipped)
}
