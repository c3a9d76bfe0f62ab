//! What must not show: upstreams repeat keys in their errors and in their links.

use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::byte_serialize;

use crate::source::plan::{Auth, Grant, JsonTemplate, Plan, Segment, Source, Template};

/// Every secret that a request is made with, in each form that an answer may repeat it in; the longest first, so that
/// none is hidden by a part of it.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn of(source: &Source, plan: &Plan) -> Self {
        let named = source.query.iter().chain(&source.headers);
        let named = named.chain(&plan.query).chain(&plan.headers);
        let mut templates: Vec<&Template> = named.map(|(_, template)| template).collect();
        templates.push(&plan.path);
        templates.extend(plan.body.iter().flat_map(JsonTemplate::templates));
        if let Auth::Login { path, body, .. } = &source.auth {
            templates.push(path);
            templates.extend(body.iter().flat_map(JsonTemplate::templates));
        }
        let in_templates = templates.into_iter().flat_map(in_template);
        let credentials = in_auth(&source.auth).into_iter().chain(&source.proxy);
        Self::default().and(in_templates.chain(credentials))
    }

    /// These, and `more`.
    pub(super) fn and<'a>(mut self, more: impl IntoIterator<Item = &'a SecretString>) -> Self {
        for secret in more {
            let plain = secret.expose_secret();
            let quoted = serde_json::Value::from(plain).to_string();
            let forms = [
                plain.to_owned(),
                byte_serialize(plain.as_bytes()).collect(),
                quoted.trim_matches('"').to_owned(),
            ];
            let forms = forms.into_iter().filter(|form| !form.is_empty());
            self.0.extend(forms.map(SecretString::from));
        }
        self.0
            .sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        self.0
            .dedup_by(|a, b| a.expose_secret() == b.expose_secret());
        self
    }

    /// `text` with stars in their place.
    pub fn hide(&self, text: &str) -> String {
        let hide =
            |text: String, secret: &SecretString| text.replace(secret.expose_secret(), "***");
        self.0.iter().fold(text.to_owned(), hide)
    }

    pub(super) fn are_in(&self, text: &str) -> bool {
        let mut all = self.0.iter();
        all.any(|secret| text.contains(secret.expose_secret()))
    }
}

/// The query parameters whose values hold a secret.
pub(super) fn parameters<'a>(
    source: &'a Source,
    plan: &'a Plan,
) -> impl Iterator<Item = &'a (String, Template)> {
    let all = source.query.iter().chain(&plan.query);
    all.filter(move |(_, template)| in_template(template).next().is_some())
}

pub(super) fn in_template(template: &Template) -> impl Iterator<Item = &SecretString> {
    template.0.iter().filter_map(|segment| match segment {
        Segment::Secret(secret) => Some(secret),
        _ => None,
    })
}

fn in_auth(auth: &Auth) -> Vec<&SecretString> {
    match auth {
        Auth::None | Auth::Login { .. } => Vec::new(),
        Auth::Header { value, .. } | Auth::Query { value, .. } => vec![value],
        Auth::Bearer { token } => vec![token],
        // A user's name that stands alone is hidden by its proof.
        Auth::Basic { password, .. } => vec![password],
        Auth::Oauth2 {
            client_id,
            client_secret,
            grant,
            ..
        } => match grant {
            Grant::ClientCredentials => vec![client_id, client_secret],
            Grant::RefreshToken { token, .. } => vec![client_id, client_secret, token],
        },
    }
}
