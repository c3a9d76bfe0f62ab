//! The life of a command: asked, taken, begun, answered. Each step is a compare-and-swap, so that two syncers, or one that
//! was paused, never obey it twice.

use std::{collections::HashSet, time::Duration};

use sea_orm::{
    ActiveValue::Set,
    Condition, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{ExprTrait, SimpleExpr},
};

use super::{ActiveModel, Answer, Body, Column, Entity, Kind, Model};
use crate::dialect;

/// Most commands that are looked at in one go; the others have their turn when these are done.
const AT_ONCE: u64 = 200;

/// A command as it is asked.
#[derive(Clone, Debug)]
pub struct New {
    pub resource_id: i32,
    pub kind: Kind,
    /// The run to cancel; no other kind names one.
    pub run_id: Option<i64>,
    pub body: Body,
    /// Who asks: `user:anna`, `key:nightly`, `cli`.
    pub by: String,
    pub at: DateTimeUtc,
}

/// A command that a process has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub id: i64,
    pub holder: String,
}

impl Entity {
    /// Writes down a command, and returns its id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ask(db: &impl ConnectionTrait, new: New) -> Result<i64, DbErr> {
        let body = serde_json::to_string(&new.body);
        let row = ActiveModel {
            resource_id: Set(new.resource_id),
            run_id: Set(new.run_id),
            kind: Set(new.kind),
            asked_by: Set(new.by),
            asked_at: Set(new.at),
            body: Set(Some(body.map_err(unwritable)?)),
            ..Default::default()
        };
        Ok(Self::insert(row).exec(db).await?.last_insert_id)
    }

    /// The commands that are not done, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn open(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
        Self::not_done().limit(AT_ONCE).all(db).await
    }

    /// Those about some resources.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn open_of(
        db: &impl ConnectionTrait,
        resource_ids: &[i32],
    ) -> Result<Vec<Model>, DbErr> {
        Self::not_done()
            .filter(Column::ResourceId.is_in(resource_ids.iter().copied()))
            .limit(AT_ONCE)
            .all(db)
            .await
    }

    /// The ids of those that no process has now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn free(db: &impl ConnectionTrait) -> Result<HashSet<i64>, DbErr> {
        let free = Self::not_done()
            .select_only()
            .column(Column::Id)
            .filter(is_free(db));
        let free: Vec<i64> = free.into_tuple().all(db).await?;
        Ok(free.into_iter().collect())
    }

    fn not_done() -> Select<Self> {
        Self::find()
            .filter(Column::DoneAt.is_null())
            .order_by_asc(Column::Id)
    }

    /// Takes a command for `time`, unless another process has it or it is done.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn take(
        db: &impl ConnectionTrait,
        id: i64,
        holder: &str,
        (time, at): (Duration, DateTimeUtc),
    ) -> Result<Option<Taken>, DbErr> {
        let first = Expr::col(Column::TakenAt).if_null(at);
        let taken = Self::update_many()
            .col_expr(Column::TakenAt, first)
            .col_expr(Column::Holder, Expr::value(holder))
            .col_expr(Column::TakenUntil, until(db, time))
            .filter(Column::Id.eq(id))
            .filter(Column::DoneAt.is_null())
            .filter(is_free(db))
            .exec(db)
            .await?;
        Ok((taken.rows_affected > 0).then(|| Taken {
            id,
            holder: holder.to_owned(),
        }))
    }

    /// Keeps a command for `time` from now. False: it is another's by now, or done.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn renew(
        db: &impl ConnectionTrait,
        taken: &Taken,
        time: Duration,
    ) -> Result<bool, DbErr> {
        let renewed = Self::update_many()
            .col_expr(Column::TakenUntil, until(db, time))
            .filter(taken.is_held())
            .exec(db)
            .await?;
        Ok(renewed.rows_affected > 0)
    }

    /// Gives a command back that was not obeyed to its end, so that the next process to see it takes it up at once. What
    /// was begun for it is forgotten: it is begun again, where the last run left off.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn release(db: &impl ConnectionTrait, taken: &Taken) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Holder, Expr::value(Option::<String>::None))
            .col_expr(Column::TakenUntil, Expr::value(Option::<i64>::None))
            .col_expr(Column::RunId, Expr::value(Option::<i64>::None))
            .filter(taken.is_held())
            .filter(Column::Kind.ne(Kind::Cancel))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Writes down which run was begun for a command: in the transaction that begins it, so that none is begun twice.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn started(db: &impl ConnectionTrait, id: i64, run_id: i64) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::RunId, Expr::value(run_id))
            .filter(Column::Id.eq(id))
            .filter(Column::DoneAt.is_null())
            .exec(db)
            .await?;
        Ok(())
    }

    /// Answers a command. False: it is another's by now, or done.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn done(
        db: &impl ConnectionTrait,
        taken: &Taken,
        answer: &Answer,
        at: DateTimeUtc,
    ) -> Result<bool, DbErr> {
        let answer = serde_json::to_string(answer).map_err(unwritable)?;
        let done = Self::update_many()
            .col_expr(Column::DoneAt, Expr::value(at))
            .col_expr(Column::Answer, Expr::value(answer))
            .filter(taken.is_held())
            .exec(db)
            .await?;
        Ok(done.rows_affected > 0)
    }
}

impl Taken {
    fn is_held(&self) -> Condition {
        Condition::all()
            .add(Column::Id.eq(self.id))
            .add(Column::Holder.eq(&self.holder))
            .add(Column::DoneAt.is_null())
    }
}

fn is_free(db: &impl ConnectionTrait) -> Condition {
    let now = dialect::now_ms(db.get_database_backend());
    Condition::any()
        .add(Column::Holder.is_null())
        .add(Expr::col(Column::TakenUntil).lt(now))
}

fn until(db: &impl ConnectionTrait, time: Duration) -> SimpleExpr {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    dialect::now_ms(db.get_database_backend()).add(millis)
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unwritable(error: serde_json::Error) -> DbErr {
    DbErr::Custom(error.to_string())
}
