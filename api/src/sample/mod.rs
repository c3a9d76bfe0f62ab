//! What the rows of a resource look like: some of them, the first and the last, looked at when a document tells of them.
//!
//! It tells and never binds: a row that was not looked at may be otherwise, so nothing here becomes a condition.

mod example;
mod seen;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use entity::{
    definition::Definition,
    dialect::Reader,
    record::{self, Direction, ListedRow, Selection, Window},
};
use sea_orm::DbErr;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

pub(crate) use self::example::Example;
use self::seen::Seen;
use crate::{AppState, registry::Resource};

/// Rows that are looked at from each end.
const ROWS: u64 = 100;

/// What was seen of a resource's rows.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    seen: Seen,
    /// One of the rows; `None`: there is none.
    pub(crate) example: Option<Example>,
}

/// The sample of each resource that was told of, of the version that was there when it was.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    kept: Mutex<HashMap<i32, Kept>>,
    /// Held while reading, so that of many who ask at once only one reads.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Kept {
    /// The resource as it was then.
    of: Arc<Resource>,
    sample: Arc<Sample>,
}

impl Samples {
    /// The samples of `resources`, in their order: as they are now, or as they were when the database could be read last.
    pub(crate) async fn of(
        &self,
        state: &AppState,
        resources: &[Arc<Resource>],
    ) -> Vec<Arc<Sample>> {
        if state.registry.is_in_touch() {
            // Half of the request's time: a database that does not answer must not keep the document from being told.
            let limit = state.settings.query_timeout / 2;
            if timeout(limit, self.renew(state, resources)).await.is_err() {
                tracing::debug!("the samples of some resources could not be read in time");
            }
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Of what this caller may not see, others may ask next.
        if let Ok(all) = state.registry.snapshot() {
            kept.retain(|id, _| all.by_id(*id).is_some());
        }
        let known = |resource: &Arc<Resource>| kept.get(&resource.model.id);
        let samples = resources.iter().map(known);
        samples
            .map(|known| known.map_or_else(Arc::default, |known| Arc::clone(&known.sample)))
            .collect()
    }

    /// Reads those whose rows are no longer as they were.
    async fn renew(&self, state: &AppState, resources: &[Arc<Resource>]) {
        let _one_at_a_time = self.reading.lock().await;
        let reader = state.reader();
        for resource in resources.iter().filter(|resource| !self.holds(resource)) {
            match read(&reader, resource).await {
                Ok(sample) => self.keep(resource, sample),
                Err(error) => {
                    let resource = &resource.definition.table;
                    tracing::debug!(resource, error = %error, "no sample could be read");
                }
            }
        }
    }

    fn holds(&self, resource: &Resource) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.get(&resource.model.id);
        known.is_some_and(|known| resource.has_rows_of(&known.of))
    }

    fn keep(&self, resource: &Arc<Resource>, sample: Sample) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Kept {
            of: Arc::clone(resource),
            sample: Arc::new(sample),
        };
        kept.insert(resource.model.id, new);
    }
}

async fn read(reader: &Reader, resource: &Resource) -> Result<Sample, DbErr> {
    if !resource.has_table() {
        return Ok(Sample::default());
    }
    let rows = rows(reader, &resource.definition).await?;
    let payloads = rows.iter().map(|row| row.payload.as_str());
    let records = payloads.filter_map(|payload| serde_json::from_str(payload).ok());
    let records: Vec<Value> = records.collect();
    let example = match example::chosen(&rows) {
        None => None,
        Some(row) => {
            let rownos = [row.position.rowno];
            let rows = record::numbered(reader, &resource.definition.table, &rownos).await?;
            let row = rows.into_iter().next();
            row.map(|row| Example::of(resource, &row, &records))
        }
    };
    let seen = Seen::of(&records);
    Ok(Sample { seen, example })
}

/// The first and the last of the rows, none of them twice.
async fn rows(reader: &Reader, definition: &Definition) -> Result<Vec<ListedRow>, DbErr> {
    let selection = Selection {
        definition,
        filters: &[],
        of: None,
    };
    let window = |direction| Window {
        sort: &[],
        from: None,
        direction,
        limit: ROWS,
    };
    let first = record::list(reader, selection, window(Direction::Forward)).await?;
    let mut rows = first.rows;
    if first.more {
        let end = rows.last().map_or(0, |row| row.position.rowno);
        let last = record::list(reader, selection, window(Direction::Backward)).await?;
        let others = last.rows.into_iter();
        rows.extend(others.filter(|row| row.position.rowno > end));
    }
    Ok(rows)
}

impl Sample {
    /// What is said of each member of a record. Where no row was seen, that are the declared fields.
    pub(crate) fn properties(&self, definition: &Definition) -> Map<String, Value> {
        let read_as = |name: &str| {
            let field = definition.field(name);
            field.map(|field| format!("read as {}", field.kind))
        };
        if self.seen.is_nothing() {
            let fields = definition.fields.iter().map(|field| field.name.as_str());
            let described = fields.map(|name| (name, json!({ "description": read_as(name) })));
            return described
                .map(|(name, schema)| (name.to_owned(), schema))
                .collect();
        }
        let mut properties = self.seen.properties();
        for (name, schema) in &mut properties {
            if let (Some(read), Some(seen)) = (read_as(name), schema["description"].as_str()) {
                schema["description"] = json!(format!("{seen}; {read}"));
            }
        }
        properties
    }
}
