//! Who may do what: each method of each route, as the router knows it, asked by everybody. `doc/api/access.md` has the table;
//! a route that is not in it fails here.

use api::Need;
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderName},
};

use super::world::{API_KEY, key, mirrored, user};
use crate::world::World;

/// Where the table stands.
const DOC: &str = include_str!("../../../../doc/api/access.md");

/// The scopes of each key; nobody known is before them.
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
    /// The same, or there is nothing: of a resource that the caller may not read, nothing is told.
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
            Self::Refused => matches!(status.as_u16(), 403 | 404),
        }
    }
}

/// What is to become of a request with that key.
fn fate(need: Need, scopes: Option<&str>) -> Fate {
    let has = |scope: &str| {
        let mut scopes = scopes.into_iter().flat_map(str::split_whitespace);
        scopes.any(|own| own == scope || own == "admin")
    };
    let writes = ["write", "write:cats", "write:cats/hoard"]
        .iter()
        .any(|scope| has(scope));
    match (need, scopes) {
        (Need::Open, _) => Fate::Done,
        (Need::Read, _) => Fate::ByRule,
        (_, None) => Fate::Unknown,
        (Need::Write, _) if writes => Fate::ByRule,
        (Need::Write, _) => Fate::Refused,
        (Need::Sync, _) if has("sync") => Fate::Done,
        (Need::Admin, _) if has("admin") => Fate::Done,
        (Need::Login | Need::Sync | Need::Admin, Some(_)) => Fate::Forbidden,
    }
}

#[test]
fn the_documented_table_is_that_of_the_router() {
    let rows = api::needs().into_iter().map(|(method, route, need)| {
        let callers = [None].into_iter().chain(KEYS.map(Some));
        let fates = callers.map(|scopes| fate(need, scopes).word());
        let fates: Vec<&str> = fates.collect();
        format!("| `{method} {route}` | {} |", fates.join(" | "))
    });
    let expected: Vec<String> = rows.collect();
    let is_row = |line: &&str| {
        ["| `GET ", "| `P", "| `DELETE "]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let documented: Vec<&str> = DOC.lines().filter(is_row).collect();
    let missing: Vec<_> = expected
        .iter()
        .filter(|row| !documented.contains(&row.as_str()))
        .collect();
    let more: Vec<_> = documented
        .iter()
        .filter(|row| !expected.iter().any(|one| one == *row))
        .collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "doc/api/access.md lacks\n{missing:#?}\nand has too much of\n{more:#?}"
    );
}

#[tokio::test]
async fn each_route_is_for_those_of_whom_the_table_says_so() {
    World::each(async |world| {
        mirrored(&world).await;
        let admin = user(&world, "admin").await;
        let mut callers: Vec<(Option<&str>, Option<String>)> = vec![(None, None)];
        for scopes in KEYS {
            callers.push((Some(scopes), Some(key(&world, admin, scopes).await)));
        }
        for (method, route, need) in api::needs() {
            for (scopes, key) in &callers {
                let status = asked(&world, (&method, route), key.as_deref()).await;
                let fate = fate(need, *scopes);
                assert!(
                    fate.is(status),
                    "{method} {route} by {scopes:?}: {status}, not {fate:?}"
                );
                if need == Need::Read && route.contains("{source}/{resource}") {
                    let expected = reads_hoard(*scopes);
                    assert_eq!(
                        status != 404,
                        expected,
                        "{method} {route} by {scopes:?}: {status}"
                    );
                }
            }
        }
    })
    .await;
}

/// Who is known, and has a scope that covers it.
fn reads_hoard(scopes: Option<&str>) -> bool {
    let mut scopes = scopes.into_iter().flat_map(str::split_whitespace);
    scopes.any(|scope| matches!(scope, "read" | "read:cats" | "read:cats/hoard" | "admin"))
}

/// Asks for what is there, as far as it has a name.
async fn asked(world: &World, (method, route): (&Method, &str), key: Option<&str>) -> StatusCode {
    let path = filled(route);
    let mut headers: Vec<(HeaderName, &str)> = key.map(|key| (API_KEY, key)).into_iter().collect();
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
