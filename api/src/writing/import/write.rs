//! Records to rows, a batch at a time: all in one transaction, or, where what does not fit is passed by, one for each batch.

use std::{collections::HashSet, fs::File, sync::Arc};

use entity::{
    definition::Definition,
    local::{self, Done, Unfit, Why, Writing, Wrote},
    record::Row,
};
use serde_json::{Value, json};

use super::{
    asked::{Asked, Mode, OnBad},
    read::{Came, items},
};
use crate::{
    AppState,
    fault::Fault,
    problem::Problem,
    writing::{
        place::{self, Place},
        unfit,
    },
};

/// Most rows of a batch, and about how many bytes.
const ROWS: usize = 500;
const BYTES: usize = 4 << 20;
/// Most records that do not fit of which is told what.
const TOLD: usize = 100;

/// Writes what comes.
pub(super) struct Import<'a> {
    state: &'a AppState,
    place: &'a Place,
    asked: Asked,
    tally: Tally,
    waiting: Vec<(u64, Row)>,
    keys: HashSet<String>,
    bytes: usize,
    /// A record was read.
    is_begun: bool,
}

/// What came of an import.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    inserted: u64,
    updated: u64,
    unchanged: u64,
    rejected: u64,
    rejects: Vec<(u64, Vec<Fault>)>,
}

impl Tally {
    /// For whoever sent it.
    pub(super) fn told(&self) -> Value {
        let rejects = self.rejects.iter();
        let rejects: Vec<Value> = rejects
            .map(|(line, errors)| json!({ "line": line, "errors": errors }))
            .collect();
        json!({ "data": {
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "rejects": rejects,
        } })
    }

    pub(super) fn in_words(&self) -> String {
        format!(
            "{} inserted, {} updated, {} unchanged, {} rejected",
            self.inserted, self.updated, self.unchanged, self.rejected
        )
    }

    fn reject(&mut self, line: u64, unfit: Vec<Unfit>) {
        self.rejected += 1;
        if self.rejects.len() < TOLD {
            let faults = unfit.into_iter().map(unfit::fault);
            self.rejects.push((line, faults.collect()));
        }
    }

    /// All that does not fit, with the line of each.
    fn problem(self) -> Problem {
        let faults = self.rejects.into_iter().flat_map(|(line, faults)| {
            faults.into_iter().map(move |fault| Fault {
                line: Some(line),
                ..fault
            })
        });
        Problem::of_body(faults.collect())
    }
}

impl<'a> Import<'a> {
    pub(super) fn new(state: &'a AppState, place: &'a Place, asked: Asked) -> Self {
        Self {
            state,
            place,
            asked,
            tally: Tally::default(),
            waiting: Vec::new(),
            keys: HashSet::new(),
            bytes: 0,
            is_begun: false,
        }
    }

    /// Writes the records of `file`.
    ///
    /// # Errors
    /// Something does not fit, and nothing was written; or the database does not answer.
    pub(super) async fn run(mut self, file: File) -> Result<(Done, Tally), Problem> {
        let mut writing = self.place.begin(self.state).await?;
        let definition = Arc::new(writing.definition.clone());
        let mut items = items(file, self.asked.form, definition);
        while let Some(came) = items.recv().await {
            writing = self.take(writing, came).await?;
            if self.asked.on_bad == OnBad::Refuse && self.tally.rejects.len() >= TOLD {
                break;
            }
        }
        self.flush(&mut writing).await?;
        if self.asked.on_bad == OnBad::Refuse && self.tally.rejected > 0 {
            writing.leave().await?;
            return Err(self.tally.problem());
        }
        let done = writing.commit(Some(&self.place.actor)).await?;
        Ok((done, self.tally))
    }

    /// Takes in what was read, and writes if that is enough for a batch.
    async fn take(&mut self, mut writing: Writing, came: Came) -> Result<Writing, Problem> {
        let item = match came {
            Ok(item) => item,
            Err(stop) => {
                // Without a header line there are no good ones.
                if !self.is_begun {
                    self.asked.on_bad = OnBad::Refuse;
                }
                self.tally.reject(stop.line, stop.unfit);
                return Ok(writing);
            }
        };
        self.is_begun = true;
        let row = match item.record {
            Ok(record) => self.row(&mut writing, &record).await?,
            Err(unfit) => Err(unfit),
        };
        let row = match row {
            Ok(row) => row,
            Err(unfit) => {
                self.tally.reject(item.line, unfit);
                return Ok(writing);
            }
        };
        if self.keys.contains(&row.record_key) {
            if self.asked.on_bad == OnBad::Refuse {
                self.tally.reject(item.line, twice(&writing, &row));
                return Ok(writing);
            }
            writing = self.commit(writing).await?;
        }
        self.keys.insert(row.record_key.clone());
        self.bytes += row.payload.len();
        self.waiting.push((item.line, row));
        if self.waiting.len() < ROWS && self.bytes < BYTES {
            return Ok(writing);
        }
        match self.asked.on_bad {
            OnBad::Skip => self.commit(writing).await,
            OnBad::Refuse => {
                self.flush(&mut writing).await?;
                Ok(writing)
            }
        }
    }

    /// Commits what waits, and goes on in another transaction.
    async fn commit(&mut self, mut writing: Writing) -> Result<Writing, Problem> {
        self.flush(&mut writing).await?;
        writing.commit(Some(&self.place.actor)).await?;
        self.place.begin(self.state).await
    }

    /// The row of a record, with the next number if that is what its key lacks; or all that does not fit.
    async fn row(
        &self,
        writing: &mut Writing,
        record: &str,
    ) -> Result<Result<Row, Vec<Unfit>>, Problem> {
        let local = place::local(writing)?;
        let counted = local::counted(&writing.definition).map(|field| field.name.clone());
        let Some(name) = counted else {
            return Ok(local::check(&writing.definition, &local, record));
        };
        if !local::lacks(record, &name) {
            let row = local::check(&writing.definition, &local, record);
            let number = row
                .as_ref()
                .ok()
                .and_then(|row| row.record_key.parse().ok());
            if let Some(number) = number {
                writing.saw_key(number);
            }
            return Ok(row);
        }
        let Some(number) = writing.next_key(&name).await? else {
            let reason = "there is no higher number for a new record: give it one";
            return Ok(Err(vec![Unfit::new(&name, Why::Missing, reason)]));
        };
        let members = [(name, number.to_string())];
        Ok(match local::with_members(record, &members) {
            Ok(record) => local::check(&writing.definition, &local, &record),
            Err(_) => local::check(&writing.definition, &local, record),
        })
    }

    /// Writes what waits.
    async fn flush(&mut self, writing: &mut Writing) -> Result<(), Problem> {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.keys.clear();
        self.bytes = 0;
        let keys: Vec<&str> = waiting
            .iter()
            .map(|(_, row)| row.record_key.as_str())
            .collect();
        let written = writing.written(&keys).await?;
        waiting.retain(|(line, row)| {
            let is_written = written.contains(&row.record_key);
            if is_written {
                self.tally.reject(*line, twice(writing, row));
            }
            !is_written
        });
        if self.asked.mode == Mode::Insert {
            let keys: Vec<&str> = waiting
                .iter()
                .map(|(_, row)| row.record_key.as_str())
                .collect();
            let known = writing.known(&keys).await?;
            let is_new = |(line, row): &(u64, Row)| {
                let is_there = known
                    .get(&row.record_key)
                    .is_some_and(|known| !known.deleted);
                let unfit = || vec![taken(&writing.definition, &row.record_key)];
                let refused = is_there.then(|| self.tally.reject(*line, unfit()));
                refused.is_none()
            };
            waiting.retain(is_new);
        }
        // It will not be committed.
        if waiting.is_empty() || (self.asked.on_bad == OnBad::Refuse && self.tally.rejected > 0) {
            return Ok(());
        }
        let rows = waiting.into_iter().map(|(_, row)| row).collect();
        for wrote in writing.put(rows).await? {
            match wrote {
                Wrote::Inserted => self.tally.inserted += 1,
                Wrote::Updated => self.tally.updated += 1,
                Wrote::Unchanged => self.tally.unchanged += 1,
            }
        }
        Ok(())
    }
}

/// What is said of a record whose key another one of the same file has.
fn twice(writing: &Writing, row: &Row) -> Vec<Unfit> {
    let name = writing.definition.key.first();
    let name = name.map_or("", String::as_str);
    let reason = format!(
        "the record `{}` came before, on an earlier line",
        row.record_key
    );
    vec![Unfit::new(name, Why::Repeated, reason)]
}

/// Why a record with that key is not inserted.
fn taken(definition: &Definition, key: &str) -> Unfit {
    let reason = format!("there is a record `{key}` already");
    let name = definition.key.first().map_or("", String::as_str);
    Unfit::new(name, Why::Value, reason)
}
