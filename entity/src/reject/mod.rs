//! Records that could not become rows, and values that did not fit their field, each with its reason, kept until
//! the upstream sends them right.
//!
//! A record that is kept here is never older than the row of its key: whoever writes a row lets go of what was
//! kept of its key before.

mod gist;
mod keep;
mod kept;

use std::collections::BTreeMap;

use futures::{Stream, TryStreamExt};
use sea_orm::{QueryOrder, QuerySelect, StreamTrait, entity::prelude::*};

pub use gist::gist;
pub use keep::cut;
pub use kept::Kept;

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
    /// The record's bytes; of a value nothing: they are its row's.
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
    /// What [`cut`] leaves of it.
    pub value: Option<String>,
    pub reason: String,
    /// Of a value nothing.
    pub payload: String,
}

impl New {
    /// About how large it is in a statement.
    pub fn bytes(&self) -> usize {
        let texts = [&self.record_key, &self.field, &self.path, &self.value];
        let texts = texts.into_iter().flatten().map(String::len);
        self.payload.len() + self.reason.len() + self.payload_hash.len() + texts.sum::<usize>()
    }
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

impl Entity {
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

    /// The bytes of rejects, by their ids, one after the other: a record may be large.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn payloads<C>(
        db: &C,
        ids: &[i64],
    ) -> Result<impl Stream<Item = Result<(i64, String), DbErr>>, DbErr>
    where
        C: ConnectionTrait + StreamTrait,
    {
        let payloads = Self::find()
            .select_only()
            .columns([Column::Id, Column::Payload])
            .filter(Column::Id.is_in(ids.iter().copied()));
        payloads.into_tuple().stream(db).await
    }

    /// The rejected records with these keys: their ids and keys.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn records_of(
        db: &impl ConnectionTrait,
        resource_id: i32,
        record_keys: &[&str],
    ) -> Result<Vec<(i64, String)>, DbErr> {
        if record_keys.is_empty() {
            return Ok(Vec::new());
        }
        let records = Self::find()
            .select_only()
            .columns([Column::Id, Column::RecordKey])
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Kind.eq(Kind::Record))
            .filter(Column::RecordKey.is_in(record_keys.iter().copied()));
        records.into_tuple().all(db).await
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

    /// A resource's rejected records after the one with the id `after`, oldest first: at most `limit`, and
    /// fewer where they are large.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn records_after<C>(
        db: &C,
        resource_id: i32,
        after: i64,
        limit: u64,
    ) -> Result<Vec<Model>, DbErr>
    where
        C: ConnectionTrait + StreamTrait,
    {
        const ENOUGH_BYTES: usize = 4 << 20;
        let rejects = Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Kind.eq(Kind::Record))
            .filter(Column::Id.gt(after))
            .order_by_asc(Column::Id);
        let mut rejects = rejects.limit(limit).stream(db).await?;
        let (mut records, mut bytes) = (Vec::new(), 0);
        while bytes < ENOUGH_BYTES
            && let Some(reject) = rejects.try_next().await?
        {
            bytes += reject.payload.len();
            records.push(reject);
        }
        Ok(records)
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
