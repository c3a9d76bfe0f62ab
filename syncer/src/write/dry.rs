//! What a dry run counts instead of writing: the same pages, compared with the same table, of which nothing is kept but
//! what the next pages are compared with.

use std::{collections::HashMap, mem::take};

use entity::{
    record::Known,
    reject::{self, Entity as Reject},
};
use sea_orm::DbErr;
use tokio::time::Instant;

use super::waiting::Waiting;
use crate::{
    Ctx,
    error::SyncError,
    run::{Run, signed},
};

/// So many rows and rejects that would have been written are remembered, so that memory does not grow with the upstream.
/// Of more, one that comes again counts as changed again.
const MOST: usize = 50_000;

/// What a dry run would have written.
#[derive(Debug, Default)]
pub(crate) struct Dry {
    rows: HashMap<String, Known>,
    /// Rejects that are not kept yet.
    strangers: usize,
    /// Rejects and bad values that would be new.
    pub bad: u64,
}

impl Dry {
    /// Puts what the run would have written in the place of what the table holds under these keys.
    pub(super) fn overlay(&self, known: &mut Vec<Known>, keys: &[&str]) {
        if self.rows.is_empty() {
            return;
        }
        known.retain(|known| !self.rows.contains_key(&known.record_key));
        known.extend(keys.iter().filter_map(|key| self.rows.get(*key).cloned()));
    }

    fn remember(&mut self, known: HashMap<String, Known>) {
        for (key, known) in known {
            if self.rows.len() < MOST || self.rows.contains_key(&key) {
                self.rows.insert(key, known);
            }
        }
    }

    /// The ids of rejects: of those that are kept their own, of the others made up from their contents, so that pages that
    /// go in a circle are known by them.
    fn ids(&mut self, rejects: &[reject::New], kept: &HashMap<Vec<u8>, i64>) -> Vec<i64> {
        let mut id = |new: &reject::New| {
            kept.get(&new.payload_hash).copied().unwrap_or_else(|| {
                self.bad += 1;
                self.strangers += 1;
                made_up(&new.payload_hash)
            })
        };
        rejects.iter().map(&mut id).collect()
    }
}

/// No id that the database gives out: those are positive.
fn made_up(hash: &[u8]) -> i64 {
    let mut digits = [0xff; 8];
    for (digit, byte) in digits.iter_mut().zip(hash) {
        *digit = *byte;
    }
    i64::from_be_bytes(digits) | i64::MIN
}

/// Counts what waits, in the place of writing it.
///
/// # Errors
/// The database does not answer, or the pages go in a circle.
pub(super) async fn count(ctx: &Ctx, run: &mut Run, mut waiting: Waiting) -> Result<(), SyncError> {
    let Some(mut dry) = run.dry.take() else {
        return Ok(());
    };
    let ids = strangers(ctx, run, &mut dry, &mut waiting).await?;
    run.live_rows += waiting.live;
    dry.bad += waiting.take_bad().len() as u64;
    dry.remember(take(&mut waiting.known));
    let is_room = dry.strangers < MOST;
    run.dry = Some(dry);
    // What there is to remember of pages is not kept, but whether they go in a circle is seen there.
    waiting.pages(run, &ids)?;
    let of_use = ids.into_iter().filter(|id| is_room || *id > 0);
    run.seen.rejects.extend(of_use.map(i64::cast_unsigned));
    run.saved_at = Instant::now();
    Ok(())
}

async fn strangers(
    ctx: &Ctx,
    run: &Run,
    dry: &mut Dry,
    waiting: &mut Waiting,
) -> Result<Vec<i64>, DbErr> {
    let rejects = waiting.take_rejects();
    let hashes: Vec<Vec<u8>> = (rejects.iter())
        .map(|new| new.payload_hash.clone())
        .collect();
    let kept = Reject::ids_by_hash(&ctx.db, run.resource.id, &hashes).await?;
    Ok(dry.ids(&rejects, &kept))
}

/// How many rows a complete dry run would delete.
pub(crate) fn would_delete(run: &Run) -> i64 {
    signed(run.gone())
}

#[cfg(test)]
mod tests {
    use super::made_up;

    #[test]
    fn a_made_up_id_is_none_of_the_databases() {
        for hash in [[0_u8; 16], [0xff; 16], [0x7f; 16]] {
            assert!(made_up(&hash) < 0);
            assert_eq!(made_up(&hash), made_up(&hash));
        }
        assert_ne!(made_up(&[1; 16]), made_up(&[2; 16]));
    }
}
