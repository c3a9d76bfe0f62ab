//! Asks through the engine's own fetch: the source's credential, budget and retries apply.

use std::collections::VecDeque;

use chrono::SecondsFormat;
use entity::run::Counts;
use secrecy::ExposeSecret;

use super::{InferError, answer::Answer, json::Json, step::Step, subject::Subject};
use crate::{
    Ctx, SyncError, decode,
    fetch::{self, Ask, Got, Page, page::At},
    probe,
    source::{
        self, Environment, File,
        plan::{Catalog, Format, Plan, Source, Values},
    },
};

/// Asks what a subject has, and counts the requests.
pub(crate) struct Asker<'a> {
    pub(crate) ctx: &'a Ctx,
    pub(crate) subject: &'a Subject,
    pub(crate) environment: &'a Environment<'a>,
    pub(crate) counts: Counts,
    /// Those of the parent that is asked for, then those of the next ones; one that are nobody's where there is none.
    values: VecDeque<Values>,
    /// How many parents were asked for.
    parents: usize,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(
        ctx: &'a Ctx,
        subject: &'a Subject,
        environment: &'a Environment<'a>,
    ) -> Self {
        Self {
            ctx,
            subject,
            environment,
            counts: Counts::default(),
            values: VecDeque::new(),
            parents: 0,
        }
    }

    /// The answer to `step`.
    pub(crate) async fn ask(&mut self, step: &Step) -> Result<Answer, InferError> {
        let catalog = self.catalog(step)?;
        let unknown = || InferError::Nothing("the definition has no such resource".to_owned());
        let source = catalog.sources.first().ok_or_else(unknown)?;
        let plan = source
            .resource(&self.subject.resource)
            .ok_or_else(unknown)?;
        if self.values.is_empty() {
            self.values = Box::pin(self.values(source, plan)).await?;
        }
        let values = self.values.front().cloned().unwrap_or_default();
        let at = match step {
            Step::Query(_) => fetch::page::first(&plan.page, source.is_folder()),
            Step::Url(url) => At::Url(url.clone()),
        };
        let ask = Ask {
            source,
            plan,
            values: &values,
            at: &at,
            known: None,
        };
        match Box::pin(fetch::page(self.ctx, ask, &mut self.counts)).await? {
            Got::Page(page) => Ok(answer(plan, &page)?),
            Got::NotModified(_) => Err(InferError::Nothing(
                "it says that nothing changed since an answer that it never gave".to_owned(),
            )),
        }
    }

    fn catalog(&self, step: &Step) -> Result<Catalog, InferError> {
        let definition = self.subject.asking(step);
        let file = File {
            path: format!("{} as it is asked", self.subject.path),
            text: definition.to_string(),
        };
        let given = &self.subject.secrets;
        let secret = |name: &str| match given.iter().find(|(known, _)| known == name) {
            Some((_, value)) => Ok(Some(value.expose_secret().into())),
            None => (self.environment.secret)(name),
        };
        let overrides = self.environment.overrides.iter();
        let overrides = overrides.filter(|(name, _)| **name == self.subject.source);
        let environment = Environment {
            secret: &secret,
            overrides: overrides
                .map(|(name, keys)| (name.clone(), keys.clone()))
                .collect(),
            enabled: None,
        };
        source::load(&[file], &environment).map_err(InferError::Faulty)
    }

    /// Goes on to the next parent, if there is one.
    pub(crate) fn next_parent(&mut self) -> bool {
        let is_there = self.values.len() > 1;
        if is_there {
            self.values.pop_front();
            self.parents += 1;
        }
        is_there
    }

    /// Why there is nothing, over all parents that were asked for.
    pub(crate) fn of_parents(&self, why: String) -> InferError {
        InferError::Nothing(match self.parents {
            0 => why,
            1 => format!("the only parent that was found has none: {why}"),
            count => format!("the first {count} parents have none: {why}"),
        })
    }

    /// The values of the request: those of the first parents, where there are some.
    async fn values(
        &mut self,
        source: &Source,
        plan: &Plan,
    ) -> Result<VecDeque<Values>, SyncError> {
        if let Some(for_each) = &plan.for_each {
            let of = (plan, for_each);
            let parents = probe::first_parents(self.ctx, source, of, &mut self.counts).await?;
            self.parents = 1;
            return Ok(parents.into_iter().map(|parent| parent.values).collect());
        }
        let now = self.ctx.clock.now();
        Ok(VecDeque::from([Values {
            run_started: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            ..Values::default()
        }]))
    }
}

fn answer(plan: &Plan, page: &Page) -> Result<Answer, SyncError> {
    let headers = page.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    let body = match (&page.body, plan.format) {
        (Some(body), Format::Json) => Json::parse(body).map_err(|error| SyncError::Decode {
            url: page.url.clone(),
            why: format!("it is not one JSON document: {error}"),
        })?,
        (Some(_), _) => lines(plan, page)?,
        (None, _) => Json::Array(Vec::new()),
    };
    Ok(Answer {
        url: page.url.clone(),
        headers: headers.collect(),
        link: page.link()?,
        body,
    })
}

/// The records of a body that has one a line; those that cannot be read tell nothing of the others.
fn lines(plan: &Plan, page: &Page) -> Result<Json, SyncError> {
    let records = decode::page(plan, page)?.records.into_iter();
    let records = records.filter_map(|record| Json::parse(record.ok()?.as_bytes()).ok());
    Ok(Json::Array(match plan.format {
        Format::Csv { .. } => records.map(Json::of_cells).collect(),
        _ => records.collect(),
    }))
}
