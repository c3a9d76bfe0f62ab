//! `/api/swagger`: Swagger UI over the OpenAPI document, out of the binary, with nothing from other hosts.

mod archive;

use std::io::Read;

use axum::{
    http::{
        HeaderMap, HeaderValue,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        },
    },
    response::{Html, IntoResponse, Response},
};
use flate2::read::GzDecoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

use self::archive::Entry;
use crate::{
    caching::{Audience, Caching, WHENEVER},
    observe,
    path::Segments,
    problem::Problem,
};

/// References are relative: to `/api/`, behind whatever prefix it stands.
const PAGE: &str = include_str!("page.html");
const INIT: &str = include_str!("init.js");
/// The interface sets styles of its own, and draws its icons from data URLs.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The assets that the page asks for, and their types.
const ASSETS: [(&str, &str); 3] = [
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("favicon-32x32.png", "image/png"),
];

pub(crate) async fn page() -> Response {
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)).into_response()
}

/// One of the page's assets. They lie compressed in the binary and go out as they lie.
pub(crate) async fn asset(
    Segments(name): Segments<String>,
    request: HeaderMap,
) -> Result<Response, Problem> {
    if name == "init.js" {
        let kind = "text/javascript; charset=utf-8";
        return Ok(([(CONTENT_TYPE, kind)], INIT).into_response());
    }
    let Some((_, kind)) = ASSETS.iter().find(|(asset, _)| *asset == name) else {
        return Err(observe::no_route().await);
    };
    let path = format!("/dist/{name}");
    let entry = archive::find(SWAGGER_UI_VENDORED, &path)
        .ok_or_else(|| Problem::internal(format!("the archive of Swagger UI has no {path}")))?;
    let caching = Caching::of(&format!("{:08x}", entry.checksum), None, Audience::All);
    if let Some(response) = caching.not_modified(&request, &Audience::All.ask_anew(), WHENEVER) {
        return Ok(response);
    }
    let mut response = if accepts_gzip(&request) {
        let gzip = [(CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
        (gzip, entry.gzip()).into_response()
    } else {
        plain(&entry)?.into_response()
    };
    let headers = response.headers_mut();
    headers.extend(caching.headers(WHENEVER));
    headers.insert(CACHE_CONTROL, Audience::All.ask_anew());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

fn plain(entry: &Entry<'_>) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    GzDecoder::new(entry.gzip().as_slice())
        .read_to_end(&mut bytes)
        .map_err(Problem::internal)?;
    Ok(bytes)
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    let values = request.get_all(ACCEPT_ENCODING).iter();
    let mut codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().trim_start_matches("q=").parse() == Ok(0.0);
        name.trim() == "gzip" && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_in_the_archive_and_whole() {
        for (name, _) in ASSETS {
            let entry = archive::find(SWAGGER_UI_VENDORED, &format!("/dist/{name}"));
            let plain = plain(&entry.expect(name)).expect("its checksum is right");
            assert!(plain.len() > 500, "{name}");
        }
    }

    #[test]
    fn gzip_goes_only_to_whom_it_suits() {
        let check = |sent: &'static str, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(sent));
            assert_eq!(accepts_gzip(&headers), expected, "{sent}");
        };
        check("gzip, deflate, br", true);
        check("br;q=1.0, gzip;q=0.8", true);
        check("gzip;q=0", false);
        check("identity", false);
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
