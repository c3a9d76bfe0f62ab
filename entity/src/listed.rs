//! The lists of what tells how the syncers fare: runs, commands, rejects.

use std::collections::HashMap;

use sea_orm::{
    QuerySelect,
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Func, Query, SelectStatement, SimpleExpr},
};

use crate::{
    command,
    definition::Kind,
    listing::{Column, Listing},
    reject, resource, run, source,
};

impl run::Entity {
    /// The list of all runs, the newest first. It grows for ever: there is no order but those of its indexes.
    pub fn listing() -> Listing {
        let column = Column::new;
        let count = |name, value: run::Column| column(name, Kind::Integer, value).unsorted();
        let modes = [run::Mode::Incremental, run::Mode::Full, run::Mode::Dry];
        let outcomes = [
            run::Outcome::Complete,
            run::Outcome::Partial,
            run::Outcome::Suspect,
            run::Outcome::Deferred,
            run::Outcome::Failed,
        ];
        let outcome = column("outcome", Kind::Text, run::Column::Outcome);
        let trigger = column("trigger", Kind::Text, run::Column::Trigger);
        let mode = column("mode", Kind::Text, run::Column::Mode);
        let ended = column("ended_at", Kind::Timestamp, run::Column::EndedAt);
        let error = column("error", Kind::Text, run::Column::Error);
        let [source, resource] = names();
        let columns = vec![
            column("id", Kind::Integer, run::Column::Id),
            source,
            resource,
            trigger.one_of(["schedule", "manual", "replay"]).unsorted(),
            mode.one_of(modes.map(run::Mode::as_str)).unsorted(),
            count("command", run::Column::CommandId).optional(),
            outcome
                .one_of(outcomes.map(run::Outcome::as_str))
                .optional()
                .unsorted(),
            column("started_at", Kind::Timestamp, run::Column::StartedAt).unsorted(),
            ended.optional().unsorted(),
            count("resumed_from", run::Column::ResumedFrom).optional(),
            count("requests", run::Column::Requests),
            count("bytes", run::Column::Bytes),
            count("pages", run::Column::Pages),
            count("total", run::Column::Total).optional(),
            count("fetched", run::Column::Fetched),
            count("inserted", run::Column::Inserted),
            count("updated", run::Column::Updated),
            count("unchanged", run::Column::Unchanged),
            count("deleted", run::Column::Deleted),
            count("rejected", run::Column::Rejected),
            count("bad_values", run::Column::BadValues),
            error.optional().shown(),
        ];
        let runs = of_resources(Self, run::Column::ResourceId);
        Listing::new("runs", (runs, run::Column::Id), columns).newest_first()
    }
}

impl command::Entity {
    /// The list of all that was asked for, the newest first.
    pub fn listing() -> Listing {
        let column = Column::new;
        let text = |name, value: command::Column| column(name, Kind::Text, value).unsorted();
        let time = |name, value: command::Column| column(name, Kind::Timestamp, value).unsorted();
        let json =
            |name, value: command::Column| column(name, Kind::Json, value).optional().shown();
        let kinds = ["run", "cancel", "replay"];
        let states = ["waiting", "taken", "done"];
        let run = column("run", Kind::Integer, command::Column::RunId);
        let [source, resource] = names();
        let columns = vec![
            column("id", Kind::Integer, command::Column::Id),
            text("kind", command::Column::Kind).one_of(kinds),
            Column::new("state", Kind::Text, state())
                .one_of(states)
                .unsorted(),
            source,
            resource,
            run.optional().unsorted(),
            text("asked_by", command::Column::AskedBy),
            time("asked_at", command::Column::AskedAt),
            time("taken_at", command::Column::TakenAt).optional(),
            text("holder", command::Column::Holder).optional(),
            time("done_at", command::Column::DoneAt).optional(),
            json("body", command::Column::Body),
            json("answer", command::Column::Answer),
        ];
        let commands = of_resources(Self, command::Column::ResourceId);
        Listing::new("commands", (commands, command::Column::Id), columns).newest_first()
    }
}

impl reject::Entity {
    /// The list of what of a resource could not be stored, the newest first, without the records.
    pub fn listing(resource_id: i32) -> Listing {
        let column = Column::new;
        let text = |name, value: reject::Column| column(name, Kind::Text, value).optional();
        let none = Expr::value(0_i64);
        let run = Func::cust(Alias::new("NULLIF"))
            .arg(Expr::col((Self, reject::Column::RunId)))
            .arg(none);
        let columns = vec![
            column("id", Kind::Integer, reject::Column::Id),
            column("kind", Kind::Text, reject::Column::Kind)
                .one_of(["record", "value"])
                .unsorted(),
            text("key", reject::Column::RecordKey).unsorted(),
            text("field", reject::Column::Field).unsorted(),
            text("path", reject::Column::Path).shown(),
            text("value", reject::Column::Value).shown(),
            column("reason", Kind::Text, reject::Column::Reason).shown(),
            Column::new("run", Kind::Integer, SimpleExpr::from(run))
                .optional()
                .unsorted(),
            column("at", Kind::Timestamp, reject::Column::CreatedAt).unsorted(),
        ];
        let of_resource = Expr::col((Self, reject::Column::ResourceId)).eq(resource_id);
        let rejects = Query::select().from(Self).and_where(of_resource).take();
        Listing::new("rejects", (rejects, reject::Column::Id), columns).newest_first()
    }

    /// How many records are kept of each resource of which there are some.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_of_each(db: &impl ConnectionTrait) -> Result<HashMap<i32, u64>, DbErr> {
        let counts: Vec<(i32, i64)> = Self::find()
            .select_only()
            .column(reject::Column::ResourceId)
            .column_as(reject::Column::Id.count(), "count")
            .filter(reject::Column::Kind.eq(reject::Kind::Record))
            .group_by(reject::Column::ResourceId)
            .into_tuple()
            .all(db)
            .await?;
        let counts = counts.into_iter();
        Ok(counts
            .map(|(id, count)| (id, count.unsigned_abs()))
            .collect())
    }
}

impl resource::Entity {
    /// Keeps whoever asks for the same from going on until the transaction ends.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn hold(db: &impl ConnectionTrait, ids: &[i32]) -> Result<(), DbErr> {
        // SQLite has no locks of rows: a transaction that begins with a write has the whole file.
        Self::update_many()
            .col_expr(
                resource::Column::Enabled,
                Expr::col(resource::Column::Enabled),
            )
            .filter(resource::Column::Id.is_in(ids.iter().copied()))
            .exec(db)
            .await?;
        Ok(())
    }

    /// A resource with its source.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn with_source(
        db: &impl ConnectionTrait,
        id: i32,
    ) -> Result<Option<(resource::Model, source::Model)>, DbErr> {
        let Some(found) = Self::find_by_id(id).one(db).await? else {
            return Ok(None);
        };
        let source = source::Entity::find_by_id(found.source_id).one(db).await?;
        Ok(source.map(|source| (found, source)))
    }
}

/// The names of a row's resource; a row whose resource is gone has none.
fn names() -> [Column; 2] {
    [
        Column::new("source", Kind::Text, source::Column::Name)
            .optional()
            .unsorted(),
        Column::new("resource", Kind::Text, resource::Column::Name)
            .optional()
            .unsorted(),
    ]
}

/// All rows of `table`, each with its resource and source.
fn of_resources<E, C>(table: E, resource_id: C) -> SelectStatement
where
    E: EntityTrait<Column = C>,
    C: ColumnTrait,
{
    let is_its = Expr::col((resource::Entity, resource::Column::Id)).equals((table, resource_id));
    let is_their = Expr::col((source::Entity, source::Column::Id))
        .equals((resource::Entity, resource::Column::SourceId));
    Query::select()
        .from(table)
        .left_join(resource::Entity, is_its)
        .left_join(source::Entity, is_their)
        .take()
}

/// How far a command came, as [`command::Model::state`] says it.
fn state() -> SimpleExpr {
    let is_done = Expr::col((command::Entity, command::Column::DoneAt)).is_not_null();
    let is_taken = Expr::col((command::Entity, command::Column::Holder)).is_not_null();
    Expr::case(is_done, "done")
        .case(is_taken, "taken")
        .finally("waiting")
        .into()
}
