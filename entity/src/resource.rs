//! One collection of a source: its definition, its table, and how fresh and complete its rows are.

use sea_orm::{
    ActiveValue::Set, Condition, QueryOrder, QuerySelect, entity::prelude::*, sea_query::OnConflict,
};

use crate::{
    definition::{Definition, Kind},
    record,
    run::Outcome,
    source, version,
};

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
}

impl ActiveModelBehavior for ActiveModel {}

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

/// How a run ended, for the resource's row.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    pub outcome: Outcome,
    pub at: DateTimeUtc,
    pub next_run_at: Option<DateTimeUtc>,
}

impl Model {
    /// The fields that readers may use now.
    ///
    /// # Errors
    /// The stored text is not a definition that this version of Catchment reads.
    pub fn definition(&self) -> Result<Definition, DbErr> {
        serde_json::from_str(&self.definition).map_err(|error| unreadable(&self.name, &error))
    }

    /// The same, with the indexes that stand now: those of a new table are made when its first run has ended. Before there
    /// is a table, nothing needs one.
    ///
    /// # Errors
    /// The stored text is not a definition that this version of Catchment reads.
    pub fn offered(&self) -> Result<Definition, DbErr> {
        let mut definition = self.definition()?;
        if self.indexed || self.projection.is_empty() {
            return Ok(definition);
        }
        definition.orders.clear();
        definition.search.clear();
        // The items of lists are indexed from the beginning.
        let columns = definition.fields.iter_mut();
        for field in columns.filter(|field| field.kind != Kind::List) {
            field.index = false;
            field.contains = false;
        }
        Ok(definition)
    }

    /// The `rowno` behind which rows are still to be filled for `definition`; `None`: its columns do not stand yet.
    pub fn filled_for(&self, definition: &Definition) -> Option<i64> {
        let filling: Definition = serde_json::from_str(self.filling.as_ref()?).ok()?;
        self.filled.filter(|_| filling == *definition)
    }

    /// The highest `rowno` ever given out: that of a row which is gone for good is not given to another, which children
    /// and whoever follows the changes would take for it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn highest_rowno(&self, db: &impl ConnectionTrait) -> Result<i64, DbErr> {
        let stored = record::last_rowno(db, &self.table_name).await?;
        Ok(stored.max(self.last_rowno))
    }

    /// What the table's columns hold; `None` before the table is made.
    ///
    /// # Errors
    /// The stored text is not a definition that this version of Catchment reads.
    pub fn projection(&self) -> Result<Option<Definition>, DbErr> {
        if self.projection.is_empty() {
            return Ok(None);
        }
        serde_json::from_str(&self.projection)
            .map(Some)
            .map_err(|error| unreadable(&self.name, &error))
    }
}

fn unreadable(name: &str, error: &serde_json::Error) -> DbErr {
    DbErr::Custom(format!(
        "the registered definition of resource `{name}` cannot be read: {error}"
    ))
}

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

    /// Writes down a resource that is new, with no rows yet, and returns its row, new or old.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn register(
        db: &impl ConnectionTrait,
        source_id: i32,
        definition: &Definition,
    ) -> Result<Model, DbErr> {
        if let Some(known) = Self::by_name(db, source_id, &definition.resource).await? {
            return Ok(known);
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

    /// Writes down that the table's columns hold what `definition` says, and offers it to readers.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn projected(
        db: &impl ConnectionTrait,
        id: i32,
        definition: &Definition,
    ) -> Result<(), DbErr> {
        Self::altering(db, id, definition, definition).await
    }

    /// Writes down, before the table is altered, what readers may use meanwhile, and what the table will
    /// surely hold whenever that is broken off.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn altering(
        db: &impl ConnectionTrait,
        id: i32,
        offered: &Definition,
        surely: &Definition,
    ) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Definition, Expr::value(as_json(offered)?))
            .col_expr(Column::Projection, Expr::value(as_json(surely)?))
            .col_expr(Column::Filling, Expr::value(Option::<String>::None))
            .col_expr(Column::Filled, Expr::value(Option::<i64>::None))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Writes down that the columns of `definition` stand, and that no row is filled yet.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn fills(
        db: &impl ConnectionTrait,
        id: i32,
        definition: &Definition,
    ) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Filling, Expr::value(as_json(definition)?))
            .col_expr(Column::Filled, Expr::value(0_i64))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Writes down how far they are filled, in the transaction that filled them.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn filled(db: &impl ConnectionTrait, id: i32, rowno: i64) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Filled, Expr::value(rowno))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Writes down that the table's fields have their indexes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn indexed(db: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Indexed, Expr::value(true))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

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

    /// Writes down when the next run of a source's resources is due.
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
            .filter(other)
            .exec(db)
            .await?;
        Ok(())
    }
}

fn as_json(definition: &Definition) -> Result<String, DbErr> {
    serde_json::to_string(definition).map_err(|error| DbErr::Custom(error.to_string()))
}
