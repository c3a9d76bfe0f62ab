//! The syncers that are there, so that whoever asks for something knows whether anybody is there to obey.

use std::time::Duration;

use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::ExprTrait, sea_query::OnConflict};

use crate::dialect;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "syncer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub process: String,
    pub host: String,
    /// Of Catchment.
    pub version: String,
    pub started_at: DateTimeUtc,
    /// Until when it counts as alive unless it says so again, in milliseconds since 1970 on the database's clock.
    pub seen_until: i64,
    /// The names of the sources that it has definitions of, as JSON.
    #[sea_orm(column_type = "Text")]
    pub sources: String,
}

impl ActiveModelBehavior for ActiveModel {}

/// A syncer that says that it is there.
#[derive(Clone, Debug)]
pub struct Alive {
    pub process: String,
    pub host: String,
    pub version: String,
    pub started_at: DateTimeUtc,
    pub sources: Vec<String>,
}

impl Model {
    /// The names of the sources that it has definitions of.
    pub fn sources(&self) -> Vec<String> {
        serde_json::from_str(&self.sources).unwrap_or_default()
    }
}

impl Entity {
    /// Writes down that a syncer is there, and will be for `time` unless it says otherwise.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn is_there(
        db: &impl ConnectionTrait,
        alive: &Alive,
        time: Duration,
    ) -> Result<(), DbErr> {
        if Self::renew(db, &alive.process, time).await? {
            return Ok(());
        }
        let row = ActiveModel {
            process: Set(alive.process.clone()),
            host: Set(alive.host.clone()),
            version: Set(alive.version.clone()),
            started_at: Set(alive.started_at),
            seen_until: Set(0),
            sources: Set(serde_json::to_string(&alive.sources).unwrap_or_default()),
        };
        let conflict = OnConflict::column(Column::Process)
            .update_columns([Column::Host, Column::Sources])
            .to_owned();
        Self::insert(row)
            .on_conflict(conflict)
            .exec_without_returning(db)
            .await?;
        Self::renew(db, &alive.process, time).await.map(drop)
    }

    async fn renew(
        db: &impl ConnectionTrait,
        process: &str,
        time: Duration,
    ) -> Result<bool, DbErr> {
        let now = dialect::now_ms(db.get_database_backend());
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let renewed = Self::update_many()
            .col_expr(Column::SeenUntil, now.add(millis))
            .filter(Column::Process.eq(process))
            .exec(db)
            .await?;
        Ok(renewed.rows_affected > 0)
    }

    /// Takes a syncer off the list: it stops.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn leaves(db: &impl ConnectionTrait, process: &str) -> Result<(), DbErr> {
        Self::delete_by_id(process.to_owned()).exec(db).await?;
        Ok(())
    }

    /// Takes those off the list that have not been seen for `time`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sweep(db: &impl ConnectionTrait, time: Duration) -> Result<(), DbErr> {
        let now = dialect::now_ms(db.get_database_backend());
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Self::delete_many()
            .filter(Expr::col(Column::SeenUntil).lt(now.sub(millis)))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Those that are there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn alive(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
        let now = dialect::now_ms(db.get_database_backend());
        Self::find()
            .filter(Expr::col(Column::SeenUntil).gte(now))
            .all(db)
            .await
    }
}
