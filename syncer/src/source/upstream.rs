//! The `[source]` table: where the upstream is, how requests are made and how many of them.

use std::{collections::BTreeMap, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    fault::Wrong,
    names, notation,
    plan::{Auth, Limits, Place, Retry, Source, Template},
    report::Report,
    schedule::Schedule,
    spec::{AuthSpec, LimitsSpec, RetrySpec, Scalar, SourceSpec},
    template::{self, Resolved, Secrets},
    unsupported,
};

/// Headers that belong to the connection: the client sets them.
const OWN_HEADERS: [&str; 5] = [
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
];

/// The source, without resources yet.
pub(crate) fn source(
    report: &mut Report<'_>,
    spec: &SourceSpec,
    secrets: &Secrets<'_>,
) -> Option<Source> {
    unsupported::source(report, spec);
    report.ok(&["name"], names::source(&spec.name));
    let base_url = report.ok(&["base_url"], base_url(&spec.base_url));
    let schedule = report.read(&["schedule"], spec.schedule.as_deref(), notation::schedule);
    let timeout = report.read(&["timeout"], spec.timeout.as_deref(), notation::duration);
    let max_body = report.read(&["max_body"], spec.max_body.as_deref(), notation::size);
    let auth = auth(report, spec.auth.as_ref(), secrets);
    let headers = headers(report, &spec.headers, secrets, None);
    let query = query(report, &spec.query, secrets, None);
    Some(Source {
        name: spec.name.clone(),
        schedule: schedule.unwrap_or(Schedule::Every(Duration::from_secs(3_600))),
        auth,
        headers,
        query,
        timeout: timeout.unwrap_or(Duration::from_secs(30)),
        max_body: max_body.unwrap_or(64 << 20),
        proxy: None,
        limits: limits(report, &spec.limits),
        retry: retry(report, &spec.retry),
        resources: Vec::new(),
        // Last: every other fault is found without it.
        base_url: base_url?,
    })
}

/// Query parameters as templates.
pub(crate) fn query(
    report: &mut Report<'_>,
    spec: &BTreeMap<String, Scalar>,
    secrets: &Secrets<'_>,
    parent: Option<&[String]>,
) -> Vec<(String, Template)> {
    let read = |(name, value): (&String, &Scalar)| {
        let template = template::template(&value.to_text(), secrets, parent);
        Some((name.clone(), report.ok(&["query", name], template)?))
    };
    spec.iter().filter_map(read).collect()
}

/// Headers as templates.
pub(crate) fn headers(
    report: &mut Report<'_>,
    spec: &BTreeMap<String, Scalar>,
    secrets: &Secrets<'_>,
    parent: Option<&[String]>,
) -> Vec<(String, Template)> {
    let mut headers = Vec::new();
    for (name, value) in spec {
        match header_name(name) {
            Ok(lower) => {
                let template = header_value(&value.to_text())
                    .and_then(|text| template::template(text, secrets, parent));
                headers.extend(
                    report
                        .ok(&["headers", name], template)
                        .map(|template| (lower, template)),
                );
            }
            Err(wrong) => report.wrong_key(&["headers", name], wrong),
        }
    }
    headers
}

fn header_name(name: &str) -> Result<String, Wrong> {
    let name = notation::header_name(name)?;
    if OWN_HEADERS.contains(&name.as_str()) {
        return Err(Wrong::accepts(
            format!("the client itself sets `{name}`"),
            format!("any but {}", OWN_HEADERS.join(", ")),
        ));
    }
    Ok(name)
}

fn header_value(text: &str) -> Result<&str, Wrong> {
    if text.chars().any(char::is_control) {
        return Err(Wrong::accepts(
            "it holds a line break or another control character",
            "one line of text",
        ));
    }
    Ok(text)
}

fn base_url(text: &str) -> Result<Url, Wrong> {
    const ACCEPTED: &str = "http://… or https://… with a host: https://api.example.com/v1";
    if template::has_secret(text) {
        return Err(Wrong::accepts(
            "secrets cannot stand in it, because it is shown",
            "secrets in auth, headers, query and path",
        ));
    }
    let url = Url::parse(text)
        .map_err(|error| Wrong::accepts(format!("`{text}` is no URL: {error}"), ACCEPTED))?;
    match url.scheme() {
        "http" | "https" if !url.has_host() => {
            Err(Wrong::accepts(format!("`{text}` has no host"), ACCEPTED))
        }
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            Err(Wrong::accepts(
                "it holds a user's name or password",
                "`auth = { kind = \"basic\", … }` for them",
            ))
        }
        "http" | "https" if url.query().is_some() || url.fragment().is_some() => Err(
            Wrong::accepts(format!("`{text}` holds parameters"), "`query` for them"),
        ),
        "http" | "https" => Ok(url),
        // It is refused by name as not supported yet.
        "file" => Ok(url),
        scheme => Err(Wrong::accepts(
            format!("`{scheme}:` is no scheme for it"),
            ACCEPTED,
        )),
    }
}

fn auth(report: &mut Report<'_>, spec: Option<&AuthSpec>, secrets: &Secrets<'_>) -> Auth {
    let mut secret = |key: &str, text: &str, optional: bool| -> Option<SecretString> {
        let resolved = template::secret_text(text, secrets).and_then(|resolved| match resolved {
            Resolved::Known(secret) if secret.expose_secret().chars().any(char::is_control) => Err(
                Wrong::new("the secret holds a line break or another control character"),
            ),
            Resolved::Known(secret) => Ok(Some(secret)),
            Resolved::Missing(_) if optional => Ok(None),
            Resolved::Missing(wrong) => Err(wrong),
        });
        report.ok(&["auth", key], resolved).flatten()
    };
    let found = match spec {
        Some(AuthSpec::Header {
            name,
            value,
            optional,
        }) => {
            let value = secret("value", value, *optional);
            let name = report.ok(&["auth", "name"], header_name(name));
            name.zip(value)
                .map(|(name, value)| Auth::Header { name, value })
        }
        Some(AuthSpec::Query {
            name,
            value,
            optional,
        }) => secret("value", value, *optional).map(|value| Auth::Query {
            name: name.clone(),
            value,
        }),
        Some(AuthSpec::Basic {
            username,
            password,
            optional,
        }) => {
            let username = secret("username", username, *optional);
            let password = secret("password", password, *optional);
            let both = username.zip(password);
            both.map(|(username, password)| Auth::Basic {
                username: username.expose_secret().to_owned(),
                password,
            })
        }
        Some(AuthSpec::Bearer { token, optional }) => {
            secret("token", token, *optional).map(|token| Auth::Bearer { token })
        }
        Some(AuthSpec::None {} | AuthSpec::Oauth2 { .. } | AuthSpec::Login { .. }) | None => None,
    };
    found.unwrap_or(Auth::None)
}

fn limits(report: &mut Report<'_>, spec: &LimitsSpec) -> Limits {
    let mut header = |key: &str, text: &Option<String>| {
        let place = report.read(&["limits", key], text.as_deref(), notation::place)?;
        match place {
            Place::Header(_) => Some(place),
            Place::Body(_) | Place::Last(_) => {
                report.unsupported(&["limits", key], "a place in the body", "header:name");
                None
            }
        }
    };
    let remaining = header("remaining", &spec.remaining);
    let reset = header("reset", &spec.reset);
    let retry_after = header("retry_after", &spec.retry_after);
    Limits {
        rate: report.read(&["limits", "rate"], spec.rate.as_deref(), notation::rate),
        concurrency: spec.concurrency.and_then(|number| {
            let checked = usize::try_from(number)
                .ok()
                .filter(|number| (1..=256).contains(number));
            report.ok(
                &["limits", "concurrency"],
                checked.ok_or_else(|| out_of_range(number, "1 to 256")),
            )
        }),
        remaining,
        reset,
        retry_after,
    }
}

fn retry(report: &mut Report<'_>, spec: &RetrySpec) -> Retry {
    let attempts = spec.attempts.and_then(|number| {
        let checked = u32::try_from(number)
            .ok()
            .filter(|number| (1..=100).contains(number));
        report.ok(
            &["retry", "attempts"],
            checked.ok_or_else(|| out_of_range(number, "1 to 100")),
        )
    });
    let on = spec
        .on
        .clone()
        .unwrap_or_else(|| vec![408, 425, 429, 500, 502, 503, 504]);
    for (index, status) in on.iter().enumerate() {
        if !(400..=599).contains(status) {
            let wrong = Wrong::accepts(format!("{status} is no status of a failure"), "400 to 599");
            report.wrong(&["retry", "on", &index.to_string()], wrong);
        }
    }
    let max_wait = report.read(
        &["retry", "max_wait"],
        spec.max_wait.as_deref(),
        notation::duration,
    );
    Retry {
        attempts: attempts.unwrap_or(5),
        on,
        max_wait: max_wait.unwrap_or(Duration::from_secs(120)),
    }
}

fn out_of_range(number: u64, accepted: &str) -> Wrong {
    Wrong::accepts(format!("{number} is out of range"), accepted)
}
