//! One collection of a source: its definition, its table, and how fresh and complete its rows are.

mod commits;
mod desired;
mod local;
mod runs;
mod table;

use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*, sea_query::OnConflict};

use self::table::as_json;
use crate::{definition::Definition, run::Outcome, source};

pub use self::{commits::Change, local::Written, runs::Ending};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "resource")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    #[sea_orm(unique_key = "source_name")]
    pub source_id: i32,
    #[sea_orm(unique_key = "source_name")]
    pub name: String,
    #[sea_orm(unique)]
    pub table_name: String,
    /// [`Definition`] as JSON: the fields that readers may use now.
    #[sea_orm(column_type = "Text")]
    pub definition: String,
    /// [`Definition`] as JSON: what the table's columns hold. Empty until the table is made.
    #[sea_orm(column_type = "Text")]
    pub projection: String,
    /// Whether the operator wants it to run.
    pub enabled: bool,
    /// Raised by each commit that changed rows; nothing else raises it.
    pub version: i64,
    /// Rows that are not deleted.
    pub live_rows: i64,
    /// Whether the rows are those of one complete run, with nothing of a later one among them.
    pub complete: bool,
    pub last_outcome: Option<Outcome>,
    /// When a run last ended.
    pub last_run_at: Option<DateTimeUtc>,
    /// When a run last ended `complete`.
    pub synced_at: Option<DateTimeUtc>,
    /// When a commit last changed rows.
    pub changed_at: Option<DateTimeUtc>,
    /// When the next run is due.
    pub next_run_at: Option<DateTimeUtc>,
    /// [`Definition`] as JSON: that whose columns stand and are being filled from the stored payloads.
    #[sea_orm(column_type = "Text", nullable)]
    pub filling: Option<String>,
    /// The `rowno` of the last row that was filled.
    pub filled: Option<i64>,
    /// Whether the table's fields have their indexes: a new table gets them when a run that filled it has ended.
    pub indexed: bool,
    /// The highest `rowno` that a commit has given out, whether its row is there still or not.
    pub last_rowno: i64,
    /// The lowest version from which on all changes can be told: what went before it left no trace in the table.
    pub horizon: i64,
    /// The version from which on the history of the records is whole; `None`: none is kept, or it is being begun.
    pub history_version: Option<i64>,
    /// When that version was committed.
    pub history_at: Option<DateTimeUtc>,
    /// Who stopped or started it last.
    pub steered_by: Option<String>,
    /// When that was.
    pub steered_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// Every resource with its source's row, by source and name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn all_with_source(
        db: &impl ConnectionTrait,
    ) -> Result<Vec<(Model, source::Model)>, DbErr> {
        let sources = source::Entity::find().all(db).await?;
        let resources = Self::find()
            .order_by_asc(Column::SourceId)
            .order_by_asc(Column::Id)
            .all(db)
            .await?;
        let with_source = resources.into_iter().filter_map(|resource| {
            let source = sources
                .iter()
                .find(|source| source.id == resource.source_id)?;
            Some((resource, source.clone()))
        });
        let mut all: Vec<_> = with_source.collect();
        all.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The resource of that name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn by_name(
        db: &impl ConnectionTrait,
        source_id: i32,
        name: &str,
    ) -> Result<Option<Model>, DbErr> {
        Self::find()
            .filter(Column::SourceId.eq(source_id))
            .filter(Column::Name.eq(name))
            .one(db)
            .await
    }

    /// Writes down a resource that is new, with no rows yet, and returns its row, new or old. Who may read an old one is
    /// written down as `definition` says it now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn register(
        db: &impl ConnectionTrait,
        source_id: i32,
        definition: &Definition,
    ) -> Result<Model, DbErr> {
        if let Some(known) = Self::by_name(db, source_id, &definition.resource).await? {
            return Self::ruled(db, known, definition.read.as_ref()).await;
        }
        let row = ActiveModel {
            source_id: Set(source_id),
            name: Set(definition.resource.clone()),
            table_name: Set(definition.table.clone()),
            definition: Set(as_json(definition)?),
            projection: Set(String::new()),
            enabled: Set(true),
            version: Set(0),
            live_rows: Set(0),
            complete: Set(false),
            indexed: Set(false),
            last_rowno: Set(0),
            horizon: Set(0),
            ..Default::default()
        };
        // Two syncers may start at once: the second finds the first one's row.
        let conflict = OnConflict::columns([Column::SourceId, Column::Name])
            .update_column(Column::Name)
            .to_owned();
        Self::insert(row)
            .on_conflict(conflict)
            .exec_without_returning(db)
            .await?;
        let written = Self::by_name(db, source_id, &definition.resource).await?;
        written.ok_or_else(|| DbErr::RecordNotFound(format!("resource {}", definition.resource)))
    }
}
