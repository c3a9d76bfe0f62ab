//! Requests as nobody should send them: known names with hostile values, and what is hardly a request at all.

use std::fmt;

use super::words::{CONTROLS, FIELDS, HEADERS, MORE_VALUES, OPERATORS, ROUTES, SEGMENTS, VALUES};
use crate::chance::Chance;

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
            false => chance.pick(&[
                "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO", "get",
            ]),
        };
        let mut target = path(chance);
        target.push_str(&query(chance, cursor));
        let mut is_odd = false;
        if chance.in_hundred(3) {
            is_odd = true;
            target.push_str(chance.pick(&["é", "\u{1}", "\"<>", " x", "#a", "\t"]));
        }
        if chance.in_hundred(2) {
            let many = chance.pick(&[7_000, 9_000, 70_000, 500_000]);
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
    let mut path = word(chance, ROUTES).to_owned();
    if chance.in_hundred(20) {
        let mut segments: Vec<&str> = path.split('/').collect();
        let at = chance.below(segments.len() - 1) + 1;
        match chance.below(3) {
            0 => segments[at] = word(chance, SEGMENTS),
            1 => segments.insert(at, word(chance, SEGMENTS)),
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
            0..5 => format!("{}{}", word(chance, FIELDS), word(chance, OPERATORS)),
            5..9 => word(chance, CONTROLS).to_owned(),
            _ => word(chance, VALUES).to_owned(),
        };
        let value = match name.as_str() {
            "cursor" => a_cursor(chance, cursor),
            // Who waits for long is no fault, but takes long.
            "wait" => "1".to_owned(),
            "facet" | "fields" | "sort" if chance.in_hundred(70) => word(chance, FIELDS).to_owned(),
            "format" | "count" | "shape" | "end" | "after" => word(chance, MORE_VALUES).to_owned(),
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
        true => word(chance, VALUES),
        false => word(chance, MORE_VALUES),
    };
    match chance.below(12) {
        0 => vec![value(chance); 1 + chance.below(250)].join(","),
        1 => value(chance).repeat(1 + chance.below(300)),
        2 => format!("{}{}", value(chance), value(chance)),
        _ => value(chance).to_owned(),
    }
}

/// One of those between blanks.
fn word(chance: &mut Chance, words: &'static str) -> &'static str {
    let words: Vec<&str> = words.split(' ').collect();
    chance.pick(&words)
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
        let values: Vec<&str> = values.split('|').collect();
        let value = chance.pick(&values);
        // A second host is no HTTP.
        is_odd |= name == "Host";
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
