//! A wait that an upstream asked for: it holds for whoever asks next, and not for the process alone that heard it.

use entity::{
    cursor::Entity as Cursor,
    resource::{self, Entity as Resource},
};
use sea_orm::EntityTrait;

use crate::{Ctx, error::SyncError, position::Left, source::plan::Source};

/// Closes the budget of `source`, whose resource is `row`, until the time to which its upstream put off the last run of
/// any of its resources.
///
/// # Errors
/// The database does not answer, or the source's proxy is none.
pub(crate) async fn heed(
    ctx: &Ctx,
    source: &Source,
    row: &resource::Model,
) -> Result<(), SyncError> {
    let now = ctx.clock.now();
    for deferred in Resource::deferred(&ctx.db, row.source_id).await? {
        let cursor = Cursor::find_by_id(deferred.id).one(&ctx.db).await?;
        // What a clock wrote down that was ahead says nothing.
        let cursor = cursor.filter(|cursor| cursor.saved_at <= now);
        let left = cursor.and_then(|cursor| Left::of(&cursor));
        if let Some(until) = left.and_then(|left| left.position.deferred_until) {
            ctx.session(source)?.close(until);
        }
    }
    Ok(())
}
