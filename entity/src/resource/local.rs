//! Resources whose rows come from callers: they are always whole, and as fresh as the last write.

use sea_orm::{QuerySelect, entity::prelude::*, sea_query::ExprTrait};

use super::{Column, Entity, Model};
use crate::{run::Outcome, version};

/// What a caller's commit did to the rows of a resource.
#[derive(Clone, Debug)]
pub struct Written {
    pub version: i64,
    pub live_rows: i64,
    /// The highest `rowno` ever given out.
    pub last_rowno: i64,
    pub at: DateTimeUtc,
    /// Who wrote.
    pub actor: Option<String>,
}

impl Entity {
    /// Writes down that the table of a resource stands to which callers write: what it holds is all that there is.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn opened(db: &impl ConnectionTrait, id: i32, at: DateTimeUtc) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Complete, Expr::value(true))
            .col_expr(Column::LastOutcome, Expr::value(Outcome::Complete))
            .col_expr(Column::NextRunAt, Expr::value(Option::<DateTimeUtc>::None))
            .col_expr(Column::SyncedAt, Expr::col(Column::SyncedAt).if_null(at))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// The resource, under a lock on its row until the transaction ends: whoever writes its rows is the only one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn locked(db: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
        Self::find_by_id(id).lock_exclusive().one(db).await
    }

    /// Writes down what a caller's commit did to the rows of a resource.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn written(
        db: &impl ConnectionTrait,
        id: i32,
        written: Written,
    ) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Version, Expr::value(written.version))
            .col_expr(Column::LiveRows, Expr::value(written.live_rows))
            .col_expr(Column::LastRowno, Expr::value(written.last_rowno))
            .col_expr(Column::ChangedAt, Expr::value(written.at))
            .col_expr(Column::SyncedAt, Expr::value(written.at))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        let made = version::Model {
            resource_id: id,
            version: written.version,
            run_id: None,
            at: written.at,
            actor: written.actor,
        };
        version::Entity::keep(db, made).await
    }
}
