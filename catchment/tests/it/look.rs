//! `check` and `sample` against a scripted upstream, `plan` and `state`: what they say.

use testdb::upstream::{Reply, Upstream};

use crate::world::World;

const STORE: &str = r#"
[source]
name     = "store"
base_url = "URL"
schedule = "every 1m"
retry    = { attempts = 1 }
limits   = { rate = "10/min", remaining = "header:x-left", reset = "header:x-reset" }

[resource.products]
path   = "/products"
key    = "id"
mode   = "upsert"
page   = { kind = "page", param = "page", start = 0, size_param = "limit", size = 4, total = "body:/total" }
records = "body:/items"
cursor = { field = "/at", type = "timestamp", start = "2026-01-01T00:00:00Z" }
query  = { since = "{cursor}" }
[resource.products.fields]
price  = "decimal(8,2)"
colour = "text"

[resource.tags]
path = "/tags"
key  = "id"
page = { kind = "none" }
"#;

const PRODUCTS: &str = r#"{"total":250,"items":[
{"id":1,"price":"1.50","at":"2026-11-20T00:00:00Z"},{"price":"2"},
{"id":2,"price":"12,50","at":null},{"id":1,"price":"3,1","at":"2026-11-21T00:00:00Z"}]}"#;

async fn store() -> (World, Upstream) {
    let upstream = Upstream::start().await;
    upstream.answers(|request| match request.path.as_str() {
        "/products" => Reply::json(PRODUCTS)
            .with("etag", "\"1\"")
            .with("x-left", "118")
            .with("x-reset", "soon"),
        _ => {
            let tags: Vec<String> = (0..20).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
            Reply::json(format!("[{}]", tags.join(",")))
        }
    });
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    world.file("sources/store.toml", &STORE.replace("URL", &upstream.url));
    (world, upstream)
}

/// Numbers of milliseconds are another each time.
fn without_times(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(" ms") {
        None => format!("{line}\n"),
        Some((before, after)) => {
            let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
            format!("{before}[n] ms{after}\n")
        }
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_it_saw() {
    let (world, _upstream) = store().await;
    let checked = world.run("check");
    assert_eq!(
        checked.code,
        Some(0),
        "{}{}",
        checked.stdout,
        checked.stderr
    );
    insta::assert_snapshot!(without_times(&checked.stdout), @r"
    1 source, 2 resources: no faults

    store.products: 200, 4 records of 250 in [n] ms, 1 reject, 2 bad values
      next: page=1, as 4 of 250 records came
      cursor: `/at` is in 2 of 4 records
      limits: remaining 118 in `header:x-left`; reset `soon` in `header:x-reset` is not understood
      offers: ETag
      rejected: key field `id` is absent or null
      bad value: price: `12,50`: expected a decimal number (2 times)
      in no record: colour; is their `from` right?
      hint: the key 1 came more than once; does `key` name what tells records apart?
    store.tags: 200, 20 records in [n] ms
      next: none, all records come in one answer
      limits: nothing in `header:x-left` for remaining; nothing in `header:x-reset` for reset
      hint: 20 records look like a full page, and page.kind is none; `catchment infer` looks for the way to the next one
    ");
    let seen = &world.run("check --json").json()["resources"][0];
    assert_eq!(seen["next"]["is"], "promised");
    assert_eq!(seen["limits"][0]["number"], 118.0);
    assert_eq!(seen["bad"][0]["count"], 2);
    assert_eq!(seen["repeated"], serde_json::json!(["1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_in_the_order_of_the_page() {
    let (world, _upstream) = store().await;
    insta::assert_snapshot!(world.run("sample store.products --rows 3").stdout, @r"
    1
      colour  -
      id      1
      price   1.50

    (no key)
      rejected: key field `id` is absent or null

    2
      colour  -
      id      2
      price   -
      bad value: price: `12,50`: expected a decimal number
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_needs_no_database_and_makes_none() {
    let (world, upstream) = store().await;
    let planned = world.run("plan");
    assert_eq!((planned.code, planned.stderr.as_str()), (Some(0), ""));
    let asked: Vec<String> = upstream
        .asked()
        .into_iter()
        .map(|asked| asked.path)
        .collect();
    assert_eq!(asked, ["/products", "/tags"]);
    // 63 pages at 10 a minute are 6 minutes at least, and a tick comes each minute.
    // Columns are as wide as the times in them.
    let told = without_times(&planned.stdout);
    let lines = told
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines: Vec<String> = lines.collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    store: 64 requests in about 6 min; at most 10 in 60 s; schedule `every 1m`: they do not fit between two ticks

    RESOURCE REQUESTS TIME WHY
    store.products 63 about 6 min the first page: 4 of 250 records
    store.tags 1 about [n] ms the first page: 20 records
    ");
    let plan = &world.run("plan store.products --json").json()["sources"][0];
    assert_eq!(
        (&plan["requests"], &plan["fits"]),
        (&63.into(), &false.into())
    );
    assert_eq!(plan["resources"].as_array().unwrap().len(), 1);
    assert!(!world.path("catchment.db").exists());
    assert_eq!(world.run("plan stor").code, Some(2));
    upstream.answers(|_| Reply::status(500, "broken"));
    let plan = world.run("plan store.tags");
    assert_eq!(plan.code, Some(0), "what cannot be known is told");
    assert!(plan.stdout.contains("at least 1"), "{}", plan.stdout);
    assert!(
        plan.stdout.contains("the first page did not come"),
        "{}",
        plan.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_forgotten_only_by_who_says_so() {
    let (world, _upstream) = store().await;
    assert_eq!(world.run("migrate up").code, Some(0));
    assert_eq!(
        world.run("state show store.tags").stdout,
        "store.tags\n  nothing was ever read\n"
    );
    world.run("sync store.tags");
    insta::assert_snapshot!(world.run("state show store.tags").stdout, @r"
    store.tags
      mark        none: the next run reads everything
      unfinished  none
      pages       1 remembered
      lease       free
    ");
    // Nobody sits at a terminal here.
    let refused = world.run("state reset store.tags");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("say --yes"), "{}", refused.stderr);
    let reset = world.run("state reset store.tags --yes");
    assert_eq!(reset.code, Some(0), "{}", reset.stderr);
    assert_eq!(
        reset.stdout,
        "store.tags: forgotten; the next run reads everything. Its rows stay.\n"
    );
    let shown = world.run("state show store --json").json();
    assert_eq!(shown["resources"][0]["pages"], 0);
    assert_eq!(shown["unregistered"], serde_json::json!(["store.products"]));
    let status = world.run("status --json").json();
    assert_eq!(status["resources"][0]["rows"], 20);
}
