//! What must not show: upstreams repeat keys in their errors and in their links.

use secrecy::{ExposeSecret, SecretString};

use crate::source::plan::{Auth, Plan, Segment, Source, Template};

/// Every secret that a request is made with.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn of(source: &Source, plan: &Plan) -> Self {
        let mut all: Vec<SecretString> = match &source.auth {
            Auth::None => Vec::new(),
            Auth::Header { value, .. } | Auth::Query { value, .. } => vec![value.clone()],
            Auth::Bearer { token } => vec![token.clone()],
            // Some upstreams take their key as a user's name.
            Auth::Basic { username, password } if password.expose_secret().is_empty() => {
                vec![username.clone().into()]
            }
            Auth::Basic { password, .. } => vec![password.clone()],
            Auth::Oauth2 { .. } | Auth::Login { .. } => Vec::new(),
        };
        let named = [&source.query, &source.headers, &plan.query, &plan.headers];
        let named = named.into_iter().flatten().map(|(_, template)| template);
        let segments = named.chain([&plan.path]).flat_map(|template| &template.0);
        all.extend(segments.filter_map(|segment| match segment {
            Segment::Secret(secret) => Some(secret.clone()),
            _ => None,
        }));
        all.retain(|secret| !secret.expose_secret().is_empty());
        Self(all)
    }

    /// `text` with stars in their place.
    pub fn hide(&self, text: &str) -> String {
        let hide =
            |text: String, secret: &SecretString| text.replace(secret.expose_secret(), "***");
        self.0.iter().fold(text.to_owned(), hide)
    }
}

/// The query parameters whose values hold a secret.
pub(super) fn parameters<'a>(
    source: &'a Source,
    plan: &'a Plan,
) -> impl Iterator<Item = &'a (String, Template)> {
    let is_secret = |segment: &Segment| matches!(segment, Segment::Secret(_));
    let all = source.query.iter().chain(&plan.query);
    all.filter(move |(_, template)| template.0.iter().any(is_secret))
}
