//! The `[source.auth]` table: how requests prove who sends them.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    address, body,
    fault::Wrong,
    plan::{Auth, Grant, JsonTemplate, Method, Template},
    pointing,
    report::Report,
    request,
    spec::{AuthSpec, MethodSpec},
    template::{self, Resolved, Scope, Secrets},
    upstream,
};

/// How requests prove who sends them.
pub(crate) fn auth(
    report: &mut Report<'_>,
    spec: Option<&AuthSpec>,
    secrets: &Secrets<'_>,
) -> Auth {
    let mut reader = Reader {
        optional: spec.is_some_and(is_optional),
        report,
        secrets,
    };
    spec.and_then(|spec| reader.read(spec))
        .unwrap_or(Auth::None)
}

fn is_optional(spec: &AuthSpec) -> bool {
    match spec {
        AuthSpec::None {} => false,
        AuthSpec::Header { optional, .. }
        | AuthSpec::Query { optional, .. }
        | AuthSpec::Basic { optional, .. }
        | AuthSpec::Bearer { optional, .. }
        | AuthSpec::Oauth2 { optional, .. }
        | AuthSpec::Login { optional, .. } => *optional,
    }
}

/// Reads the keys of one kind.
struct Reader<'r, 'a, 's> {
    report: &'r mut Report<'a>,
    secrets: &'s Secrets<'s>,
    /// Whether requests go out without it where a secret is missing.
    optional: bool,
}

impl Reader<'_, '_, '_> {
    /// `None`: it cannot be read, or a secret that may be missing is.
    fn read(&mut self, spec: &AuthSpec) -> Option<Auth> {
        match spec {
            AuthSpec::None {} => None,
            AuthSpec::Header { name, value, .. } => {
                let value = self.secret("value", value);
                let name = self.ok("name", upstream::header_name(name));
                name.zip(value)
                    .map(|(name, value)| Auth::Header { name, value })
            }
            AuthSpec::Query { name, value, .. } => {
                let name = name.clone();
                self.secret("value", value)
                    .map(|value| Auth::Query { name, value })
            }
            AuthSpec::Basic {
                username, password, ..
            } => {
                let username = self.secret("username", username);
                let both = username.zip(self.secret("password", password));
                both.map(|(username, password)| Auth::Basic {
                    username: username.expose_secret().to_owned(),
                    password,
                })
            }
            AuthSpec::Bearer { token, .. } => self
                .secret("token", token)
                .map(|token| Auth::Bearer { token }),
            AuthSpec::Oauth2 { .. } => self.oauth2(spec),
            AuthSpec::Login { .. } => self.login(spec),
        }
    }

    fn oauth2(&mut self, spec: &AuthSpec) -> Option<Auth> {
        let AuthSpec::Oauth2 {
            token_url,
            client_id,
            client_secret,
            refresh_token,
            scope,
            ..
        } = spec
        else {
            return None;
        };
        let token_url = self.ok("token_url", token_address(token_url));
        let client_id = self.secret("client_id", client_id);
        let client_secret = self.secret("client_secret", client_secret);
        let grant = match refresh_token {
            None => Some(Grant::ClientCredentials),
            Some(text) => self
                .secret("refresh_token", text)
                .map(|token| Grant::RefreshToken {
                    token,
                    file: template::secret_file(text),
                }),
        };
        Some(Auth::Oauth2 {
            token_url: token_url?,
            client_id: client_id?,
            client_secret: client_secret?,
            grant: grant?,
            scope: scope.clone(),
        })
    }

    fn login(&mut self, spec: &AuthSpec) -> Option<Auth> {
        let AuthSpec::Login {
            path,
            method,
            body,
            token,
            header,
            prefix,
            ..
        } = spec
        else {
            return None;
        };
        let texts = body.iter().flat_map(body::texts).chain([path.as_str()]);
        if self.optional
            && texts
                .into_iter()
                .any(|text| template::lacks_secret(text, self.secrets))
        {
            return None;
        }
        let path = self.login_path(path);
        let method = request::method(*method, MethodSpec::Post);
        let body = self.login_body(method);
        let token = self.ok("token", pointing::place(token));
        let header = header.as_deref().unwrap_or("authorization");
        let header = self.ok("header", upstream::header_name(header));
        let usual = if header.as_deref() == Some("authorization") {
            "Bearer "
        } else {
            ""
        };
        let prefix = prefix.as_deref().unwrap_or(usual);
        let prefix = self.ok("prefix", upstream::header_value(prefix));
        Some(Auth::Login {
            path: path?,
            method,
            body,
            token: token?,
            header: header?,
            prefix: prefix?.to_owned(),
        })
    }

    fn login_path(&mut self, path: &str) -> Option<Template> {
        let checked = request::check_path(path)
            .and_then(|()| template::template(path, &Scope::of_source(self.secrets)));
        self.ok("path", checked)
    }

    fn login_body(&mut self, method: Method) -> Option<JsonTemplate> {
        let node = self.report.root.get("auth")?.get("body")?;
        if method == Method::Get {
            self.report.wrong(&["auth", "body"], request::no_body());
            return None;
        }
        let scope = Scope::of_source(self.secrets);
        Some(body::body(self.report, node, &scope))
    }

    /// A text with secrets; `None`: it is faulty, or one of them is missing and may be.
    fn secret(&mut self, key: &str, text: &str) -> Option<SecretString> {
        let resolved =
            template::secret_text(text, self.secrets).and_then(|resolved| match resolved {
                Resolved::Known(secret) if secret.expose_secret().chars().any(char::is_control) => {
                    Err(Wrong::new(
                        "the secret holds a line break or another control character",
                    ))
                }
                Resolved::Known(secret) => Ok(Some(secret)),
                Resolved::Missing(_) if self.optional => Ok(None),
                Resolved::Missing(wrong) => Err(wrong),
            });
        self.ok(key, resolved).flatten()
    }

    fn ok<T>(&mut self, key: &str, result: Result<T, Wrong>) -> Option<T> {
        self.report.ok(&["auth", key], result)
    }
}

fn token_address(text: &str) -> Result<Url, Wrong> {
    const ACCEPTED: &str = "http://… or https://… with a host: https://id.example.com/oauth/token";
    if template::has_secret(text) {
        return Err(Wrong::accepts(
            "secrets cannot stand in it, because it is shown",
            "secrets in client_id, client_secret and refresh_token",
        ));
    }
    address::web(text, ACCEPTED)
}
