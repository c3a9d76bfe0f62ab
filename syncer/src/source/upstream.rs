//! The `[source]` table: where the upstream is, how requests are made and how many of them.

use std::{collections::BTreeMap, time::Duration};

use url::Url;

use super::{
    access, address, auth,
    fault::Wrong,
    folder, names, notation,
    plan::{Limits, Retry, Source, Template},
    pointing,
    report::Report,
    schedule::Schedule,
    spec::{AuthSpec, LimitsSpec, RetrySpec, Scalar, SourceSpec},
    template::{self, Scope, Secrets},
    written,
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
    access::rule(report, &spec.name, spec.read.as_ref());
    if written::is_written(spec) {
        return written::source(report, spec);
    }
    folder::source(report, spec);
    check_auth(report, spec);
    report.ok(&["name"], names::source(&spec.name));
    let base_url = base_url(report, spec);
    let schedule = report.read(&["schedule"], spec.schedule.as_deref(), notation::schedule);
    let timeout = report.read(&["timeout"], spec.timeout.as_deref(), notation::duration);
    let max_body = report.read(&["max_body"], spec.max_body.as_deref(), notation::size);
    let proxy = spec
        .proxy
        .as_deref()
        .map(|text| address::proxy(text, secrets));
    let proxy = report.ok(&["proxy"], proxy.transpose()).flatten();
    let scope = Scope::of_source(secrets);
    let headers = headers(report, &spec.headers, &scope);
    let query = query(report, &spec.query, &scope);
    Some(Source {
        name: spec.name.clone(),
        schedule: schedule.unwrap_or(Schedule::Every(Duration::from_secs(3_600))),
        auth: auth::auth(report, spec.auth.as_ref(), secrets),
        headers,
        query,
        timeout: timeout.unwrap_or(Duration::from_secs(30)),
        max_body: max_body.unwrap_or(64 << 20),
        proxy,
        limits: limits(report, &spec.limits),
        retry: retry(report, &spec.retry),
        resources: Vec::new(),
        // Last: every other fault is found without it.
        base_url: base_url?,
    })
}

fn base_url(report: &mut Report<'_>, spec: &SourceSpec) -> Option<Url> {
    if !report.root.has(&["base_url"]) {
        report.wrong(&[], Wrong::new("`base_url` is missing"));
        return None;
    }
    let base_url = address::base_url(&spec.base_url, report.file);
    report.ok(&["base_url"], base_url)
}

/// Reports a parameter that proves who sends a request and is sent otherwise too.
fn check_auth(report: &mut Report<'_>, spec: &SourceSpec) {
    let Some(AuthSpec::Query { name, .. }) = &spec.auth else {
        return;
    };
    if spec.query.contains_key(name) {
        let message = format!("`{name}` is in `auth` already, and would be sent twice");
        report.wrong_key(&["query", name], Wrong::accepts(message, "one of the two"));
    }
}

/// Query parameters as templates.
pub(crate) fn query(
    report: &mut Report<'_>,
    spec: &BTreeMap<String, Scalar>,
    scope: &Scope<'_>,
) -> Vec<(String, Template)> {
    let read = |(name, value): (&String, &Scalar)| {
        let template = template::template(&value.to_text(), scope);
        Some((name.clone(), report.ok(&["query", name], template)?))
    };
    spec.iter().filter_map(read).collect()
}

/// Headers as templates.
pub(crate) fn headers(
    report: &mut Report<'_>,
    spec: &BTreeMap<String, Scalar>,
    scope: &Scope<'_>,
) -> Vec<(String, Template)> {
    let mut headers = Vec::new();
    for (name, value) in spec {
        match header_name(name) {
            Ok(lower) => {
                let template =
                    header_value(&value.to_text()).and_then(|text| template::template(text, scope));
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

/// The name of a header that a definition may set.
pub(crate) fn header_name(name: &str) -> Result<String, Wrong> {
    let name = pointing::header_name(name)?;
    if OWN_HEADERS.contains(&name.as_str()) {
        return Err(Wrong::accepts(
            format!("the client itself sets `{name}`"),
            format!("any but {}", OWN_HEADERS.join(", ")),
        ));
    }
    Ok(name)
}

/// What a header can hold.
pub(crate) fn header_value(text: &str) -> Result<&str, Wrong> {
    if text.chars().any(char::is_control) {
        return Err(Wrong::accepts(
            "it holds a line break or another control character",
            "one line of text",
        ));
    }
    Ok(text)
}

fn limits(report: &mut Report<'_>, spec: &LimitsSpec) -> Limits {
    let mut place = |key: &str, text: &Option<String>| {
        report.read(&["limits", key], text.as_deref(), pointing::place)
    };
    let remaining = place("remaining", &spec.remaining);
    let reset = place("reset", &spec.reset);
    let retry_after = place("retry_after", &spec.retry_after);
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
