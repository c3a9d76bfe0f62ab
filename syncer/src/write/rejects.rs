//! Which rejects are past: those that a complete run shows to be no longer so.

use std::collections::HashMap;

use entity::{record, reject::Entity as Reject};
use futures::TryStreamExt;
use sea_orm::{ConnectionTrait, DbErr, StreamTrait};

use crate::{run::Run, source::plan::Plan, validate};

/// The ids of the rejects that a complete run leaves behind.
///
/// Where absence means something, all that did not come. Where it does not, as what is unchanged does not come, those
/// whose record came otherwise: as a row, or as another reject.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn past<C>(db: &C, plan: &Plan, run: &Run) -> Result<Vec<i64>, DbErr>
where
    C: ConnectionTrait + StreamTrait,
{
    let mut absent = Reject::ids(db, run.resource.id).await?;
    absent.retain(|id| !run.seen.rejects.contains(id.cast_unsigned()));
    if run.tells_absence(plan) {
        return Ok(absent);
    }
    let mut past = Vec::new();
    for some in absent.chunks(200) {
        let mut ids: HashMap<String, Vec<i64>> = HashMap::new();
        let mut payloads = Reject::payloads(db, some).await?;
        while let Some((id, payload)) = payloads.try_next().await? {
            if let Some(key) = validate::key_of(plan, &payload) {
                ids.entry(key).or_default().push(id);
            }
        }
        drop(payloads);
        let keys: Vec<&str> = ids.keys().map(String::as_str).collect();
        let known = record::known(db, &plan.definition.table, &keys).await?;
        let came = known
            .iter()
            .filter(|row| run.seen.rows.contains(row.rowno.cast_unsigned()));
        past.extend(came.filter_map(|row| ids.remove(&row.record_key)).flatten());
        let keys: Vec<&str> = ids.keys().map(String::as_str).collect();
        let others = Reject::records_of(db, run.resource.id, &keys).await?;
        let came = others
            .iter()
            .filter(|(id, _)| run.seen.rejects.contains(id.cast_unsigned()));
        past.extend(came.filter_map(|(_, key)| ids.remove(key)).flatten());
    }
    Ok(past)
}
