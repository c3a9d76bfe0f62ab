//! What is kept for those who see a thing is given to nobody else: asked in both orders, at once, compressed, by its tag.

use reqwest::{
    Method,
    header::{ACCEPT_ENCODING, HeaderName, IF_NONE_MATCH},
};

use super::world::{Caller, callers, hidden, mirrored};
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
    World::each(async |world| {
        mirrored(&world).await;
        let callers = callers(&world).await;
        for path in OF_HOARD {
            // In both orders, each of them twice: what is made is kept then.
            for caller in callers.iter().chain(callers.iter().rev()).chain(&callers) {
                let answer = caller.get(&world, path).await;
                is_for(caller, &answer, path);
            }
        }
    })
    .await;
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
    World::each(async |world| {
        mirrored(&world).await;
        let callers = callers(&world).await;
        let admin = callers.last().expect("an admin");
        for path in OF_HOARD {
            let learned = admin.get(&world, path).await;
            let Some(tag) = learned.headers.get("etag") else {
                continue;
            };
            for tag in [tag.to_str().expect("ASCII"), "*"] {
                // A schema names the children that its reader sees.
                let is_shared = tag == "*" || !path.ends_with("schema");
                for caller in callers
                    .iter()
                    .filter(|caller| is_shared || !sees(caller, "hoard"))
                {
                    let copy = [(IF_NONE_MATCH, tag)];
                    let answer = caller.get_with(&world, path, &copy).await;
                    let expected = if sees(caller, "hoard") { 304 } else { 404 };
                    assert_eq!(answer.status, expected, "{path} for {}", caller.name);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_head_and_a_compressed_body_are_no_way_around() {
    World::each(async |world| {
        mirrored(&world).await;
        let callers = callers(&world).await;
        for caller in callers.iter().rev().chain(&callers) {
            for coding in ["gzip", "br", "identity"] {
                coded(&world, caller, coding).await;
            }
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
    assert_eq!(
        head.headers.get("content-length"),
        of_get.get("content-length")
    );
    let is_coded = of_get.contains_key("content-encoding");
    assert_eq!(
        is_coded,
        expected == 200 && coding != "identity",
        "{}",
        caller.name
    );
    assert!(!body.is_empty());
}

#[tokio::test]
async fn a_document_has_what_its_caller_sees() {
    World::each(async |world| {
        mirrored(&world).await;
        let callers = callers(&world).await;
        for path in DOCUMENTS {
            for caller in callers.iter().chain(callers.iter().rev()) {
                let answer = caller.get(&world, path).await;
                assert_eq!(answer.status, 200, "{path}");
                assert_eq!(
                    answer.header("cache-control"),
                    "private, no-cache",
                    "{path}"
                );
                assert!(answer.header("vary").ends_with("authorization, x-api-key"));
                for name in hidden(caller) {
                    assert!(
                        !answer.body.contains(name),
                        "{path} tells {} of {name}",
                        caller.name
                    );
                }
                if path != "/api/v1" {
                    let seen = caller
                        .sees
                        .iter()
                        .filter(|name| path != DOCUMENTS[2] || **name != "kennels");
                    for name in seen {
                        assert!(
                            answer.body.contains(name),
                            "{path} keeps {name} from {}",
                            caller.name
                        );
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_all_may_read_is_kept_for_all_whoever_asks() {
    World::each(async |world| {
        mirrored(&world).await;
        let path = "/api/v1/cats/pictures?sort=name";
        for caller in &callers(&world).await {
            let answer = caller.get(&world, path).await;
            assert_eq!(answer.status, 200, "{}", caller.name);
            assert!(answer.header("cache-control").starts_with("public, "));
            assert_eq!(answer.header("vary"), "accept, accept-encoding");
        }
        let wrong = [(HeaderName::from_static("x-api-key"), "ctm_wrong")];
        let refused = world.get_with(path, &wrong).await;
        assert_eq!(refused.status, 401, "{}", refused.body);
    })
    .await;
}

#[tokio::test]
async fn a_child_is_told_of_no_parent_that_its_reader_does_not_see() {
    World::each(async |world| {
        mirrored(&world).await;
        let path = "/api/v1/cats/pictures/-/schema";
        let callers = callers(&world).await;
        for caller in &callers {
            let schema = caller.get(&world, path).await.json();
            let parent = &schema["x-catchment"]["parent"]["resource"];
            let expected = sees(caller, "hoard").then_some("hoard");
            assert_eq!(parent.as_str(), expected, "{}", caller.name);
        }
        for caller in &callers[3..] {
            let embed = caller.get(&world, "/api/v1/cats/hoard?embed=ledger").await;
            let expected = if sees(caller, "ledger") { 200 } else { 400 };
            assert_eq!(embed.status, expected, "{}", embed.body);
        }
    })
    .await;
}

#[tokio::test]
async fn healthz_and_metrics_have_what_their_caller_sees() {
    World::each(async |world| {
        mirrored(&world).await;
        for caller in &callers(&world).await {
            for path in ["/healthz", "/metrics"] {
                let answer = caller.get(&world, path).await;
                assert_eq!(answer.status, 200, "{path}");
                for name in hidden(caller) {
                    assert!(
                        !answer.body.contains(name),
                        "{path} tells {} of {name}",
                        caller.name
                    );
                }
                for name in caller.sees {
                    assert!(
                        answer.body.contains(name),
                        "{path} keeps {name} from {}",
                        caller.name
                    );
                }
            }
        }
    })
    .await;
}
