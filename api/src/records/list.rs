//! `GET /{source}/{resource}`: the rows of a resource, filtered, sorted, page by page.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use entity::{
    dialect::Reader,
    record::{self, ChildOf, Counted, Listed, ListedRow, Selection, Window},
};

use super::{
    binding::Binding,
    cursor::Cursor,
    embed::Embed,
    envelope::{self, Count, Page},
    history::{self, AS_OF},
    paging::{Paging, Read, cursor_of},
    query::{Counting, ListQuery, Shape},
};
use crate::{
    AppState,
    answers::{About, Answer, Body},
    identity::View,
    parameters::Parameters,
    path::Segments,
    problem::{Problem, both},
    registry::{Resource, Snapshot},
};

pub(crate) async fn list(
    State(state): State<AppState>,
    snapshot: View,
    Segments((source, name)): Segments<(String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let resource = snapshot.resource(&source, &name)?;
    let parameters = Parameters::decode(query.as_deref())?;
    if parameters.iter().any(|(name, _)| name == AS_OF) {
        return history::list(&state, resource, &parameters, &request).await;
    }
    let list = List::asked(&state, (&snapshot, resource), None, query.as_deref())?;
    list.answer(&state, &request).await
}

/// As far as `count=capped` counts.
pub(crate) const CAP: u64 = 10_000;

/// A list that was asked for, checked.
pub(super) struct List<'a> {
    pub(super) resource: &'a Arc<Resource>,
    /// The row of the parent resource whose children are listed.
    of: Option<Parent<'a>>,
    parameters: Parameters,
    pub(super) query: ListQuery,
    embed: Embed<'a>,
    binding: Binding,
    cursor: Option<Cursor>,
}

/// A row of a parent resource, by its key.
#[derive(Clone, Copy)]
pub(super) struct Parent<'a> {
    pub(super) resource: &'a Arc<Resource>,
    pub(super) key: &'a str,
}

impl<'a> List<'a> {
    /// Checks what is asked.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(super) fn asked(
        state: &AppState,
        (snapshot, resource): (&'a Snapshot, &'a Arc<Resource>),
        of: Option<Parent<'a>>,
        query: Option<&str>,
    ) -> Result<Self, Problem> {
        let parameters = Parameters::decode(query)?;
        let query =
            resource.asked(|definition| ListQuery::parse(definition, &parameters, &state.settings));
        let embed = Embed::asked(snapshot, resource, &parameters);
        let (mut query, embed) = both(query, embed)?;
        query.limit = embed.limit(query.limit);
        let binding = Binding::of_list(resource, of, &query);
        let cursor = cursor_of(&state.signer, &binding, &query)?;
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
        if self.query.explain {
            return self.explained(state).await;
        }
        let mut about = self.about();
        about.is_fresh_enough(state.clock.now())?;
        if let Some(response) = about.not_modified(state, request) {
            return Ok(response);
        }
        let reader = state.reader_within(self.query.timeout);
        self.find_parent(&reader).await?;
        let listed = self.rows(&reader).await?;
        let count = self.count(&reader).await?;
        let page = self.page(state, &listed);
        let rows = self.array(&reader, &listed).await?;
        let body = match self.query.shape {
            Shape::Array => Body::Bare(rows),
            Shape::Envelope => Body::Envelope(envelope::list(&rows, &page, count)?),
        };
        about.links = self.links(&page);
        about.total = count.filter(|count| count.exact).map(|count| count.value);
        Ok(Answer { about, body }.into_response())
    }

    /// Of a parent is told, too, that its row is there.
    fn about(&self) -> About {
        let parent = self.of.iter().map(|parent| parent.resource);
        let others = parent.chain(self.embed.resources()).cloned();
        let is_plain = self.query.filters.is_empty() && self.query.sort.is_empty();
        About {
            max_staleness: self.query.max_staleness,
            reads_fields: !is_plain || self.of.is_some() || !self.embed.is_nothing(),
            ..About::of_rows(self.resource, others.collect())
        }
    }

    pub(super) async fn find_parent(&self, reader: &Reader) -> Result<(), Problem> {
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
            return Ok(Listed::default());
        }
        Ok(record::list(reader, self.selection(), self.window()).await?)
    }

    /// The rows of the whole resource are counted already; others only if the caller wants to wait for it.
    async fn count(&self, reader: &Reader) -> Result<Option<Count>, Problem> {
        let counted = match self.query.count {
            _ if self.count_is_free() => {
                let value = self.resource.model.live_rows;
                return Ok(Some(Count { value, exact: true }));
            }
            Counting::None => return Ok(None),
            _ if !self.resource.has_table() => Counted::default(),
            Counting::Capped => record::count_up_to(reader, self.selection(), CAP).await?,
            Counting::Exact => Counted {
                value: record::count(reader, self.selection()).await?,
                exact: true,
            },
        };
        let value = i64::try_from(counted.value).unwrap_or(i64::MAX);
        let exact = counted.exact;
        Ok(Some(Count { value, exact }))
    }

    /// Whether it is known already.
    pub(super) fn count_is_free(&self) -> bool {
        self.query.filters.is_empty() && self.of.is_none()
    }

    fn page(&self, state: &AppState, listed: &Listed) -> Page {
        let position = |row: &ListedRow| row.position.clone();
        let read = Read {
            first: listed.rows.first().map(position),
            last: listed.rows.last().map(position),
            more: listed.more,
            end: listed.end.clone(),
        };
        self.paging().page(&state.signer, &read)
    }

    fn paging(&self) -> Paging<'_> {
        Paging {
            binding: &self.binding,
            cursor: self.cursor.as_ref(),
            query: &self.query,
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
        let mut links = self.paging().links(&self.parameters, page);
        let name = &self.resource.model.name;
        let up = self.up();
        links.push(format!("<{up}{name}/-/schema>; rel=\"describedby\""));
        links.push(format!("<{up}../../openapi.json>; rel=\"service-desc\""));
        links.join(", ")
    }

    pub(super) fn window(&self) -> Window<'_> {
        self.paging().window()
    }

    /// From the request's URL to that of the resource's list.
    fn up(&self) -> &'static str {
        if self.of.is_some() { "../../" } else { "" }
    }

    pub(super) fn selection(&self) -> Selection<'_> {
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
