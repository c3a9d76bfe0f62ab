//! Asks through the engine's own fetch: the source's credential, budget and retries apply.

use chrono::SecondsFormat;
use entity::run::Counts;
use secrecy::ExposeSecret;

use super::{InferError, answer::Answer, json::Json, step::Step, subject::Subject};
use crate::{
    Ctx, SyncError,
    fetch::{self, Ask, Got, Page, page::At},
    probe,
    source::{
        self, Environment, File,
        plan::{Catalog, Plan, Source, Values},
    },
};

/// Asks what a subject has, and counts the requests.
pub(crate) struct Asker<'a> {
    pub(crate) ctx: &'a Ctx,
    pub(crate) subject: &'a Subject,
    pub(crate) environment: &'a Environment<'a>,
    pub(crate) counts: Counts,
    values: Option<Values>,
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
            values: None,
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
        let values = match &self.values {
            Some(values) => values.clone(),
            None => Box::pin(self.values(source, plan)).await?,
        };
        self.values = Some(values.clone());
        let at = match step {
            Step::Query(_) => fetch::page::first(&plan.page, source.is_local()),
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
            Got::Page(page) => Ok(answer(&page)?),
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

    /// The values of the request: those of the first parent, where there is one.
    async fn values(&mut self, source: &Source, plan: &Plan) -> Result<Values, SyncError> {
        if let Some(for_each) = &plan.for_each {
            let parent = probe::first_parent(self.ctx, source, (plan, for_each), &mut self.counts);
            return Ok(parent.await?.values);
        }
        let now = self.ctx.clock.now();
        Ok(Values {
            run_started: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            ..Values::default()
        })
    }
}

fn answer(page: &Page) -> Result<Answer, SyncError> {
    let headers = page.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    let body = match &page.body {
        Some(body) => Json::parse(body).map_err(|error| SyncError::Decode {
            url: page.url.clone(),
            why: format!("it is not one JSON document: {error}"),
        })?,
        None => Json::Array(Vec::new()),
    };
    Ok(Answer {
        url: page.url.clone(),
        headers: headers.collect(),
        link: page.link()?,
        body,
    })
}
