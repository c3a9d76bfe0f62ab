//! What the commits of a resource's rows made of it: versions, and from which of them on all can be told.

use sea_orm::{QuerySelect, entity::prelude::*};

use super::{Column, Entity, Model};
use crate::{record, version};

/// What a page's commit did to the rows of a resource.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub version: i64,
    pub live_rows: i64,
    /// The highest `rowno` ever given out.
    pub last_rowno: i64,
    pub at: DateTimeUtc,
    /// The run that made it, if one did.
    pub run_id: Option<i64>,
}

impl Model {
    /// The highest `rowno` ever given out: that of a row which is gone for good is not given to another, which children
    /// and whoever follows the changes would take for it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn highest_rowno(&self, db: &impl ConnectionTrait) -> Result<i64, DbErr> {
        let stored = record::last_rowno(db, &self.table_name).await?;
        Ok(stored.max(self.last_rowno))
    }
}

impl Entity {
    /// Writes down that a commit changed rows. The rows are no complete run's until that run ends.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn changed(db: &impl ConnectionTrait, id: i32, change: Change) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Version, Expr::value(change.version))
            .col_expr(Column::LiveRows, Expr::value(change.live_rows))
            .col_expr(Column::LastRowno, Expr::value(change.last_rowno))
            .col_expr(Column::ChangedAt, Expr::value(change.at))
            .col_expr(Column::Complete, Expr::value(false))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        let made = version::Model {
            resource_id: id,
            version: change.version,
            run_id: change.run_id,
            at: change.at,
            actor: None,
        };
        version::Entity::keep(db, made).await
    }

    /// Writes down from which version on the history of the records is whole, or that there is none.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn remembers(
        db: &impl ConnectionTrait,
        id: i32,
        since: Option<(i64, DateTimeUtc)>,
    ) -> Result<(), DbErr> {
        let (version, at) = since.unzip();
        Self::update_many()
            .col_expr(Column::HistoryVersion, Expr::value(version))
            .col_expr(Column::HistoryAt, Expr::value(at))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// From which version on the history of the records is whole, and when that was committed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn history_since(
        db: &impl ConnectionTrait,
        id: i32,
    ) -> Result<Option<(i64, Option<DateTimeUtc>)>, DbErr> {
        let since = Self::find_by_id(id)
            .select_only()
            .columns([Column::HistoryVersion, Column::HistoryAt])
            .into_tuple::<(Option<i64>, Option<DateTimeUtc>)>()
            .one(db)
            .await?;
        Ok(since.and_then(|(version, at)| Some((version?, at))))
    }

    /// Writes down that the commit which makes `version` changes rows without a trace: it removes some for good, or gives
    /// them other keys. Who knows less than this version has to read all rows anew.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forgets(db: &impl ConnectionTrait, id: i32, version: i64) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Horizon, Expr::value(version))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// The version of a resource, as far as `db` sees: in a transaction that of its snapshot.
    ///
    /// # Errors
    /// The database does not answer, or there is no such resource.
    pub async fn version(db: &impl ConnectionTrait, id: i32) -> Result<i64, DbErr> {
        let version = Self::find_by_id(id)
            .select_only()
            .column(Column::Version)
            .into_tuple()
            .one(db)
            .await?;
        version.ok_or_else(|| DbErr::RecordNotFound(format!("resource {id}")))
    }
}
