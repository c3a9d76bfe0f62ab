//! Where a list goes on: the cursors of its pages, and the links that have them.

use entity::{
    definition::Kind,
    record::{Direction, Position, SortKey, Window},
};

use super::{
    binding::Binding,
    cursor::{Cursor, Signer},
    envelope::Page,
    query::ListQuery,
};
use crate::{parameters::Parameters, problem::Problem};

/// The cursor that a list was asked with.
///
/// # Errors
/// It is not one of ours, or belongs to another list.
pub(crate) fn cursor_of(
    signer: &Signer,
    binding: &Binding,
    query: &ListQuery,
) -> Result<Option<Cursor>, Problem> {
    let kinds: Vec<Kind> = query.sort.iter().map(|key| key.field.kind).collect();
    let cursor = query.cursor.as_deref();
    let cursor = cursor.map(|text| signer.decode(text, binding, &kinds));
    Ok(cursor.transpose()?)
}

/// A list, as far as its paging goes.
#[derive(Clone, Copy)]
pub(crate) struct Paging<'a> {
    pub(crate) binding: &'a Binding,
    pub(crate) cursor: Option<&'a Cursor>,
    pub(crate) query: &'a ListQuery,
}

/// The part of it that was read.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) first: Option<Position>,
    pub(crate) last: Option<Position>,
    /// Whether there is more in the direction that was asked for.
    pub(crate) more: bool,
    /// Where the reading ended, if that is behind the last row that fits.
    pub(crate) end: Option<Position>,
}

impl<'a> Paging<'a> {
    pub(crate) fn window(&self) -> Window<'a> {
        Window {
            sort: &self.query.sort,
            from: self.cursor.map(|cursor| &cursor.position),
            direction: self.direction(),
            limit: self.query.limit,
        }
    }

    pub(crate) fn page(&self, signer: &Signer, read: &Read) -> Page {
        let came_from = self.cursor.is_some();
        let (has_next, has_prev) = match self.direction() {
            Direction::Forward => (read.more, came_from),
            Direction::Backward => (came_from, read.more),
        };
        let edge = |direction| {
            let row = match direction {
                Direction::Forward => &read.last,
                Direction::Backward => &read.first,
            };
            let is_ours = direction == self.direction();
            let end = read.end.as_ref().filter(|_| is_ours);
            let position = match (end.or(row.as_ref()), self.cursor) {
                (Some(position), _) => Some(position.clone()),
                (None, Some(cursor)) => Some(including(cursor, &self.query.sort)),
                (None, None) => None,
            };
            position.map(|position| {
                let cursor = Cursor {
                    direction,
                    position,
                };
                signer.encode(self.binding, &cursor)
            })
        };
        Page {
            limit: self.query.limit,
            next: has_next.then(|| edge(Direction::Forward)).flatten(),
            prev: has_prev.then(|| edge(Direction::Backward)).flatten(),
        }
    }

    /// References relative to the request's URL: right behind any proxy and prefix.
    pub(crate) fn links(&self, parameters: &Parameters, page: &Page) -> Vec<String> {
        let mut links = Vec::new();
        if self.cursor.is_some() {
            let query = parameters.without("cursor");
            links.push(format!("<?{query}>; rel=\"first\""));
        }
        for (cursor, relation) in [(&page.next, "next"), (&page.prev, "prev")] {
            if let Some(cursor) = cursor {
                let query = parameters.with("cursor", cursor);
                links.push(format!("<?{query}>; rel=\"{relation}\""));
            }
        }
        links
    }

    fn direction(&self) -> Direction {
        let cursor = self.cursor;
        cursor.map_or(Direction::Forward, |cursor| cursor.direction)
    }
}

/// The cursor's position moved so that the row that stands there is met again on the way back.
///
/// Wanted when a page is empty because all rows beyond have gone.
fn including(cursor: &Cursor, sort: &[SortKey]) -> Position {
    let descending = sort.last().is_some_and(|key| key.descending);
    let step = if descending == (cursor.direction == Direction::Forward) {
        -1
    } else {
        1
    };
    Position {
        values: cursor.position.values.clone(),
        rowno: cursor.position.rowno.saturating_add(step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_begins_at_the_row_itself() {
        let check = |direction, descending, expected| {
            let field = entity::definition::Field {
                name: "a".to_owned(),
                kind: Kind::Text,
                index: true,
                contains: false,
                rule: String::new(),
                values: Vec::new(),
                required: false,
            };
            let position = Position {
                values: Vec::new(),
                rowno: 5,
            };
            let cursor = Cursor {
                direction,
                position,
            };
            let sort = [SortKey { field, descending }];
            assert_eq!(including(&cursor, &sort).rowno, expected);
        };
        // On the way back from a forward walk `rowno < 6` still has the row 5.
        check(Direction::Forward, false, 6);
        check(Direction::Forward, true, 4);
        check(Direction::Backward, false, 4);
        check(Direction::Backward, true, 6);
    }
}
