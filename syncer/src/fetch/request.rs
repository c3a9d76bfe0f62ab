//! The request for a page: what is sent where, and what is sent on when the upstream redirects.

use bytes::Bytes;
use reqwest::{
    Client, RequestBuilder,
    header::{
        ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    },
};
use serde_json::{Map, Value};

use super::{
    Ask, page,
    proof::Proof,
    secrets::Secrets,
    target::{self, Target},
};
use crate::{
    error::SyncError,
    source::plan::{Format, Method, Plan, Template, Values, Within},
};

/// A request for a page, as it is now: redirects change it.
pub(super) struct Call<'a> {
    ask: Ask<'a>,
    proof: &'a Proof,
    secrets: &'a Secrets,
    method: Method,
    pub(super) target: Target,
}

impl<'a> Call<'a> {
    /// # Errors
    /// There is no such place: see [`target::target`].
    pub(super) fn new(
        ask: Ask<'a>,
        proof: &'a Proof,
        secrets: &'a Secrets,
    ) -> Result<Self, SyncError> {
        Ok(Self {
            ask,
            proof,
            secrets,
            method: ask.plan.method,
            target: target::target(ask, secrets)?,
        })
    }

    /// Goes on to where an answer with `status` redirects.
    ///
    /// Only a 303 makes a GET of a POST: the other statuses allow to keep it, and a search that silently became a GET
    /// would answer with something else.
    ///
    /// # Errors
    /// It is no place that a request may be sent on to.
    pub(super) fn redirect(&mut self, status: u16, location: &str) -> Result<(), SyncError> {
        if status == 303 {
            self.method = Method::Get;
        }
        let from = (&self.target, location);
        self.target = target::redirected(self.ask, from, self.method, self.secrets)?;
        Ok(())
    }

    /// Whether a 304 would be an answer to it.
    pub(super) fn is_conditional(&self) -> bool {
        self.method == Method::Get
            && self
                .ask
                .known
                .is_some_and(|known| known.etag.is_some() || known.last_modified.is_some())
    }

    /// The request. Another origin than the source's gets nothing of what the definition says.
    ///
    /// # Errors
    /// A value cannot stand where the definition puts it.
    pub(super) fn request(&self, http: &Client) -> Result<RequestBuilder, SyncError> {
        let Ask { plan, values, .. } = self.ask;
        let unaskable = |why: String| SyncError::Unaskable {
            url: self.target.shown.clone(),
            why,
        };
        let mut headers = HeaderMap::from_iter([(ACCEPT, accepted(plan.format))]);
        self.validators(&mut headers);
        let url = self.target.url.clone();
        if !self.target.is_own {
            return Ok(http.get(url).headers(headers));
        }
        let url = self.proof.on(url);
        let mut request = match self.method {
            Method::Get => http.get(url),
            Method::Post => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                http.post(url).body(body(self.ask).map_err(unaskable)?)
            }
        };
        // The definition's word goes before ours, and the resource's before its source's.
        fill(&mut headers, &self.ask.source.headers, values).map_err(unaskable)?;
        fill(&mut headers, &plan.headers, values).map_err(unaskable)?;
        request = request.headers(headers);
        Ok(match self.proof {
            Proof::Header(name, value) => request.header(name, value),
            Proof::Nothing | Proof::Query(..) => request,
        })
    }

    fn validators(&self, headers: &mut HeaderMap) {
        let Some(known) = self.ask.known.filter(|_| self.is_conditional()) else {
            return;
        };
        let pairs = [
            (IF_NONE_MATCH, &known.etag),
            (IF_MODIFIED_SINCE, &known.last_modified),
        ];
        for (name, text) in pairs {
            if let Some(value) = text
                .as_ref()
                .and_then(|text| HeaderValue::try_from(text).ok())
            {
                headers.insert(name, value);
            }
        }
    }
}

/// Sets `templates`, filled, in `headers`.
///
/// # Errors
/// A value cannot stand in a header.
pub(super) fn fill(
    headers: &mut HeaderMap,
    templates: &[(String, Template)],
    values: &Values,
) -> Result<(), String> {
    for (name, template) in templates {
        let value = HeaderValue::try_from(template.fill(values, str::to_owned));
        let header = HeaderName::try_from(name).ok().zip(value.ok());
        let (key, value) = header.ok_or_else(|| {
            format!("the value of header `{name}` has characters that no header may have")
        })?;
        headers.insert(key, value);
    }
    Ok(())
}

fn accepted(format: Format) -> HeaderValue {
    HeaderValue::from_static(match format {
        Format::Json => "application/json",
        Format::Ndjson => "application/x-ndjson, application/json;q=0.9, */*;q=0.5",
        Format::Csv { .. } => "text/csv, text/plain;q=0.9, */*;q=0.5",
    })
}

fn body(ask: Ask<'_>) -> Result<Bytes, String> {
    let template = ask.plan.body.as_ref();
    let mut body = template.map_or_else(
        || Value::Object(Map::new()),
        |template| template.fill(ask.values),
    );
    for (param, value) in page::parameters(&ask.plan.page, ask.at) {
        if let Within::Body(pointer) = &param.within {
            *member(&mut body, &pointer.0).ok_or_else(|| misplaced(ask.plan, &param.name))? = value;
        }
    }
    Ok(body.to_string().into())
}

/// The place at `tokens` below `value`, made where there is none yet.
fn member<'v>(value: &'v mut Value, tokens: &[String]) -> Option<&'v mut Value> {
    tokens.iter().try_fold(value, |value, token| {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        match value {
            Value::Object(members) => Some(members.entry(token).or_insert(Value::Null)),
            Value::Array(items) => items.get_mut(token.parse::<usize>().ok()?),
            _ => None,
        }
    })
}

fn misplaced(plan: &Plan, name: &str) -> String {
    format!(
        "the body of `{}` has no room for `{name}`: what it stands in is neither object nor array",
        plan.name
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_parameter_finds_its_place_in_a_body() {
        let check = |mut body: Value, place: &str, expected: Option<Value>| {
            let tokens: Vec<_> = place.split('/').map(str::to_owned).collect();
            let placed = member(&mut body, &tokens).map(|member| *member = json!(7));
            assert_eq!(placed.map(|()| body), expected, "{place}");
        };
        check(json!({}), "page", Some(json!({"page": 7})));
        check(
            json!({"page": 1, "a": 2}),
            "page",
            Some(json!({"page": 7, "a": 2})),
        );
        check(json!({}), "a/b", Some(json!({"a": {"b": 7}})));
        check(
            json!({"a": [{"b": 1}]}),
            "a/0/b",
            Some(json!({"a": [{"b": 7}]})),
        );
        check(json!({"a": []}), "a/0", None);
        check(json!({"a": "x"}), "a/b", None);
    }
}
