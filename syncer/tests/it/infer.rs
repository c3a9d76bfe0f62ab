//! `infer`: real answers at a socket to a definition, which is then loaded and synced.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::{
    Clock,
    record::{self, Column},
    run::{Outcome, Trigger},
};
use sea_orm::QueryOrder;
use secrecy::SecretString;
use syncer::{
    Ctx, How,
    infer::{self, InferError, Inferred},
    source::{self, Environment, File},
    stop,
};

use crate::upstream::{Reply, Request, Upstream};

/// An upstream, and a syncer without a history.
struct Look {
    upstream: Upstream,
    ctx: Ctx,
    _stopper: stop::Stopper,
}

impl Look {
    async fn at(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let upstream = Upstream::start().await;
        upstream.answers(script);
        let db = entity::connect::connect("sqlite::memory:", 1).await;
        let db = db.expect("a database");
        migration::up(&db).await.expect("the schema can be made");
        let (stopper, stop) = stop::pair();
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let ctx = Ctx::new(db, Clock::from_fn(move || now), stop).expect("a client");
        Self {
            upstream,
            ctx,
            _stopper: stopper,
        }
    }

    async fn infer(&self, path: &str) -> Result<Inferred, InferError> {
        let url = format!("{}{path}", self.upstream.url);
        infer::of_url(&self.ctx, &url.parse().expect("a URL")).await
    }

    /// What is proposed for the list at `path`, without the address of this test's upstream.
    async fn toml(&self, path: &str) -> String {
        let inferred = self.infer(path).await.expect("a proposal");
        inferred.toml.replace(&self.upstream.url, "http://upstream")
    }

    /// Syncs by the proposed definition, and returns the keys of the rows.
    async fn synced(&self, toml: &str) -> Vec<String> {
        let text = toml.replace("http://upstream", &self.upstream.url);
        let catalog = load(&text, &environment(&no_secret)).expect("a definition without faults");
        let source = &catalog.sources[0];
        let plan = source.resources.last().expect("a resource");
        syncer::register(&self.ctx, &catalog)
            .await
            .expect("a table");
        let report = syncer::sync(&self.ctx, source, plan, Trigger::Manual, How::default()).await;
        let report = report.expect("the database answers").expect("a run");
        assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.error);
        assert_eq!((report.counts.rejected, report.counts.bad_values), (0, 0));
        let rows = record::find(&plan.definition.table).order_by_asc(Column::Rowno);
        let rows = rows.all(&self.ctx.db).await.expect("the table is there");
        rows.into_iter().map(|row| row.record_key).collect()
    }
}

fn no_secret(_: &str) -> Result<Option<SecretString>, String> {
    Ok(None)
}

fn environment<'a>(secret: &'a source::Secrets<'a>) -> Environment<'a> {
    Environment {
        secret,
        overrides: BTreeMap::new(),
        enabled: None,
    }
}

fn load(text: &str, environment: &Environment<'_>) -> Result<source::plan::Catalog, String> {
    let file = File {
        path: "proposed.toml".to_owned(),
        text: text.to_owned(),
    };
    source::load(&[file], environment).map_err(|faults| format!("{faults}\n{text}"))
}

/// The product of that number.
fn product(number: usize) -> String {
    let state = ["active", "draft"][number % 2];
    let note = if number == 3 { "null" } else { "\"see below\"" };
    format!(
        r#"{{"id":{number},"title":"Thing {number}","price":{{"amount":"{number}.50","currency":"EUR"}},"state":"{state}",
        "tags":["a","b"],"createdAt":"2026-11-{:02}T08:00:00Z","in_stock":true,"note":{note},"parts":[{{"x":1}}]}}"#,
        1 + number % 28
    )
}

/// The products from `start` on, at most `size` of `all`.
fn products(start: usize, size: usize, all: usize) -> String {
    let numbers = start.min(all)..(start + size).min(all);
    let products: Vec<String> = numbers.map(|number| product(number + 1)).collect();
    format!("[{}]", products.join(","))
}

fn keys(all: usize) -> Vec<String> {
    (1..=all).map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn pages_with_a_total_header() {
    let look = Look::at(|request| {
        let size = request.number_in("limit");
        let start = request.number_in("page").max(1) - 1;
        Reply::json(products(start * size, size, 25)).with("x-total-count", 25)
    });
    let look = look.await;
    let toml = look.toml("/v2/products?limit=10&page=1").await;
    insta::assert_snapshot!(toml, @r##"
    # Drafted by `catchment infer` from 25 records on 3 pages of http://upstream/v2/products (4 requests).
    # Comments say what it rests on. A member that none of these records had is not in it.

    [source]
    name     = "upstream"
    base_url = "http://upstream/v2"
    schedule = "every 1h"  # assumed: how often do the records change?

    [resource.products]
    path = "/products"
    key  = "id"  # in all of 25 seen, each time another
    # a second page was asked for by parameter `page`: other records came
    page = { kind = "page", param = "page", start = 1, size_param = "limit", size = 10, total = "header:x-total-count" }

    [resource.products.fields]
    id             = "integer"
    title          = "text"
    price_amount   = { type = "decimal(8,2)", from = "/price/amount" }  # at most 2 decimals were seen; written as a text
    price_currency = { type = "text", from = "/price/currency" }  # values seen: "EUR"
    state          = "text"  # values seen: "active", "draft"
    tags           = "list"
    created_at     = { type = "timestamp", from = "/createdAt" }
    in_stock       = "boolean"
    note           = "text"  # values seen: "see below"; null in 1 of 25 records
    parts          = "json"  # arrays of objects
    "##);
    assert_eq!(look.synced(&toml).await, keys(25));
}

#[tokio::test]
async fn pages_that_count_from_zero() {
    let look = Look::at(|request| {
        let start = request.number_in("page") * 4;
        Reply::json(format!(
            r#"{{"items":{},"total":10}}"#,
            products(start, 4, 10)
        ))
    });
    let look = look.await;
    for path in ["/products", "/products?page=1", "/products?page=0"] {
        let toml = look.toml(path).await;
        let page = r#"{ kind = "page", param = "page", start = 0, total = "body:/total" }"#;
        assert!(toml.contains(page), "{toml}");
        assert!(toml.contains(r#"records = "body:/items""#), "{toml}");
        assert_eq!(look.synced(&toml).await, keys(10));
    }
}

#[tokio::test]
async fn links_in_a_header() {
    let look = Look::at(|request| {
        let page = request.number_in("page").max(1);
        let answer = Reply::json(products((page - 1) * 3, 3, 8));
        match page {
            3 => answer,
            page => answer.with(
                "link",
                format!("</products?page={}>; rel=\"next\"", page + 1),
            ),
        }
    });
    let look = look.await;
    let toml = look.toml("/products").await;
    assert!(toml.contains(r#"= { kind = "link" }"#), "{toml}");
    assert!(toml.contains("from 8 records on 3 pages"), "{toml}");
    assert_eq!(look.synced(&toml).await, keys(8));
}

#[tokio::test]
async fn offsets() {
    let look = Look::at(|request| {
        let size = request.number_in("limit").clamp(1, 5);
        let products = products(request.number_in("offset"), size, 12);
        Reply::json(format!(
            r#"{{"meta":{{"total":12,"limit":5}},"data":{products}}}"#
        ))
    });
    let look = look.await;
    let toml = look.toml("/products?limit=5&offset=0").await;
    assert!(toml.contains(r#"{ kind = "offset", param = "offset", start = 0, size_param = "limit", size = 5, total = "body:/meta/total" }"#), "{toml}");
    assert_eq!(look.synced(&toml).await, keys(12));
}

#[tokio::test]
async fn a_bare_array_of_everything() {
    let look = Look::at(|_| Reply::json(products(0, 7, 7)));
    let look = look.await;
    let toml = look.toml("/products").await;
    assert!(toml.contains(r#"{ kind = "none" }"#), "{toml}");
    assert_eq!(
        look.upstream.asked().len(),
        1,
        "nothing promises a second page"
    );
    assert_eq!(look.synced(&toml).await, keys(7));
    // As many as a page often has: it is tried, and doubted.
    look.upstream.answers(|_| Reply::json(products(0, 20, 20)));
    let toml = look.toml("/products").await;
    assert!(
        toml.contains("parameter `page` was tried: the same records came"),
        "{toml}"
    );
    assert!(toml.contains("exactly 20 records came"), "{toml}");
    assert_eq!(look.synced(&toml).await, keys(20));
}

#[tokio::test]
async fn more_pages_than_can_be_asked_for_is_a_warning() {
    let look =
        Look::at(|_| Reply::json(format!(r#"{{"data":{},"total":99}}"#, products(0, 3, 99))));
    let look = look.await;
    let toml = look.toml("/products").await;
    assert!(
        toml.contains("WARNING: `body:/total` is 99, and 3 came"),
        "{toml}"
    );
    load(&toml, &environment(&no_secret)).expect("a definition without faults");
}

#[tokio::test]
async fn a_page_behind_the_last_is_not_found() {
    let look = Look::at(|request| match request.number_in("page").max(1) {
        page @ 1..=2 => Reply::json(products((page - 1) * 10, 10, 20)),
        _ => Reply::status(404, "{}"),
    });
    let look = look.await;
    let toml = look.toml("/products").await;
    assert!(toml.contains(r#"{ 404 = "empty" }"#), "{toml}");
    assert_eq!(look.synced(&toml).await, keys(20));
}

#[tokio::test]
async fn a_cursor_in_the_body() {
    let look = Look::at(|request| {
        let start = request.number_in("cursor");
        let next = if start + 3 < 8 {
            format!("\"{}\"", start + 3)
        } else {
            "null".to_owned()
        };
        let products = products(start, 3, 8);
        Reply::json(format!(
            r#"{{"data":{products},"meta":{{"next_cursor":{next}}}}}"#
        ))
    });
    let look = look.await;
    let toml = look.toml("/products").await;
    assert!(
        toml.contains(r#"{ kind = "cursor", param = "cursor", next = "body:/meta/next_cursor" }"#),
        "{toml}"
    );
    assert_eq!(look.synced(&toml).await, keys(8));
}

#[tokio::test]
async fn a_cursor_that_is_the_last_record() {
    let look = Look::at(|request| {
        let start = request.number_in("starting_after");
        let products = products(start, 3, 8);
        Reply::json(format!(
            r#"{{"object":"list","data":{products},"has_more":{}}}"#,
            start + 3 < 8
        ))
    });
    let look = look.await;
    let toml = look.toml("/products?limit=3").await;
    assert!(toml.contains(r#"param = "starting_after", next = "last:/id", more = "body:/has_more", size_param = "limit", size = 3 }"#), "{toml}");
    assert_eq!(look.synced(&toml).await, keys(8));
}

#[tokio::test]
async fn a_url_in_the_body() {
    let look = Look::at(|request| {
        let start = request.number_in("offset");
        let next = if start + 3 < 8 {
            format!("\"/products?offset={}\"", start + 3)
        } else {
            "null".to_owned()
        };
        Reply::json(format!(
            r#"{{"count":8,"next":{next},"results":{}}}"#,
            products(start, 3, 8)
        ))
    });
    let look = look.await;
    let toml = look.toml("/products").await;
    assert!(
        toml.contains(r#"{ kind = "url", next = "body:/next", total = "body:/count" }"#),
        "{toml}"
    );
    assert_eq!(look.synced(&toml).await, keys(8));
}

#[tokio::test]
async fn an_object_keyed_by_id() {
    let look = Look::at(|_| {
        Reply::json(
            r#"{"rates":{"EUR":{"rate":1.25,"on":"2026-11-21"},"USD":{"rate":1.5,"on":"2026-11-21"}}}"#,
        )
    });
    let look = look.await;
    let toml = look.toml("/rates").await;
    assert!(toml.contains(r#"keyed_by = "id""#), "{toml}");
    assert_eq!(look.synced(&toml).await, ["EUR", "USD"]);
}

#[tokio::test]
async fn records_that_nothing_identifies() {
    let look =
        Look::at(|_| Reply::json(r#"[{"city":"Bonn","people":3},{"city":"Bonn","people":4}]"#));
    let look = look.await;
    let toml = look.toml("/cities").await;
    assert!(toml.contains(r#"key  = "hash""#), "{toml}");
    assert_eq!(look.synced(&toml).await.len(), 2);
}

#[tokio::test]
async fn a_written_resource_gets_what_it_lacks() {
    let look = Look::at(
        |request| match request.headers.get("x-key").map(String::as_str) {
            Some("s3cret") => Reply::json(format!(r#"{{"data":{}}}"#, products(0, 3, 3))),
            _ => Reply::status(401, "who are you?"),
        },
    );
    let look = look.await;
    let file = File {
        path: "shop.toml".to_owned(),
        text: r#"
[source]
name = "shop"
base_url = "http://replaced"
auth = { kind = "header", name = "x-key", value = "${SHOP_KEY}" }
retry = { attempts = 1 }
[defaults]
mode = "upsert"
[resource.products]
path = "/products"
fields = { title = "text" }
[resource.broken]
path = 7
"#
        .to_owned(),
    };
    let secret = |name: &str| Ok((name == "SHOP_KEY").then(|| SecretString::from("s3cret")));
    let replaced =
        toml::Table::from_iter([("base_url".to_owned(), look.upstream.url.clone().into())]);
    let environment = Environment {
        overrides: BTreeMap::from([("shop".to_owned(), replaced)]),
        ..environment(&secret)
    };
    let inferred = infer::of_resource(&look.ctx, (&file, &environment), "shop", "products").await;
    let toml = inferred.expect("a proposal").toml;
    insta::assert_snapshot!(toml.replace(&look.upstream.url, "http://upstream"), @r##"
    # Drafted by `catchment infer` from 3 records on 1 page of http://upstream/products (1 request).
    # Comments say what it rests on. A member that none of these records had is not in it.
    # In place of [resource.products] and [resource.products.fields] in shop.toml.

    [resource.products]
    path    = "/products"
    records = "body:/data"
    key     = "id"  # in all of 3 seen, each time another
    page    = { kind = "none" }

    [resource.products.fields]
    title          = "text"
    id             = "integer"
    price_amount   = { type = "decimal(7,2)", from = "/price/amount" }  # at most 2 decimals were seen; written as a text
    price_currency = { type = "text", from = "/price/currency" }
    state          = "text"
    tags           = "list"
    created_at     = { type = "timestamp", from = "/createdAt" }
    in_stock       = "boolean"
    note           = "text"  # null in 1 of 3 records
    parts          = "json"  # arrays of objects
    "##);
    let begun = file
        .text
        .split("[resource.products]")
        .next()
        .unwrap_or_default();
    load(&format!("{begun}\n{toml}"), &environment).expect("a definition without faults");
    let unknown = infer::of_resource(&look.ctx, (&file, &environment), "shop", "product").await;
    let error = unknown.expect_err("there is none").to_string();
    assert!(error.contains("did you mean `products`?"), "{error}");
}

#[tokio::test]
async fn children_are_asked_for_with_a_parent() {
    let look = Look::at(|request| match request.path.as_str() {
        "/products" => Reply::json(products(0, 3, 3)),
        "/products/1/reviews" => Reply::json(r#"[{"id":1,"stars":5},{"id":2,"stars":4}]"#),
        _ => Reply::status(404, "{}"),
    });
    let look = look.await;
    let file = File {
        path: "shop.toml".to_owned(),
        text: format!(
            r#"
[source]
name = "shop"
base_url = "{}"
[resource.products]
path = "/products"
key = "id"
page = {{ kind = "none" }}
[resource.reviews]
path = "/products/{{parent.id}}/reviews"
for_each = {{ resource = "products", copy = {{ product_id = "id" }} }}
"#,
            look.upstream.url
        ),
    };
    let environment = environment(&no_secret);
    let inferred = infer::of_resource(&look.ctx, (&file, &environment), "shop", "reviews").await;
    let toml = inferred.expect("a proposal").toml;
    assert!(toml.contains(r#"= ["product_id", "id"]"#), "{toml}");
    let begun = file
        .text
        .split("[resource.reviews]")
        .next()
        .unwrap_or_default();
    load(&format!("{begun}\n{toml}"), &environment).expect("a definition without faults");
}

/// A child whose first parents have no children; `reviews` tells how many parents there are.
fn childless(parents: usize, last_has_some: bool) -> impl Fn(&Request) -> Reply + Send + Sync {
    move |request| match request.path.as_str() {
        "/products" => Reply::json(products(0, parents, parents)),
        path if last_has_some && path == format!("/products/{parents}/reviews") => {
            Reply::json(r#"[{"id":1,"stars":5},{"id":2,"stars":4}]"#)
        }
        _ => Reply::json("[]"),
    }
}

#[tokio::test]
async fn a_few_parents_are_tried_before_there_is_no_child() {
    let written = |look: &Look| File {
        path: "shop.toml".to_owned(),
        text: format!(
            r#"
[source]
name = "shop"
base_url = "{}"
schedule = "every 1h"
[resource.products]
path = "/products"
key = "id"
page = {{ kind = "none" }}
[resource.reviews]
path = "/products/{{parent.id}}/reviews"
for_each = {{ resource = "products", copy = {{ product_id = "id" }} }}
key = ["product_id", "id"]
page = {{ kind = "none" }}
"#,
            look.upstream.url
        ),
    };
    let environment = environment(&no_secret);
    let check = async |look: Look, inferred: Result<usize, &str>, sampled: (usize, usize)| {
        let file = written(&look);
        let proposed = infer::of_resource(&look.ctx, (&file, &environment), "shop", "reviews");
        match (proposed.await, inferred) {
            (Ok(proposed), Ok(records)) => assert_eq!(proposed.records, records),
            (Err(error), Err(why)) => {
                let error = error.to_string();
                assert!(error.starts_with(why), "{error}");
            }
            (proposed, _) => panic!("{proposed:?}"),
        }
        let catalog = load(&file.text, &environment).expect("a definition without faults");
        let source = &catalog.sources[0];
        let plan = source.resource("reviews").expect("it is defined");
        let sample = syncer::sample(&look.ctx, source, plan, 9).await;
        let sample = sample.expect("an answer");
        assert_eq!(
            (sample.rows.len(), sample.parents),
            (sampled.0, Some(sampled.1))
        );
        let probe = syncer::probe(&look.ctx, source, plan).await;
        assert_eq!((probe.records, probe.parents), (sampled.0, Some(sampled.1)));
    };
    check(Look::at(childless(3, true)).await, Ok(2), (2, 3)).await;
    check(
        Look::at(childless(9, true)).await,
        Err("the first 5 parents have none: "),
        (0, 5),
    )
    .await;
    check(
        Look::at(childless(1, false)).await,
        Err("the only parent that was found has none: "),
        (0, 1),
    )
    .await;
}

fn lines(content_type: &str, body: &str) -> Reply {
    Reply::Answer {
        status: 200,
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        body: body.as_bytes().to_vec(),
    }
}

#[tokio::test]
async fn records_that_come_a_line_each() {
    let look = Look::at(|request| match request.path.as_str() {
        "/table" => lines(
            "text/csv",
            "code,price,open,since\n007,1.50,true,2026-01-31\n008,2,false,\n",
        ),
        _ => lines(
            "application/x-ndjson",
            "{\"code\":\"a\",\"stars\":5}\n{\"code\":\"b\",\"stars\":4}\n",
        ),
    });
    let look = look.await;
    let check = async |format: &str, path: &str, expected: &[&str]| {
        let begun = format!(
            "[source]\nname = \"shop\"\nbase_url = \"{}\"\nschedule = \"every 1h\"\n",
            look.upstream.url
        );
        let resource = path.trim_start_matches('/');
        let file = File {
            path: "shop.toml".to_owned(),
            text: format!(
                "{begun}[resource.{resource}]\npath = \"{path}\"\nformat = \"{format}\"\n"
            ),
        };
        let environment = environment(&no_secret);
        let inferred = infer::of_resource(&look.ctx, (&file, &environment), "shop", resource).await;
        let toml = inferred.expect("a proposal").toml;
        for line in expected {
            assert!(toml.contains(line), "{line} is not in {toml}");
        }
        assert_eq!(look.synced(&format!("{begun}{toml}")).await.len(), 2);
    };
    check(
        "csv",
        "/table",
        &[
            "format",
            "\"code\"",
            "price     = \"decimal",
            "open      = \"boolean\"",
        ],
    )
    .await;
    check("ndjson", "/lines", &["format", "stars"]).await;
}

#[tokio::test]
async fn what_holds_no_list_is_refused_with_the_reason() {
    let look = Look::at(|request| match request.path.as_str() {
        "/one" => Reply::json(r#"{"id":1,"name":"x"}"#),
        "/none" => Reply::json("[]"),
        "/lines" => Reply::json("{\"id\":1}\n{\"id\":2}\n"),
        "/page" => Reply::html(200, "<html>"),
        _ => Reply::status(404, "no such thing"),
    });
    let look = look.await;
    for (path, reason) in [
        ("/one", "one object without an array of objects"),
        ("/none", "an empty array"),
        ("/lines", "it is not one JSON document"),
        ("/page", "content type `text/html`"),
        ("/gone", "status 404"),
    ] {
        let error = look.infer(path).await.expect_err(path).to_string();
        assert!(error.contains(reason), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_secret_in_the_url_is_sent_and_never_printed() {
    let look = Look::at(|request| match request.parameter("api_key") {
        Some("s3cret+1") => Reply::json(products(0, 2, 2)),
        _ => Reply::status(401, "who are you?"),
    });
    let look = look.await;
    let toml = look.toml("/products?api_key=s3cret%2B1").await;
    assert!(toml.contains(r#""${UPSTREAM_KEY}""#), "{toml}");
    assert!(!toml.contains("s3cret"), "{toml}");
}
