//! The parent rows whose children are fetched, one after the other, in the order of their `rowno`.

use std::collections::{BTreeMap, VecDeque};

use chrono::SecondsFormat;
use entity::{
    record::{self, Stored},
    resource::Entity as Resource,
};
use roaring::RoaringTreemap;
use sea_orm::DbErr;
use serde_json::value::RawValue;

use crate::{
    Ctx, SyncError, decode, memory,
    position::Position,
    run::Run,
    source::plan::{ForEach, Plan, Segment, Values},
};

/// What a walk is made for: a row of the parent resource, or several in one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parent {
    /// None where the resource has no parents.
    pub rownos: Vec<i64>,
    /// For messages.
    pub name: Option<String>,
    pub values: Values,
    /// The members that lead each record of the walk.
    pub copies: Vec<Copied>,
    /// Nobody knows its children yet: everything of them is asked for.
    pub is_new: bool,
}

/// A member that a record takes from its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    pub name: String,
    /// As JSON.
    pub value: String,
}

/// The parents that a run has still to walk: those whose walk failed in the run before, then the others.
#[derive(Debug)]
pub(crate) struct Parents {
    waiting: VecDeque<Parent>,
    /// Those that failed, still to walk.
    failed: Vec<i64>,
    /// All that failed: they are not among the others.
    had_failed: RoaringTreemap,
    /// The last `rowno` read of the others; nothing once there are no more.
    after: Option<i64>,
    run_started: String,
}

impl Parent {
    /// The first of its rows; 0 where the resource has no parents.
    pub(crate) fn rowno(&self) -> i64 {
        self.rownos.first().copied().unwrap_or(0)
    }

    /// Its rows, if they are several.
    pub(crate) fn group(&self) -> &[i64] {
        match self.rownos.as_slice() {
            [_] => &[],
            rows => rows,
        }
    }

    /// Whether it has every value that the plan's request is made with.
    ///
    /// One that has not (absent, null or an empty text) has no children: a request with a hole in it may
    /// be answered with something else, such as the children of all parents.
    pub(crate) fn is_asked_for(&self, plan: &Plan) -> bool {
        let templates = plan.templates();
        let mut segments = templates.into_iter().flat_map(|template| &template.0);
        segments.all(|segment| match segment {
            Segment::Parent(field) => self.values.parent.contains_key(field),
            _ => true,
        })
    }
}

/// The version of the resource whose rows are the parents; `None`: there are none.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn version(ctx: &Ctx, plan: &Plan, source_id: i32) -> Result<Option<i64>, DbErr> {
    let Some(for_each) = &plan.for_each else {
        return Ok(None);
    };
    let parent = Resource::by_name(&ctx.db, source_id, &for_each.resource).await?;
    Ok(parent.map(|parent| parent.version))
}

/// Refuses to walk through parents that nobody has read yet: there are none, and there may be no table of them.
///
/// # Errors
/// The parent resource has never run, or the database does not answer.
pub(crate) async fn expect_read(ctx: &Ctx, plan: &Plan, source_id: i32) -> Result<(), SyncError> {
    let Some(for_each) = &plan.for_each else {
        return Ok(());
    };
    let parent = Resource::by_name(&ctx.db, source_id, &for_each.resource).await?;
    // One whose first run is under way or broke off has rows already, and a version.
    let is_read = parent.is_some_and(|parent| parent.last_run_at.is_some() || parent.version > 0);
    if is_read {
        return Ok(());
    }
    Err(SyncError::ParentsUnread {
        source_name: plan.definition.source.clone(),
        resource: for_each.resource.clone(),
    })
}

/// How many parents are read at once.
const BATCH: u64 = 200;

impl Parents {
    pub(crate) fn of(plan: &Plan, run: &Run) -> Self {
        let run_started = run.started_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let position = &run.position;
        let mut parents = Self {
            waiting: VecDeque::new(),
            failed: Vec::new(),
            had_failed: RoaringTreemap::new(),
            after: None,
            run_started,
        };
        if plan.for_each.is_none() {
            parents.waiting.push_back(Parent {
                values: Values {
                    run_started: parents.run_started.clone(),
                    ..Values::default()
                },
                ..Parent::default()
            });
            return parents;
        }
        // The parent where a process left comes again, even if its last page was written: whether
        // that was all that the upstream had stated is judged when its walk ends.
        parents.after = Some(position.begun - 1);
        let failed = run.legacy.marks.failed.iter();
        parents.had_failed = failed.map(|rowno| rowno.cast_unsigned()).collect();
        if position.retrying {
            parents.failed.clone_from(&run.legacy.marks.failed);
        }
        parents
    }

    /// The next parent.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn next(
        &mut self,
        ctx: &Ctx,
        plan: &Plan,
        run: &mut Run,
    ) -> Result<Option<Parent>, DbErr> {
        let Some(for_each) = &plan.for_each else {
            return Ok(self.waiting.pop_front());
        };
        while self.waiting.is_empty() {
            let Some(rows) = self.read(ctx, for_each, run).await? else {
                return Ok(None);
            };
            let mut asked = Vec::new();
            for row in rows {
                asked.extend(self.asked(ctx, (plan, for_each), run, row).await?);
            }
            self.waiting
                .extend(batched(asked, for_each.batch, &run.position));
        }
        Ok(self.waiting.pop_front())
    }

    /// The parent that a row is, unless its children need not be asked for.
    async fn asked(
        &self,
        ctx: &Ctx,
        (plan, for_each): (&Plan, &ForEach),
        run: &mut Run,
        row: Stored,
    ) -> Result<Option<Parent>, DbErr> {
        let parent = parent(for_each, row.rowno, &row.payload, &self.run_started);
        if !parent.is_asked_for(plan) || !is_wanted(for_each, &row.payload) {
            return Ok(None);
        }
        if run.skips(plan, &row) && memory::cover(ctx, plan, run, row.rowno).await? {
            return Ok(None);
        }
        Ok(Some(Parent {
            is_new: !run.legacy.parents.contains(row.rowno.cast_unsigned()),
            ..parent
        }))
    }

    /// The next rows; `None`: there are no more.
    async fn read(
        &mut self,
        ctx: &Ctx,
        for_each: &ForEach,
        run: &mut Run,
    ) -> Result<Option<Vec<Stored>>, DbErr> {
        if !self.failed.is_empty() {
            let some = self.failed.len().min(100);
            let some: Vec<i64> = self.failed.drain(..some).collect();
            return Ok(Some(record::live(&ctx.db, &for_each.table, &some).await?));
        }
        run.position.retrying = false;
        let Some(after) = self.after else {
            return Ok(None);
        };
        let mut rows = record::live_after(&ctx.db, &for_each.table, after, BATCH).await?;
        self.after = rows.last().map(|row| row.rowno);
        if rows.is_empty() {
            return Ok(None);
        }
        rows.retain(|row| !self.had_failed.contains(row.rowno.cast_unsigned()));
        Ok(Some(rows))
    }
}

/// Whether the parent is among those that the definition wants.
pub(crate) fn is_wanted(for_each: &ForEach, payload: &str) -> bool {
    let raw = serde_json::from_str::<&RawValue>(payload).ok();
    for_each.only.iter().all(|(pointer, wanted)| {
        let value = raw
            .and_then(|raw| decode::at(raw, pointer))
            .map(RawValue::get);
        value.is_some_and(|value| plain(value) == *wanted)
    })
}

/// A JSON value as it stands in a URL: a text without its quotes.
fn plain(value: &str) -> String {
    serde_json::from_str(value).unwrap_or_else(|_| value.to_owned())
}

/// Parents put together that are asked for in one request, each value as a list with commas.
///
/// The group that a process left is put together again as it was: reading begins with it now, and where its rows are
/// read, others may follow that were not read with them before.
fn batched(parents: Vec<Parent>, size: u64, left: &Position) -> Vec<Parent> {
    if size < 2 {
        return parents;
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let again = (parents.iter().map(Parent::rowno))
        .zip(&left.group)
        .take_while(|(rowno, was)| rowno == *was)
        .count();
    let together = |some: &[Parent]| {
        let name = some[0].name.clone();
        let mut all = some.iter().skip(1).fold(some[0].clone(), joined);
        all.name = name.map(|name| match some.len() {
            1 => name,
            count => format!("{name} and {} more", count - 1),
        });
        all
    };
    let (group, others) = parents.split_at(again);
    let groups = group.chunks(size).chain(others.chunks(size));
    groups.map(together).collect()
}

fn joined(mut all: Parent, parent: &Parent) -> Parent {
    all.rownos.extend(&parent.rownos);
    all.is_new |= parent.is_new;
    for (field, value) in &parent.values.parent {
        if let Some(values) = all.values.parent.get_mut(field) {
            values.push(',');
            values.push_str(value);
        }
    }
    all
}

/// The parent that a stored payload is.
pub(crate) fn parent(for_each: &ForEach, rowno: i64, payload: &str, run_started: &str) -> Parent {
    let raw = serde_json::from_str::<&RawValue>(payload).ok();
    let mut values = BTreeMap::new();
    let mut written = BTreeMap::new();
    for (field, pointer) in &for_each.values {
        let Some(value) = raw
            .and_then(|raw| decode::at(raw, pointer))
            .map(RawValue::get)
        else {
            continue;
        };
        written.insert(field.as_str(), value);
        // A text stands without its quotes in a URL, and with them in a record.
        let text = plain(value);
        if value != "null" && !text.is_empty() {
            values.insert(field.clone(), text);
        }
    }
    let copies = for_each.copy.iter().map(|(name, field)| Copied {
        name: name.clone(),
        value: written
            .get(field.as_str())
            .map_or("null", |value| value)
            .to_owned(),
    });
    let copies = copies.collect();
    let shown: Vec<String> = values
        .values()
        .map(|value| value.chars().take(100).collect())
        .collect();
    let shown = shown.join(", ");
    Parent {
        rownos: vec![rowno],
        is_new: true,
        name: Some(format!("{} {shown}", for_each.resource)),
        copies,
        values: Values {
            parent: values,
            run_started: run_started.to_owned(),
            ..Values::default()
        },
    }
}
