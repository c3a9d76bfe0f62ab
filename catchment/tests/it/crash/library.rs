//! An upstream and its definition in two states: a first sync makes the tables and inserts; a second one alters a table,
//! fills it anew, updates, deletes, and leaves whole pages as they are.

use testdb::upstream::{Reply, Request, Upstream, paged};

use crate::world::World;

/// Shelves are marked as deleted, books removed for good, and of the loans one fewer comes than is stated: theirs is
/// never a complete run.
const DEFINITION: &str = r#"
[source]
name     = "library"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 1 }

[defaults]
key  = ["id"]
mode = "mirror"
history = true
page = { kind = "page", param = "page", start = 0, size_param = "limit", size = 2, total = "header:pagination-count" }

[resource.shelves]
path    = "/shelves"
expect  = { min = 6 }
deletes = { how = "soft", max = "50%" }
fields  = { SHELF_FIELDS }

[resource.books]
path     = "/shelves/{parent.id}/books"
for_each = { resource = "shelves", copy = { shelf = "id" } }
key      = ["shelf", "id"]
expect   = { min = 9 }
deletes  = { how = "hard", max = "50%" }
fields   = { BOOK_FIELDS }

[resource.loans]
path    = "/loans"
page    = { kind = "link", size_param = "limit", size = 2, total = "header:pagination-count" }
deletes = { how = "soft", max = "50%" }
fields  = { book = "text" }
"#;

/// The state of the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    First,
    Second,
}

pub(super) struct Library {
    pub(super) upstream: Upstream,
}

impl Library {
    /// The upstream, and a world whose operator has the folder for its definition.
    pub(super) async fn open() -> (Self, World) {
        let upstream = Upstream::start().await;
        let world = World::new()
            .with("CATCHMENT__SOURCES__DIR", "sources")
            .with("CATCHMENT__SOURCE__LIBRARY__BASE_URL", &upstream.url)
            // There is no api that would have to notice a changed definition.
            .with("CATCHMENT__API__REFRESH", "1ms");
        (Self { upstream }, world)
    }

    /// Answers, and is defined, as in `state`.
    pub(super) fn shows(&self, state: State, world: &World) {
        self.upstream.answers(move |request| reply(state, request));
        let (shelf, book) = match state {
            State::First => (
                r#"name = "text", place = { from = "/id", type = "text" }, tags = "list""#,
                r#"title = "text", authors = "list""#,
            ),
            State::Second => (
                r#"name = "text", tags = "list""#,
                r#"title = "text", authors = "list", pages = "integer""#,
            ),
        };
        let definition = DEFINITION
            .replace("SHELF_FIELDS", shelf)
            .replace("BOOK_FIELDS", book);
        world.file("sources/library.toml", &definition);
    }
}

/// What the upstream answers in `state`.
pub(super) fn reply(state: State, request: &Request) -> Reply {
    let path: Vec<&str> = request.path.split('/').skip(1).collect();
    let of = |records: &[&str]| -> Vec<String> {
        records.iter().map(|record| (*record).to_owned()).collect()
    };
    match path.as_slice() {
        ["shelves"] => paged(&of(shelves(state)), request),
        ["shelves", shelf, "books"] => paged(&of(books(state, shelf)), request),
        ["loans"] => one_short(loans(state), request),
        _ => Reply::status(404, "unknown"),
    }
}

fn shelves(state: State) -> &'static [&'static str] {
    match state {
        State::First => &[
            r#"{"id":"a","name":"Atlases","tags":["large","flat"]}"#,
            r#"{"id":"b","name":"Biographies","tags":[]}"#,
            r#"{"id":"c","name":"Comics","tags":["coloured"]}"#,
            r#"{"name":"a shelf without an id"}"#,
            r#"{"id":"d","name":"Dictionaries","tags":["large"]}"#,
            r#"{"id":"e","name":"Essays","tags":["small","flat"]}"#,
        ],
        State::Second => &[
            r#"{"id":"a","name":"Atlases","tags":["large","flat"]}"#,
            r#"{"id":"b","name":"Biographies","tags":[]}"#,
            r#"{"id":"c","name":"Comics","tags":["torn","coloured"]}"#,
            r#"{"id":null,"name":"another shelf without an id"}"#,
            r#"{"id":"e","name":"Essays","tags":["small","flat"]}"#,
            r#"{"id":"f","name":"Fables","tags":["old"]}"#,
        ],
    }
}

fn books(state: State, shelf: &str) -> &'static [&'static str] {
    match (state, shelf) {
        (_, "a") => &[
            r#"{"id":1,"title":"World","authors":["Mercator"],"pages":107}"#,
            r#"{"id":2,"title":"Sky","authors":["Bayer","Flamsteed"],"pages":51}"#,
        ],
        (State::First, "b") => &[
            r#"{"id":1,"title":"Lives","authors":["Plutarch"]}"#,
            r#"{"id":2,"title":"Confessions","authors":["Augustine"]}"#,
            r#"{"title":"a book without a number"}"#,
        ],
        (State::Second, "b") => &[
            r#"{"id":1,"title":"Lives","authors":["Plutarch"]}"#,
            r#"{"id":2,"title":"Confessions","authors":["Augustine"]}"#,
        ],
        (State::First, "c") => &[
            r#"{"id":1,"title":"Dots","authors":["Pen","Ink"]}"#,
            r#"{"id":2,"title":"Lines","authors":["Pen"]}"#,
            r#"{"id":3,"title":"Circles","authors":["Compass"]}"#,
        ],
        (State::Second, "c") => &[
            r#"{"id":1,"title":"Dots","authors":["Ink"]}"#,
            r#"{"id":2,"title":"Lines","authors":["Pen"]}"#,
        ],
        (State::First, "d") => &[
            r#"{"id":1,"title":"A to K","authors":["Johnson"]}"#,
            r#"{"id":2,"title":"L to Z","authors":["Johnson"]}"#,
        ],
        (State::First, "e") => &[
            r#"{"id":1,"title":"On idleness","authors":["Montaigne"],"pages":"many"}"#,
            r#"{"id":2,"title":"On liars","authors":["Montaigne"],"pages":9}"#,
        ],
        (State::Second, "e") => &[
            r#"{"id":2,"title":"On liars","authors":["Montaigne"],"pages":"nine"}"#,
            r#"{"id":3,"title":"On books","authors":["Montaigne"],"pages":12}"#,
        ],
        (State::Second, "f") => &[r#"{"id":1,"title":"The fox","authors":[]}"#],
        _ => &[],
    }
}

fn loans(state: State) -> &'static [&'static str] {
    match state {
        State::First => &[
            r#"{"id":1,"book":"World"}"#,
            r#"{"id":2,"book":"Lives"}"#,
            r#"{"id":3,"book":"Dots"}"#,
        ],
        State::Second => &[
            r#"{"id":1,"book":"World"}"#,
            r#"{"id":3,"book":"Dots"}"#,
            r#"{"id":4,"book":"The fox"}"#,
        ],
    }
}

/// The page that `request` asks for; the header states one record more than there is.
fn one_short(records: &[&str], request: &Request) -> Reply {
    let number = request.number_in("page");
    let mut pages = records.chunks(2);
    let page = pages.nth(number).unwrap_or_default();
    let reply =
        Reply::json(format!("[{}]", page.join(","))).with("pagination-count", records.len() + 1);
    match pages.next() {
        Some(_) => reply.with(
            "link",
            format!("</loans?limit=2&page={}>; rel=\"next\"", number + 1),
        ),
        None => reply,
    }
}
