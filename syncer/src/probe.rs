//! A look at an upstream without a run: one request, and how its records would be stored. Writes nothing.

use std::collections::BTreeMap;

use entity::{
    definition::{Cell, Definition},
    record::Row,
    reject,
    run::Counts,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Ctx, SyncError, decode,
    fetch::{Ask, Got, page},
    parents::{Parent, parent},
    run::signed,
    source::plan::{ForEach, Plan, Source},
    validate::{self, Lead, Reject},
};

/// What one request to a resource's upstream brought.
#[derive(Clone, Debug, Serialize)]
pub struct Probe {
    pub source: String,
    pub resource: String,
    /// Records on the page.
    pub records: usize,
    /// Records in all, as far as the upstream says.
    pub total: Option<u64>,
    pub rejected: usize,
    pub bad_values: i64,
    /// The first few reasons.
    pub reasons: Vec<String>,
    /// Fields that none of the records has a value for: their `from` may be mistyped.
    pub absent: Vec<String>,
    pub bytes: i64,
    /// Why nothing was seen.
    pub error: Option<String>,
}

/// A record as it would be stored.
#[derive(Clone, Debug, Serialize)]
pub struct SampleRow {
    pub key: Option<String>,
    pub fields: BTreeMap<String, Value>,
    /// Why it would be no row.
    pub reject: Option<String>,
}

/// Asks for the first page of `plan`, and tells what came.
pub async fn probe(ctx: &Ctx, source: &Source, plan: &Plan) -> Probe {
    let mut counts = Counts::default();
    let looked = look(ctx, source, plan, &mut counts).await;
    let mut probe = Probe {
        source: source.name.clone(),
        resource: plan.name.clone(),
        records: 0,
        total: None,
        rejected: 0,
        bad_values: 0,
        reasons: Vec::new(),
        absent: Vec::new(),
        bytes: counts.bytes,
        error: None,
    };
    match looked {
        Ok((batch, total)) => {
            probe.records = batch.rows.len() + batch.rejects.len();
            probe.total = total;
            probe.absent = absent(&plan.definition, &batch);
            probe.rejected = batch.rejects.len();
            probe.bad_values = signed(batch.bad.len() as u64);
            probe.reasons = batch
                .rejects
                .iter()
                .take(3)
                .map(|reject| reject.record.reason.clone())
                .collect();
        }
        Err(error) => probe.error = Some(error.chain()),
    }
    probe
}

/// The first `rows` records of `plan` as they would be stored.
///
/// # Errors
/// The page cannot be had or read.
pub async fn sample(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    rows: usize,
) -> Result<Vec<SampleRow>, SyncError> {
    let (batch, _) = look(ctx, source, plan, &mut Counts::default()).await?;
    let stored = batch.rows.into_iter().map(|row| SampleRow {
        fields: shown(&plan.definition, &row.cells),
        key: Some(row.record_key),
        reject: None,
    });
    let rejected = batch.rejects.into_iter().map(|reject| SampleRow {
        key: reject.key,
        fields: BTreeMap::new(),
        reject: Some(reject.record.reason),
    });
    Ok(stored.chain(rejected).take(rows).collect())
}

async fn look(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    counts: &mut Counts,
) -> Result<(Batch, Option<u64>), SyncError> {
    let parent = match &plan.for_each {
        None => Parent::default(),
        Some(for_each) => first_parent(ctx, source, (plan, for_each), counts).await?,
    };
    let at = page::first(&plan.page, source.is_local());
    let ask = Ask {
        source,
        plan,
        values: &parent.values,
        at: &at,
        known: None,
    };
    let Got::Page(page) = page(ctx, ask, counts).await? else {
        return Ok((Batch::default(), None));
    };
    let came = decode::page(plan, &page)?;
    let lead = Lead {
        copies: &parent.copies,
        before: 0,
    };
    let total = came.answer.total;
    let identities = validate::identities(plan, lead, came.records);
    let mut batch = Batch {
        rejects: identities.rejects,
        ..Batch::default()
    };
    for record in identities.records {
        match validate::row(plan, record) {
            Ok(checked) => {
                batch.rows.push(checked.row);
                batch.bad.extend(checked.bad);
            }
            Err(reject) => batch.rejects.push(reject),
        }
    }
    Ok((batch, total))
}

/// The checked records of a page.
#[derive(Debug, Default)]
struct Batch {
    rows: Vec<Row>,
    rejects: Vec<Reject>,
    bad: Vec<reject::New>,
}

/// The first record with children that the parent resource's upstream has now: the database may not know any yet.
pub(crate) async fn first_parent(
    ctx: &Ctx,
    source: &Source,
    (child, for_each): (&Plan, &ForEach),
    counts: &mut Counts,
) -> Result<Parent, SyncError> {
    let Some(plan) = source.resource(&for_each.resource) else {
        return Ok(Parent::default());
    };
    let (batch, _) = Box::pin(look(ctx, source, plan, counts)).await?;
    let rows = batch.rows.iter();
    let mut parents = rows.map(|row| parent(for_each, 1, &row.payload, ""));
    let first = parents.find(|parent| parent.is_asked_for(child));
    first.ok_or_else(|| SyncError::Unaskable {
        url: child.name.clone(),
        why: format!(
            "no record on the first page of `{}` has the values that its request is made with",
            for_each.resource
        ),
    })
}

fn absent(definition: &Definition, batch: &Batch) -> Vec<String> {
    let is_absent = |at: usize| {
        batch
            .rows
            .iter()
            .all(|row| row.cells.get(at) == Some(&Cell::Null))
    };
    let fields = definition.fields.iter().enumerate();
    let absent = fields.filter(|(at, _)| !batch.rows.is_empty() && is_absent(*at));
    absent.map(|(_, field)| field.name.clone()).collect()
}

fn shown(definition: &Definition, cells: &[Cell]) -> BTreeMap<String, Value> {
    let fields = definition.fields.iter().zip(cells);
    fields
        .map(|(field, cell)| (field.name.clone(), value(cell)))
        .collect()
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) | Cell::Decimal(text) => json!(text),
        Cell::Integer(integer) => json!(integer),
        Cell::Float(float) => json!(float),
        Cell::Boolean(boolean) => json!(boolean),
        Cell::Timestamp(instant) => json!(instant),
        Cell::Date(date) => json!(date),
        Cell::List(items) => json!(items),
        Cell::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    }
}
