//! Every error has one shape, and says all that is wrong at once.

use reqwest::{
    Method,
    header::{ACCEPT, CONTENT_LENGTH, COOKIE, HeaderName},
};
use serde_json::{Value, json};
use testdb::Kind;

use crate::{
    cats::{breeds, image, images, many_breeds},
    world::{Answer, World, settings},
};

#[tokio::test]
async fn all_faults_are_reported_at_once() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let query = "nmae=x&weight=heavy&limit=0&sort=nope,temperament,notes&notes=x&extra=x&shape=tree\
                     &temperament=x&weight__above=5&coat=shrt&limit=3&fields=a,,b&count=yes&name__has=x\
                     &weight__in=1,x,y&coat__hasany=x&orgin__gte=5&hairless__gtt=1&born__lt=soon&weight__gtte=1\
                     &coat__notin=short,lang&name__isnull=maybe&explain=yes&weight__contains=1&seen__in=[1";
        let answer = world.get(&format!("/api/v1/cats/breeds?{query}")).await;
        let problem = checked(&answer, 400, "INVALID_PARAMETER");
        let faults = problem["errors"].as_array().expect("faults");
        let faults: Vec<_> = faults.iter().map(|fault| {
            let text = |member: &str| fault[member].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", text("parameter"), text("code"), text("did_you_mean"))
        }).collect();
        let expected = [
            "nmae UNKNOWN_PARAMETER name",
            "weight INVALID_VALUE -",
            "limit INVALID_VALUE -",
            "sort UNKNOWN_FIELD -",
            "sort NOT_SORTABLE -",
            "sort NOT_SORTABLE -",
            "notes NOT_FILTERABLE -",
            "extra NOT_FILTERABLE -",
            "shape INVALID_VALUE -",
            "temperament UNKNOWN_OPERATOR temperament__has",
            "weight__above UNKNOWN_OPERATOR weight",
            "coat INVALID_VALUE short",
            "limit REPEATED_PARAMETER -",
            "fields INVALID_VALUE -",
            "count INVALID_VALUE -",
            "name__has UNKNOWN_OPERATOR name",
            "weight__in INVALID_VALUE -",
            "coat__hasany UNKNOWN_OPERATOR coat",
            "orgin__gte UNKNOWN_PARAMETER born__gte",
            "hairless__gtt UNKNOWN_OPERATOR hairless",
            "born__lt INVALID_VALUE -",
            "weight__gtte UNKNOWN_OPERATOR weight__gte",
            "coat__notin INVALID_VALUE long",
            "name__isnull INVALID_VALUE -",
            "explain INVALID_VALUE -",
            "weight__contains UNKNOWN_OPERATOR weight",
            "seen__in INVALID_VALUE -",
        ];
        assert_eq!(faults, expected);
    })
    .await;
}

#[tokio::test]
async fn a_fault_says_what_is_right() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let check = async |query: &str, code: &str, detail: &str| {
            let answer = world.get(&format!("/api/v1/cats/breeds?{query}")).await;
            let problem = checked(&answer, 400, code);
            assert_eq!(problem["detail"], detail);
            assert_eq!(problem["errors"][0]["detail"], detail);
        };
        let wrong = "INVALID_PARAMETER";
        check("orgin=x", "UNKNOWN_PARAMETER", "there is no parameter `orgin` here").await;
        check("weight=1.5", wrong, "expected an integer between -9223372036854775808 and 9223372036854775807 for `weight`").await;
        check("price=1.234", wrong, "expected at most 5 digits before the point and 2 after it for `price`").await;
        check("hairless=1", wrong, "expected `true` or `false` for `hairless`").await;
        check("born=2023-02-29", wrong, "expected a date such as `2026-11-21` for `born`").await;
        check("seen=yesterday", wrong, "expected an RFC 3339 time such as `2026-11-21T08:00:00Z` for `seen`").await;
        check("rating=NaN", wrong, "expected a number for `rating`").await;
        check("coat=bald", wrong, "`coat` never has this value").await;
        check("limit=-1", wrong, "expected a number between 1 and 1000 for `limit`").await;
        check("notes=x", wrong, "`notes` cannot be filtered by: it has no index, and without one each request would read every row").await;
        check("sort=weight,-weight", wrong, "`weight` is named twice").await;
        check("sort=weight,-name", wrong, "`breeds` has no index with the order `weight,-name`, and without one each request would sort every row; sort by one field").await;
        check("hairless__ne=true", "UNKNOWN_PARAMETER", "`hairless` is of type boolean, and has no parameter `hairless__ne`; it has `hairless`, `hairless__isnull`").await;
        check("temperament__eq=x", "UNKNOWN_PARAMETER", "`temperament` is of type list, and has no parameter `temperament__eq`; it has `temperament__has`, `temperament__hasany`, `temperament__isnull`").await;
        check("weight__in=", wrong, "expected an integer between -9223372036854775808 and 9223372036854775807 for `weight__in`").await;
        check("name__in=[]", wrong, "expected at least one value for `name__in`").await;
        check("name__in=[", wrong, "what begins with `[` must be a JSON array of texts, numbers or booleans for `name__in`").await;
        check(&format!("name__in={}", "x,".repeat(200)), wrong, "expected at most 200 values for `name__in`, not 201").await;
        check("notes__gte=x", wrong, "`notes` cannot be filtered by: it has no index, and without one each request would read every row").await;
        check("name=%FF", wrong, "its percent-encoding is not UTF-8").await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let check = async |path: &str, code: &str, nearest: Value| {
            let problem = checked(&world.get(path).await, 404, "NOT_FOUND");
            assert_eq!(problem["errors"][0]["code"], code, "{path}");
            assert_eq!(problem["errors"][0]["did_you_mean"], nearest, "{path}");
        };
        check("/api/v1/cat/breeds", "UNKNOWN_SOURCE", json!("cats")).await;
        check("/api/v1/cats/breed", "UNKNOWN_RESOURCE", json!("breeds")).await;
        check("/api/v1/cats/x/-/schema", "UNKNOWN_RESOURCE", json!(null)).await;
        check("/api/v1/cats/breeds/zzz", "UNKNOWN_RECORD", json!(null)).await;
        check("/api/v1/catalog/dogs", "UNKNOWN_SOURCE", json!(null)).await;
        for path in [
            "/nowhere",
            "/api/v2",
            "/api/v1/cats",
            "/api/v1/cats/breeds/",
            "/api/swagger/x.js",
        ] {
            let problem = checked(&world.get(path).await, 404, "NOT_FOUND");
            assert_eq!(problem["errors"], json!([]), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_kind_of_problem_has_a_page() {
    let world = World::with_schema(Kind::Sqlite, settings()).await;
    let document = world.get("/api/openapi.json").await.json();
    let codes = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    for code in codes.as_array().expect("a list of codes") {
        let code = code.as_str().expect("a code");
        let slug = code.to_lowercase().replace('_', "-");
        let page = world.get(&format!("/problems/{slug}")).await;
        assert_eq!(page.status, 200, "{slug}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(
            page.body.contains(&format!("<code>{code}</code>")),
            "{}",
            page.body
        );
    }
    checked(&world.get("/problems/nope").await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        for path in [
            "/api/v1/cats/breeds/-/schema",
            "/healthz",
            "/api/openapi.json",
            "/",
        ] {
            let answer = world.send(Method::POST, path, &[]).await;
            checked(&answer, 405, "METHOD_NOT_ALLOWED");
            assert_eq!(answer.header("allow"), "GET,HEAD", "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_bad_path_or_url_is_refused() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        checked(
            &world.get("/api/v1/cats/breeds/%FF").await,
            400,
            "INVALID_PATH",
        );
        let long = "x".repeat(9000);
        checked(
            &world.get(&format!("/api/v1/cats/breeds?name={long}")).await,
            414,
            "URI_TOO_LONG",
        );
        let parameter = world.get("/api/v1/cats/breeds/b01?limit=1").await;
        checked(&parameter, 400, "UNKNOWN_PARAMETER");
        checked(
            &world.get("/api/v1/catalog?x=1").await,
            400,
            "UNKNOWN_PARAMETER",
        );
        checked(
            &world.get("/api/v1/cats/breeds/-/schema?x=1").await,
            400,
            "UNKNOWN_PARAMETER",
        );
    })
    .await;
}

#[tokio::test]
async fn what_comes_in_no_form_that_is_wanted_is_not_sent() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let list = "/api/v1/cats/breeds";
        let export = "/api/v1/cats/breeds/-/export";
        // The second time it is a kept answer.
        for path in [list, list, "/api/v1/catalog", "/api/v1/cats/breeds/b01"] {
            assert_eq!(world.get(path).await.status, 200, "{path}");
            let answer = world.get_with(path, &[(ACCEPT, "text/html")]).await;
            let problem = checked(&answer, 406, "NOT_ACCEPTABLE");
            assert_eq!(problem["detail"], "it can be had as `application/json`");
        }
        let either = "it can be had as `application/x-ndjson` or `text/csv`";
        let answer = world.get_with(export, &[(ACCEPT, "image/*")]).await;
        assert_eq!(checked(&answer, 406, "NOT_ACCEPTABLE")["detail"], either);
        let status = async |path: &str, accept| {
            world
                .get_with(path, &[(ACCEPT, accept)])
                .await
                .status
                .as_u16()
        };
        assert_eq!(status(list, "text/html, */*;q=0.1").await, 200);
        assert_eq!(status(list, "application/*").await, 200);
        assert_eq!(
            status(&format!("{export}?format=csv"), "text/html").await,
            200
        );
        assert_eq!(
            status("/api/v1/cats/breeds/-/schema", "application/json").await,
            200
        );
        assert_eq!(status("/api/swagger", "image/png").await, 200);
        assert_eq!(status("/metrics", "text/plain").await, 200);
    })
    .await;
}

#[tokio::test]
async fn a_request_has_bounds() {
    let world = World::with_schema(Kind::Sqlite, settings()).await;
    world.mirrored(&breeds(), &many_breeds()).await;
    let cookie = "x".repeat(33_000);
    let headers = [(COOKIE, cookie.as_str())];
    let answer = world.get_with("/api/v1/cats/breeds", &headers).await;
    checked(&answer, 431, "HEADERS_TOO_LARGE");
    let length = [(CONTENT_LENGTH, "65537")];
    let answer = world.get_with("/api/v1/cats/breeds", &length).await;
    checked(&answer, 413, "TOO_LARGE");
}

#[tokio::test]
async fn filters_wait_for_the_indexes_of_a_new_resource() {
    World::each(async |world| {
        let breeds_id = world.filling(&breeds(), &many_breeds()).await;
        let images_id = world.filling(&images(), &[image("b01", "i", 1)]).await;
        let waits = [
            "?weight=3",
            "?sort=name",
            "?embed=images",
            "/b01?embed=images",
            "/-/facets?facet=name",
            "/-/random?name=zebra",
            "/-/export?name=zebra",
        ];
        let asked = async |path: &str| world.get(&format!("/api/v1/cats/breeds{path}")).await;
        for path in waits {
            let answer = asked(path).await;
            let problem = checked(&answer, 503, "NOT_READY");
            let detail = problem["detail"].as_str().expect("a text");
            assert!(
                detail.contains("is being filled for the first time"),
                "{detail}"
            );
            assert_eq!(answer.header("retry-after"), "10");
        }
        for path in [
            "",
            "/b01",
            "/-/random",
            "/-/export",
            "/-/changes?since=0",
            "/b01/images",
        ] {
            let answer = asked(path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        }
        // What is wrong for good is told at once.
        let wrong = asked("?weight=3&sort=nope").await;
        assert_eq!(wrong.faults(&["parameter", "code"]), ["sort UNKNOWN_FIELD"]);
        world.filled(&breeds(), breeds_id).await;
        world.filled(&images(), images_id).await;
        for path in waits {
            let answer = asked(path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        }
        // What has no index by its definition never gets one.
        assert_eq!(asked("?notes=x").await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn a_request_has_an_id() {
    const ID: HeaderName = HeaderName::from_static("x-request-id");
    World::each(async |world| {
        let own = world.get_with("/nowhere", &[(ID, "mine-1")]).await;
        assert_eq!(own.header("x-request-id"), "mine-1");
        let problem = checked(&own, 404, "NOT_FOUND");
        assert_eq!(problem["request_id"], "mine-1");
        assert_eq!(problem["instance"], "urn:request:mine-1");
        let odd = world.get_with("/livez", &[(ID, "a b")]).await;
        assert_ne!(odd.header("x-request-id"), "a b");
        assert_ne!(
            odd.header("x-request-id"),
            world.get("/livez").await.header("x-request-id")
        );
    })
    .await;
}

#[tokio::test]
async fn a_broken_table_is_an_internal_error_without_sql() {
    World::each(async |world| {
        use sea_orm::ConnectionTrait;
        world.mirrored(&breeds(), &many_breeds()).await;
        let drop = world.db.execute_unprepared("DROP TABLE cats_breeds").await;
        drop.expect("the table goes");
        for path in ["/api/v1/cats/breeds", "/api/v1/cats/breeds/b01"] {
            let answer = world.get(path).await;
            let problem = checked(&answer, 500, "INTERNAL");
            assert_eq!(
                problem["detail"],
                "the request failed for a reason that the log has under the request's id"
            );
            assert!(!answer.body.contains("cats_breeds"), "{}", answer.body);
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_said_to_be() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        world.db.clone().close().await.expect("it closes");
        let answer = world.get("/api/v1/cats/breeds").await;
        let problem = checked(&answer, 503, "NOT_READY");
        assert_eq!(problem["retryable"], json!(true));
        assert_eq!(answer.header("retry-after"), "1");
        // What was read last is still known.
        assert_eq!(world.get("/api/v1/catalog").await.status, 200);
        world.refresh().await;
        assert_eq!(world.get("/api/v1/catalog").await.status, 200);
        assert_eq!(world.get("/readyz").await.status, 503);
    })
    .await;
}

/// The answer's problem, in the shape that all have.
fn checked(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let problem = answer.json();
    let members: Vec<&str> = problem
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "code",
        "detail",
        "errors",
        "instance",
        "request_id",
        "retryable",
        "status",
        "title",
        "type",
    ];
    let mut sorted = members.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(problem["status"], status);
    assert_eq!(problem["code"], code);
    let slug = code.to_lowercase().replace('_', "-");
    assert_eq!(problem["type"], format!("/problems/{slug}"));
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
    problem
}
