//! The parent rows whose children are fetched, one after the other, in the order of their `rowno`.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, SecondsFormat, Utc};
use entity::{record, resource::Entity as Resource};
use sea_orm::DbErr;
use serde_json::value::RawValue;

use crate::{
    Ctx, decode,
    position::Position,
    source::plan::{ForEach, Plan, Segment, Values},
};

/// What a walk is made for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parent {
    /// 0 where the resource has no parents.
    pub rowno: i64,
    /// For messages.
    pub name: Option<String>,
    pub values: Values,
    /// The members that lead each record of the walk.
    pub copies: Vec<Copied>,
}

/// A member that a record takes from its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    pub name: String,
    /// As JSON.
    pub value: String,
}

/// The parents that a run has still to walk.
#[derive(Debug)]
pub(crate) struct Parents {
    waiting: VecDeque<Parent>,
    /// The last `rowno` read; nothing once there are no more.
    after: Option<i64>,
    run_started: String,
}

impl Parent {
    /// Whether it has every value that the plan's request is made with.
    ///
    /// One that has not (absent, null or an empty text) has no children: a request with a hole in it may
    /// be answered with something else, such as the children of all parents.
    pub(crate) fn is_asked_for(&self, plan: &Plan) -> bool {
        let others = plan.query.iter().chain(&plan.headers);
        let templates = [&plan.path]
            .into_iter()
            .chain(others.map(|(_, value)| value));
        let mut segments = templates.flat_map(|template| &template.0);
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

/// How many parents are read at once.
const BATCH: u64 = 200;

impl Parents {
    pub(crate) fn of(plan: &Plan, position: &Position, started_at: DateTime<Utc>) -> Self {
        let run_started = started_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        match plan.for_each {
            Some(_) => Self {
                waiting: VecDeque::new(),
                // The parent where a process left comes again, even if its last page was written: whether
                // that was all that the upstream had stated is judged when its walk ends.
                after: Some(position.parent - 1),
                run_started,
            },
            None => {
                let values = Values {
                    run_started: run_started.clone(),
                    ..Values::default()
                };
                let only = Parent {
                    values,
                    ..Parent::default()
                };
                Self {
                    waiting: VecDeque::from([only]),
                    after: None,
                    run_started,
                }
            }
        }
    }

    /// The next parent.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn next(&mut self, ctx: &Ctx, plan: &Plan) -> Result<Option<Parent>, DbErr> {
        while self.waiting.is_empty()
            && let (Some(after), Some(for_each)) = (self.after, &plan.for_each)
        {
            let rows = record::payloads_after(&ctx.db, &for_each.table, after, BATCH).await?;
            self.after = rows.last().map(|(rowno, ..)| *rowno);
            let live = rows.into_iter().filter(|(.., deleted)| !deleted);
            let parents = live
                .map(|(rowno, payload, _)| parent(for_each, rowno, &payload, &self.run_started));
            self.waiting
                .extend(parents.filter(|parent| parent.is_asked_for(plan)));
        }
        Ok(self.waiting.pop_front())
    }
}

/// The parent that a stored payload is.
pub(crate) fn parent(for_each: &ForEach, rowno: i64, payload: &str, run_started: &str) -> Parent {
    let raw = serde_json::from_str::<&RawValue>(payload).ok();
    let mut plain = BTreeMap::new();
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
        let text = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
        if value != "null" && !text.is_empty() {
            plain.insert(field.clone(), text);
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
    let shown = plain.values().cloned().collect::<Vec<_>>().join(", ");
    Parent {
        rowno,
        name: Some(format!("{} {shown}", for_each.resource)),
        copies,
        values: Values {
            parent: plain,
            run_started: run_started.to_owned(),
            ..Values::default()
        },
    }
}
