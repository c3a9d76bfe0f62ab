//! `/mirror`: what the upstream would answer, in its shape, and nothing that is not known.

use chrono::{Duration, NaiveDate};
use entity::{
    definition::{
        Cell, Definition, Face,
        face::{Format, MarkField, MarkFormat, MarkOrder, PageWay, Pages, Part, Shape, Spot},
    },
    run::Outcome,
};
use reqwest::header::{HOST, IF_NONE_MATCH};
use serde_json::{Value, json};
use testdb::Kind;

use crate::{
    cats::{breed, breeds, image, images},
    world::{Answer, World, settings},
};

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

/// Numbered pages of two, and their number in a header.
pub(crate) fn numbered() -> Pages {
    Pages {
        way: PageWay::Page {
            param: "page".to_owned(),
            start: 0,
        },
        size: Some(2),
        size_param: Some("limit".to_owned()),
        total: Some(Spot::Header("pagination-count".to_owned())),
        more: None,
    }
}

pub(crate) fn shape(path: &[Part], pages: Pages) -> Shape {
    Shape {
        path: path.to_vec(),
        query: Vec::new(),
        credentials: vec!["api_key".to_owned()],
        format: Format::Array,
        records: Vec::new(),
        pages,
        mark: None,
    }
}

fn with(definition: Definition, shape: Shape) -> Definition {
    Definition {
        face: Some(Face::Open(Box::new(shape))),
        ..definition
    }
}

/// Breeds in numbered pages.
pub(crate) fn mirrored_breeds() -> Definition {
    let shape = shape(&[text("/breeds")], numbered());
    let query = vec![("order".to_owned(), vec![text("ASC")])];
    with(breeds(), Shape { query, ..shape })
}

/// The images of each breed, page by page by links.
pub(crate) fn mirrored_images() -> Definition {
    let path = [
        text("/breeds/"),
        Part::Parent("breed_id".to_owned()),
        text("/images"),
    ];
    let pages = Pages {
        way: PageWay::Link,
        size_param: Some("per_page".to_owned()),
        total: None,
        ..numbered()
    };
    with(images(), shape(&path, pages))
}

fn in_body(pointer: &[&str]) -> Spot {
    Spot::Body(pointer.iter().map(|&token| token.to_owned()).collect())
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    let records = body.as_array().expect("an array").iter();
    records
        .map(|record| record["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test]
async fn a_page_is_found_by_its_number_whatever_has_gone_before() {
    World::each(async |world| {
        let definition = mirrored_breeds();
        let all: Vec<String> = (10..30).map(|at| format!("b{at}")).collect();
        let rows: Vec<_> = all.iter().map(|id| breed(id, &[])).collect();
        let id = world.mirrored(&definition, &rows).await;
        has_pages(&world, &all).await;
        world.delete(&definition, (id, 2), &[1, 4, 5, 20]).await;
        let left = all
            .iter()
            .enumerate()
            .filter(|(at, _)| ![0, 3, 4, 19].contains(at));
        has_pages(&world, &left.map(|(_, id)| id.clone()).collect::<Vec<_>>()).await;
        let far = world
            .get("/mirror/cats/breeds?page=18446744073709551615&limit=7")
            .await;
        assert_eq!(ids(&far), Vec::<String>::new());
    })
    .await;
}

/// Asks for each page of `all`, the last one first: nothing is known then of the pages before.
async fn has_pages(world: &World, all: &[String]) {
    for page in (0..12).rev().chain(0..12) {
        let answer = world.get(&format!("/mirror/cats/breeds?page={page}")).await;
        let expected: Vec<String> = all.iter().skip(page * 2).take(2).cloned().collect();
        assert_eq!(ids(&answer), expected, "page {page}");
        assert_eq!(answer.header("pagination-count"), all.len().to_string());
    }
}

#[tokio::test]
async fn what_is_told_of_a_page_stands_where_the_upstream_tells_it() {
    World::each(async |world| {
        let pages = Pages {
            way: PageWay::Token {
                param: "after".to_owned(),
                next: in_body(&["meta", "next"]),
            },
            total: Some(in_body(&["meta", "total"])),
            more: Some(in_body(&["more"])),
            ..numbered()
        };
        let shape = shape(&[text("/breeds")], pages);
        let records = vec!["data".to_owned(), "items".to_owned()];
        let definition = with(breeds(), Shape { records, ..shape });
        let rows: Vec<_> = ["a", "b", "c"].map(|id| breed(id, &[])).to_vec();
        world.mirrored(&definition, &rows).await;
        let first = world.get("/mirror/cats/breeds").await.json();
        let token = first["meta"]["next"].as_str().expect("a token");
        let expected = json!({
            "meta": { "next": token, "total": 3 },
            "more": true,
            "data": { "items": [{ "id": "a" }, { "id": "b" }] },
        });
        assert_eq!(first, expected);
        let last = world
            .get(&format!("/mirror/cats/breeds?after={token}"))
            .await;
        let expected =
            r#"{"meta":{"next":null,"total":3},"more":false,"data":{"items":[{"id":"c"}]}}"#;
        assert_eq!(last.body, expected);
        let strange = world.get("/mirror/cats/breeds?after=x").await;
        assert_eq!(strange.json()["code"], "CURSOR_INVALID");
    })
    .await;
}

#[tokio::test]
async fn a_link_leads_back_to_us() {
    World::each(async |world| {
        world
            .mirrored(
                &mirrored_breeds(),
                &[breed("abys", &[]), breed("beng", &[])],
            )
            .await;
        let rows = ["1", "2", "3"].map(|id| image("abys", id, 3));
        world.mirrored(&mirrored_images(), &rows).await;
        let path = "/mirror/cats/breeds/abys/images";
        let first = world.get(&format!("{path}?per_page=2&api_key=hush")).await;
        assert_eq!(first.body, r#"[{"id":"1","width":3},{"id":"2","width":3}]"#);
        let link = first.header("link");
        let url = link
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix(r#">; rel="next""#));
        let url = url.unwrap_or_else(|| panic!("{link}"));
        assert!(
            url.starts_with(&format!("{}{path}?per_page=2&cursor=", world.url)),
            "{url}"
        );
        assert!(!url.contains("hush"), "{url}");
        let rest = url.strip_prefix(&world.url).expect("it is ours");
        let last = world.get(rest).await;
        assert_eq!(last.body, r#"[{"id":"3","width":3}]"#);
        assert!(!last.headers.contains_key("link"), "{:?}", last.headers);
        // What names one host is no answer for another.
        for (host, begins) in [
            ("other.example:80", "<http://other.example:80/mirror/"),
            ("a/b", "</mirror/"),
        ] {
            let answer = world
                .get_with(&format!("{path}?per_page=2"), &[(HOST, host)])
                .await;
            assert!(
                answer.header("link").starts_with(begins),
                "{:?}",
                answer.headers
            );
        }
        let other = world.get("/mirror/cats/breeds/beng/images").await;
        assert_eq!(other.body, "[]");
        let strange = world.get("/mirror/cats/breeds/none/images").await;
        assert_eq!(strange.status, 404, "{}", strange.body);
        assert_eq!(strange.json()["errors"][0]["code"], "UNKNOWN_RECORD");
    })
    .await;
}

#[tokio::test]
async fn a_link_names_the_public_address() {
    let settings = api::Settings {
        public_url: "https://data.example/x/".parse().ok(),
        ..settings()
    };
    let world = World::with_schema(Kind::Sqlite, settings).await;
    let pages = Pages {
        way: PageWay::Url {
            next: in_body(&["next"]),
        },
        ..numbered()
    };
    let shape = shape(&[text("/breeds")], pages);
    let records = vec!["items".to_owned()];
    let definition = with(breeds(), Shape { records, ..shape });
    let rows = ["a", "b", "c"].map(|id| breed(id, &[]));
    world.mirrored(&definition, &rows).await;
    let first = world.get("/mirror/cats/breeds").await.json();
    let url = first["next"].as_str().expect("a URL");
    let path = url
        .strip_prefix("https://data.example/x")
        .unwrap_or_else(|| panic!("{url}"));
    let last = world.get(path).await;
    assert_eq!(last.body, r#"{"next":null,"items":[{"id":"c"}]}"#);
}

#[tokio::test]
async fn all_that_the_upstream_might_know_and_we_do_not_is_refused_at_once() {
    World::each(async |world| {
        world
            .mirrored(&mirrored_breeds(), &[breed("abys", &[])])
            .await;
        let fine = world
            .get("/mirror/cats/breeds?order=ASC&limit=2&page=0&api_key=x&api_key=y")
            .await;
        assert_eq!(ids(&fine), ["abys"]);
        let answer = world
            .get("/mirror/cats/breeds?order=DESC&pgae=1&name=x&limit=0&page=-1&page=2&limit=9999")
            .await;
        let faults = answer.faults(&["parameter", "code", "did_you_mean"]);
        let expected = [
            "pgae UNKNOWN_PARAMETER page",
            "name UNKNOWN_PARAMETER -",
            "page REPEATED_PARAMETER -",
            "limit REPEATED_PARAMETER -",
            "order INVALID_VALUE -",
            "page INVALID_VALUE -",
            "limit INVALID_VALUE -",
        ];
        assert_eq!(faults, expected, "{}", answer.body);
        let unknown = &answer.json()["errors"][0]["allowed"];
        assert_eq!(*unknown, json!(["order", "page", "limit", "api_key"]));
        let large = world.get("/mirror/cats/breeds?limit=1001").await;
        assert_eq!(
            large.faults(&["parameter", "code"]),
            ["limit INVALID_VALUE"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_path_that_nobody_mirrored_is_told_with_those_that_are() {
    World::each(async |world| {
        world
            .mirrored(&mirrored_breeds(), &[breed("abys", &[])])
            .await;
        let closed = Definition {
            face: Some(Face::Closed("its path holds a secret".to_owned())),
            ..images()
        };
        world.mirrored(&closed, &[]).await;
        for path in [
            "/mirror/cats/breed",
            "/mirror/cats",
            "/mirror/cats/",
            "/mirror/cats/breeds/abys",
        ] {
            let answer = world.get(path).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.body);
            let problem = answer.json();
            assert_eq!(problem["code"], "NOT_MIRRORED", "{path}");
            assert_eq!(problem["errors"][0]["allowed"], json!(["/breeds"]));
            assert_eq!(
                problem["errors"][1]["detail"],
                "the resource `images` is not among them: its path holds a secret"
            );
        }
        let near = world.get("/mirror/cats/breed").await.json();
        assert_eq!(near["errors"][0]["did_you_mean"], "/breeds");
        let strange = world.get("/mirror/cast/breeds").await.json();
        assert_eq!(strange["errors"][0]["did_you_mean"], "cats");
        let encoded = world.get("/mirror/cats/%FF").await;
        assert_eq!(encoded.status, 404, "{}", encoded.body);
    })
    .await;
}

#[tokio::test]
async fn rows_that_no_run_has_made_whole_are_not_passed_off_as_the_upstreams() {
    World::each(async |world| {
        world.registered(&mirrored_breeds()).await;
        let answer = world.get("/mirror/cats/breeds").await;
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert_eq!(answer.json()["code"], "NOT_READY");
    })
    .await;
}

#[tokio::test]
async fn an_answer_tells_how_fresh_it_is_in_its_headers() {
    World::each(async |world| {
        let definition = mirrored_breeds();
        let id = world.mirrored(&definition, &[breed("abys", &[])]).await;
        let path = "/mirror/cats/breeds";
        let first = world.get(path).await;
        assert_eq!(first.header("content-type"), "application/json");
        assert_eq!(first.header("catchment-version"), "1");
        assert!(!first.headers.contains_key("catchment-stale"));
        assert!(!first.headers.contains_key("link"), "{:?}", first.headers);
        let etag = first.header("etag").to_owned();
        let again = world.get_with(path, &[(IF_NONE_MATCH, &etag)]).await;
        assert_eq!(again.status, 304);
        world.ended(id, Outcome::Failed).await;
        let stale = world.get(path).await;
        assert_eq!(
            (stale.header("catchment-stale"), &stale.body),
            ("true", &first.body)
        );
        world
            .write(&definition, (id, 2), &[breed("beng", &[])])
            .await;
        let new = world.get_with(path, &[(IF_NONE_MATCH, &etag)]).await;
        assert_eq!(ids(&new), ["abys", "beng"]);
        world.wait(Duration::hours(9));
        assert_eq!(world.get(path).await.header("catchment-stale"), "true");
    })
    .await;
}

#[tokio::test]
async fn what_changed_since_is_what_is_not_older() {
    World::each(async |world| {
        let born = |day| NaiveDate::from_ymd_opt(2026, 1, day).map_or(Cell::Null, Cell::Date);
        let mark = MarkField {
            field: "born".to_owned(),
            format: MarkFormat::Pattern("%d.%m.%Y".to_owned()),
            order: MarkOrder::Any,
        };
        let query = vec![
            ("since".to_owned(), vec![text(">="), Part::From]),
            ("until".to_owned(), vec![Part::Until]),
        ];
        let definition = with(
            breeds(),
            Shape {
                query,
                mark: Some(mark),
                ..shape(&[text("/breeds")], numbered())
            },
        );
        let rows = [("c", born(3)), ("n", Cell::Null), ("a", born(1)), ("b", born(2))];
        let rows = rows.map(|(id, day)| breed(id, &[("born", day)]));
        world.mirrored(&definition, &rows).await;
        let check = async |query: &str, expected: &[&str], total: &str| {
            let answer = world.get(&format!("/mirror/cats/breeds?{query}")).await;
            assert_eq!(ids(&answer), expected, "{query}");
            assert_eq!(answer.header("pagination-count"), total, "{query}");
        };
        check("limit=9", &["c", "n", "a", "b"], "4").await;
        check("since=>=02.01.2026&limit=9", &["b", "c", "n"], "3").await;
        check("since=>=02.01.2026&page=1", &["n"], "3").await;
        check("since=>=01.01.2026&until=02.01.2026&limit=9", &["a", "b", "n"], "3").await;
        let wrong = world.get("/mirror/cats/breeds?since=>=2026-01-02&until=").await;
        assert_eq!(
            wrong.faults(&["parameter", "code", "detail"]),
            [
                "until INVALID_VALUE what is mirrored was asked for with `until={until}`, and nothing else is known",
                "since INVALID_VALUE `2026-01-02` is not a time of the form %d.%m.%Y",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn one_path_of_two_resources_is_told_apart_by_its_parameters() {
    World::each(async |world| {
        let of = |definition: Definition, query: &[(&str, &str)]| {
            let query = query
                .iter()
                .map(|(name, value)| ((*name).to_owned(), vec![text(value)]));
            let shape = shape(&[text("/search")], numbered());
            with(
                definition,
                Shape {
                    query: query.collect(),
                    ..shape
                },
            )
        };
        let breeds = of(breeds(), &[("kind", "breed")]);
        let images = Definition {
            parent: None,
            ..of(images(), &[("kind", "image"), ("size", "full")])
        };
        world.mirrored(&breeds, &[breed("abys", &[])]).await;
        world.mirrored(&images, &[image("x", "1", 3)]).await;
        let check = async |query: &str, expected: &[&str]| {
            let answer = world.get(&format!("/mirror/cats/search?{query}")).await;
            assert_eq!(ids(&answer), expected, "{query}");
        };
        check("kind=breed", &["abys"]).await;
        check("kind=image", &["1"]).await;
        check("size=full", &["1"]).await;
        let wrong = world.get("/mirror/cats/search?kind=dog").await.json();
        assert_eq!(
            (&wrong["code"], &wrong["errors"][0]["parameter"]),
            (&json!("NOT_MIRRORED"), &json!("kind"))
        );
        let breeds = of(
            crate::cats::breeds(),
            &[("size", "full"), ("kind", "breed")],
        );
        let world = World::with_schema(world.kind, settings()).await;
        world.mirrored(&breeds, &[breed("abys", &[])]).await;
        world.mirrored(&images, &[image("x", "1", 3)]).await;
        let both = world.get("/mirror/cats/search").await;
        assert_eq!(both.status, 404, "{}", both.body);
        let fault: Value = both.json()["errors"][0].clone();
        assert_eq!(fault["code"], "MISSING_PARAMETER");
        assert_eq!(
            fault["allowed"],
            json!(["kind=breed", "kind=image", "size=full"])
        );
    })
    .await;
}

#[tokio::test]
async fn a_value_of_the_last_record_leads_on_although_its_row_has_gone() {
    World::each(async |world| {
        let pages = Pages {
            way: PageWay::Last {
                param: "after".to_owned(),
                field: "id".to_owned(),
            },
            ..numbered()
        };
        let definition = with(breeds(), shape(&[text("/breeds")], pages));
        let rows = ["d", "a", "c", "b"].map(|id| breed(id, &[]));
        let id = world.mirrored(&definition, &rows).await;
        let check = async |query: &str, expected: &[&str]| {
            let answer = world.get(&format!("/mirror/cats/breeds?{query}")).await;
            assert_eq!(ids(&answer), expected, "{query}");
        };
        check("", &["a", "b"]).await;
        world.delete(&definition, (id, 2), &[4]).await;
        check("after=b", &["c", "d"]).await;
        check("after=d", &[]).await;
    })
    .await;
}

#[tokio::test]
async fn a_resource_of_one_record_has_it_or_nothing() {
    World::each(async |world| {
        let pages = Pages {
            way: PageWay::None,
            size: None,
            size_param: None,
            ..numbered()
        };
        let shape = Shape {
            format: Format::Single,
            ..shape(&[text("/breed")], pages)
        };
        let definition = with(breeds(), shape);
        let id = world.mirrored(&definition, &[breed("abys", &[])]).await;
        assert_eq!(
            world.get("/mirror/cats/breed").await.body,
            r#"{"id":"abys"}"#
        );
        world.delete(&definition, (id, 2), &[1]).await;
        let gone = world.get("/mirror/cats/breed").await;
        assert_eq!(
            (gone.status.as_u16(), &gone.json()["code"]),
            (404, &json!("NOT_FOUND"))
        );
    })
    .await;
}
