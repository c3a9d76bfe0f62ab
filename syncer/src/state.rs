//! Where the reading of a resource stands, for people: shown, and forgotten.

use chrono::{DateTime, Utc};
use entity::{
    cursor::{self, Entity as Cursor},
    lease::Entity as Lease,
    page::Entity as Page,
    resource::{self, Entity as Resource},
};
use sea_orm::{DbErr, EntityTrait};
use serde::Serialize;

use crate::{
    Ctx, lease,
    position::{Left, Legacy, Position},
    run_log,
    source::plan::{Plan, Source},
    span, table,
};

/// Where the reading of a resource stands.
#[derive(Clone, Debug, Serialize)]
pub struct State {
    pub source: String,
    pub resource: String,
    /// What the last complete run left to the next one; `None`: each run reads everything, or none was complete yet.
    pub mark: Option<Mark>,
    /// Where an unfinished run stands.
    pub unfinished: Option<Place>,
    /// Pages that are known as they were when they came last.
    pub pages: u64,
    /// Who writes the resource now.
    pub lease: Option<Holder>,
}

/// What the last complete run left to the next one.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    /// Up to where all is known by the cursor, as the upstream writes it: where the next run begins, but for the lookback.
    pub cursor: Option<String>,
    /// When everything was read, and not only what changed.
    pub full_at: Option<DateTime<Utc>>,
    /// The version of the parent resource whose rows were walked.
    pub parents_version: Option<i64>,
    /// Parents whose children are known.
    pub parents: u64,
    /// The parents, by `rowno`, whose walk failed in the last run.
    pub failed_parents: Vec<i64>,
}

/// Where an unfinished run stands.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    pub run: i64,
    pub saved_at: DateTime<Utc>,
    /// Whether the next run goes on there, did it begin now; it reads from the start otherwise.
    pub goes_on: bool,
    /// The next page, as the walk names it; `None`: its walk ended.
    pub at: Option<String>,
    /// The parent that is walked, by its `rowno`.
    pub parent: Option<i64>,
    /// Pages and records of that walk.
    pub pages: u64,
    pub records: u64,
    /// Records of the whole run.
    pub fetched: i64,
    /// Until when the upstream asked to wait.
    pub deferred_until: Option<DateTime<Utc>>,
}

/// Who writes a resource.
#[derive(Clone, Debug, Serialize)]
pub struct Holder {
    /// The process and its run.
    pub holder: String,
    /// On the database's clock; it is renewed until then.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Where the reading of `plan` stands; `None`: it is not registered, so nothing was ever read.
///
/// # Errors
/// The database does not answer.
pub async fn show(ctx: &Ctx, source: &Source, plan: &Plan) -> Result<Option<State>, DbErr> {
    let Some(resource) = registered(ctx, source, plan).await? else {
        return Ok(None);
    };
    let cursor = Cursor::find_by_id(resource.id).one(&ctx.db).await?;
    let lease = Lease::current(&ctx.db, resource.id).await?;
    Ok(Some(State {
        source: source.name.clone(),
        resource: plan.name.clone(),
        mark: cursor.as_ref().and_then(|cursor| mark(plan, cursor)),
        unfinished: cursor.and_then(|cursor| unfinished(ctx, plan, &cursor)),
        pages: Page::count_of(&ctx.db, resource.id).await?,
        lease: lease.map(|lease| Holder {
            holder: lease.holder,
            expires_at: DateTime::from_timestamp_millis(lease.expires_at),
        }),
    }))
}

/// What came of a wish to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    Done,
    /// It is not registered: there is nothing to forget.
    Unknown,
    /// Another process is at work on it.
    Busy,
}

/// Forgets the mark, the place and the pages of `plan`, so that its next run reads everything. The rows stay.
///
/// # Errors
/// The database does not answer, or another process took the lease over.
pub async fn reset(ctx: &Ctx, source: &Source, plan: &Plan) -> Result<Reset, DbErr> {
    let Some(resource) = registered(ctx, source, plan).await? else {
        return Ok(Reset::Unknown);
    };
    let Some(keeper) = lease::hold(ctx, source, &resource).await? else {
        return Ok(Reset::Busy);
    };
    let transaction = table::begin(ctx, &keeper).await?;
    Cursor::reset(&transaction, resource.id).await?;
    Page::forget_all(&transaction, resource.id).await?;
    transaction.commit().await?;
    keeper.give_back().await?;
    Ok(Reset::Done)
}

/// The row of `plan`, which is not made.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn registered(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
) -> Result<Option<resource::Model>, DbErr> {
    let all = Resource::all_with_source(&ctx.db).await?;
    let mut all = all.into_iter();
    let found = all.find(|(resource, of)| of.name == source.name && resource.name == plan.name);
    Ok(found.map(|(resource, _)| resource))
}

fn mark(plan: &Plan, cursor: &cursor::Model) -> Option<Mark> {
    cursor.mark.as_ref()?;
    let Legacy { marks, parents } = Legacy::of(cursor, &plan.fingerprint);
    // Of another definition nothing holds, and the next run reads everything.
    if marks.plan != plan.fingerprint {
        return None;
    }
    let written = |mark| Some(span::written(plan.cursor.as_ref()?, mark));
    Some(Mark {
        cursor: marks.cursor.and_then(written),
        full_at: marks.full_at,
        parents_version: marks.parents,
        parents: parents.len(),
        failed_parents: marks.failed,
    })
}

fn unfinished(ctx: &Ctx, plan: &Plan, cursor: &cursor::Model) -> Option<Place> {
    if cursor.position.is_empty() {
        return None;
    }
    let goes_on = run_log::left(plan, cursor, ctx.clock.now()).is_some();
    let Left {
        position, counts, ..
    } = Left::of(cursor)?;
    let Position {
        at,
        walked,
        parent,
        deferred_until,
        ..
    } = position;
    let at = at.and_then(|at| serde_json::to_value(at).ok());
    Some(Place {
        run: cursor.run_id,
        saved_at: cursor.saved_at,
        goes_on,
        at: at.map(|at| at.to_string()),
        parent: (parent > 0).then_some(parent),
        pages: walked.pages,
        records: walked.records,
        fetched: counts.fetched,
        deferred_until,
    })
}
