//! Each version of a resource: when it was committed, and by which run.
//!
//! One row for each commit that changed rows, so that the rows themselves need not say it: each has its version.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set,
    QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{ExprTrait, OnConflict},
};

use crate::{
    definition::{Cell, Kind},
    dialect,
};

/// Most versions of one statement.
const AT_ONCE: usize = 1000;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "version")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub resource_id: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// The run that committed it; `None`: a changed definition did, or it is not known.
    pub run_id: Option<i64>,
    pub at: DateTimeUtc,
    /// Who wrote it, of rows that callers write.
    pub actor: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// Writes a version down.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn keep(db: &impl ConnectionTrait, version: Model) -> Result<(), DbErr> {
        let row = ActiveModel {
            resource_id: Set(version.resource_id),
            version: Set(version.version),
            run_id: Set(version.run_id),
            at: Set(version.at),
            actor: Set(version.actor),
        };
        let conflict = OnConflict::columns([Column::ResourceId, Column::Version])
            .update_columns([Column::RunId, Column::At, Column::Actor])
            .to_owned();
        let insert = Self::insert(row).on_conflict(conflict);
        insert.exec_without_returning(db).await?;
        Ok(())
    }

    /// What is known of a version.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn of(
        db: &impl ConnectionTrait,
        resource_id: i32,
        version: i64,
    ) -> Result<Option<Model>, DbErr> {
        Self::find_by_id((resource_id, version)).one(db).await
    }

    /// The last version that was committed at `at` or before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn at(
        db: &impl ConnectionTrait,
        resource_id: i32,
        at: DateTimeUtc,
    ) -> Result<Option<Model>, DbErr> {
        let backend = db.get_database_backend();
        let latest = dialect::operand(backend, Kind::Timestamp, &Cell::Timestamp(at));
        Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Expr::col(Column::At).lte(latest))
            .order_by_desc(Column::At)
            .order_by_desc(Column::Version)
            .one(db)
            .await
    }

    /// Who wrote these versions, as far as it is known.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn actors_of(
        db: &impl ConnectionTrait,
        resource_id: i32,
        versions: &[i64],
    ) -> Result<HashMap<i64, String>, DbErr> {
        let mut actors = HashMap::new();
        for some in versions.chunks(AT_ONCE) {
            let found = Self::find()
                .select_only()
                .columns([Column::Version, Column::Actor])
                .filter(Column::ResourceId.eq(resource_id))
                .filter(Column::Version.is_in(some.iter().copied()))
                .filter(Column::Actor.is_not_null());
            actors.extend(found.into_tuple::<(i64, String)>().all(db).await?);
        }
        Ok(actors)
    }

    /// The runs that committed these versions, as far as they are known.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runs_of(
        db: &impl ConnectionTrait,
        resource_id: i32,
        versions: &[i64],
    ) -> Result<HashMap<i64, i64>, DbErr> {
        let mut versions = versions.to_vec();
        versions.sort_unstable();
        versions.dedup();
        let mut runs = HashMap::with_capacity(versions.len());
        for some in versions.chunks(AT_ONCE) {
            let found = Self::find()
                .select_only()
                .columns([Column::Version, Column::RunId])
                .filter(Column::ResourceId.eq(resource_id))
                .filter(Column::Version.is_in(some.iter().copied()))
                .filter(Column::RunId.is_not_null());
            runs.extend(found.into_tuple::<(i64, i64)>().all(db).await?);
        }
        Ok(runs)
    }
}
