//! One pull of one resource, how it ended, and what it did.

mod counts;

use sea_orm::{
    ActiveValue::Set,
    Order, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{ExprTrait, Query, SimpleExpr},
};
use serde::{Deserialize, Serialize};

pub use self::counts::Counts;
use self::counts::with_counts;
use crate::resource;

/// How a run ended. Only a complete run deletes rows or moves the incremental mark.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every page came, could be read, and agrees with what the upstream promised.
    #[sea_orm(string_value = "complete")]
    Complete,
    /// Some pages or parents failed.
    #[sea_orm(string_value = "partial")]
    Partial,
    /// It came, but is not to be believed: it shrank, looped, or would delete too much.
    #[sea_orm(string_value = "suspect")]
    Suspect,
    /// The upstream asked to wait longer than a run may.
    #[sea_orm(string_value = "deferred")]
    Deferred,
    /// Nothing could be had.
    #[sea_orm(string_value = "failed")]
    Failed,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Suspect => "suspect",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
        }
    }
}

/// What started a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    #[sea_orm(string_value = "schedule")]
    Schedule,
    /// A person asked for it.
    #[sea_orm(string_value = "manual")]
    Manual,
    /// A person asked to read the rejects again.
    #[sea_orm(string_value = "replay")]
    Replay,
}

/// What a run reads, and whether it writes.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// As scheduled: where the definition reads only what changed, that alone.
    #[default]
    #[sea_orm(string_value = "incremental")]
    Incremental,
    /// Everything, whatever earlier runs left.
    #[sea_orm(string_value = "full")]
    Full,
    /// As scheduled, but nothing is written: only counted.
    #[sea_orm(string_value = "dry")]
    Dry,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incremental => "incremental",
            Self::Full => "full",
            Self::Dry => "dry",
        }
    }
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "run")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub resource_id: i32,
    pub trigger: Trigger,
    pub mode: Mode,
    /// The command that asked for it.
    #[sea_orm(indexed)]
    pub command_id: Option<i64>,
    /// `None` while it runs, or when its process died.
    pub outcome: Option<Outcome>,
    pub started_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    /// The run whose work this one went on with.
    pub resumed_from: Option<i64>,
    /// Requests sent, retries included.
    pub requests: i64,
    /// Bytes of the answers' bodies, unpacked.
    pub bytes: i64,
    pub pages: i64,
    /// Records that the upstream says there are.
    pub total: Option<i64>,
    /// Records that came.
    pub fetched: i64,
    pub inserted: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub deleted: i64,
    pub rejected: i64,
    /// Values that did not fit their field and were left out.
    pub bad_values: i64,
    /// Why it is not complete: the whole chain of causes.
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ending {
    pub outcome: Outcome,
    pub at: DateTimeUtc,
    pub counts: Counts,
    pub error: Option<String>,
}

/// What a run begins with.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    pub resource_id: i32,
    pub trigger: Trigger,
    pub mode: Mode,
    pub command_id: Option<i64>,
    pub at: DateTimeUtc,
    pub resumed_from: Option<i64>,
}

/// The error of a run that nobody could close.
pub const ABANDONED: &str = "its process ended before the run did";
/// The error of a run whose process was told to stop.
pub const STOPPED: &str = "stopped after the page in flight";

impl Model {
    /// Whether its process died: when, nobody knows, as `ended_at` is when the next one came.
    pub fn is_abandoned(&self) -> bool {
        self.error.as_deref() == Some(ABANDONED)
    }
}

impl Entity {
    /// Writes down that a run began.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn open(db: &impl ConnectionTrait, opening: Opening) -> Result<i64, DbErr> {
        let row = ActiveModel {
            resource_id: Set(opening.resource_id),
            trigger: Set(opening.trigger),
            mode: Set(opening.mode),
            command_id: Set(opening.command_id),
            started_at: Set(opening.at),
            resumed_from: Set(opening.resumed_from),
            ..with_counts(&Counts::default())
        };
        Ok(Self::insert(row).exec(db).await?.last_insert_id)
    }

    /// Writes down what the run did so far: in each page's transaction, so that the log never says more than the table.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn progressed(
        db: &impl ConnectionTrait,
        id: i64,
        counts: &Counts,
    ) -> Result<(), DbErr> {
        Self::update_many()
            .set(with_counts(counts))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Writes down how a run ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn close(db: &impl ConnectionTrait, id: i64, ending: Ending) -> Result<(), DbErr> {
        let row = ActiveModel {
            outcome: Set(Some(ending.outcome)),
            ended_at: Set(Some(ending.at)),
            error: Set(ending.error),
            ..with_counts(&ending.counts)
        };
        Self::update_many()
            .set(row)
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Ends the runs of a resource that no process works on any more. To be asked under the resource's lease.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn close_abandoned(
        db: &impl ConnectionTrait,
        resource_id: i32,
        at: DateTimeUtc,
    ) -> Result<(), DbErr> {
        let row = ActiveModel {
            outcome: Set(Some(Outcome::Failed)),
            ended_at: Set(Some(at)),
            error: Set(Some(ABANDONED.to_owned())),
            ..Default::default()
        };
        Self::update_many()
            .set(row)
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::EndedAt.is_null())
            .exec(db)
            .await?;
        Ok(())
    }

    /// The run of a resource that went on with the run `id`, if one did.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn after(
        db: &impl ConnectionTrait,
        resource_id: i32,
        id: i64,
    ) -> Result<Option<Model>, DbErr> {
        Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Id.gt(id))
            .filter(Column::ResumedFrom.eq(id))
            .order_by_desc(Column::Id)
            .one(db)
            .await
    }

    /// When the last run of a resource began that its schedule asked for: one that ended of itself, and that the upstream did
    /// not put off.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn last_scheduled(
        db: &impl ConnectionTrait,
        resource_id: i32,
    ) -> Result<Option<DateTimeUtc>, DbErr> {
        let was_cut_off = Column::Error
            .is_not_null()
            .and(Column::Error.is_in([ABANDONED, STOPPED]));
        let last = Self::find()
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Trigger.eq(Trigger::Schedule))
            .filter(Column::Outcome.is_not_null())
            .filter(Column::Outcome.ne(Outcome::Deferred))
            .filter(was_cut_off.not())
            .order_by_desc(Column::Id)
            .one(db)
            .await?;
        Ok(last.map(|run| run.started_at))
    }

    /// The last run of each resource.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn last_of_each(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
        // Asked for each resource alone it is one step in an index; a maximum by groups would walk through all runs.
        let last = Query::select()
            .column(Column::Id)
            .from(Self)
            .and_where(
                Expr::col((Self, Column::ResourceId))
                    .equals((resource::Entity, resource::Column::Id)),
            )
            .order_by(Column::Id, Order::Desc)
            .limit(1)
            .to_owned();
        let last = SimpleExpr::SubQuery(None, Box::new(last.into()));
        let ids: Vec<Option<i64>> = resource::Entity::find()
            .select_only()
            .expr_as(last, "last")
            .into_tuple()
            .all(db)
            .await?;
        let ids: Vec<i64> = ids.into_iter().flatten().collect();
        let mut runs = Vec::with_capacity(ids.len());
        for some in ids.chunks(500) {
            let some = Column::Id.is_in(some.iter().copied());
            runs.extend(Self::find().filter(some).all(db).await?);
        }
        Ok(runs)
    }

    /// The newest runs first, of one resource or of all.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn latest(
        db: &impl ConnectionTrait,
        resource_id: Option<i32>,
        limit: u64,
    ) -> Result<Vec<Model>, DbErr> {
        let mut runs = Self::find().order_by_desc(Column::Id).limit(limit);
        if let Some(id) = resource_id {
            runs = runs.filter(Column::ResourceId.eq(id));
        }
        runs.all(db).await
    }
}
