//! How a resource's last run ended, and when the next one is due.

use sea_orm::{Condition, entity::prelude::*};

use super::{Column, Entity, Model};
use crate::run::Outcome;

/// How a run ended, for the resource's row.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    pub outcome: Outcome,
    pub at: DateTimeUtc,
    pub next_run_at: Option<DateTimeUtc>,
}

impl Entity {
    /// The resources of a source whose last run its upstream put off.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deferred(db: &impl ConnectionTrait, source_id: i32) -> Result<Vec<Model>, DbErr> {
        Self::find()
            .filter(Column::SourceId.eq(source_id))
            .filter(Column::LastOutcome.eq(Outcome::Deferred))
            .all(db)
            .await
    }

    /// Writes down how a run ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ended(db: &impl ConnectionTrait, id: i32, ending: Ending) -> Result<(), DbErr> {
        let mut update = Self::update_many()
            .col_expr(Column::LastOutcome, Expr::value(ending.outcome))
            .col_expr(Column::LastRunAt, Expr::value(ending.at))
            .filter(Column::Id.eq(id));
        if ending.outcome == Outcome::Complete {
            update = update
                .col_expr(Column::SyncedAt, Expr::value(ending.at))
                .col_expr(Column::Complete, Expr::value(true));
        }
        if let Some(next) = ending.next_run_at {
            update = update.col_expr(Column::NextRunAt, Expr::value(next));
        }
        update.exec(db).await?;
        Ok(())
    }

    /// Writes down when the next run of a source's resources is due, those excepted that are stopped.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn due(
        db: &impl ConnectionTrait,
        source_id: i32,
        at: DateTimeUtc,
    ) -> Result<(), DbErr> {
        let other = Condition::any()
            .add(Column::NextRunAt.is_null())
            .add(Column::NextRunAt.ne(at));
        Self::update_many()
            .col_expr(Column::NextRunAt, Expr::value(at))
            .filter(Column::SourceId.eq(source_id))
            // One that is stopped keeps the time that it misses: it runs at once when it is started again.
            .filter(Column::Enabled.eq(true))
            .filter(other)
            .exec(db)
            .await?;
        Ok(())
    }
}
