//! Changes as text: one JSON document, or server-sent events.

use axum::body::Bytes;
use chrono::SecondsFormat;
use entity::record::{Change, Changes, Op, Seq};

use super::feed::Batch;
use crate::line::write_line;

/// A document with some changes, up to version `until` or the last of them.
pub(super) fn json(changes: &Changes, until: i64) -> Batch {
    let last = last(changes, until);
    let mut body = String::with_capacity(changes.rows.len() * 1024);
    body.push_str(r#"{"data":["#);
    for (index, change) in changes.rows.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        write_change(&mut body, change, |body, payload| body.push_str(payload));
    }
    body.push(']');
    write_tail(&mut body, last, changes.more, until);
    Batch {
        body: Bytes::from(body),
        last,
    }
}

/// A document without a change, for who knows everything up to `at`.
pub(super) fn nothing(at: Seq, version: i64) -> String {
    let mut body = r#"{"data":[]"#.to_owned();
    write_tail(&mut body, at, false, version);
    body
}

/// An event for each change, and one for the version when all of it is told.
pub(super) fn events(changes: &Changes, until: i64) -> Batch {
    let mut body = String::with_capacity(changes.rows.len() * 1024);
    for change in &changes.rows {
        let (name, id) = (name(change.op), change.seq());
        body.push_str(&format!("event: {name}\nid: {id}\ndata: "));
        write_change(&mut body, change, write_line);
        body.push_str("\n\n");
    }
    if !changes.more {
        body.push_str(&version(Seq::whole(until)));
    }
    Batch {
        body: Bytes::from(body),
        last: last(changes, until),
    }
}

/// The event that says that all up to `at` is told.
pub(super) fn version(at: Seq) -> String {
    let version = at.version;
    format!("event: version\nid: {at}\ndata: {{\"version\":{version}}}\n\n")
}

fn last(changes: &Changes, until: i64) -> Seq {
    match changes.rows.last() {
        Some(change) if changes.more => change.seq(),
        _ => Seq::whole(until),
    }
}

fn write_tail(body: &mut String, last: Seq, more: bool, version: i64) {
    let tail = format!(r#","last_seq":"{last}","more":{more},"version":{version}}}"#);
    body.push_str(&tail);
}

fn write_change(body: &mut String, change: &Change, write_payload: impl Fn(&mut String, &str)) {
    let Change { version, op, .. } = change;
    let (seq, op) = (change.seq(), name(*op));
    // A text can always be written as JSON.
    let key = serde_json::to_string(&change.record_key).unwrap_or_default();
    let at = change.at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let head = format!(
        r#"{{"seq":"{seq}","version":{version},"op":"{op}","key":{key},"at":"{at}","data":"#
    );
    body.push_str(&head);
    write_payload(body, change.payload.as_deref().unwrap_or("null"));
    body.push('}');
}

fn name(op: Op) -> &'static str {
    match op {
        Op::Insert => "insert",
        Op::Update => "update",
        Op::Delete => "delete",
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn changes(more: bool) -> Changes {
        let change = |rowno, op, payload: Option<&str>| Change {
            version: 7,
            rowno,
            op,
            record_key: "a\"b".to_owned(),
            at: DateTime::UNIX_EPOCH,
            payload: payload.map(str::to_owned),
        };
        Changes {
            rows: vec![
                change(3, Op::Insert, Some("{\n\"n\":1.10 }")),
                change(12, Op::Delete, None),
            ],
            more,
        }
    }

    #[test]
    fn a_document_has_the_payloads_as_they_are() {
        let batch = json(&changes(true), 9);
        let expected = concat!(
            r#"{"data":[{"seq":"7.3","version":7,"op":"insert","key":"a\"b","at":"1970-01-01T00:00:00Z","data":"#,
            "{\n\"n\":1.10 }",
            r#"},{"seq":"7.12","version":7,"op":"delete","key":"a\"b","at":"1970-01-01T00:00:00Z","data":null}],"#,
            r#""last_seq":"7.12","more":true,"version":9}"#
        );
        assert_eq!(batch.body, expected);
        assert_eq!(batch.last, Seq::within(7, 12));
        assert_eq!(json(&changes(false), 9).last, Seq::whole(9));
    }

    #[test]
    fn an_event_is_a_line_and_the_last_tells_the_version() {
        let expected = concat!(
            "event: insert\nid: 7.3\n",
            r#"data: {"seq":"7.3","version":7,"op":"insert","key":"a\"b","at":"1970-01-01T00:00:00Z","data":{ "n":1.10 }}"#,
            "\n\nevent: delete\nid: 7.12\n",
            r#"data: {"seq":"7.12","version":7,"op":"delete","key":"a\"b","at":"1970-01-01T00:00:00Z","data":null}"#,
            "\n\n"
        );
        assert_eq!(events(&changes(true), 9).body, expected);
        let whole = format!("{expected}event: version\nid: 9\ndata: {{\"version\":9}}\n\n");
        assert_eq!(events(&changes(false), 9).body, whole);
    }

    #[test]
    fn nothing_leaves_the_place_as_it_was() {
        let body = nothing(Seq::within(7, 3), 9);
        assert_eq!(
            body,
            r#"{"data":[],"last_seq":"7.3","more":false,"version":9}"#
        );
    }
}
