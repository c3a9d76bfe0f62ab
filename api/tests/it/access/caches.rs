//! What is kept for those who see a thing is given to nobody else: asked in both orders, at once, compressed, by its tag.

use reqwest::{
    Method,
    header::{ACCEPT_ENCODING, IF_NONE_MATCH},
};

use super::world::{API_KEY, Caller, each, hidden};
use crate::world::{Answer, World};

/// Of the parent, as each of its routes tells of it.
const OF_HOARD: [&str; 10] = [
    "/api/v1/cats/hoard",
    "/api/v1/cats/hoard?sort=name&embed=pictures",
    "/api/v1/cats/hoard/a",
    "/api/v1/cats/hoard/a/pictures",
    "/api/v1/cats/hoard/a/-/history",
    "/api/v1/cats/hoard?as_of=1",
    "/api/v1/cats/hoard/-/facets?facet=name",
    "/api/v1/cats/hoard/-/schema",
    "/api/v1/cats/hoard/-/random",
    "/mirror/cats/hoard",
];

/// What everybody gets, each another one.
const DOCUMENTS: [&str; 4] = [
    "/api/v1",
    "/api/v1/catalog",
    "/api/v1/catalog/cats",
    "/api/openapi.json",
];

fn sees(caller: &Caller, name: &str) -> bool {
    caller.sees.contains(&name)
}

#[tokio::test]
async fn who_may_not_see_it_gets_none_of_what_another_got() {
    each(async |world, callers| {
        for path in OF_HOARD {
            in_both_orders(world, callers, path).await;
        }
    })
    .await;
}

/// Each of them three times: what is made is kept then.
async fn in_both_orders(world: &World, callers: &[Caller], path: &str) {
    let twice = callers.iter().chain(callers.iter().rev());
    for caller in twice.chain(callers) {
        let answer = caller.get(world, path).await;
        is_for(caller, &answer, path);
    }
}

fn is_for(caller: &Caller, answer: &Answer, path: &str) {
    let at = format!("{path} for {}: {}", caller.name, answer.body);
    if !sees(caller, "hoard") {
        assert_eq!(answer.status, 404, "{at}");
        assert_eq!(answer.header("cache-control"), "no-store", "{at}");
        assert!(!answer.headers.contains_key("etag"), "{at}");
        assert!(!answer.headers.contains_key("www-authenticate"), "{at}");
        return;
    }
    assert_eq!(answer.status, 200, "{at}");
    if answer.header("cache-control") != "no-store" {
        assert!(
            answer.header("cache-control").starts_with("private, "),
            "{at}"
        );
    }
    let varies = "accept, accept-encoding, authorization, x-api-key";
    assert_eq!(answer.header("vary"), varies, "{at}");
}

#[tokio::test]
async fn a_tag_that_another_learned_is_good_for_nothing() {
    each(async |world, callers| {
        for path in OF_HOARD {
            learned(world, callers, path).await;
        }
    })
    .await;
}

/// Has an admin learn the tag of that, and everybody show it.
async fn learned(world: &World, callers: &[Caller], path: &str) {
    let admin = callers.last().expect("an admin");
    let answer = admin.get(world, path).await;
    let Some(tag) = answer.headers.get("etag") else {
        return;
    };
    let own = tag.to_str().expect("ASCII");
    for (tag, caller) in [own, "*"]
        .into_iter()
        .flat_map(|tag| callers.iter().map(move |of| (tag, of)))
    {
        // A schema names the children that its reader sees.
        if tag == own && path.ends_with("schema") && sees(caller, "hoard") {
            continue;
        }
        let copy = [(IF_NONE_MATCH, tag)];
        let answer = caller.get_with(world, path, &copy).await;
        let expected = if sees(caller, "hoard") { 304 } else { 404 };
        assert_eq!(answer.status, expected, "{path} for {}", caller.name);
    }
}

#[tokio::test]
async fn a_head_and_a_compressed_body_are_no_way_around() {
    each(async |world, callers| {
        for caller in callers.iter().rev().chain(callers) {
            coded(world, caller, "gzip").await;
            coded(world, caller, "br").await;
            coded(world, caller, "identity").await;
        }
    })
    .await;
}

async fn coded(world: &World, caller: &Caller, coding: &str) {
    let path = "/api/v1/cats/hoard?limit=2";
    let mut headers = caller.headers();
    headers.push((ACCEPT_ENCODING, coding));
    let head = world.send(Method::HEAD, path, &headers).await;
    let (of_get, body) = world.bytes(path, &headers).await;
    let expected = if sees(caller, "hoard") { 200 } else { 404 };
    assert_eq!(head.status, expected, "{}", caller.name);
    let lengths = [&head.headers, &of_get].map(|headers| headers.get("content-length"));
    assert_eq!(lengths[0], lengths[1]);
    let is_coded = of_get.contains_key("content-encoding");
    let is_expected = expected == 200 && coding != "identity";
    assert_eq!(is_coded, is_expected, "{}", caller.name);
    assert!(!body.is_empty());
}

#[tokio::test]
async fn a_document_has_what_its_caller_sees() {
    each(async |world, callers| {
        for caller in callers.iter().chain(callers.iter().rev()) {
            documents(world, caller).await;
        }
    })
    .await;
}

async fn documents(world: &World, caller: &Caller) {
    for path in DOCUMENTS {
        let answer = caller.get(world, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(
            answer.header("cache-control"),
            "private, no-cache",
            "{path}"
        );
        assert!(answer.header("vary").ends_with("authorization, x-api-key"));
        let is_of_one = path.ends_with("/cats");
        let told = caller
            .sees
            .iter()
            .filter(|name| !is_of_one || **name != "kennels");
        match path {
            "/api/v1" => names(caller, &[], (path, &answer)),
            path => names(caller, &told.copied().collect::<Vec<_>>(), (path, &answer)),
        }
    }
}

/// Checks that an answer names what it has to tell of, and nothing that its caller does not see.
fn names(caller: &Caller, told: &[&str], (path, answer): (&str, &Answer)) {
    for name in hidden(caller) {
        let is_told = answer.body.contains(name);
        assert!(!is_told, "{path} tells {} of {name}", caller.name);
    }
    for name in told {
        let is_told = answer.body.contains(name);
        assert!(is_told, "{path} keeps {name} from {}", caller.name);
    }
}

#[tokio::test]
async fn what_all_may_read_is_kept_for_all_whoever_asks() {
    each(async |world, callers| {
        let path = "/api/v1/cats/pictures?sort=name";
        for caller in callers {
            let answer = caller.get(world, path).await;
            assert_eq!(answer.status, 200, "{}", caller.name);
            assert!(answer.header("cache-control").starts_with("public, "));
            assert_eq!(answer.header("vary"), "accept, accept-encoding");
        }
        let refused = world.get_with(path, &[(API_KEY, "ctm_wrong")]).await;
        assert_eq!(refused.status, 401, "{}", refused.body);
    })
    .await;
}

#[tokio::test]
async fn a_child_is_told_of_no_parent_that_its_reader_does_not_see() {
    each(async |world, callers| {
        for caller in callers {
            relations(world, caller).await;
        }
    })
    .await;
}

async fn relations(world: &World, caller: &Caller) {
    let schema = caller
        .get(world, "/api/v1/cats/pictures/-/schema")
        .await
        .json();
    let parent = &schema["x-catchment"]["parent"]["resource"];
    let expected = sees(caller, "hoard").then_some("hoard");
    assert_eq!(parent.as_str(), expected, "{}", caller.name);
    let embed = caller.get(world, "/api/v1/cats/hoard?embed=ledger").await;
    let expected = match (sees(caller, "hoard"), sees(caller, "ledger")) {
        (false, _) => 404,
        (true, false) => 400,
        (true, true) => 200,
    };
    assert_eq!(embed.status, expected, "{}", embed.body);
}

#[tokio::test]
async fn healthz_and_metrics_have_what_their_caller_sees() {
    each(async |world, callers| {
        for caller in callers {
            told_all(world, caller, "/healthz").await;
            told_all(world, caller, "/metrics").await;
        }
    })
    .await;
}

async fn told_all(world: &World, caller: &Caller, path: &str) {
    let answer = caller.get(world, path).await;
    names(caller, caller.sees, (path, &answer));
}
