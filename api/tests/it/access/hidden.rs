//! Every documented URL, asked by everybody: what a caller may not see is as if it were not there, in each answer.

use reqwest::Method;

use super::world::{Caller, each, hidden, marks};
use crate::{
    openapi::{Document, asking},
    world::{Answer, World},
};

/// What the document does not name, and what nobody asks for by its right name.
const OTHERS: [&str; 13] = [
    "/api/openapi.json",
    "/api/v1/catalog/cats",
    "/api/v1/catalog/dogs",
    "/api/v1/catalog/dog",
    "/api/v1/cats/hoards",
    "/api/v1/cats/ledgers?sort=name",
    "/api/v1/dogs/kennel",
    "/api/v1/cats/pictures?embed=hoard",
    "/api/v1/cats/hoard/a?embed=ledgr",
    "/api/v1/cats/hoard/a/ledgers",
    "/api/v1/cats/pictures/a?nonsense=1",
    "/mirror/cats/hoards",
    "/mirror/dogs",
];

/// A name that there is nowhere, and that is like none that there is.
const NOWHERE: &str = "zzzzzzzz";

#[tokio::test]
async fn what_a_caller_may_not_see_is_as_if_it_were_not_there() {
    each(async |world, callers| {
        let mut refused = 0;
        for url in urls(world, callers).await {
            refused += of_all(world, callers, &url).await;
        }
        assert!(refused > 60, "{refused} answers were not given");
    })
    .await;
}

/// All that an admin is told of, with an example of all that has to be given.
async fn urls(world: &World, callers: &[Caller]) -> Vec<String> {
    let admin = callers.last().expect("an admin");
    let document = Document::for_caller(world, &admin.headers()).await;
    let operations = document.operations();
    let urls = operations.map(|operation| asking::url(&document, &operation));
    let mut urls: Vec<String> = urls.collect();
    assert!(urls.len() > 30, "{urls:?}");
    urls.extend(OTHERS.map(str::to_owned));
    urls
}

/// How many of them were told that there is nothing.
async fn of_all(world: &World, callers: &[Caller], url: &str) -> usize {
    let admin = callers.last().expect("an admin");
    let whole = admin.get(world, url).await;
    let mut refused = 0;
    for caller in callers.iter().rev() {
        refused += usize::from(asked(world, caller, (url, &whole)).await);
    }
    refused
}

/// Whether the caller was told that there is nothing.
async fn asked(world: &World, caller: &Caller, (url, whole): (&str, &Answer)) -> bool {
    let answer = caller.get(world, url).await;
    let at = format!("{url} for {}: {}", caller.name, answer.body);
    let path = url.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let names: Vec<&str> = hidden(caller).filter(|name| parts.contains(name)).collect();
    let is_of_hidden =
        !names.is_empty() || (parts.contains(&"dogs") && !caller.sees.contains(&"kennels"));
    if is_of_hidden {
        assert_eq!(answer.status, 404, "{at}");
        is_as_nowhere(world, caller, (url, &answer)).await;
    } else if whole.status == 200 {
        let is_embedded = hidden(caller).any(|name| url.contains(name));
        assert_eq!(answer.status == 200, !is_embedded, "{at}");
    }
    tells_nothing(caller, (url, &answer), &at);
    is_of_hidden
}

/// No answer repeats a name that the caller did not give, or a value that it may not see.
fn tells_nothing(caller: &Caller, (url, answer): (&str, &Answer), at: &str) {
    let told = format!("{:?} {}", answer.headers, answer.body);
    for name in hidden(caller) {
        let [name, value] = marks(name);
        assert!(!told.contains(&value), "{at}");
        assert!(url.contains(&name) || !told.contains(&name), "{at}");
    }
}

/// What is hidden is told apart by nothing from what is not there.
async fn is_as_nowhere(world: &World, caller: &Caller, (url, answer): (&str, &Answer)) {
    let names = hidden(caller).chain(["dogs"]);
    let named = names.filter(|name| url.contains(name));
    let elsewhere = named.fold(url.to_owned(), |url, name| url.replace(name, NOWHERE));
    let mut headers = caller.headers();
    headers.push((
        reqwest::header::HeaderName::from_static("x-request-id"),
        "1",
    ));
    let [hidden, nowhere] = [
        world.send(Method::GET, url, &headers).await,
        world.send(Method::GET, &elsewhere, &headers).await,
    ];
    assert_eq!(hidden.status, answer.status);
    let names = super::world::names();
    let plain = |body: &str| {
        names
            .iter()
            .fold(body.to_owned(), |body, name| body.replace(name, NOWHERE))
    };
    assert_eq!(plain(&hidden.body), plain(&nowhere.body), "{url}");
    let told = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(told(&hidden), told(&nowhere), "{url}");
}
