//! Records that could not become rows, and values that did not fit their field, each with its reason, kept until
//! the upstream sends them right.
//!
//! A record that is kept here is never older than the row of its key: whoever writes a row lets go of what was
//! kept of its key before.

mod gist;

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::TryStreamExt;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    QueryOrder, QuerySelect, StreamTrait,
    entity::prelude::*,
    sea_query::OnConflict,
};

pub use gist::gist;

use crate::record;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reject")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique_key = "resource_payload")]
    pub resource_id: i32,
    pub kind: Kind,
    /// Of a record, the hash of its bytes: the same one is kept once, however often it comes.
    #[sea_orm(unique_key = "resource_payload")]
    pub payload_hash: Vec<u8>,
    /// The run that first gave the reason; 0: none did, a changed definition was applied to what is stored.
    pub run_id: i64,
    /// The record's key, where it could be read.
    pub record_key: Option<String>,
    /// The field that is at fault; of a table's field, `table.field`.
    pub field: Option<String>,
    /// Pointer to its value in the record.
    #[sea_orm(column_type = "Text", nullable)]
    pub path: Option<String>,
    /// The value as it came, as JSON; a long one is cut.
    #[sea_orm(column_type = "Text", nullable)]
    pub value: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// The record's bytes.
    #[sea_orm(column_type = "Text")]
    pub payload: String,
    /// When it was first kept.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

/// What could not be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(
    rs_type = "String",
    db_type = "String(StringLen::N(16))",
    rename_all = "snake_case"
)]
pub enum Kind {
    /// A whole record: there is no row of it, or an older one.
    Record,
    /// One value: the row is there, its field is null.
    Value,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Value => "value",
        }
    }
}

/// A record that cannot become a row, or a value that its field cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    pub kind: Kind,
    /// Of a value: the hash of its record's key and bytes, and of where it stands.
    pub payload_hash: Vec<u8>,
    pub record_key: Option<String>,
    pub field: Option<String>,
    pub path: Option<String>,
    pub value: Option<String>,
    pub reason: String,
    pub payload: String,
}

/// Which rejects to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub resource_id: i32,
    pub kind: Option<Kind>,
    pub field: Option<String>,
    /// Only those with a lower id: the last one of the page before.
    pub before: Option<i64>,
}

/// How many rejects of a resource are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    pub kind: Kind,
    pub field: Option<String>,
    /// The reason without the value that it speaks of.
    pub reason: String,
    pub count: u64,
}

/// What a batch that writes rows must know of the rejects that are kept: that there are none of most resources,
/// so that their rows cost no query here.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    resource_id: i32,
    any: bool,
}

impl Kept {
    /// # Errors
    /// The database does not answer.
    pub async fn of(db: &impl ConnectionTrait, resource_id: i32) -> Result<Self, DbErr> {
        let one = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ResourceId.eq(resource_id))
            .into_tuple::<i64>();
        let any = one.one(db).await?.is_some();
        Ok(Self { resource_id, any })
    }

    /// Keeps the rejects that are not kept yet, and returns the id of each, in their order. A known one costs no
    /// write, unless its reason is another by now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn keep(
        &mut self,
        db: &impl ConnectionTrait,
        run: (i64, DateTimeUtc),
        rejects: Vec<New>,
    ) -> Result<Vec<i64>, DbErr> {
        self.any |= !rejects.is_empty();
        let (run_id, now) = run;
        Entity::keep(db, (self.resource_id, run_id, now), rejects).await
    }

    /// Lets go of everything that was kept of `record_keys`, whose rows are written or deleted in this transaction.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget_of(
        &self,
        db: &impl ConnectionTrait,
        record_keys: &[&str],
    ) -> Result<(), DbErr> {
        self.forget(db, record_keys, None).await
    }

    /// The same for the rows of `table` with these `rownos`, before they go.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget_rows(
        &self,
        db: &impl ConnectionTrait,
        table: &str,
        rownos: &[i64],
    ) -> Result<(), DbErr> {
        if !self.any {
            return Ok(());
        }
        let keys = record::keys_of(db, table, rownos).await?;
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.forget_of(db, &keys).await
    }

    /// Puts `values`, the bad values of the rows of `record_keys`, in the place of those that were kept: a changed
    /// definition reads other ones in the same records.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn replace_values(
        &mut self,
        db: &impl ConnectionTrait,
        run: (i64, DateTimeUtc),
        record_keys: &[&str],
        values: Vec<New>,
    ) -> Result<(), DbErr> {
        self.forget(db, record_keys, Some(Kind::Value)).await?;
        self.keep(db, run, values).await.map(drop)
    }

    async fn forget(
        &self,
        db: &impl ConnectionTrait,
        record_keys: &[&str],
        kind: Option<Kind>,
    ) -> Result<(), DbErr> {
        if !self.any {
            return Ok(());
        }
        for some in record_keys.chunks(1000) {
            let mut delete = Entity::delete_many()
                .filter(Column::ResourceId.eq(self.resource_id))
                .filter(Column::RecordKey.is_in(some.iter().copied()));
            if let Some(kind) = kind {
                delete = delete.filter(Column::Kind.eq(kind));
            }
            delete.exec(db).await?;
        }
        Ok(())
    }
}

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
            value: Set(reject.value.map(cut)),
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

    /// The ids of a resource's rejected records.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ids(db: &impl ConnectionTrait, resource_id: i32) -> Result<Vec<i64>, DbErr> {
        let ids = Self::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Kind.eq(Kind::Record));
        ids.into_tuple().all(db).await
    }

    /// The bytes of rejects, by their ids.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn payloads(
        db: &impl ConnectionTrait,
        ids: &[i64],
    ) -> Result<Vec<(i64, String)>, DbErr> {
        let payloads = Self::find()
            .select_only()
            .columns([Column::Id, Column::Payload])
            .filter(Column::Id.is_in(ids.iter().copied()));
        payloads.into_tuple().all(db).await
    }

    /// Lets go of rejects that the upstream no longer sends.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget(db: &impl ConnectionTrait, ids: Vec<i64>) -> Result<(), DbErr> {
        for some in ids.chunks(1000) {
            Self::delete_many()
                .filter(Column::Id.is_in(some.to_vec()))
                .exec(db)
                .await?;
        }
        Ok(())
    }

    /// A resource's rejected records after the one with the id `after`, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn records_after(
        db: &impl ConnectionTrait,
        resource_id: i32,
        after: i64,
        limit: u64,
    ) -> Result<Vec<Model>, DbErr> {
        let rejects = Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Kind.eq(Kind::Record))
            .filter(Column::Id.gt(after))
            .order_by_asc(Column::Id);
        rejects.limit(limit).all(db).await
    }

    /// A page of a resource's rejects, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn list(
        db: &impl ConnectionTrait,
        filter: &Filter,
        limit: u64,
    ) -> Result<Vec<Model>, DbErr> {
        let mut rejects = Self::find().filter(Column::ResourceId.eq(filter.resource_id));
        if let Some(kind) = filter.kind {
            rejects = rejects.filter(Column::Kind.eq(kind));
        }
        if let Some(field) = &filter.field {
            rejects = rejects.filter(Column::Field.eq(field));
        }
        if let Some(before) = filter.before {
            rejects = rejects.filter(Column::Id.lt(before));
        }
        let rejects = rejects.order_by_desc(Column::Id);
        rejects.limit(limit).all(db).await
    }

    /// How many rejects a resource has of each kind, field and reason, the most first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_by_reason<C>(db: &C, resource_id: i32) -> Result<Vec<Alike>, DbErr>
    where
        C: ConnectionTrait + StreamTrait,
    {
        let mut counts: BTreeMap<(Kind, Option<String>, String), u64> = BTreeMap::new();
        let mut groups = Self::find()
            .select_only()
            .columns([Column::Kind, Column::Field, Column::Reason])
            .column_as(Column::Id.count(), "count")
            .filter(Column::ResourceId.eq(resource_id))
            .group_by(Column::Kind)
            .group_by(Column::Field)
            .group_by(Column::Reason)
            .into_tuple::<(Kind, Option<String>, String, i64)>()
            .stream(db)
            .await?;
        while let Some((kind, field, reason, count)) = groups.try_next().await? {
            *counts.entry((kind, field, gist(&reason))).or_default() += count.unsigned_abs();
        }
        let alike = counts
            .into_iter()
            .map(|((kind, field, reason), count)| Alike {
                kind,
                field,
                reason,
                count,
            });
        let mut alike: Vec<Alike> = alike.collect();
        alike.sort_by_key(|alike| std::cmp::Reverse(alike.count));
        Ok(alike)
    }

    /// How many records and values of a resource are kept.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_all(db: &impl ConnectionTrait, resource_id: i32) -> Result<u64, DbErr> {
        let all = Self::find().filter(Column::ResourceId.eq(resource_id));
        all.count(db).await
    }

    /// How many records of a resource are kept because they could not become rows.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_of(db: &impl ConnectionTrait, resource_id: i32) -> Result<u64, DbErr> {
        Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Kind.eq(Kind::Record))
            .count(db)
            .await
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
        bytes += reject.payload.len();
        if !some.is_empty() && (some.len() == AT_ONCE || bytes > MOST_BYTES) {
            statements.push(std::mem::take(&mut some));
            bytes = reject.payload.len();
        }
        some.push(reject);
    }
    if !some.is_empty() {
        statements.push(some);
    }
    statements
}

/// A value as it is kept: whole, or its beginning and how long it is.
fn cut(value: String) -> String {
    // Bytes are counted first: they are at hand, and never fewer than the characters.
    if value.len() <= VALUE_CHARS {
        return value;
    }
    match value.char_indices().nth(VALUE_CHARS) {
        None => value,
        Some((end, _)) => format!("{}… ({} bytes)", &value[..end], value.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, New, cut, statements};

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
        assert_eq!(cut("ä".repeat(1000)), "ä".repeat(1000));
        let long = cut("ä".repeat(1001));
        assert_eq!(long, format!("{}… (2002 bytes)", "ä".repeat(1000)));
    }
}
