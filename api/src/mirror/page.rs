//! The page that is asked for, with what the upstream tells beside its records.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, header::CONTENT_TYPE};
use entity::{
    definition::face::{Format, PageWay, Spot},
    dialect::Reader,
    record::{self, Direction, Filter, Position, Selection},
};

use super::{
    asked::{self, At},
    body,
    found::Found,
    names::token_name,
    rows::{Finder, Rows},
};
use crate::{
    AppState,
    answers::About,
    fault::{Code, Fault},
    parameters::Parameters,
    problem::Problem,
    records::{Binding, Cursor},
    registry::{Resource, Snapshot},
};

/// The page that is asked for.
pub(super) struct Page<'a> {
    state: &'a AppState,
    reader: Reader,
    found: Found<'a>,
    link: Link<'a>,
    /// Whose our tokens are.
    binding: Binding,
}

/// What a link to the next page is made of.
pub(super) struct Link<'a> {
    pub(super) origin: String,
    pub(super) path: &'a str,
    pub(super) parameters: &'a Parameters,
}

impl<'a> Found<'a> {
    /// The resource whose rows say which of these are asked for.
    pub(super) fn parent(&self, snapshot: &'a Snapshot) -> Option<&'a Arc<Resource>> {
        let relation = self.resource.definition.parent.as_ref()?;
        let mut of_source = snapshot.of_source(&self.resource.source);
        of_source.find(|resource| resource.model.name == relation.resource)
    }
}

impl<'a> Page<'a> {
    pub(super) fn of(state: &'a AppState, found: Found<'a>, link: Link<'a>) -> Self {
        Self {
            state,
            reader: state.reader(),
            binding: Binding::of_mirrored(found.resource, &found.asked.filters),
            found,
            link,
        }
    }

    /// Its body; `about` gets its headers.
    ///
    /// # Errors
    /// There is no such parent or record, the token is not ours, or the database does not answer.
    pub(super) async fn body(
        &self,
        parent: Option<&Arc<Resource>>,
        about: &mut About,
    ) -> Result<String, Problem> {
        let from = self.from()?;
        if let Some(parent) = parent {
            self.find_parent(parent).await?;
        }
        let list = format!("{} {:?}", about.tag, self.binding);
        let finder = Finder {
            reader: &self.reader,
            resource: self.found.resource,
            asked: &self.found.asked,
            places: &self.state.places,
            list: &list,
        };
        let rows = finder.rows(from).await?;
        let shape = self.found.shape;
        if rows.payloads.is_empty() && shape.format == Format::Single {
            let name = &self.found.resource.model.name;
            let detail = format!("there is no record of `{name}` at this path");
            let fault = Fault::new("path", Code::UnknownRecord, detail);
            return Err(Problem::not_found(fault));
        }
        let told = self.told(&rows, finder.selection()).await?;
        self.headers(about, &told, &rows);
        let copies = self.found.resource.definition.parent.iter();
        let copies = copies.flat_map(|parent| &parent.copy);
        let copied: Vec<&str> = copies.map(|(own, _)| own.as_str()).collect();
        Ok(body::body(shape, &rows.payloads, (&copied, &told)))
    }

    /// The place that the request names, if it does not name it by a number.
    fn from(&self) -> Result<Option<Position>, Problem> {
        let asked = &self.found.asked;
        match &asked.at {
            At::Start | At::Behind(_) => Ok(None),
            At::Token(token) => {
                let kinds: Vec<_> = asked.sort.iter().map(|key| key.field.kind).collect();
                let cursor = self.state.signer.decode(token, &self.binding, &kinds);
                Ok(Some(cursor?.position))
            }
            At::Value(text) => {
                let value = asked.sort.first().map(|key| key.field.kind.parse(text));
                match value {
                    Some(Ok(value)) => Ok(Some(Position {
                        values: vec![value],
                        rowno: i64::MAX,
                    })),
                    _ => {
                        let (name, way) = self.way();
                        let detail = format!("`{text}` is no value of `{way}`");
                        let fault = Fault::new(name, Code::InvalidValue, detail);
                        Err(Problem::refused(vec![fault]))
                    }
                }
            }
        }
    }

    fn way(&self) -> (&str, &str) {
        match &self.found.shape.pages.way {
            PageWay::Last { param, field } => (param, field),
            _ => ("", ""),
        }
    }

    /// Checks that there is the row of the parent whose records are asked for.
    async fn find_parent(&self, parent: &Resource) -> Result<(), Problem> {
        let own = self.found.resource.definition.parent.as_ref();
        let Some(own) = own.filter(|_| parent.has_table()) else {
            return Ok(());
        };
        let values = self.found.asked.parents.iter().filter_map(|(name, value)| {
            let (_, copied) = own.copy.iter().find(|(copy, _)| copy == name)?;
            let field = parent
                .definition
                .field(copied)
                .filter(|field| field.index)?;
            Some(asked::of_parent(field, value))
        });
        let filters: Vec<Filter> = values.collect();
        if filters.is_empty() {
            return Ok(());
        }
        let selection = Selection {
            definition: &parent.definition,
            filters: &filters,
            of: None,
        };
        if record::count_up_to(&self.reader, selection, 1).await?.value > 0 {
            return Ok(());
        }
        let values = self.found.asked.parents.iter();
        let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
        let detail = format!(
            "`{}` has no record `{}`, whose `{}` are asked for",
            parent.model.name,
            values.join(","),
            self.found.resource.model.name
        );
        let fault = Fault::new("path", Code::UnknownRecord, detail);
        Err(Problem::not_found(fault))
    }

    /// What is told beside the records, each with its place.
    async fn told(
        &self,
        rows: &Rows,
        selection: Selection<'_>,
    ) -> Result<Vec<(&Spot, String)>, Problem> {
        let pages = &self.found.shape.pages;
        let mut told = Vec::new();
        match &pages.way {
            PageWay::Token { next, .. } => {
                told.push((next, body::text(self.token(rows).as_deref())));
            }
            PageWay::Url { next } => told.push((next, body::text(self.url(rows).as_deref()))),
            _ => {}
        }
        if let Some(spot) = &pages.more {
            told.push((spot, rows.more.to_string()));
        }
        if let Some(spot) = &pages.total {
            let total = match selection.filters {
                [] => self.found.resource.model.live_rows.unsigned_abs(),
                _ => record::count(&self.reader, selection).await?,
            };
            told.push((spot, total.to_string()));
        }
        Ok(told)
    }

    fn headers(&self, about: &mut About, told: &[(&Spot, String)], rows: &Rows) {
        let shape = self.found.shape;
        if shape.pages.way == PageWay::Link
            && let Some(url) = self.url(rows)
        {
            about.links = format!("<{url}>; rel=\"next\"");
        }
        let kind = HeaderValue::from_static(body::media_type(&shape.format));
        about.headers.insert(CONTENT_TYPE, kind);
        for (spot, value) in told {
            let Spot::Header(name) = spot else {
                continue;
            };
            let plain = serde_json::from_str::<String>(value);
            let plain = plain.as_deref().unwrap_or(value);
            let name = HeaderName::from_bytes(name.as_bytes()).ok();
            let value = HeaderValue::from_str(plain)
                .ok()
                .filter(|_| value != "null");
            if let Some((name, value)) = name.zip(value) {
                about.headers.insert(name, value);
            }
        }
    }

    /// What leads on to the next page; `None`: this is the last one.
    fn token(&self, rows: &Rows) -> Option<String> {
        let position = rows.end.clone().filter(|_| rows.more)?;
        let cursor = Cursor {
            direction: Direction::Forward,
            position,
        };
        Some(self.state.signer.encode(&self.binding, &cursor))
    }

    fn url(&self, rows: &Rows) -> Option<String> {
        let token = self.token(rows)?;
        let shape = self.found.shape;
        let is_credential = |name: &str| shape.credentials.iter().any(|own| own == name);
        let parameters = self.link.parameters.only(|name| !is_credential(name));
        let query = parameters.with(&token_name(shape), &token);
        let Link { origin, path, .. } = &self.link;
        Some(format!("{origin}{path}?{query}"))
    }
}
