//! `/problems/{slug}`: what a kind of problem means, for whoever follows the `type` of one.

use axum::{
    http::{HeaderMap, HeaderValue, header::CONTENT_SECURITY_POLICY},
    response::Response,
};

use super::{Kind, Problem};
use crate::{
    caching::{self, Audience},
    observe,
    path::Segments,
};

/// Nothing but its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

pub(crate) async fn page(
    Segments(slug): Segments<String>,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let Some(kind) = Kind::of_slug(&slug) else {
        return Err(observe::no_route().await);
    };
    let mut response = caching::document(
        &request,
        Audience::All,
        ("text/html; charset=utf-8", html(kind)),
    );
    let policy = HeaderValue::from_static(POLICY);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// All of it is text of ours, without anything that HTML takes for its own.
fn html(kind: Kind) -> String {
    let retry = if kind.retryable() {
        "<p>The same request may succeed later; <code>Retry-After</code> says when to try.</p>\n"
    } else {
        ""
    };
    let meaning = with_code(kind.meaning());
    format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n\
         <style>body {{ font: 1rem/1.5 sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }}</style>\n\
         <h1>{title}</h1>\n\
         <p><code>{code}</code>, status {status}</p>\n\
         <p>{meaning}</p>\n\
         {retry}</html>\n",
        title = kind.title(),
        code = kind.code(),
        status = kind.status(),
    )
}

/// What stands between backticks is code.
fn with_code(text: &str) -> String {
    let mut html = String::new();
    for (place, part) in text.split('`').enumerate() {
        if place % 2 == 0 {
            html.push_str(part);
        } else {
            html.push_str(&format!("<code>{part}</code>"));
        }
    }
    html
}
