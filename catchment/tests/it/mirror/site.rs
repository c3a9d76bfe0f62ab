//! An upstream that hands out its records in every way.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use testdb::upstream::{Reply, Request, Upstream};

/// The records of each path, as they stand in a body; those under `/things/{id}` by the whole path.
pub(super) type Records = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

/// Has `upstream` answer with `records`.
pub(super) fn opens(upstream: &Upstream, records: &Records) {
    let records = Arc::clone(records);
    let url = upstream.url.clone();
    upstream.answers(move |request| {
        assert_eq!(request.parameter("version"), Some("2"), "{request:?}");
        assert_eq!(request.parameter("api_key"), Some("s3cret"), "{request:?}");
        let records = records.lock().unwrap();
        let all = records.get(&of(request)).cloned().unwrap_or_default();
        answer(request, &all, &url)
    });
}

/// Under which name the records of a request are kept.
fn of(request: &Request) -> String {
    let by = ["state", "of"]
        .iter()
        .find_map(|name| request.parameter(name));
    match by {
        Some(by) => format!("{}?{by}", request.path),
        None => request.path.clone(),
    }
}

fn answer(request: &Request, all: &[String], url: &str) -> Reply {
    let whole = || all.join(",");
    match request.path.as_str() {
        "/feed" | "/header-feed" | "/repos/acme%20inc/issues" | "/exports" => {
            handed_out(request, all, url)
        }
        "/charges" | "/notes" => behind_the_last(request, all),
        "/lines" => plain("application/x-ndjson", all.join("\n") + "\n"),
        "/sheet.csv" => plain(
            "text/csv",
            format!("id;text;count;flag\n{}\n", all.join("\n")),
        ),
        "/rates" => Reply::json(format!(r#"{{"rates":{{{}}}}}"#, whole())),
        "/about" => Reply::json(format!(r#"{{"about":{}}}"#, whole())),
        _ => counted(request, all),
    }
}

/// Pages by their numbers.
fn counted(request: &Request, all: &[String]) -> Reply {
    match request.path.as_str() {
        "/pages-from-one" => {
            let page = page(all, (request.number_in("page") - 1) * 3, 3);
            Reply::json(format!(r#"[{{"page":1}},[{page}]]"#)).with("x-all", all.len())
        }
        "/shelf" => {
            let page = page(all, request.number_in("skip"), 4);
            let count = all.len();
            Reply::json(format!(
                r#"{{"data":{{"count":{count},"items":[{page}]}}}}"#
            ))
        }
        "/short-shelf" => {
            let page = page(all, request.number_in("skip") - 1, 4);
            Reply::json(format!("[{page}]")).with("x-all", all.len())
        }
        _ => {
            let within = within(request, all);
            let page = page(&within, request.number_in("page") * 3, 3);
            Reply::json(format!("[{page}]")).with("pagination-count", within.len())
        }
    }
}

/// Pages to which the one before leads.
fn handed_out(request: &Request, all: &[String], url: &str) -> Reply {
    let token = request.parameter("after").unwrap_or("t0");
    let start: usize = token.strip_prefix('t').unwrap().parse().unwrap();
    let size = if request.path == "/header-feed" { 2 } else { 3 };
    let (page, next) = (page(all, start, size), start + size);
    let next = (next < all.len()).then(|| format!("t{next}"));
    let array = || Reply::json(format!("[{page}]"));
    let reply = match (request.path.as_str(), next) {
        ("/feed", next) => {
            let next = next.map_or_else(|| "null".to_owned(), |next| format!("\"{next}\""));
            Reply::json(format!(
                r#"{{"meta":{{"next":{next}}},"entries":[{page}]}}"#
            ))
        }
        ("/header-feed", Some(next)) => array().with("x-more", true).with("x-next", next),
        ("/header-feed", None) => array().with("x-more", false),
        ("/exports", next) => {
            let next = next.map(|next| {
                format!(r#","@odata.nextLink":"{url}/exports?version=2&top=3&after={next}""#)
            });
            Reply::json(format!(
                r#"{{"value":[{page}]{}}}"#,
                next.unwrap_or_default()
            ))
        }
        (path, Some(next)) => {
            let link = format!("{url}{path}?version=2&per_page=3&after={next}");
            array().with("link", format!("<{link}>; rel=\"next\""))
        }
        (_, None) => array(),
    };
    reply.with("x-all", all.len())
}

/// Pages by the last record of the one before.
fn behind_the_last(request: &Request, all: &[String]) -> Reply {
    let last = ["after", "starting_after"]
        .iter()
        .find_map(|name| request.parameter(name));
    let start = last.map_or(0, |last| place_of(all, last) + 1);
    let size = request.number_in("limit");
    let page = page(all, start, size);
    let body = match request.path.as_str() {
        "/notes" => format!("[{page}]"),
        _ => format!(
            r#"{{"has_more":{},"data":[{page}]}}"#,
            start + size < all.len()
        ),
    };
    Reply::json(body).with("x-all", all.len())
}

fn plain(kind: &str, body: String) -> Reply {
    Reply::Answer {
        status: 200,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body: body.into_bytes(),
    }
}

/// Those that changed in the span that is asked for.
fn within(request: &Request, all: &[String]) -> Vec<String> {
    let from = request.parameter("since").or(request.parameter("changed"));
    let until = request.parameter("until");
    let at = |record: &String| {
        let record: serde_json::Value = serde_json::from_str(record).unwrap();
        let at = record["at"].as_str().or(record["day"].as_str());
        at.unwrap_or_default().to_owned()
    };
    let fits = |record: &&String| {
        from.is_none_or(|from| at(record).as_str() >= from)
            && until.is_none_or(|until| at(record).as_str() <= until)
    };
    all.iter().filter(fits).cloned().collect()
}

fn page(all: &[String], start: usize, size: usize) -> String {
    let start = start.min(all.len());
    all[start..(start + size).min(all.len())].join(",")
}

fn place_of(all: &[String], id: &str) -> usize {
    let is_it = |record: &String| record.contains(&format!("\"id\":\"{id}\""));
    all.iter().position(is_it).unwrap()
}
