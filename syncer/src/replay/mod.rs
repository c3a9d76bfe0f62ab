//! Reads the rejected records of a resource again under its present definition, without the upstream.
//!
//! A writer like a run: under the lease, a transaction a batch, each with a version of its own. A record never
//! takes the place of a row that was written after it came.

mod judge;

use std::collections::HashSet;

use entity::{
    cursor::Entity as Cursor,
    dialect,
    page::Entity as Page,
    progress::Entity as Progress,
    record::{self, Row, Stamp},
    reject::{self, Entity as Reject, Kept},
    resource::{self, Change, Entity as Resource},
    run::{Counts, Ending, Entity as RunLog, Mode, Opening, Outcome, Trigger},
};
use sea_orm::{DatabaseTransaction, DbErr};
use serde::Serialize;
use tracing::info;

use self::judge::Judged;
use crate::{
    Ctx, SyncError,
    control::{self, Hand, Under},
    lease::{self, Keeper},
    run::signed,
    run_log,
    source::plan::{Plan, Source},
    table::{self, Prepared},
};

/// Most rejects of a batch.
const AT_ONCE: u64 = 500;

/// Which rejects are read again, and who asks.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Their ids; none: all.
    pub rejects: Vec<i64>,
    /// The command that asks for it.
    pub command: Option<i64>,
}

/// What became of the rejects of a resource.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Replayed {
    pub run: i64,
    pub source: String,
    pub resource: String,
    /// Those that are new rows.
    pub inserted: i64,
    /// Those that were written over an older row.
    pub updated: i64,
    /// Those whose row holds the same record already.
    pub unchanged: i64,
    /// Those that stay because their row was written after they came.
    pub older: i64,
    /// Those that stay because they still cannot be rows.
    pub rejected: i64,
    /// Whether it was time to stop before all were read.
    pub stopped: bool,
    /// Why it was, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub duration_ms: i64,
}

/// Reads the rejects of `plan` again. `None`: another process is at work on the resource, or did what the command asks.
///
/// # Errors
/// The database does not answer, or another process took the resource over.
pub async fn replay(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    wanted: &Wanted,
) -> Result<Option<Replayed>, SyncError> {
    let row = table::row(ctx, source, plan).await?;
    let Some(keeper) = lease::hold(ctx, source, &row).await? else {
        return Ok(None);
    };
    if let Some(command) = wanted.command
        && control::is_over(&ctx.db, command).await?
    {
        keeper.give_back().await?;
        return Ok(None);
    }
    let row = table::row(ctx, source, plan).await?;
    if table::prepare(ctx, plan, &keeper, &row).await? == Prepared::Stopped {
        keeper.give_back().await?;
        return Ok(None);
    }
    let resource = table::row(ctx, source, plan).await?;
    let run = open(ctx, &keeper, &resource, wanted).await?;
    let (ctx, hand) = Hand::on(ctx, under(run, &resource));
    let mut replay = Replay::of(&ctx, plan, &keeper, (run, resource)).await?;
    let stopped = replay.all(&wanted.rejects).await?;
    let why = hand.why().map(str::to_owned);
    let replayed = replay.close(source, (stopped, why)).await?;
    keeper.give_back().await?;
    let outcome = match stopped {
        true => Outcome::Partial,
        false => Outcome::Complete,
    };
    hand.off(&ctx, run, (outcome, replayed.why.as_deref()))
        .await?;
    Ok(Some(replayed))
}

/// Writes down that a replay began.
async fn open(
    ctx: &Ctx,
    keeper: &Keeper,
    resource: &resource::Model,
    wanted: &Wanted,
) -> Result<i64, DbErr> {
    let now = ctx.clock.now();
    RunLog::close_abandoned(&ctx.db, resource.id, now).await?;
    let opening = Opening {
        resource_id: resource.id,
        trigger: Trigger::Replay,
        mode: Mode::Incremental,
        command_id: wanted.command,
        at: now,
        resumed_from: None,
    };
    run_log::begin(ctx, keeper, opening).await
}

/// It asks no upstream, and a resource that is stopped may have its rejects read.
fn under(run: i64, resource: &resource::Model) -> Under {
    Under {
        run,
        resource_id: resource.id,
        source_id: resource.source_id,
        heeds_stop: false,
        knows_end: false,
        session: None,
    }
}

/// A replay under way.
struct Replay<'a> {
    ctx: &'a Ctx,
    plan: &'a Plan,
    keeper: &'a Keeper,
    resource: resource::Model,
    run: i64,
    started_at: chrono::DateTime<chrono::Utc>,
    last_rowno: i64,
    /// The resource's version before it: rows of a later one are its own.
    first_version: i64,
    kept: Kept,
    counts: Counts,
    older: i64,
}

impl<'a> Replay<'a> {
    async fn of(
        ctx: &'a Ctx,
        plan: &'a Plan,
        keeper: &'a Keeper,
        (run, resource): (i64, resource::Model),
    ) -> Result<Self, DbErr> {
        Ok(Self {
            run,
            started_at: ctx.clock.now(),
            last_rowno: resource.highest_rowno(&ctx.db).await?,
            first_version: resource.version,
            kept: Kept::of(&ctx.db, resource.id).await?,
            counts: Counts::default(),
            older: 0,
            ctx,
            plan,
            keeper,
            resource,
        })
    }

    /// Reads all rejects, or those that are wanted, oldest first. Returns whether it was time to stop before.
    async fn all(&mut self, wanted: &[i64]) -> Result<bool, DbErr> {
        let wanted: HashSet<i64> = wanted.iter().copied().collect();
        let mut after = wanted.iter().min().map_or(0, |first| first - 1);
        let last_wanted = wanted.iter().max().copied().unwrap_or(i64::MAX);
        loop {
            if self.ctx.stop.is_asked() {
                return Ok(true);
            }
            let db = &self.ctx.db;
            if after >= last_wanted {
                return Ok(false);
            }
            let mut batch = Reject::records_after(db, self.resource.id, after, AT_ONCE).await?;
            let Some(last) = batch.last() else {
                return Ok(false);
            };
            after = last.id;
            batch.retain(|reject| wanted.is_empty() || wanted.contains(&reject.id));
            self.counts.fetched += signed(batch.len() as u64);
            self.batch(batch).await?;
            (self.ctx.progress)(&self.plan.name, &self.counts, None);
        }
    }

    async fn batch(&mut self, rejects: Vec<reject::Model>) -> Result<(), DbErr> {
        let (ctx, plan) = (self.ctx, self.plan);
        let judged = judge::batch(&ctx.db, plan, self.first_version, rejects).await?;
        let transaction = table::begin(ctx, self.keeper).await?;
        let now = ctx.clock.now();
        self.write(&transaction, &judged, now).await?;
        let counts = &mut self.counts;
        counts.inserted += signed(judged.inserts.len() as u64);
        counts.updated += signed(judged.updates.len() as u64);
        counts.unchanged += judged.unchanged;
        counts.rejected += judged.stay + judged.older + signed(judged.again.len() as u64);
        counts.bad_values += signed(judged.bad.len() as u64);
        self.older += judged.older;
        let run = (self.run, now);
        let written = judged.inserts.iter().chain(judged.updates.values());
        let keys: Vec<&str> = written.map(|row| row.record_key.as_str()).collect();
        self.kept
            .replace_values(&transaction, run, &keys, judged.bad)
            .await?;
        self.kept.keep(&transaction, run, judged.again).await?;
        Reject::forget(&transaction, judged.done).await?;
        RunLog::progressed(&transaction, self.run, &self.counts).await?;
        transaction.commit().await
    }

    async fn write(
        &mut self,
        transaction: &DatabaseTransaction,
        judged: &Judged,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), DbErr> {
        if judged.inserts.is_empty() && judged.updates.is_empty() {
            return Ok(());
        }
        self.resource.version += 1;
        self.resource.live_rows += signed(judged.inserts.len() as u64) + judged.revived;
        let stamp = Stamp {
            version: self.resource.version,
            now,
        };
        let definition = &self.plan.definition;
        let first = self.last_rowno + 1;
        let inserts: Vec<(i64, Row)> = (first..).zip(judged.inserts.iter().cloned()).collect();
        self.last_rowno += signed(inserts.len() as u64);
        record::insert(transaction, definition, inserts, stamp).await?;
        let updates = judged.updates.iter();
        let updates = updates.map(|(rowno, row)| (*rowno, row.clone())).collect();
        record::update(transaction, definition, updates, stamp).await?;
        // An unfinished run, and a page that is as it was, would not know of these rows, and take them for gone.
        Cursor::clear(transaction, self.resource.id).await?;
        Page::forget_all(transaction, self.resource.id).await?;
        let change = Change {
            version: stamp.version,
            live_rows: self.resource.live_rows,
            last_rowno: self.last_rowno,
            at: now,
            run_id: Some(self.run),
        };
        Resource::changed(transaction, self.resource.id, change).await
    }

    /// Ends it in the run log. How fresh the resource is, a replay does not change.
    async fn close(
        self,
        source: &Source,
        (stopped, why): (bool, Option<String>),
    ) -> Result<Replayed, DbErr> {
        let now = self.ctx.clock.now();
        let (outcome, error) = match stopped {
            true => (
                Outcome::Partial,
                Some(why.unwrap_or_else(|| "stopped before all rejects were read".to_owned())),
            ),
            false => (Outcome::Complete, None),
        };
        let ending = Ending {
            outcome,
            at: now,
            counts: self.counts,
            error: error.clone(),
        };
        let transaction = dialect::begin_write(&self.ctx.db).await?;
        RunLog::close(&transaction, self.run, ending).await?;
        Progress::end(&transaction, self.resource.id, self.run).await?;
        transaction.commit().await?;
        let Counts {
            inserted,
            updated,
            unchanged,
            rejected,
            ..
        } = self.counts;
        let replayed = Replayed {
            run: self.run,
            source: source.name.clone(),
            resource: self.plan.name.clone(),
            inserted,
            updated,
            unchanged,
            older: self.older,
            rejected: rejected - self.older,
            stopped,
            why: error,
            duration_ms: (now - self.started_at).num_milliseconds(),
        };
        info!(
            source = replayed.source,
            resource = replayed.resource,
            run = replayed.run,
            inserted,
            updated,
            unchanged,
            older = replayed.older,
            rejected = replayed.rejected,
            "rejects were read again"
        );
        Ok(replayed)
    }
}
