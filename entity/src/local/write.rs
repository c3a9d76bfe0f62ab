//! Writes callers' rows: one transaction, one writer of a resource at a time, whichever process it is in.
//!
//! The row of the resource is locked first, and all that is decided is read behind that lock: two callers who write at once
//! are one after the other, and versions have no gaps.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr,
    sea_query::{Alias, Expr, ExprTrait as _, Query},
};

use crate::{
    definition::Definition,
    dialect, lease,
    record::{self, Known, Row, Stamp},
    resource::{self, Entity as Resource, Written},
};

/// A transaction that writes rows of one resource.
#[derive(Debug)]
pub struct Writing {
    transaction: DatabaseTransaction,
    pub resource: resource::Model,
    pub definition: Definition,
    stamp: Stamp,
    live_rows: i64,
    last_rowno: i64,
    /// The highest number that a key has, once it was asked for.
    last_key: Option<i64>,
    /// The highest number that a caller gave to a key, whether its row is written yet or not.
    seen_key: i64,
    is_changed: bool,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    Inserted,
    Updated,
    /// It was as it is.
    Unchanged,
}

/// What a commit left: the version of the resource, and when it was last written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    pub version: i64,
    pub at: Option<DateTime<Utc>>,
}

impl Writing {
    /// Begins to write. `None`: the resource is gone, or its table is being altered.
    ///
    /// # Errors
    /// The database does not answer, or another wrote for too long.
    pub async fn begin(
        db: &DatabaseConnection,
        resource_id: i32,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, DbErr> {
        let transaction = dialect::begin_write(db).await?;
        let Some(resource) = Resource::locked(&transaction, resource_id).await? else {
            return Ok(None);
        };
        // The syncer holds it while it alters the table. It takes the lease first and writes to the resource's row then, for
        // which it waits until we are done.
        let is_held = lease::Entity::current(&transaction, resource_id).await?;
        let definition = resource.definition()?;
        let is_altered = resource.projection()?.as_ref() != Some(&definition);
        if is_held.is_some() || is_altered || resource.filling.is_some() || !resource.indexed {
            return Ok(None);
        }
        let last_rowno = resource.highest_rowno(&transaction).await?;
        // Clocks differ: no version is older than the one before it.
        let now = resource.changed_at.map_or(now, |last| Ord::max(last, now));
        let stamp = Stamp {
            version: resource.version + 1,
            now,
        };
        Ok(Some(Self {
            transaction,
            definition,
            stamp,
            live_rows: resource.live_rows,
            last_rowno,
            last_key: None,
            seen_key: 0,
            is_changed: false,
            resource,
        }))
    }

    /// For what else is written or asked in the same transaction.
    pub fn db(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// The row of that key, if it is not deleted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn row(&self, key: &str) -> Result<Option<record::Model>, DbErr> {
        record::one(&self.transaction, &self.definition.table, key).await
    }

    /// The next number that no key of `field` has had. `None`: there is no higher one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn next_key(&mut self, field: &str) -> Result<Option<i64>, DbErr> {
        let last = match self.last_key {
            Some(last) => last,
            None => self.highest(field).await?,
        };
        let next = Ord::max(last, self.seen_key).checked_add(1);
        self.last_key = Some(next.unwrap_or(last));
        Ok(next)
    }

    /// Takes note of a number that a caller gave to a key.
    pub fn saw_key(&mut self, number: i64) {
        self.seen_key = Ord::max(self.seen_key, number);
    }

    async fn highest(&self, field: &str) -> Result<i64, DbErr> {
        // Deleted rows keep their numbers: whoever follows the changes would take a new row for the old one.
        let highest = Query::select()
            .expr_as(Expr::col(Alias::new(field)).max(), "highest")
            .from(Alias::new(&self.definition.table))
            .to_owned();
        let found = self.transaction.query_one(&highest).await?;
        let highest = found.map_or(Ok(None), |row| row.try_get::<Option<i64>>("", "highest"))?;
        Ok(Ord::max(highest.unwrap_or(0), 0))
    }

    /// What the table knows of `keys`, deleted rows included.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn known(&self, keys: &[&str]) -> Result<HashMap<String, Known>, DbErr> {
        let known = record::known(&self.transaction, &self.definition.table, keys).await?;
        let known = known.into_iter();
        Ok(known
            .map(|known| (known.record_key.clone(), known))
            .collect())
    }

    /// Those of `keys` whose rows this transaction has written: a row changes once in a version.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn written(&self, keys: &[&str]) -> Result<HashSet<String>, DbErr> {
        if !self.is_changed {
            return Ok(HashSet::new());
        }
        let table = &self.definition.table;
        let changes = record::changes_of(&self.transaction, table, keys).await?;
        let ours = changes.into_iter();
        let ours = ours.filter(|(_, changed)| changed.version == self.stamp.version);
        Ok(ours.map(|(key, _)| key).collect())
    }

    /// Writes rows, each with a key of its own that this transaction has not written yet, over those that have their keys; says what became of each.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn put(&mut self, rows: Vec<Row>) -> Result<Vec<Wrote>, DbErr> {
        let keys: Vec<&str> = rows.iter().map(|row| row.record_key.as_str()).collect();
        let known = self.known(&keys).await?;
        let (mut inserts, mut updates, mut revived) = (Vec::new(), Vec::new(), 0);
        let mut wrote = Vec::with_capacity(rows.len());
        for row in rows {
            match known.get(&row.record_key) {
                None => {
                    self.last_rowno += 1;
                    inserts.push((self.last_rowno, row));
                    wrote.push(Wrote::Inserted);
                }
                Some(known) if known.deleted => {
                    revived += 1;
                    updates.push((known.rowno, row));
                    wrote.push(Wrote::Inserted);
                }
                Some(known) if known.payload_hash == row.payload_hash => {
                    wrote.push(Wrote::Unchanged);
                }
                Some(known) => {
                    updates.push((known.rowno, row));
                    wrote.push(Wrote::Updated);
                }
            }
        }
        self.is_changed |= !inserts.is_empty() || !updates.is_empty();
        self.live_rows += i64::try_from(inserts.len()).unwrap_or(i64::MAX) + revived;
        let (db, definition, stamp) = (&self.transaction, &self.definition, self.stamp);
        if !inserts.is_empty() {
            record::insert(db, definition, inserts, stamp).await?;
        }
        if !updates.is_empty() {
            record::update(db, definition, updates, stamp).await?;
        }
        Ok(wrote)
    }

    /// Marks the row of that number as deleted, which it was not.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn delete(&mut self, rowno: i64) -> Result<(), DbErr> {
        record::soft_delete(&self.transaction, &self.definition, &[rowno], self.stamp).await?;
        self.live_rows -= 1;
        self.is_changed = true;
        Ok(())
    }

    /// What the resource will be when this is committed.
    pub fn done(&self) -> Done {
        match self.is_changed {
            true => Done {
                version: self.stamp.version,
                at: Some(self.stamp.now),
            },
            false => Done {
                version: self.resource.version,
                at: self.resource.synced_at,
            },
        }
    }

    /// Commits what was written, as a version of its own if anything is another than before.
    ///
    /// # Errors
    /// The database does not answer: nothing of it was written.
    pub async fn commit(self, actor: Option<&str>) -> Result<Done, DbErr> {
        let done = self.done();
        if self.is_changed {
            let written = Written {
                version: self.stamp.version,
                live_rows: self.live_rows,
                last_rowno: self.last_rowno,
                at: self.stamp.now,
                actor: actor.map(str::to_owned),
            };
            Resource::written(&self.transaction, self.resource.id, written).await?;
        }
        self.transaction.commit().await?;
        Ok(done)
    }

    /// Leaves everything as it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn leave(self) -> Result<(), DbErr> {
        self.transaction.rollback().await
    }
}
