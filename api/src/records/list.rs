//! `GET /{source}/{resource}`: the rows of a resource, filtered, sorted, page by page.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};
use entity::{
    definition::Kind,
    dialect::Reader,
    record::{self, ChildOf, Direction, Listed, Position, Selection, SortKey, Window},
};

use super::{
    binding::Binding,
    cursor::Cursor,
    embed::Embed,
    envelope::{self, Count, Meta, Page},
    query::{ListQuery, Shape},
    tag,
};
use crate::{
    AppState,
    caching::Caching,
    freshness,
    parameters::Parameters,
    path::Segments,
    problem::{Problem, both},
    registry::{Resource, Snapshot},
};

pub(crate) async fn list(
    State(state): State<AppState>,
    Segments((source, name)): Segments<(String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = state.registry.snapshot()?;
    let resource = snapshot.resource(&source, &name)?;
    let list = List::asked(&state, (&snapshot, resource), None, query.as_deref())?;
    list.answer(&state, &request).await
}

/// A list that was asked for, checked.
pub(super) struct List<'a> {
    resource: &'a Resource,
    /// The row of the parent resource whose children are listed.
    of: Option<Parent<'a>>,
    parameters: Parameters,
    query: ListQuery,
    embed: Embed<'a>,
    binding: Binding,
    cursor: Option<Cursor>,
}

/// A row of a parent resource, by its key.
#[derive(Clone, Copy)]
pub(super) struct Parent<'a> {
    pub(super) resource: &'a Resource,
    pub(super) key: &'a str,
}

impl<'a> List<'a> {
    /// Checks what is asked.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(super) fn asked(
        state: &AppState,
        (snapshot, resource): (&'a Snapshot, &'a Resource),
        of: Option<Parent<'a>>,
        query: Option<&str>,
    ) -> Result<Self, Problem> {
        let parameters = Parameters::decode(query)?;
        let query = ListQuery::parse(&resource.definition, &parameters, &state.settings);
        let embed = Embed::asked(snapshot, resource, &parameters);
        let (mut query, embed) = both(query, embed)?;
        query.limit = embed.limit(query.limit);
        let binding = Binding::of_list(resource, of, &query);
        let kinds: Vec<Kind> = query.sort.iter().map(|key| key.field.kind).collect();
        let cursor = match &query.cursor {
            None => None,
            Some(text) => {
                let cursor = state.signer.decode(text, &binding, &kinds);
                Some(cursor?)
            }
        };
        Ok(Self {
            resource,
            of,
            parameters,
            query,
            embed,
            binding,
            cursor,
        })
    }

    /// Asks the database, unless the client's copy is still good.
    pub(super) async fn answer(
        &self,
        state: &AppState,
        request: &HeaderMap,
    ) -> Result<Response, Problem> {
        let now = state.clock.now();
        let meta = Meta::of(self.resource, now);
        let model = &self.resource.model;
        let caching = Caching::of_rows(
            &self.tag(&meta),
            freshness::max_age(model, now),
            model.changed_at,
        );
        if let Some(response) = caching.not_modified(request) {
            return Ok(response);
        }
        let reader = state.reader();
        self.find_parent(&reader).await?;
        let listed = self.rows(&reader).await?;
        let count = self.count(&reader).await?;
        let page = self.page(state, &listed);
        let rows = self.array(&reader, &listed).await?;
        let body = match self.query.shape {
            Shape::Array => rows,
            Shape::Envelope => envelope::list(&rows, &page, count, &meta)?,
        };
        let mut response = envelope::answer(body, &meta, &caching, &self.links(&page));
        if let Some(count) = count {
            let total = HeaderName::from_static("x-total-count");
            let value = HeaderValue::from(count.value);
            response.headers_mut().insert(total, value);
        }
        Ok(response)
    }

    /// Moves with the rows; with the parent's too, whose row may go, and with those that are embedded.
    fn tag(&self, meta: &Meta<'_>) -> String {
        let mut tag = tag::of_rows(self.resource, meta);
        let parent = self.of.iter().map(|parent| parent.resource);
        for other in parent.chain(self.embed.resources()) {
            tag.push('.');
            tag.push_str(&tag::version(other));
        }
        tag
    }

    async fn find_parent(&self, reader: &Reader) -> Result<(), Problem> {
        let Some(parent) = self.of else {
            return Ok(());
        };
        let table = &parent.resource.definition.table;
        let found =
            parent.resource.has_table() && record::exists(reader, table, parent.key).await?;
        if found {
            Ok(())
        } else {
            Err(super::one::no_record(parent.resource, parent.key))
        }
    }

    async fn rows(&self, reader: &Reader) -> Result<Listed, Problem> {
        if !self.resource.has_table() {
            let (rows, more) = (Vec::new(), false);
            return Ok(Listed { rows, more });
        }
        let window = Window {
            sort: &self.query.sort,
            from: self.cursor.as_ref().map(|cursor| &cursor.position),
            direction: self.direction(),
            limit: self.query.limit,
        };
        Ok(record::list(reader, self.selection(), window).await?)
    }

    /// The rows of the whole resource are counted already; others only if the caller wants to wait for it.
    async fn count(&self, reader: &Reader) -> Result<Option<Count>, Problem> {
        let exact = |value| Some(Count { value, exact: true });
        if self.query.filters.is_empty() && self.of.is_none() {
            return Ok(exact(self.resource.model.live_rows));
        }
        if !self.query.count_exactly {
            return Ok(None);
        }
        if !self.resource.has_table() {
            return Ok(exact(0));
        }
        let counted = record::count(reader, self.selection()).await?;
        Ok(exact(i64::try_from(counted).unwrap_or(i64::MAX)))
    }

    fn page(&self, state: &AppState, listed: &Listed) -> Page {
        let came_from = self.cursor.is_some();
        let (has_next, has_prev) = match self.direction() {
            Direction::Forward => (listed.more, came_from),
            Direction::Backward => (came_from, listed.more),
        };
        let edge = |direction| {
            let row = match direction {
                Direction::Forward => listed.rows.last(),
                Direction::Backward => listed.rows.first(),
            };
            let position = match (row, &self.cursor) {
                (Some(row), _) => Some(row.position.clone()),
                (None, Some(cursor)) => Some(including(cursor, &self.query.sort)),
                (None, None) => None,
            };
            position.map(|position| {
                let cursor = Cursor {
                    direction,
                    position,
                };
                state.signer.encode(&self.binding, &cursor)
            })
        };
        Page {
            limit: self.query.limit,
            next: has_next.then(|| edge(Direction::Forward)).flatten(),
            prev: has_prev.then(|| edge(Direction::Backward)).flatten(),
        }
    }

    async fn array(&self, reader: &Reader, listed: &Listed) -> Result<String, Problem> {
        let wanted = self.query.fields.as_deref();
        let wanted = wanted.map(|names| super::one::with_key(self.resource, names));
        let wanted = wanted.as_deref();
        if self.embed.is_nothing() {
            let payloads = listed.rows.iter().map(|row| row.payload.as_str());
            return envelope::array(payloads, wanted);
        }
        let rownos: Vec<i64> = listed.rows.iter().map(|row| row.position.rowno).collect();
        let table = &self.resource.definition.table;
        let rows = record::numbered(reader, table, &rownos).await?;
        let base = format!("{}{}/", self.up(), self.resource.model.name);
        let rows = self.embed.records(reader, rows, (&base, wanted)).await?;
        envelope::array(rows.iter().map(String::as_str), None)
    }

    /// References relative to the request's URL: right behind any proxy and prefix.
    fn links(&self, page: &Page) -> String {
        let mut links = Vec::new();
        for (cursor, relation) in [(&page.next, "next"), (&page.prev, "prev")] {
            if let Some(cursor) = cursor {
                let query = self.parameters.with("cursor", cursor);
                links.push(format!("<?{query}>; rel=\"{relation}\""));
            }
        }
        let name = &self.resource.model.name;
        let up = self.up();
        links.push(format!("<{up}{name}/-/schema>; rel=\"describedby\""));
        links.push(format!("<{up}../../openapi.json>; rel=\"service-desc\""));
        links.join(", ")
    }

    /// From the request's URL to that of the resource's list.
    fn up(&self) -> &'static str {
        if self.of.is_some() { "../../" } else { "" }
    }

    fn direction(&self) -> Direction {
        let cursor = self.cursor.as_ref();
        cursor.map_or(Direction::Forward, |cursor| cursor.direction)
    }

    fn selection(&self) -> Selection<'_> {
        Selection {
            definition: &self.resource.definition,
            filters: &self.query.filters,
            of: self.of.map(|parent| ChildOf {
                parent: &parent.resource.definition,
                record_key: parent.key,
            }),
        }
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
