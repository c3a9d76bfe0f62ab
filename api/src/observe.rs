//! Around every request: its id, the time it may take and took, the log line, and the writing out of problems.

use std::{
    any::Any,
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use axum::{
    body::HttpBody,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header::ALLOW},
    middleware::Next,
    response::{IntoResponse, Response},
};

use tokio::time::{Instant, timeout_at};

use crate::{
    AppState, accept,
    answers::{self, Asked},
    changes,
    identity::{self, Caller, Need, View},
    path::Segments,
    patience::Patience,
    problem::{Kind, Problem},
    protection, routes,
    writing::{self, Written},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id of a caller's that we repeat in answers and logs.
const LONGEST_ID: usize = 128;
/// Longest path and query that we read, and most bytes of headers and of a body.
const LONGEST_URI: usize = 8 * 1024;
const LONGEST_HEADERS: usize = 32 * 1024;
pub(crate) const LONGEST_BODY: u64 = 64 * 1024;
/// The label of every request that no route took, whatever its path.
const UNMATCHED: &str = "unmatched";

/// Around every request. It is one layer, not one for each of its parts: a layer costs a request two boxes.
pub(crate) async fn observe(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let seen = Seen::now();
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let id = request_id(request.headers());

    let longest = longest(&state, route);
    let patience = Patience::of(&state.settings, (route, request.uri()), longest);
    let until = patience.until;
    let answer = async |request| limited(until, request, next).await;
    let answer = async |request| answers::kept_or(&state, (request, patience), answer).await;
    let answer = async |request| known(&state, (request, route), answer).await;
    let answer = async |request| match unreadable(&state, route, &request) {
        Some(problem) => problem.into_response(),
        None => answer(request).await,
    };
    let answer = async |request| protection::rate(&state, (request, route), answer).await;
    let response = protection::shed(&state, request, answer).await;
    seen.told(&state, (method, route, &id), response)
}

/// Finds out who asks, and whether it may.
async fn known(
    state: &AppState,
    (mut request, route): (Request, &str),
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let need = match state.needs.of(request.method(), route) {
        None | Some(Need::Open) => return answer(request).await,
        Some(need) => need,
    };
    // No request has its caller with it that came over a socket.
    let caller = match request.extensions().get::<Caller>() {
        Some(caller) => Ok(caller.clone()),
        None => identity::identify(state, request.headers(), route).await,
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    if let Err(problem) = need.is_met_by(&caller) {
        return problem.into_response();
    }
    // The same for whatever looks at it: a rule may change in between.
    let view = View::of(state, &caller).ok();
    let extensions = request.extensions_mut();
    extensions.insert(caller);
    if let Some(view) = view {
        extensions.insert(view);
    }
    answer(request).await
}

/// The answer that is kept, if the caller may have it: no route and no layer needs to be asked.
pub(crate) async fn kept(state: &AppState, asked: Asked<'_>) -> Option<Response> {
    if state.quota.is_some() || !state.settings.cors_origins.is_empty() {
        return None;
    }
    // What is kept is JSON.
    if !accept::takes(asked.headers, &accept::JSON) {
        return None;
    }
    let seen = Seen::now();
    // Who it is decides what it may have.
    let now = state.clock.now();
    let caller = identity::recall(state, asked.headers, now)?;
    let View(view) = View::of(state, &caller).ok()?;
    let (route, response) = answers::kept(state, asked, (&view, now)).await?;
    let method = method_name(asked.method);
    let id = request_id(asked.headers);
    Some(seen.told(state, (method, route.as_str(), &id), response))
}

/// When a request came.
struct Seen(Instant);

impl Seen {
    fn now() -> Self {
        Self(Instant::now())
    }

    /// Writes into `response` what is in every answer, and tells of it.
    fn told(
        self,
        state: &AppState,
        (method, route, id): (&'static str, &str, &HeaderValue),
        mut response: Response,
    ) -> Response {
        protection::secure(&mut response);
        let request_id = id_text(id);
        let problem = response.extensions_mut().remove::<Problem>();
        if let Some(problem) = &problem {
            problem.write(&mut response, request_id);
        }
        response.headers_mut().insert(REQUEST_ID, id.clone());
        let took = self.0.elapsed();
        let status = response.status().as_u16();
        state.metrics.request(method, route, status, took);
        let duration_ms = took.as_secs_f64() * 1000.0;
        if status < 500 {
            tracing::debug!(method, route, status, duration_ms, request_id, "request");
            return response;
        }
        let cause = problem.and_then(|problem| problem.cause_chain());
        let error = cause.as_deref();
        tracing::warn!(
            method,
            route,
            status,
            duration_ms,
            request_id,
            error,
            "request"
        );
        response
    }
}

/// How long a request of that route may take.
fn longest(state: &AppState, route: &str) -> Duration {
    // A long poll waits for news before it asks the database.
    let waiting = match route {
        routes::CHANGES | routes::COMMAND => changes::LONGEST_WAIT,
        routes::IMPORT => state.settings.import_timeout,
        _ => Duration::ZERO,
    };
    state.settings.query_timeout + waiting
}

/// Ends a request that takes too long.
async fn limited(until: Instant, request: Request, next: Next) -> Response {
    let answer = timeout_at(until, next.run(request)).await;
    answer.unwrap_or_else(|_| Problem::too_slow().into_response())
}

/// Why a request is not read: it is larger than any that asks, or takes nothing of what there is.
fn unreadable(state: &AppState, route: &str, request: &Request) -> Option<Problem> {
    let uri = request.uri().path_and_query();
    let uri = uri.map_or(0, |uri| uri.as_str().len());
    if uri > LONGEST_URI {
        let detail = format!("the URL has {uri} characters; at most {LONGEST_URI} are read");
        return Some(Problem::new(Kind::UriTooLong, detail));
    }
    let headers = request.headers();
    let length = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    let bytes: usize = headers.iter().map(length).sum();
    if bytes > LONGEST_HEADERS {
        let detail = format!("the headers have {bytes} bytes; at most {LONGEST_HEADERS} are read");
        return Some(Problem::new(Kind::HeadersTooLarge, detail));
    }
    let body = request.body().size_hint().lower();
    let most = match route {
        routes::IMPORT => state.settings.import_body,
        _ => LONGEST_BODY,
    };
    if body > most {
        let detail = format!("the body has {body} bytes; at most {most} are read");
        return Some(Problem::new(Kind::TooLarge, detail));
    }
    let forms = routes::forms(route);
    // Clients that always say that they take JSON take each of our forms of it.
    let takes = || accept::takes(headers, forms) || accept::takes(headers, &accept::JSON);
    if forms.is_empty() || says_format(route, request) || takes() {
        return None;
    }
    let detail = format!("it can be had as `{}`", forms.join("` or `"));
    Some(Problem::new(Kind::NotAcceptable, detail))
}

/// An export's form may be asked for in its URL, for clients whose headers others choose.
fn says_format(route: &str, request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    route == routes::EXPORT && query.split('&').any(|pair| pair.starts_with("format="))
}

/// A handler panicked: a fault of ours.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands out the box that the panic carried"
)]
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Problem::internal(format!("a handler panicked: {message}")).into_response()
}

/// No route has this path.
pub(crate) async fn no_route() -> Problem {
    Problem::new(
        Kind::NotFound,
        "there is nothing at this path; `/api/swagger` shows what there is",
    )
}

/// The route is there, but not for this method. The router sets `Allow`, and does not know what nobody but the syncer writes.
pub(crate) async fn no_method(
    method: Method,
    route: MatchedPath,
    view: Result<View, Problem>,
    written: Result<Segments<Written>, Problem>,
) -> Response {
    let name = method_name(&method);
    let detail = format!("{name} is not allowed here; the `Allow` header has what is");
    let mut response = Problem::new(Kind::MethodNotAllowed, detail).into_response();
    if let (Ok(view), Ok(Segments(written))) = (view, written)
        && routes::is_written(route.as_str())
        && written.is_mirrored(&view)
    {
        response.headers_mut().insert(ALLOW, writing::READ_ONLY);
    }
    response
}

/// The caller's id if it is fit to be repeated, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let sane = headers.get(REQUEST_ID).filter(|id| {
        let id = id.as_bytes();
        (1..=LONGEST_ID).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
    });
    // The standard library's hasher is seeded by the operating system, anew for each one.
    let any = || {
        HeaderValue::from_str(&format!(
            "{:016x}",
            RandomState::new().build_hasher().finish()
        ))
    };
    let id = sane.cloned().map_or_else(any, Ok);
    id.unwrap_or(HeaderValue::from_static("-"))
}

/// An id is visible ASCII.
fn id_text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

/// Callers may invent methods: each would be a series of its own.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sane_id_is_repeated() {
        let check = |given: &[u8], kept: bool| {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_bytes(given).expect("a header's value");
            headers.insert(REQUEST_ID, value);
            assert_eq!(request_id(&headers).as_bytes() == given, kept, "{given:?}");
        };
        check(b"abc-123", true);
        check(&[b'x'; 128], true);
        check(&[b'x'; 129], false);
        check(b"a b", false);
        check("é".as_bytes(), false);
        check(b"", false);
        let empty = HeaderMap::new();
        assert_ne!(request_id(&empty), request_id(&empty));
    }
}
