//! Statements of many rows as text: a tree of their hundred thousand values would cost more than sending them.
//!
//! A connection keeps each text that it was given as a prepared statement, so there are only a few different ones.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

/// Most bytes of one statement: MariaDB takes 16 MiB in a packet, MySQL 64.
const MOST_BYTES: usize = 4 << 20;

/// Rows on their way into a table, sent some hundreds at a time.
pub(crate) struct Many<'a, C> {
    db: &'a C,
    head: String,
    row: String,
    tail: String,
    columns: usize,
    at_once: usize,
    values: Vec<Value>,
    bytes: usize,
}

impl<'a, C: ConnectionTrait> Many<'a, C> {
    /// New rows of `table`.
    pub(crate) fn insert(db: &'a C, table: &str, columns: &[&str]) -> Self {
        let backend = db.get_database_backend();
        let names: Vec<String> = columns.iter().map(|name| quoted(backend, name)).collect();
        // What a server needs for a statement grows with it; SQLite keeps a program for each value.
        let at_once = if backend == DbBackend::Sqlite {
            128
        } else {
            512
        };
        Self {
            db,
            head: format!(
                "INSERT INTO {} ({}) VALUES ",
                quoted(backend, table),
                names.join(", ")
            ),
            row: format!("({})", placeholders(columns.len())),
            tail: String::new(),
            columns: columns.len(),
            at_once: at_once.min(most_values(backend) / columns.len().max(1)),
            values: Vec::new(),
            bytes: 0,
        }
    }

    /// Rows of `table` that are there already, by their `rowno`: only `over` is written.
    pub(crate) fn overwrite(db: &'a C, table: &str, columns: &[&str], over: &[&str]) -> Self {
        let backend = db.get_database_backend();
        let names = over.iter().map(|name| quoted(backend, name));
        let tail = match backend {
            DbBackend::Sqlite => {
                let set: Vec<String> = names
                    .map(|name| format!("{name} = excluded.{name}"))
                    .collect();
                format!(" ON CONFLICT (\"rowno\") DO UPDATE SET {}", set.join(", "))
            }
            _ => {
                // MariaDB does not know the newer form, `AS new`.
                let set: Vec<String> = names
                    .map(|name| format!("{name} = VALUES({name})"))
                    .collect();
                format!(" ON DUPLICATE KEY UPDATE {}", set.join(", "))
            }
        };
        Self {
            tail,
            ..Self::insert(db, table, columns)
        }
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    /// Adds a row of about so many bytes: a value for each column.
    ///
    /// # Errors
    /// The database does not answer, or refuses rows that were added before.
    pub(crate) async fn row(
        &mut self,
        bytes: usize,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<(), DbErr> {
        let rows = self.values.len() / self.columns;
        if rows == self.at_once || (rows > 0 && self.bytes + bytes > MOST_BYTES) {
            self.send().await?;
        }
        self.values.extend(values);
        self.bytes += bytes;
        debug_assert!(self.values.len().is_multiple_of(self.columns));
        Ok(())
    }

    /// Sends the rows that are left.
    ///
    /// # Errors
    /// The database does not answer, or refuses them.
    pub(crate) async fn send(&mut self) -> Result<(), DbErr> {
        self.bytes = 0;
        while !self.values.is_empty() {
            let rows = piece(self.values.len() / self.columns);
            let rest = self.values.split_off(rows * self.columns);
            let values = std::mem::replace(&mut self.values, rest);
            let statement = Statement::from_sql_and_values(self.backend(), self.text(rows), values);
            self.db.execute_raw(statement).await?;
        }
        Ok(())
    }

    fn text(&self, rows: usize) -> String {
        let length = self.head.len() + rows * (self.row.len() + 1) + self.tail.len();
        let mut text = String::with_capacity(length);
        text.push_str(&self.head);
        for row in 0..rows {
            if row > 0 {
                text.push(',');
            }
            text.push_str(&self.row);
        }
        text.push_str(&self.tail);
        text
    }
}

/// How many of `rows` go into one statement: a power of two, or the few that are left.
fn piece(rows: usize) -> usize {
    if rows < 64 {
        return rows;
    }
    1 << rows.ilog2()
}

/// `what` of the rows of `table` in which `column` is one of `keys`: at most a thousand of them.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn select_by(
    db: &impl ConnectionTrait,
    table: &str,
    what: &str,
    (column, keys): (&str, &[&str]),
) -> Result<Vec<QueryResult>, DbErr> {
    let Some(last) = keys.last() else {
        return Ok(Vec::new());
    };
    let backend = db.get_database_backend();
    // The last key again and again, until there are as many as another statement has.
    let count = keys.len().next_power_of_two();
    let keys = keys.iter().chain(std::iter::repeat(last)).take(count);
    let values: Vec<Value> = keys.map(|key| Value::from(*key)).collect();
    let text = format!(
        "SELECT {what} FROM {} WHERE {} IN ({})",
        quoted(backend, table),
        quoted(backend, column),
        placeholders(count)
    );
    let statement = Statement::from_sql_and_values(backend, text, values);
    db.query_all_raw(statement).await
}

/// The most values that one statement may bind.
fn most_values(backend: DbBackend) -> usize {
    match backend {
        DbBackend::Sqlite => 32_766,
        _ => 65_535,
    }
}

fn placeholders(count: usize) -> String {
    let mut text = "?,".repeat(count);
    text.pop();
    text
}

/// A name of a table or column, which has no quotation mark in it: the definition's names are plain.
fn quoted(backend: DbBackend, name: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("\"{name}\""),
        _ => format!("`{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::{piece, placeholders};

    #[test]
    fn there_are_only_a_few_lengths_of_statements() {
        let check = |rows: usize, pieces: &[usize]| {
            let mut left = rows;
            let mut found = Vec::new();
            while left > 0 {
                found.push(piece(left));
                left -= piece(left);
            }
            assert_eq!(found, pieces);
        };
        check(1, &[1]);
        check(63, &[63]);
        check(100, &[64, 36]);
        check(512, &[512]);
        check(511, &[256, 128, 64, 63]);
    }

    #[test]
    fn placeholders_are_joined_by_commas() {
        assert_eq!(placeholders(3), "?,?,?");
    }
}
