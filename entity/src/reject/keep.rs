//! Keeps rejects, with few statements.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ActiveValue::{NotSet, Set},
    QuerySelect,
    entity::prelude::*,
    sea_query::OnConflict,
};

use super::{ActiveModel, Column, Entity, New};

/// Most rejects in one statement.
const AT_ONCE: usize = 500;
/// And most bytes: MariaDB takes 16 MiB in a packet, MySQL 64.
const MOST_BYTES: usize = 4 << 20;
/// Longest value that is kept whole, in characters.
const VALUE_CHARS: usize = 1000;

impl Entity {
    /// Keeps the rejects that are not kept yet, and returns the id of each, in their order. A known one costs no
    /// write, unless its reason is another by now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn keep(
        db: &impl ConnectionTrait,
        run: (i32, i64, DateTimeUtc),
        rejects: Vec<New>,
    ) -> Result<Vec<i64>, DbErr> {
        let order: Vec<Vec<u8>> = rejects.iter().map(|new| new.payload_hash.clone()).collect();
        let mut ids = HashMap::with_capacity(order.len());
        for some in statements(rejects) {
            let hashes: Vec<Vec<u8>> = some.iter().map(|new| new.payload_hash.clone()).collect();
            let known = Self::known(db, run.0, &hashes).await?;
            let is_as_known = |new: &New| {
                let known = known.get(&new.payload_hash);
                known.is_some_and(|(_, reason)| *reason == new.reason)
            };
            let unlike: Vec<New> = some.into_iter().filter(|new| !is_as_known(new)).collect();
            let known = if unlike.is_empty() {
                known
            } else {
                Self::write(db, run, unlike).await?;
                Self::known(db, run.0, &hashes).await?
            };
            ids.extend(known.into_iter().map(|(hash, (id, _))| (hash, id)));
        }
        let id = |hash: &Vec<u8>| ids.get(hash).copied();
        let ids: Option<Vec<i64>> = order.iter().map(id).collect();
        ids.ok_or_else(|| DbErr::RecordNotFound("a reject that was just written".to_owned()))
    }

    /// The ids of those that are kept, by the hash of their record.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ids_by_hash(
        db: &impl ConnectionTrait,
        resource_id: i32,
        hashes: &[Vec<u8>],
    ) -> Result<HashMap<Vec<u8>, i64>, DbErr> {
        let mut ids = HashMap::new();
        for some in hashes.chunks(500) {
            let known = Self::known(db, resource_id, some).await?;
            ids.extend(known.into_iter().map(|(hash, (id, _))| (hash, id)));
        }
        Ok(ids)
    }

    /// The ids and reasons of those that are kept, by hash.
    async fn known(
        db: &impl ConnectionTrait,
        resource_id: i32,
        hashes: &[Vec<u8>],
    ) -> Result<HashMap<Vec<u8>, (i64, String)>, DbErr> {
        let known = Self::find()
            .select_only()
            .columns([Column::PayloadHash, Column::Id, Column::Reason])
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::PayloadHash.is_in(hashes.iter().cloned()))
            .into_tuple::<(Vec<u8>, i64, String)>()
            .all(db)
            .await?;
        let known = known
            .into_iter()
            .map(|(hash, id, reason)| (hash, (id, reason)));
        Ok(known.collect())
    }

    /// Writes rejects that are new, or kept for another reason: those keep their id and time.
    async fn write(
        db: &impl ConnectionTrait,
        (resource_id, run_id, now): (i32, i64, DateTimeUtc),
        rejects: Vec<New>,
    ) -> Result<(), DbErr> {
        let rows = rejects.into_iter().map(|reject| ActiveModel {
            id: NotSet,
            resource_id: Set(resource_id),
            kind: Set(reject.kind),
            payload_hash: Set(reject.payload_hash),
            run_id: Set(run_id),
            record_key: Set(reject.record_key),
            field: Set(reject.field),
            path: Set(reject.path),
            value: Set(reject.value),
            reason: Set(reject.reason),
            payload: Set(reject.payload),
            created_at: Set(now),
        });
        let update = [
            Column::RunId,
            Column::RecordKey,
            Column::Field,
            Column::Path,
            Column::Value,
            Column::Reason,
        ];
        let conflict = OnConflict::columns([Column::ResourceId, Column::PayloadHash])
            .update_columns(update)
            .to_owned();
        Self::insert_many(rows)
            .on_conflict(conflict)
            .exec_without_returning(db)
            .await?;
        Ok(())
    }
}

/// Cuts `rejects` into those of one statement each, none of them twice.
fn statements(rejects: Vec<New>) -> Vec<Vec<New>> {
    let mut statements = Vec::new();
    let (mut some, mut bytes) = (Vec::new(), 0);
    let mut met = HashSet::with_capacity(rejects.len());
    for reject in rejects {
        if !met.insert(reject.payload_hash.clone()) {
            continue;
        }
        bytes += reject.bytes();
        if !some.is_empty() && (some.len() == AT_ONCE || bytes > MOST_BYTES) {
            statements.push(std::mem::take(&mut some));
            bytes = reject.bytes();
        }
        some.push(reject);
    }
    if !some.is_empty() {
        statements.push(some);
    }
    statements
}

/// A value as it is kept: whole, or its beginning and how long it is.
pub fn cut(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &value[..end], value.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::{New, cut, statements};
    use crate::reject::Kind;

    fn new(name: &str, payload: usize) -> New {
        New {
            kind: Kind::Record,
            payload_hash: name.as_bytes().to_vec(),
            record_key: None,
            field: None,
            path: None,
            value: None,
            reason: String::new(),
            payload: "x".repeat(payload),
        }
    }

    #[test]
    fn a_statement_is_neither_too_long_nor_too_large() {
        let sizes = |rejects: Vec<New>| -> Vec<usize> {
            statements(rejects).iter().map(Vec::len).collect()
        };
        let many: Vec<New> = (0..1001).map(|n| new(&n.to_string(), 1)).collect();
        assert_eq!(sizes(many), [500, 500, 1]);
        let large = vec![new("a", 3 << 20), new("b", 3 << 20), new("c", 9 << 20)];
        assert_eq!(sizes(large), [1, 1, 1]);
        assert_eq!(sizes(vec![new("a", 1), new("a", 1), new("b", 1)]), [2]);
        assert_eq!(sizes(Vec::new()), [0; 0]);
    }

    #[test]
    fn a_long_value_tells_its_length() {
        assert_eq!(cut(&"ä".repeat(1000)), "ä".repeat(1000));
        let long = cut(&"ä".repeat(1001));
        assert_eq!(long, format!("{}… (2002 bytes)", "ä".repeat(1000)));
    }
}
