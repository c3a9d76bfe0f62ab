//! Writes as the syncer does: a commit is one transaction, its rows carry its version, and only what is committed is told.

use std::collections::BTreeMap;

use entity::{
    definition::Definition,
    dialect,
    record::{self, Row, Stamp},
    resource,
};

use crate::world::World;

/// What becomes of a row.
pub(crate) enum Op {
    /// It is written, over what has its key.
    Put(Row),
    /// It is marked as deleted.
    Delete(&'static str),
    /// It is removed without a trace.
    Remove(&'static str),
}

/// The only one who writes a resource.
pub(crate) struct Writer<'a> {
    world: &'a World,
    definition: Definition,
    id: i32,
    pub(crate) version: i64,
    last_rowno: i64,
    /// The `rowno` of each key, and its payload if it lives.
    rows: BTreeMap<String, (i64, Option<String>)>,
}

impl<'a> Writer<'a> {
    /// Mirrors a resource with `rows`, at version 1.
    pub(crate) async fn begin(world: &'a World, definition: Definition, rows: &[Row]) -> Self {
        let id = world.mirrored(&definition, rows).await;
        let numbered = (1..).zip(rows);
        let known = numbered.map(|(rowno, row)| {
            let payload = Some(row.payload.clone());
            (row.record_key.clone(), (rowno, payload))
        });
        Self {
            world,
            definition,
            id,
            version: 1,
            last_rowno: i64::try_from(rows.len()).expect("few rows"),
            rows: known.collect(),
        }
    }

    /// Makes one commit of `ops`, a second after the last, and lets the server know.
    pub(crate) async fn commit(&mut self, ops: Vec<Op>) {
        self.world.wait(chrono::Duration::seconds(1));
        self.version += 1;
        let (version, now) = (self.version, self.world.now());
        let stamp = Stamp { version, now };
        let (mut new, mut changed, mut deleted, mut removed) = (vec![], vec![], vec![], vec![]);
        for op in ops {
            match op {
                Op::Put(row) => self.put(row, &mut new, &mut changed),
                Op::Delete(key) => {
                    let known = self.rows.get_mut(key).expect("a key that is there");
                    known.1 = None;
                    deleted.push(known.0);
                }
                Op::Remove(key) => {
                    removed.push(self.rows.remove(key).expect("a key that is there").0);
                }
            }
        }
        let transaction = dialect::begin_write(&self.world.db).await;
        let transaction = transaction.expect("it begins");
        let definition = &self.definition;
        let is_forgotten = !removed.is_empty();
        let written = async {
            record::insert(&transaction, definition, new, stamp).await?;
            record::update(&transaction, definition, changed, stamp).await?;
            record::soft_delete(&transaction, definition, &deleted, stamp).await?;
            record::hard_delete(&transaction, definition, &removed, stamp).await?;
            resource::Entity::changed(&transaction, self.id, self.change(now)).await?;
            if is_forgotten {
                resource::Entity::forgets(&transaction, self.id, version).await?;
            }
            transaction.commit().await
        };
        written.await.expect("it is written");
        self.world.refresh().await;
    }

    /// What the table holds, by key.
    pub(crate) fn live(&self) -> BTreeMap<String, String> {
        let rows = self.rows.iter();
        rows.filter_map(|(key, (_, payload))| Some((key.clone(), payload.clone()?)))
            .collect()
    }

    fn put(&mut self, row: Row, new: &mut Vec<(i64, Row)>, changed: &mut Vec<(i64, Row)>) {
        let payload = Some(row.payload.clone());
        if let Some(known) = self.rows.get_mut(&row.record_key) {
            known.1 = payload;
            changed.push((known.0, row));
        } else {
            self.last_rowno += 1;
            let known = (self.last_rowno, payload);
            self.rows.insert(row.record_key.clone(), known);
            new.push((self.last_rowno, row));
        }
    }

    fn change(&self, at: chrono::DateTime<chrono::Utc>) -> resource::Change {
        resource::Change {
            version: self.version,
            live_rows: i64::try_from(self.live().len()).expect("few rows"),
            last_rowno: self.last_rowno,
            at,
            // The run of each commit is told by its version.
            run_id: Some(100 + self.version),
        }
    }
}
