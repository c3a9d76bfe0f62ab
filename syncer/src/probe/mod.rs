//! A look at an upstream without a run: one request, and how its records would be stored. Writes nothing.

/// A page, asked for and checked.
mod look;
/// What its headers say of limits and changes.
mod told;
/// The way to the next page.
mod way;

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    definition::{Cell, Definition},
    reject,
    run::Counts,
};
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use self::look::first_parents;
use self::look::{Item, Looked, look};
pub use self::{
    told::Limit,
    way::{Promise, WayOn},
};
use crate::{
    Ctx, SyncError,
    source::plan::{Plan, Source},
    validate::Checked,
};

/// What one request to a resource's upstream brought.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Probe {
    pub source: String,
    pub resource: String,
    /// The answer's status, if one came.
    pub status: Option<u16>,
    /// Records on the page.
    pub records: usize,
    /// Records in all, as far as the upstream says.
    pub total: Option<u64>,
    /// Of a child resource: how many parents were asked for until one had records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parents: Option<usize>,
    /// How a walk would go on.
    pub next: Option<WayOn>,
    pub rejected: usize,
    pub bad_values: usize,
    /// The first few reasons of rejects.
    pub reasons: Vec<String>,
    /// The first of the bad values of each field and reason.
    pub bad: Vec<BadValues>,
    /// Keys that came more than once.
    pub repeated: Vec<String>,
    /// The resource's cursor in the records, if it has one.
    pub cursor: Option<Marked>,
    /// Fields that none of the records has a value for: their `from` may be mistyped.
    pub absent: Vec<String>,
    /// What stands where `source.limits` says that the budget is told.
    pub limits: Vec<Limit>,
    /// The headers by which the upstream tells whether a page changed.
    pub validators: Vec<&'static str>,
    /// What looks wrong, and what to do.
    pub hints: Vec<String>,
    /// Requests that it took; of a child resource, those for its parent included.
    pub requests: i64,
    pub bytes: i64,
    /// Why nothing was seen.
    pub error: Option<String>,
}

/// Values that did not fit a field, for one reason.
#[derive(Clone, Debug, Serialize)]
pub struct BadValues {
    pub field: String,
    /// Why the first of them did not fit.
    pub reason: String,
    pub count: usize,
}

/// In how many records the cursor's value is.
#[derive(Clone, Debug, Serialize)]
pub struct Marked {
    pub field: String,
    pub present: usize,
    pub of: usize,
}

/// The first records of a resource.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    pub rows: Vec<SampleRow>,
    /// Of a child resource: how many parents were asked for until one had records.
    pub parents: Option<usize>,
}

/// A record as it would be stored.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SampleRow {
    pub key: Option<String>,
    pub fields: BTreeMap<String, Value>,
    /// Why a field has no value, by the field's name; of a table's field, `table.field`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub bad: BTreeMap<String, String>,
    /// Why it would be no row.
    pub reject: Option<String>,
}

/// Asks for the first page of `plan`, and tells what came.
pub async fn probe(ctx: &Ctx, source: &Source, plan: &Plan) -> Probe {
    let mut counts = Counts::default();
    let looked = look(ctx, source, plan, &mut counts).await;
    let probe = Probe {
        source: source.name.clone(),
        resource: plan.name.clone(),
        requests: counts.requests,
        bytes: counts.bytes,
        ..Probe::default()
    };
    match looked {
        Ok(looked) => seen(ctx, (source, plan), &looked, probe),
        Err(error) => Probe {
            status: match &error {
                SyncError::Status { status, .. } => Some(*status),
                _ => None,
            },
            error: Some(error.chain()),
            ..probe
        },
    }
}

/// The first `rows` records of `plan` as they would be stored, in the order of the page.
///
/// # Errors
/// The page cannot be had or read.
pub async fn sample(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    rows: usize,
) -> Result<Sample, SyncError> {
    let looked = look(ctx, source, plan, &mut Counts::default()).await?;
    let items = looked.items.into_iter().take(rows);
    Ok(Sample {
        rows: items.map(|item| shown(&plan.definition, item)).collect(),
        parents: looked.parents,
    })
}

fn seen(ctx: &Ctx, (source, plan): (&Source, &Plan), looked: &Looked, probe: Probe) -> Probe {
    let rejects = looked.items.iter().filter_map(|item| match item {
        Item::Reject(reject) => Some(reject.record.reason.clone()),
        Item::Row(_) => None,
    });
    let rows = looked.items.iter().filter_map(|item| match item {
        Item::Row(checked) => Some(checked),
        Item::Reject(_) => None,
    });
    let rows: Vec<&Checked> = rows.collect();
    let repeated = repeated(&looked.items);
    let mut hints = way::doubts(plan, looked);
    if let Some(key) = repeated.first() {
        hints.push(format!(
            "the key {key} came more than once; does `key` name what tells records apart?"
        ));
    }
    hints.extend(told::unread(source, looked));
    Probe {
        status: looked.page.status,
        records: looked.items.len(),
        total: looked.answer.total,
        parents: looked.parents,
        next: Some(way::way_on(plan, looked)),
        rejected: looked.items.len() - rows.len(),
        bad_values: rows.iter().map(|row| row.bad.len()).sum(),
        reasons: rejects.take(3).collect(),
        bad: bad(&rows),
        repeated,
        cursor: plan.cursor.as_ref().map(|cursor| Marked {
            field: cursor.field.to_string(),
            present: looked.marked,
            of: looked.items.len(),
        }),
        absent: absent(&plan.definition, &rows),
        limits: told::limits(ctx, source, looked),
        validators: told::validators(looked),
        hints,
        ..probe
    }
}

fn repeated(items: &[Item]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let keys = items.iter().filter_map(Item::key);
    let repeated: BTreeSet<&str> = keys.filter(|key| !known.insert(*key)).collect();
    repeated.into_iter().map(str::to_owned).collect()
}

fn bad(rows: &[&Checked]) -> Vec<BadValues> {
    let mut all: BTreeMap<(String, String), BadValues> = BTreeMap::new();
    for bad in rows.iter().flat_map(|row| &row.bad) {
        let field = bad.field.clone().unwrap_or_default();
        let cause = (field.clone(), reject::gist(&bad.reason));
        let values = all.entry(cause).or_insert_with(|| BadValues {
            field,
            reason: bad.reason.clone(),
            count: 0,
        });
        values.count += 1;
    }
    all.into_values().collect()
}

fn absent(definition: &Definition, rows: &[&Checked]) -> Vec<String> {
    let is_absent = |at: usize| {
        let mut cells = rows.iter().map(|checked| checked.row.cells.get(at));
        cells.all(|cell| cell == Some(&Cell::Null))
    };
    // Of a field whose values do not fit, something is told already.
    let is_bad = |name: &str| {
        let mut bad = rows.iter().flat_map(|checked| &checked.bad);
        bad.any(|bad| bad.field.as_deref() == Some(name))
    };
    let fields = definition.fields.iter().enumerate();
    let absent =
        fields.filter(|(at, field)| !rows.is_empty() && is_absent(*at) && !is_bad(&field.name));
    absent.map(|(_, field)| field.name.clone()).collect()
}

fn shown(definition: &Definition, item: Item) -> SampleRow {
    let checked = match item {
        Item::Reject(reject) => {
            return SampleRow {
                key: reject.key,
                reject: Some(reject.record.reason),
                ..SampleRow::default()
            };
        }
        Item::Row(checked) => checked,
    };
    let fields = definition.fields.iter().zip(&checked.row.cells);
    let bad = checked.bad.into_iter();
    SampleRow {
        fields: fields
            .map(|(field, cell)| (field.name.clone(), value(cell)))
            .collect(),
        bad: bad
            .filter_map(|bad| Some((bad.field?, bad.reason)))
            .collect(),
        key: Some(checked.row.record_key),
        reject: None,
    }
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
