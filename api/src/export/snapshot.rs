//! The rows of a resource as they are at one moment, read piece by piece in the order of their `rowno`.

use entity::{
    dialect,
    record::{self, Content, Piece, PieceRow, Selection},
    resource,
};
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};

use crate::{
    fault::{Code, Fault},
    problem::Problem,
    registry::Resource,
};

/// About how many bytes a piece is to have.
const PIECE_BYTES: usize = 256 << 10;
/// Enough for a piece, where rows are larger than those before them.
const MOST_BYTES: usize = 4 * PIECE_BYTES;
/// Rows of the first piece, and at most.
const FIRST_ROWS: u64 = 64;
const MOST_ROWS: u64 = 1000;

/// A transaction that sees the rows as they were when it began.
pub(super) struct Snapshot {
    transaction: DatabaseTransaction,
    pub(super) version: i64,
    after: i64,
    limit: u64,
    /// Whether there are rows at all: a resource's table is made by its first run.
    has_table: bool,
}

impl Snapshot {
    /// Takes a snapshot; its rows begin behind that of the key `after`.
    ///
    /// # Errors
    /// The database does not answer, or there is no row of that key.
    pub(super) async fn open(
        db: &DatabaseConnection,
        resource: &Resource,
        after: Option<&str>,
    ) -> Result<Self, Problem> {
        let transaction = dialect::begin_read(db).await?;
        // The first read takes the snapshot: the version is that of the rows.
        let version = resource::Entity::version(&transaction, resource.model.id).await?;
        let has_table = resource.has_table();
        let after = match after {
            None => 0,
            Some(key) if has_table => {
                let table = &resource.definition.table;
                let rowno = record::rowno_of(&transaction, table, key).await?;
                rowno.ok_or_else(|| no_such_row(key))?
            }
            Some(key) => return Err(no_such_row(key)),
        };
        Ok(Self {
            transaction,
            version,
            after,
            limit: FIRST_ROWS,
            has_table,
        })
    }

    /// The next rows; none: there are no more.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn next(
        &mut self,
        selection: Selection<'_>,
        content: Content<'_>,
    ) -> Result<Vec<PieceRow>, DbErr> {
        if !self.has_table {
            return Ok(Vec::new());
        }
        let piece = Piece {
            after: self.after,
            limit: self.limit,
            bytes: MOST_BYTES,
            content,
        };
        let rows = record::piece(&self.transaction, selection, piece).await?;
        if let Some(last) = rows.last() {
            self.after = last.rowno;
            self.limit = limit(&rows);
        }
        Ok(rows)
    }
}

/// How many rows like these make a piece.
fn limit(rows: &[PieceRow]) -> u64 {
    let bytes: usize = rows.iter().map(PieceRow::bytes).sum();
    let each = (bytes / rows.len().max(1)).max(1);
    let fit = u64::try_from(PIECE_BYTES / each).unwrap_or(MOST_ROWS);
    fit.clamp(1, MOST_ROWS)
}

fn no_such_row(key: &str) -> Problem {
    let detail = format!(
        "there is no record `{key}` to go on behind: its row was removed for good, or has another key by now; export \
         again from the start"
    );
    Problem::refused(vec![Fault::new("after", Code::UnknownRecord, detail)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_has_as_many_rows_as_fit() {
        let check = |bytes: usize, expected| {
            let row = PieceRow {
                rowno: 1,
                payload: "x".repeat(bytes),
                cells: Vec::new(),
            };
            assert_eq!(limit(&[row.clone(), row]), expected, "{bytes}");
        };
        check(0, 1000);
        check(100, 1000);
        check(1024, 256);
        check(1 << 20, 1);
    }
}
