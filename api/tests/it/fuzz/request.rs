//! Requests as nobody should send them: known names with hostile values, and what is hardly a request at all.

use std::fmt;

use crate::chance::Chance;

const ROUTES: [&str; 22] = [
    "/api/v1/cats/breeds",
    "/api/v1/cats/breeds",
    "/api/v1/cats/breeds",
    "/api/v1/cats/images",
    "/api/v1/cats/breeds/b00",
    "/api/v1/cats/images/b00,i%252C1%2525",
    "/api/v1/cats/breeds/b00/images",
    "/api/v1/cats/breeds/-/schema",
    "/api/v1/cats/breeds/-/facets",
    "/api/v1/cats/breeds/-/facets",
    "/api/v1/cats/breeds/-/random",
    "/api/v1/cats/breeds/-/changes",
    "/api/v1/cats/breeds/-/export",
    "/api/v1/catalog",
    "/api/v1/catalog/cats",
    "/api/openapi.json",
    "/api/swagger",
    "/problems/not-found",
    "/healthz",
    "/readyz",
    "/metrics",
    "/",
];

const FIELDS: [&str; 15] = [
    "id",
    "name",
    "weight",
    "price",
    "mass",
    "rating",
    "hairless",
    "born",
    "seen",
    "temperament",
    "coat",
    "notes",
    "extra",
    "nope",
    "",
];

const OPERATORS: [&str; 16] = [
    "",
    "__eq",
    "__ne",
    "__in",
    "__notin",
    "__gt",
    "__gte",
    "__lt",
    "__lte",
    "__startswith",
    "__has",
    "__hasany",
    "__isnull",
    "__contains",
    "__",
    "____gte",
];

const CONTROLS: [&str; 20] = [
    "sort",
    "fields",
    "limit",
    "cursor",
    "count",
    "shape",
    "embed",
    "explain",
    "max_staleness",
    "facet",
    "facet_limit",
    "seed",
    "since",
    "format",
    "after",
    "end",
    "q",
    "as_of",
    "timeout_ms",
    "SORT",
];

/// Values that some part of some database or parser may stumble over, as they stand in a URL.
const VALUES: [&str; 76] = [
    "",
    "0",
    "1",
    "-1",
    "3",
    "1e3",
    "-0",
    "+1",
    "%2B1",
    "0x10",
    "1.5",
    "-99999.99",
    "100000.00",
    "1e400",
    "-1e400",
    "NaN",
    "inf",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999999999999999999999999999999999999999999999999",
    "0.00000000000000000000000000000000000000000000000000000000000000000000000001",
    "true",
    "false",
    "TRUE",
    "null",
    "%00",
    "a%00b",
    "%FF",
    "%C3%28",
    "%zz",
    "%",
    "%2",
    "%F0%9F%98%BA",
    "%E7%8C%AB",
    "%CC%81",
    "%E2%80%AE",
    "%EF%BB%BF",
    "%EF%BF%BF",
    "%F4%8F%BF%BF",
    "'",
    "%22",
    "'%20OR%201=1--",
    "%25",
    "%25%25",
    "_",
    "%5C",
    "%5C%27",
    "`",
    ";",
    "a,b",
    ",",
    ",,,",
    "[",
    "[]",
    "[1,2]",
    "[%22a%22,%22b%22]",
    "[[[[[[[[[[[[",
    "[null]",
    "[1e999]",
    "{}",
    "name",
    "-name",
    "-weight,name",
    "name,name",
    "-",
    "--name",
    "images",
    "-provenance",
    "images,-provenance",
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "2024-02-30T25:61:61Z",
    "9999-12-31T23:59:59.999999999Z",
    "0001-01-01T00:00:00%2B14:00",
];

const MORE_VALUES: [&str; 20] = [
    "-0001-01-01",
    "1000-01-01T00:00:00Z",
    "0999-12-31",
    "+262142-12-31T23:59:59Z",
    "1970-01-01",
    "ndjson",
    "csv",
    "envelope",
    "array",
    "exact",
    "capped",
    "none",
    "line",
    "b00",
    "zzz",
    "1.1",
    "999",
    "15m",
    "0s",
    "4294967295d",
];

const SEGMENTS: [&str; 26] = [
    "-",
    "--",
    "",
    ".",
    "..",
    "%2e%2e",
    "%2F",
    "%5C",
    "%00",
    "%FF",
    "%zz",
    "%",
    "cats",
    "breeds",
    "images",
    "b00",
    "b00,b01",
    ",",
    "%2C",
    "schema",
    "changes",
    "%F0%9F%98%BA",
    "{source}",
    ":",
    "*",
    "b00;v=1",
];

/// Names of headers, each with values that make sense and values that do not.
const HEADERS: [(&str, [&str; 6]); 17] = [
    (
        "Accept",
        [
            "*/*",
            "application/json",
            "text/event-stream",
            "text/csv;q=0.1, */*;q=0",
            "image/*",
            ";;q=,",
        ],
    ),
    (
        "Accept-Encoding",
        [
            "gzip",
            "br, zstd",
            "*;q=0",
            "identity;q=0",
            "gzip;q=9",
            ",,;",
        ],
    ),
    (
        "If-None-Match",
        ["*", "W/\"x\"", "\"", "W/", ",,,", "W/\"breeds.1.0.0.c\""],
    ),
    (
        "If-Modified-Since",
        [
            "Fri, 15 Jan 2027 08:00:00 GMT",
            "Fri, 99 Jan 2027 08:00:00 GMT",
            "0",
            "x",
            "",
            "Sun Nov  6 08:49:37 1994",
        ],
    ),
    (
        "Last-Event-ID",
        ["1", "1.2", "999", "x", "-1", "99999999999999999999999"],
    ),
    (
        "Range",
        [
            "bytes=0-1",
            "bytes=-1",
            "bytes=9-0",
            "rows=1-",
            "x",
            "bytes=0-0,1-1,2-2",
        ],
    ),
    (
        "Origin",
        [
            "null",
            "https://evil.example",
            "*",
            "x",
            "https://a b",
            "file://",
        ],
    ),
    (
        "X-Request-Id",
        ["mine", "", "a b", "%0d%0aSet-Cookie: x", "\"", "<script>"],
    ),
    (
        "X-Forwarded-For",
        ["1.2.3.4", "::1", "unknown", ",,,", "999.1.1.1", "\""],
    ),
    ("Host", ["", "x", "a:99999", "[::1", "a b", "evil.example"]),
    (
        "TE",
        ["trailers", "gzip", "", "trailers, deflate", ";", "x"],
    ),
    (
        "Expect",
        ["100-continue", "200-ok", "", "x", "100-continue, x", "0"],
    ),
    (
        "Upgrade",
        ["h2c", "websocket", "", "x", "TLS/1.0", "HTTP/2.0"],
    ),
    ("Cookie", ["a=b", "", ";", "=", "\"", "a"]),
    (
        "Authorization",
        ["Bearer x", "Basic !!!", "", "x", "Bearer", "Negotiate"],
    ),
    (
        "Content-Type",
        [
            "application/json",
            "",
            "x",
            "multipart/form-data",
            "text/plain; charset=",
            "/",
        ],
    ),
    (
        "Access-Control-Request-Method",
        ["GET", "DELETE", "", "x", "get", "*"],
    ),
];

/// A request, ready to be sent.
pub(super) struct Sent {
    pub(super) bytes: Vec<u8>,
    pub(super) method: &'static str,
    /// Whether the server under the api may refuse it: it is no HTTP, or too much of it.
    pub(super) is_odd: bool,
}

impl Sent {
    pub(super) fn any(chance: &mut Chance, cursor: &str) -> Self {
        let method = match chance.in_hundred(90) {
            true => "GET",
            false => *chance.pick(&[
                "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO", "get",
            ]),
        };
        let mut target = path(chance);
        target.push_str(&query(chance, cursor));
        let mut is_odd = false;
        if chance.in_hundred(3) {
            is_odd = true;
            target.push_str(*chance.pick(&["é", "\u{1}", "\"<>", " x", "#a", "\t"]));
        }
        if chance.in_hundred(2) {
            let many = *chance.pick(&[7_000, 9_000, 70_000, 500_000]);
            is_odd |= many > 9_000;
            target.push_str(&format!("&name={}", "x".repeat(many)));
        }
        let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
        let (headers, odd) = headers(chance);
        is_odd |= odd;
        head.push_str(&headers);
        let mut bytes = head.into_bytes();
        bytes.extend(body(chance));
        Self {
            bytes,
            method,
            is_odd,
        }
    }
}

fn path(chance: &mut Chance) -> String {
    let mut path = (*chance.pick(&ROUTES)).to_owned();
    if chance.in_hundred(20) {
        let mut segments: Vec<&str> = path.split('/').collect();
        let at = chance.below(segments.len() - 1) + 1;
        match chance.below(3) {
            0 => segments[at] = *chance.pick::<&str>(&SEGMENTS),
            1 => segments.insert(at, *chance.pick::<&str>(&SEGMENTS)),
            _ => drop(segments.remove(at)),
        }
        path = segments.join("/");
    }
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    path
}

fn query(chance: &mut Chance, cursor: &str) -> String {
    let mut pairs = Vec::new();
    for _ in 0..chance.below(5) {
        let name = match chance.below(10) {
            0..5 => format!("{}{}", chance.pick(&FIELDS), chance.pick(&OPERATORS)),
            5..9 => (*chance.pick(&CONTROLS)).to_owned(),
            _ => (*chance.pick(&VALUES)).to_owned(),
        };
        let value = match name.as_str() {
            "cursor" => a_cursor(chance, cursor),
            // Who waits for long is no fault, but takes long.
            "wait" => "1".to_owned(),
            "facet" | "fields" | "sort" if chance.in_hundred(70) => {
                (*chance.pick(&FIELDS)).to_owned()
            }
            "format" | "count" | "shape" | "end" | "after" => {
                (*chance.pick(&MORE_VALUES)).to_owned()
            }
            _ => any_value(chance),
        };
        pairs.push(match chance.below(20) {
            0 => name,
            1 => format!("{name}={value}&{name}={value}"),
            _ => format!("{name}={value}"),
        });
    }
    match pairs.is_empty() {
        true => String::new(),
        false => format!("?{}", pairs.join("&")),
    }
}

fn any_value(chance: &mut Chance) -> String {
    let value = |chance: &mut Chance| match chance.in_hundred(75) {
        true => *chance.pick(&VALUES),
        false => *chance.pick(&MORE_VALUES),
    };
    match chance.below(12) {
        0 => vec![value(chance); 1 + chance.below(250)].join(","),
        1 => value(chance).repeat(1 + chance.below(300)),
        2 => format!("{}{}", value(chance), value(chance)),
        _ => value(chance).to_owned(),
    }
}

/// A cursor that was given out, whole, in part or changed.
fn a_cursor(chance: &mut Chance, cursor: &str) -> String {
    let at = chance.below(cursor.len());
    match chance.below(4) {
        0 => cursor.to_owned(),
        1 => cursor[..at].to_owned(),
        2 => format!("{}A{}", &cursor[..at], &cursor[at..]),
        _ => any_value(chance),
    }
}

/// All but the last line of the head, and whether they are odd.
fn headers(chance: &mut Chance) -> (String, bool) {
    let mut lines = String::from("Host: localhost\r\n");
    let mut is_odd = false;
    for _ in 0..chance.below(4) {
        let (name, values) = chance.pick(&HEADERS);
        let value = chance.pick(values);
        // A second host is no HTTP.
        is_odd |= *name == "Host";
        lines.push_str(&format!("{name}: {value}\r\n"));
    }
    match chance.below(100) {
        0 => lines.push_str(&format!("X-Long: {}\r\n", "x".repeat(100_000))),
        1 => {
            is_odd = true;
            lines.push_str(&"X-Many: x\r\n".repeat(200));
        }
        2 => {
            is_odd = true;
            lines.push_str("no header at all\r\n");
        }
        3 => lines.push_str("X-Bytes: \u{e9}\r\n"),
        _ => {}
    }
    (lines, is_odd)
}

/// The end of the head and what comes behind it.
fn body(chance: &mut Chance) -> Vec<u8> {
    let body = match chance.below(40) {
        0 => "Content-Length: 5\r\n\r\n{\"a\":".to_owned(),
        1 => "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".to_owned(),
        2 => format!("Content-Length: 300000\r\n\r\n{}", "x".repeat(300_000)),
        3 => "Content-Length: 99999999999\r\n\r\nx".to_owned(),
        _ => "\r\n".to_owned(),
    };
    body.into_bytes()
}

/// The beginning of what is sent.
impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.bytes[..self.bytes.len().min(2_000)];
        write!(f, "{:?}", String::from_utf8_lossy(shown))
    }
}
