//! A token from a request of the definition's own, as upstreams with a login of theirs have it.

use reqwest::{
    RequestBuilder,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use secrecy::SecretString;
use serde_json::value::RawValue;
use url::Url;

use super::{Given, Reply, exchange};
use crate::{
    Ctx, decode,
    error::SyncError,
    fetch::{
        answer::beginning,
        request,
        secrets::{Secrets, in_template},
        session::Session,
        target::percent_encoded,
    },
    source::plan::{Auth, JsonTemplate, Method, Place, Source, Template, Values},
};

/// How to get a token.
#[derive(Debug)]
pub(super) struct Login {
    base_url: Url,
    path: Template,
    method: Method,
    body: Option<JsonTemplate>,
    token: Place,
    /// Those of every request of the source.
    headers: Vec<(String, Template)>,
    query: Vec<(String, Template)>,
    secrets: Secrets,
}

impl Login {
    /// `None`: the source authenticates in another way.
    pub(super) fn of(source: &Source) -> Option<Self> {
        let Auth::Login {
            path,
            method,
            body,
            token,
            ..
        } = &source.auth
        else {
            return None;
        };
        let named = source.headers.iter().chain(&source.query);
        let templates = named.map(|(_, template)| template).chain([path]);
        let in_body = body.iter().flat_map(JsonTemplate::templates);
        let secrets = templates.chain(in_body).flat_map(in_template);
        Some(Self {
            base_url: source.base_url.clone(),
            path: path.clone(),
            method: *method,
            body: body.clone(),
            token: token.clone(),
            headers: source.headers.clone(),
            query: source.query.clone(),
            secrets: Secrets::default().and(secrets),
        })
    }

    pub(super) async fn ask(&self, ctx: &Ctx, session: &Session) -> Result<Given, SyncError> {
        let values = Values {
            run_started: ctx.clock.now().to_rfc3339(),
            ..Values::default()
        };
        let request = self.request(session, &values)?;
        let reply = exchange(ctx, session, request).await?;
        if !reply.status.is_success() {
            return Err(SyncError::Status {
                said: beginning(&reply.body, &self.secrets),
                status: reply.status.as_u16(),
                url: reply.url,
            });
        }
        let token = self.found(&reply).ok_or_else(|| SyncError::Decode {
            url: reply.url.clone(),
            why: format!("there is no token at {}, where auth.token says", self.token),
        })?;
        Ok(Given { token, life: None })
    }

    fn request(
        &self,
        session: &Session,
        values: &Values,
    ) -> Result<(String, RequestBuilder), SyncError> {
        let base = self.base_url.as_str().trim_end_matches('/');
        let path = self.path.fill(values, percent_encoded);
        let unaskable = |why: String| SyncError::Unaskable {
            url: format!("{base}{}", self.secrets.hide(&path)),
            why,
        };
        let mut url = Url::parse(&format!("{base}{path}"))
            .map_err(|why| unaskable(format!("auth.path makes no URL: {why}")))?;
        let shown = self.secrets.hide(url.as_str());
        if !self.query.is_empty() {
            let pairs = self.query.iter();
            let pairs = pairs.map(|(name, value)| (name, value.fill(values, str::to_owned)));
            url.query_pairs_mut().extend_pairs(pairs);
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if self.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request::fill(&mut headers, &self.headers, values).map_err(unaskable)?;
        let mut request = match self.method {
            Method::Get => session.http.get(url),
            Method::Post => session.http.post(url),
        };
        request = request.headers(headers);
        if let Some(body) = &self.body {
            request = request.body(body.fill(values).to_string());
        }
        Ok((shown, request))
    }

    fn found(&self, reply: &Reply) -> Option<SecretString> {
        let text = match &self.token {
            Place::Header(name) => reply.headers.get(name)?.to_str().ok()?.to_owned(),
            Place::Body(pointer) => {
                let root: &RawValue = serde_json::from_slice(&reply.body).ok()?;
                let found = decode::at(root, pointer)?.get();
                // Some give out a number.
                serde_json::from_str(found).unwrap_or_else(|_| found.to_owned())
            }
            Place::Last(_) => return None,
        };
        let is_one = !text.is_empty() && text != "null" && !text.starts_with(['{', '[']);
        is_one.then(|| text.into())
    }
}
