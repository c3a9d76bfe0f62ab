//! What upstreams answer: well, and with one thing wrong.

use std::sync::Arc;

use crate::upstream::{Reply, Request, paged};

/// How the upstream answers during a run.
pub(super) type Script = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// `k0`, `k1`, …
pub(super) fn records(count: usize) -> Vec<String> {
    range(0, count)
}

pub(super) fn range(from: usize, to: usize) -> Vec<String> {
    (from..to)
        .map(|n| format!(r#"{{"id":"k{n}","name":"n{n}","size":{n}}}"#))
        .collect()
}

/// The records as a JSON array.
pub(super) fn list(records: &[String]) -> String {
    format!("[{}]", records.join(","))
}

/// A well upstream that has `records`, in pages with their total.
pub(super) fn well(records: Vec<String>) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| paged(&records, request)
}

/// A page of `records` that states `total`.
pub(super) fn stating(total: impl ToString, records: &[String]) -> Reply {
    Reply::json(list(records)).with("pagination-count", total)
}

/// Five records, and `reply` in place of the page of that number.
pub(super) fn instead(
    page: usize,
    reply: Reply,
) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| match request.number_in("page") == page {
        true => reply.clone(),
        false => paged(&records(5), request),
    }
}

/// `first` in place of the first answer, and then five records.
pub(super) fn at_first(first: Reply) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| match request.number {
        0 => first.clone(),
        _ => paged(&records(5), request),
    }
}

/// The page of `records` that `request` asks for, and no total.
pub(super) fn untold(records: &[String], request: &Request) -> Reply {
    match paged(records, request) {
        Reply::Answer { status, body, .. } => {
            Reply::status(status, String::from_utf8_lossy(&body).into_owned())
        }
        other => other,
    }
}

/// The page behind so many records, and a link to the next one.
pub(super) fn linked(records: &[String], request: &Request) -> Reply {
    let start = request.number_in("after").min(records.len());
    let end = (start + 2).min(records.len());
    let page = Reply::json(list(&records[start..end]));
    match end < records.len() {
        true => page.with("link", format!("</things?after={end}>; rel=\"next\"")),
        false => page,
    }
}

/// All records in one answer.
pub(super) fn whole(records: &[String], _: &Request) -> Reply {
    Reply::json(list(records))
}
