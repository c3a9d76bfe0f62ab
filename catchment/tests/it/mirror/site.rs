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
        "/feed" => {
            let (page, next) = led(request, all, 3);
            let next = next.map_or_else(|| "null".to_owned(), |next| format!("\"t{next}\""));
            let body = format!(r#"{{"meta":{{"next":{next}}},"entries":[{page}]}}"#);
            Reply::json(body).with("x-all", all.len())
        }
        "/header-feed" => {
            let (page, next) = led(request, all, 2);
            let reply = Reply::json(format!("[{page}]")).with("x-all", all.len());
            let reply = reply.with("x-more", next.is_some());
            next.map_or(reply.clone(), |next| {
                reply.with("x-next", format!("t{next}"))
            })
        }
        "/charges" | "/notes" => {
            let param = if request.path == "/notes" {
                "after"
            } else {
                "starting_after"
            };
            let size = request.number_in("limit");
            let start = request
                .parameter(param)
                .map_or(0, |last| place_of(all, last) + 1);
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
        "/repos/acme%20inc/issues" => {
            let (page, next) = led(request, all, 3);
            let reply = Reply::json(format!("[{page}]")).with("x-all", all.len());
            let link = |next| {
                format!(
                    "<{url}{}?{}&after=t{next}>; rel=\"next\"",
                    request.path, "version=2&per_page=3"
                )
            };
            next.map_or(reply.clone(), |next| reply.with("link", link(next)))
        }
        "/exports" => {
            let (page, next) = led(request, all, 3);
            let next = next.map(|next| {
                format!(r#","@odata.nextLink":"{url}/exports?version=2&top=3&after=t{next}""#)
            });
            let body = format!(r#"{{"value":[{page}]{}}}"#, next.unwrap_or_default());
            Reply::json(body).with("x-all", all.len())
        }
        "/lines" => plain("application/x-ndjson", all.join("\n") + "\n"),
        "/sheet.csv" => plain(
            "text/csv",
            format!("id;text;count;flag\n{}\n", all.join("\n")),
        ),
        "/rates" => Reply::json(format!(r#"{{"rates":{{{}}}}}"#, whole())),
        "/about" => Reply::json(format!(r#"{{"about":{}}}"#, whole())),
        _ => {
            let within = within(request, all);
            let page = page(&within, request.number_in("page") * 3, 3);
            Reply::json(format!("[{page}]")).with("pagination-count", within.len())
        }
    }
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

/// The page behind the token, and the number of the next one.
fn led(request: &Request, all: &[String], size: usize) -> (String, Option<usize>) {
    let token = request.parameter("after").unwrap_or("t0");
    let start: usize = token.strip_prefix('t').unwrap().parse().unwrap();
    let next = start + size;
    (page(all, start, size), (next < all.len()).then_some(next))
}

fn page(all: &[String], start: usize, size: usize) -> String {
    let start = start.min(all.len());
    all[start..(start + size).min(all.len())].join(",")
}

fn place_of(all: &[String], id: &str) -> usize {
    let is_it = |record: &String| record.contains(&format!("\"id\":\"{id}\""));
    all.iter().position(is_it).unwrap()
}
