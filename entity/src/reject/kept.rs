//! What is kept of one resource's records and values, for whoever writes its rows.

use sea_orm::{QuerySelect, entity::prelude::*};

use super::{Column, Entity, Kind, New};
use crate::record;

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
