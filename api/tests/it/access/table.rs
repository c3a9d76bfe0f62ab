//! Who may do what: each method of each route, as the router knows it, asked by everybody. `doc/api/access.md` has the table;
//! a route that is not in it fails here.

use api::Need;
use entity::access::Role;
use reqwest::{
    Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderName},
};

use super::world::{API_KEY, key, mirrored};
use crate::{
    login::{quick, tokens, user},
    world::World,
};

/// Where the table stands.
const DOC: &str = include_str!("../../../../doc/api/access.md");

/// The scopes of each key.
const KEYS: [&str; 9] = [
    "read",
    "read:cats",
    "read:cats/hoard",
    "write",
    "write:cats",
    "write:cats/hoard",
    "sync",
    "read write sync",
    "admin",
];

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is done, or refused for what it asks.
    Done,
    /// If the rule of what is in the path admits the caller; else there is nothing.
    ByRule,
    /// Nobody knows who asks.
    Unknown,
    /// The caller is known, and may not.
    Forbidden,
    /// The same, or there is nothing: of a resource that the caller may not read, nothing is told. Of one that is mirrored,
    /// as here, who may read it hears that nobody writes it; `writing` asks the others.
    Refused,
}

impl Fate {
    /// As the table has it.
    fn word(self) -> &'static str {
        match self {
            Self::Done => "yes",
            Self::ByRule => "rule",
            Self::Unknown => "401",
            Self::Forbidden => "403",
            Self::Refused => "403/404",
        }
    }

    fn is(self, status: StatusCode) -> bool {
        let is_refused = matches!(status.as_u16(), 401 | 403);
        match self {
            Self::Done | Self::ByRule => !is_refused,
            Self::Unknown => status == 401,
            Self::Forbidden => status == 403,
            Self::Refused => matches!(status.as_u16(), 403..=405),
        }
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
enum By {
    Nobody,
    /// A program, with a key of these scopes.
    Key(&'static str),
    /// A user who has logged in.
    User(Role),
}

impl By {
    /// In the order of the table's columns.
    fn all() -> impl Iterator<Item = Self> {
        let users = Role::ALL.map(Self::User);
        std::iter::once(Self::Nobody)
            .chain(KEYS.map(Self::Key))
            .chain(users)
    }

    fn scopes(self) -> &'static str {
        match self {
            Self::Nobody => "",
            Self::Key(scopes) => scopes,
            Self::User(Role::Reader) => "read",
            Self::User(Role::Operator) => "read write sync",
            Self::User(Role::Admin) => "admin",
        }
    }

    fn has(self, one_of: &[&str]) -> bool {
        let mut scopes = self.scopes().split_whitespace();
        scopes.any(|own| own == "admin" || one_of.contains(&own))
    }

    /// What is to become of its request.
    fn fate(self, need: Need) -> Fate {
        match (need, self) {
            (Need::Open, _) => Fate::Done,
            (Need::Read, _) => Fate::ByRule,
            (_, Self::Nobody) => Fate::Unknown,
            (Need::Known, _) => Fate::ByRule,
            (Need::Login, Self::User(_)) => Fate::Done,
            (Need::Write, _) if self.has(&["write", "write:cats", "write:cats/hoard"]) => {
                Fate::ByRule
            }
            (Need::Write, _) => Fate::Refused,
            (Need::Sync, _) if self.has(&["sync"]) => Fate::Done,
            (Need::Admin, _) if self.has(&[]) => Fate::Done,
            (Need::Login | Need::Sync | Need::Admin, _) => Fate::Forbidden,
        }
    }

    /// What it shows: of a user, that of another login each time.
    async fn shows(self, world: &World, shown: &str) -> Option<(HeaderName, String)> {
        match self {
            Self::Nobody => None,
            Self::Key(_) => Some((API_KEY, shown.to_owned())),
            Self::User(role) => {
                let (token, _) = tokens(world, role.as_str()).await;
                Some((AUTHORIZATION, format!("Bearer {token}")))
            }
        }
    }
}

#[test]
fn the_documented_table_is_that_of_the_router() {
    let rows = api::needs().into_iter().map(|(method, route, need)| {
        let fates = By::all().map(|by| by.fate(need).word());
        let fates: Vec<&str> = fates.collect();
        format!("| `{method} {route}` | {} |", fates.join(" | "))
    });
    let expected: Vec<String> = rows.collect();
    let starts = ["| `GET ", "| `P", "| `DELETE "];
    let is_row = |line: &&str| starts.iter().any(|start| line.starts_with(start));
    let documented: Vec<&str> = DOC.lines().filter(is_row).collect();
    let is_documented = |row: &&String| documented.contains(&row.as_str());
    let missing: Vec<_> = expected.iter().filter(|row| !is_documented(row)).collect();
    let is_expected = |row: &&&str| expected.iter().any(|one| one == **row);
    let more: Vec<_> = documented.iter().filter(|row| !is_expected(row)).collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "doc/api/access.md lacks\n{missing:#?}\nand has too much of\n{more:#?}"
    );
}

#[tokio::test]
async fn each_route_is_for_those_of_whom_the_table_says_so() {
    for kind in testdb::kinds() {
        let world = World::with_schema(kind, quick()).await;
        mirrored(&world).await;
        let mut owner = 0;
        for role in Role::ALL {
            owner = user(&world, role.as_str(), role).await.id;
        }
        for by in By::all() {
            let shown = match by {
                By::Key(scopes) => key(&world, owner, scopes).await,
                _ => String::new(),
            };
            asks_each(&world, by, &shown).await;
        }
    }
}

async fn asks_each(world: &World, by: By, shown: &str) {
    let mut shows = by.shows(world, shown).await;
    for (method, route, need) in api::needs() {
        let status = asked(world, (&method, route), shows.as_ref()).await;
        is_as_said(by, (&method, route, need), status);
        // A login may have ended here.
        if need == Need::Login {
            shows = by.shows(world, shown).await;
        }
    }
}

fn is_as_said(by: By, (method, route, need): (&Method, &str, Need), status: StatusCode) {
    let fate = by.fate(need);
    assert!(
        fate.is(status),
        "{method} {route} by {by:?}: {status}, not {fate:?}"
    );
    if need == Need::Read && route.contains("{source}/{resource}") {
        let reads = by.has(&["read", "read:cats", "read:cats/hoard"]);
        assert_eq!(status != 404, reads, "{method} {route} by {by:?}: {status}");
    }
}

/// Asks for what is there, as far as it has a name.
async fn asked(
    world: &World,
    (method, route): (&Method, &str),
    shows: Option<&(HeaderName, String)>,
) -> StatusCode {
    let path = filled(route);
    let shows = shows.map(|(name, value)| (name.clone(), value.as_str()));
    let mut headers: Vec<(HeaderName, &str)> = shows.into_iter().collect();
    // What goes on is left when it has begun.
    if method == Method::GET {
        return world.open(Method::GET, &path, &headers).await.status();
    }
    headers.push((CONTENT_TYPE, "application/json"));
    world
        .sent(method.clone(), &path, (&headers, "{}"))
        .await
        .status
}

/// Each parameter as far as it is known by name; of a number, one that nothing has.
fn filled(route: &str) -> String {
    let parts = route.split('/').map(|part| match part {
        "{source}" => "cats",
        "{resource}" | "{*path}" => "hoard",
        "{key}" => "a",
        "{child}" => "pictures",
        "{asset}" => "init.js",
        "{slug}" => "not-found",
        part if part.starts_with('{') => "999999",
        part => part,
    });
    let path = parts.collect::<Vec<_>>().join("/");
    match path.ends_with("/-/facets") {
        true => path + "?facet=name",
        false => path,
    }
}
