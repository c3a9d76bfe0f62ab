//! The rows of a page, and where it ends.

use entity::{
    dialect::Reader,
    record::{self, Direction, Position, Selection, Window},
};

use super::{
    asked::{Asked, At},
    places::Places,
};
use crate::{
    problem::{Kind, Problem},
    registry::Resource,
};

/// Most bytes of an answer's records: it is made in memory, and never cut short.
const LARGEST: usize = 16 << 20;
/// Rows that are read at once.
const PIECE: u64 = 500;

/// The rows of a page.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) payloads: Vec<String>,
    /// Where the last one stands.
    pub(super) end: Option<Position>,
    /// Whether there are others behind.
    pub(super) more: bool,
}

/// A list under way.
pub(super) struct Finder<'a> {
    pub(super) reader: &'a Reader,
    pub(super) resource: &'a Resource,
    pub(super) asked: &'a Asked,
    pub(super) places: &'a Places,
    /// Names the list as it is in this version.
    pub(super) list: &'a str,
}

impl Finder<'_> {
    /// The rows behind `from`, if that is said, or where `asked` begins.
    ///
    /// # Errors
    /// The database does not answer, or the answer would be too large.
    pub(super) async fn rows(&self, from: Option<Position>) -> Result<Rows, Problem> {
        let At::Behind(before) = self.asked.at else {
            return self.read(from).await;
        };
        let Some((rows, place)) = self.place(before).await? else {
            return Ok(Rows::default());
        };
        let found = self.read(place).await?;
        if let Some(end) = &found.end {
            let rows = rows + found.payloads.len() as u64;
            self.places.remember(self.list, rows, end);
        }
        Ok(found)
    }

    /// The place behind so many rows; `None`: there are not so many.
    async fn place(&self, before: u64) -> Result<Option<(u64, Option<Position>)>, Problem> {
        let model = &self.resource.model;
        if before > model.live_rows.unsigned_abs() {
            return Ok(None);
        }
        let is_whole = self.asked.filters.is_empty() && self.asked.sort.is_empty();
        if is_whole && model.live_rows == model.last_rowno {
            // No row has ever gone: the numbers of the rows are their places.
            let rowno = i64::try_from(before).unwrap_or(i64::MAX);
            let values = Vec::new();
            return Ok(Some((before, Some(Position { values, rowno }))));
        }
        let nearest = self.places.nearest(self.list, before);
        let (mut rows, mut place) = match nearest {
            Some((rows, place)) => (rows, Some(place)),
            None => (0, None),
        };
        while rows < before {
            let window = self.window(place.as_ref(), before - rows);
            let skipped = record::skip(self.reader, self.selection(), window).await?;
            rows += skipped.rows;
            place = skipped.end;
            if let Some(place) = &place {
                self.places.remember(self.list, rows, place);
            }
            if skipped.is_all && rows < before {
                return Ok(None);
            }
        }
        Ok(Some((rows, place)))
    }

    async fn read(&self, from: Option<Position>) -> Result<Rows, Problem> {
        let mut rows = Rows {
            end: from,
            ..Rows::default()
        };
        let mut bytes = 0;
        let mut left = self.asked.size.unwrap_or(u64::MAX);
        while left > 0 {
            let window = self.window(rows.end.as_ref(), left.min(PIECE));
            let listed = record::list(self.reader, self.selection(), window).await?;
            left -= listed.rows.len() as u64;
            rows.more = listed.more;
            rows.end = listed.end.or_else(|| {
                let last = listed.rows.last().map(|row| row.position.clone());
                last.or(rows.end.take())
            });
            for row in listed.rows {
                bytes += row.payload.len();
                rows.payloads.push(row.payload);
            }
            if bytes > LARGEST {
                return Err(self.too_large());
            }
            if !rows.more {
                break;
            }
        }
        Ok(rows)
    }

    fn too_large(&self) -> Problem {
        let name = &self.resource.model.name;
        Problem::new(
            Kind::NotMirrored,
            format!(
                "the records of `{name}` that are asked for take more than {LARGEST} bytes, and an answer is not \
                 cut short; ask for a smaller page where there are pages, or take an export"
            ),
        )
    }

    pub(super) fn selection(&self) -> Selection<'_> {
        Selection {
            definition: &self.resource.definition,
            filters: &self.asked.filters,
            of: None,
        }
    }

    fn window<'a>(&'a self, from: Option<&'a Position>, limit: u64) -> Window<'a> {
        Window {
            sort: &self.asked.sort,
            from,
            direction: Direction::Forward,
            limit,
        }
    }
}
