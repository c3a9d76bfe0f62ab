//! Whether a resource is to run: its desired state, and who wanted it so.

use sea_orm::{QuerySelect, entity::prelude::*};

use super::{Column, Entity};

impl Entity {
    /// Starts or stops resources: those whose runs are wanted have them when they are due, a run under way of the others
    /// ends after the page in flight. Returns how many were otherwise before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn enable(
        db: &impl ConnectionTrait,
        ids: &[i32],
        wanted: bool,
        (by, at): (&str, DateTimeUtc),
    ) -> Result<u64, DbErr> {
        let steered = Self::update_many()
            .col_expr(Column::Enabled, Expr::value(wanted))
            .col_expr(Column::SteeredBy, Expr::value(by))
            .col_expr(Column::SteeredAt, Expr::value(at))
            .filter(Column::Id.is_in(ids.iter().copied()))
            .filter(Column::Enabled.ne(wanted))
            .exec(db)
            .await?;
        Ok(steered.rows_affected)
    }

    /// The resources that were stopped.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn stopped(db: &impl ConnectionTrait) -> Result<Vec<i32>, DbErr> {
        Self::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Enabled.eq(false))
            .into_tuple()
            .all(db)
            .await
    }

    /// Who stopped a resource, if it is stopped; within, whether that is known.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn stopped_by(
        db: &impl ConnectionTrait,
        id: i32,
    ) -> Result<Option<Option<String>>, DbErr> {
        Self::find_by_id(id)
            .select_only()
            .column(Column::SteeredBy)
            .filter(Column::Enabled.eq(false))
            .into_tuple()
            .one(db)
            .await
    }
}
