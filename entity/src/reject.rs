//! Records that could not become rows, and values that did not fit their field, each with its reason, kept until
//! the upstream sends them right.

use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reject")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique_key = "resource_payload")]
    pub resource_id: i32,
    pub kind: Kind,
    /// Hash of the record's bytes: the same record is kept once, however often it comes.
    #[sea_orm(unique_key = "resource_payload")]
    pub payload_hash: Vec<u8>,
    /// The run that first met it.
    pub run_id: i64,
    /// The record's key, where it could be read.
    #[sea_orm(column_type = "Text", nullable)]
    pub record_key: Option<String>,
    /// The field that is at fault.
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
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

/// What could not be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(
    rs_type = "String",
    db_type = "String(StringLen::N(16))",
    rename_all = "snake_case"
)]
pub enum Kind {
    /// A whole record: there is no row of it.
    Record,
    /// One value: the row is there, its field is null.
    Value,
}

/// A record that cannot become a row, or a value that its field cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    pub kind: Kind,
    /// Of a value: the hash of the record's bytes and the field's name.
    pub payload_hash: Vec<u8>,
    pub record_key: Option<String>,
    pub field: Option<String>,
    pub path: Option<String>,
    pub value: Option<String>,
    pub reason: String,
    pub payload: String,
}

impl Entity {
    /// Keeps the rejects that are not kept yet, and returns the ids of all of them. Known ones cost no write.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn keep(
        db: &impl ConnectionTrait,
        run: (i32, i64, DateTimeUtc),
        rejects: Vec<New>,
    ) -> Result<Vec<i64>, DbErr> {
        let (resource_id, run_id, now) = run;
        let mut ids = Vec::with_capacity(rejects.len());
        for reject in rejects {
            let known = Self::find()
                .select_only()
                .column(Column::Id)
                .filter(Column::ResourceId.eq(resource_id))
                .filter(Column::PayloadHash.eq(reject.payload_hash.clone()))
                .into_tuple::<i64>()
                .one(db)
                .await?;
            if let Some(id) = known {
                ids.push(id);
                continue;
            }
            let row = ActiveModel {
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
                ..Default::default()
            };
            ids.push(Self::insert(row).exec(db).await?.last_insert_id);
        }
        Ok(ids)
    }

    /// The ids of a resource's rejects.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ids(db: &impl ConnectionTrait, resource_id: i32) -> Result<Vec<i64>, DbErr> {
        let ids = Self::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ResourceId.eq(resource_id));
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

    /// A resource's rejects, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn latest(
        db: &impl ConnectionTrait,
        resource_id: i32,
        limit: u64,
    ) -> Result<Vec<Model>, DbErr> {
        let rejects = Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .order_by_desc(Column::Id);
        rejects.limit(limit).all(db).await
    }

    /// How many rejects a resource has.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_of(db: &impl ConnectionTrait, resource_id: i32) -> Result<u64, DbErr> {
        Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .count(db)
            .await
    }
}
