//! What becomes of each reject under the present definition, given what the table holds under its key.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use entity::{
    definition::Identity,
    record::{self, Changed, Known, Row},
    reject::{self, New},
};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::value::RawValue;

use crate::{
    decode,
    source::plan::{Mode, Plan},
    validate::{self, Identified, Lead},
};

/// What a batch of rejects changes.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) inserts: Vec<Row>,
    /// By `rowno`.
    pub(super) updates: BTreeMap<i64, Row>,
    /// How many of `updates` were deleted.
    pub(super) revived: i64,
    pub(super) bad: Vec<New>,
    /// The ids of the rejects that are none any more.
    pub(super) done: Vec<i64>,
    /// Those that still are, with the reason that they have now.
    pub(super) again: Vec<New>,
    /// How many are as they were, their reason included.
    pub(super) stay: i64,
    pub(super) older: i64,
    pub(super) unchanged: i64,
}

/// Judges `rejects`, oldest first. Rows of a version above `first_version` are of the same replay.
///
/// # Errors
/// The database does not answer.
pub(super) async fn batch(
    db: &impl ConnectionTrait,
    plan: &Plan,
    first_version: i64,
    rejects: Vec<reject::Model>,
) -> Result<Judged, DbErr> {
    let mut judged = Judged::default();
    let mut found = Vec::with_capacity(rejects.len());
    for reject in rejects {
        match identified(plan, &reject) {
            Again::Record(record) => found.push((reject, record)),
            Again::Reject(new) => judged.again.push(new),
            Again::Stays => judged.stay += 1,
        }
    }
    let keys: Vec<&str> = found
        .iter()
        .map(|(_, record)| record.key.as_str())
        .collect();
    let table = &plan.definition.table;
    let known = record::known(db, table, &keys).await?;
    let known: HashMap<String, Known> = (known.into_iter())
        .map(|known| (known.record_key.clone(), known))
        .collect();
    let changes = record::changes_of(db, table, &keys).await?;
    let latest = latest(found, &mut judged);
    for (reject, record) in latest {
        let key = record.key.clone();
        let old = known.get(&key);
        let is_later =
            |change: &Changed| change.version <= first_version && change.at >= reject.created_at;
        let is_older = changes.get(&key).is_some_and(is_later);
        if is_older || (old.is_some() && plan.mode == Mode::Append) {
            judged.older += 1;
        } else if old.is_some_and(|old| !old.deleted && old.payload_hash == record.hash) {
            judged.unchanged += 1;
            judged.done.push(reject.id);
        } else {
            judged.read(plan, &reject, record, old);
        }
    }
    Ok(judged)
}

/// Of several records with one key, the one that came last: what came before it would be written over.
fn latest(
    found: Vec<(reject::Model, Identified<'static>)>,
    judged: &mut Judged,
) -> Vec<(reject::Model, Identified<'static>)> {
    let mut latest: Vec<(reject::Model, Identified<'static>)> = Vec::with_capacity(found.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(found.len());
    for (reject, record) in found {
        match places.get(&record.key) {
            Some(place) => {
                judged.older += 1;
                latest[*place] = (reject, record);
            }
            None => {
                places.insert(record.key.clone(), latest.len());
                latest.push((reject, record));
            }
        }
    }
    latest
}

impl Judged {
    fn read(
        &mut self,
        plan: &Plan,
        reject: &reject::Model,
        record: Identified<'_>,
        old: Option<&Known>,
    ) {
        match validate::row(plan, record) {
            Ok(checked) => {
                self.done.push(reject.id);
                self.bad.extend(checked.bad);
                match old {
                    Some(old) => {
                        self.revived += i64::from(old.deleted);
                        self.updates.insert(old.rowno, checked.row);
                    }
                    None => self.inserts.push(checked.row),
                }
            }
            Err(reject) => self.again.push(reject.record),
        }
    }
}

/// What a reject is under the present definition, before its fields are read.
enum Again {
    Record(Identified<'static>),
    /// Its key cannot be read.
    Reject(New),
    /// The definition has no part in why it is one.
    Stays,
}

fn identified(plan: &Plan, reject: &reject::Model) -> Again {
    let is_json = serde_json::from_str::<&RawValue>(&reject.payload).is_ok();
    if !is_json || is_a_twin(reject) || lacks_its_parent(plan, &reject.payload) {
        return Again::Stays;
    }
    let before = match plan.definition.identity {
        Identity::Key | Identity::Hash => 0,
        Identity::Line => {
            let line = reject.record_key.as_ref();
            match line.and_then(|line| line.parse::<u64>().ok()?.checked_sub(1)) {
                Some(before) => before,
                None => return Again::Stays,
            }
        }
    };
    let lead = Lead {
        copies: &[],
        before,
    };
    let payload = Cow::Owned(reject.payload.clone());
    let mut found = validate::identities(plan, lead, vec![Ok(payload)]);
    match (found.records.pop(), found.rejects.pop()) {
        // That it was deleted is no row.
        (Some(record), _) if record.deleted => Again::Stays,
        (Some(record), _) => Again::Record(record),
        (None, Some(reject)) => Again::Reject(reject.record),
        (None, None) => Again::Stays,
    }
}

/// Whether it was rejected only because another record of its page had the same key.
fn is_a_twin(reject: &reject::Model) -> bool {
    reject.record_key.is_some() && reject.field.is_none()
}

/// Whether the members that its parent gives it are not in front of it: it had others of the same names.
fn lacks_its_parent(plan: &Plan, payload: &str) -> bool {
    let Some(for_each) = &plan.for_each else {
        return false;
    };
    let record = decode::members(payload).ok();
    let has = |name: &str| {
        record
            .as_ref()
            .is_some_and(|record| record.get(name).is_some())
    };
    for_each.copy.iter().any(|(name, _)| !has(name))
}
