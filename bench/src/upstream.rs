//! The upstream, a process of its own: `GET /RECORDS/breeds?page=0&limit=1000`, for as many records as the path says.
//!
//! A thread serves each connection, with one page in memory. It ends when its standard input does, so that it
//! never outlives the process that started it.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use serde::{Deserialize, Serialize};

use crate::records::{PAGE, Template};

/// What it answered since it was last asked for that.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Served {
    pub requests: u64,
    /// Those of `requests` that were answered with 304.
    pub not_modified: u64,
    /// Of bodies.
    pub bytes: u64,
}

/// `GET` here answers [`Served`], and counts from zero again.
pub(crate) const SERVED: &str = "/served";
/// After a `GET` of this, pages have an `ETag`, and who has that page gets a 304.
pub(crate) const TAG: &str = "/tag";
/// After a `GET` of this, no longer.
pub(crate) const UNTAG: &str = "/untag";

#[derive(Default)]
struct State {
    tagged: AtomicBool,
    requests: AtomicU64,
    not_modified: AtomicU64,
    bytes: AtomicU64,
}

/// Serves until standard input ends. The first line on standard output is the URL.
pub(crate) fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut stdout = io::stdout();
    writeln!(stdout, "http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    let (template, state) = (Arc::new(Template::new()), Arc::new(State::default()));
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let (template, state) = (Arc::clone(&template), Arc::clone(&state));
            // A client that hangs up in the middle of an answer is no matter of ours.
            thread::spawn(move || drop(answer_all(stream, &template, &state)));
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}

/// What a request asks for.
#[derive(Debug, Default)]
struct Request {
    path: String,
    known_tag: Option<String>,
}

fn answer_all(stream: TcpStream, template: &Template, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream.try_clone()?);
    let mut output = stream;
    let (mut body, mut answer) = (Vec::new(), Vec::new());
    while let Some(request) = read(&mut input)? {
        let head = if let Some(page) = page(&request.path) {
            serve_page(&request, page, template, state, &mut body)
        } else {
            serve_control(&request, state, &mut body)
        };
        answer.clear();
        answer.extend_from_slice(head.as_bytes());
        answer.extend_from_slice(&body);
        output.write_all(&answer)?;
    }
    Ok(())
}

/// The next request of a connection; `None` at its end.
fn read(input: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut request = Request::default();
    let mut line = String::new();
    loop {
        line.clear();
        // No header of a client of ours is longer.
        if input.take(8192).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let text = line.trim_end();
        if text.is_empty() {
            return Ok(Some(request));
        }
        if request.path.is_empty() {
            text.split(' ')
                .nth(1)
                .unwrap_or("/")
                .clone_into(&mut request.path);
        } else if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("if-none-match")
        {
            request.known_tag = Some(value.trim().to_owned());
        }
    }
}

/// The numbers of its first record and the one after its last, and how many there are of all pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    first: usize,
    end: usize,
    total: usize,
}

fn page(path: &str) -> Option<Page> {
    let (path, query) = path.split_once('?')?;
    let total: usize = path
        .strip_prefix('/')?
        .strip_suffix("/breeds")?
        .parse()
        .ok()?;
    let parameter = |name: &str| {
        let mut parts = query.split('&').filter_map(|part| part.split_once('='));
        let found = parts.find(|(known, _)| *known == name);
        found.and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let size = parameter("limit").unwrap_or(PAGE).clamp(1, PAGE);
    let first = parameter("page")
        .unwrap_or(0)
        .saturating_mul(size)
        .min(total);
    let end = (first + size).min(total);
    Some(Page { first, end, total })
}

/// Fills `body`, and returns the head that goes before it.
fn serve_page(
    request: &Request,
    page: Page,
    template: &Template,
    state: &State,
    body: &mut Vec<u8>,
) -> String {
    let Page { first, end, total } = page;
    state.requests.fetch_add(1, Relaxed);
    let tag = format!("\"{total}-{first}-{end}\"");
    let tagged = state.tagged.load(Relaxed);
    let tag_header = if tagged {
        format!("etag: {tag}\r\n")
    } else {
        String::new()
    };
    let shared = format!("pagination-count: {total}\r\n{tag_header}");
    if tagged && request.known_tag.as_ref() == Some(&tag) {
        state.not_modified.fetch_add(1, Relaxed);
        body.clear();
        return format!("HTTP/1.1 304 Not Modified\r\n{shared}\r\n");
    }
    template.page(first, end - first, body);
    state.bytes.fetch_add(body.len() as u64, Relaxed);
    ok(body.len(), &shared)
}

fn serve_control(request: &Request, state: &State, body: &mut Vec<u8>) -> String {
    match request.path.as_str() {
        TAG => state.tagged.store(true, Relaxed),
        UNTAG => state.tagged.store(false, Relaxed),
        _ => {}
    }
    let served = match request.path.as_str() {
        SERVED => Served {
            requests: state.requests.swap(0, Relaxed),
            not_modified: state.not_modified.swap(0, Relaxed),
            bytes: state.bytes.swap(0, Relaxed),
        },
        _ => Served::default(),
    };
    *body = serde_json::to_vec(&served).unwrap_or_default();
    ok(body.len(), "")
}

fn ok(length: usize, headers: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{Page, page};

    #[test]
    fn a_path_names_records() {
        let check = |path, expected: Option<(usize, usize, usize)>| {
            let expected = expected.map(|(first, end, total)| Page { first, end, total });
            assert_eq!(page(path), expected, "{path}");
        };
        check("/2500/breeds?page=0&limit=1000", Some((0, 1000, 2500)));
        check("/2500/breeds?limit=1000&page=2", Some((2000, 2500, 2500)));
        check("/2500/breeds?limit=1000&page=3", Some((2500, 2500, 2500)));
        check("/0/breeds?page=0", Some((0, 0, 0)));
        check("/served", None);
        check("/x/breeds?page=0", None);
    }
}
