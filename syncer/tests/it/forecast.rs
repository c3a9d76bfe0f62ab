//! What the next runs will need, held against what they then ask; and where reading stands, shown and forgotten.

use std::time::Duration;

use entity::{lease::Entity as Lease, run::Outcome};
use syncer::{
    forecast::{Forecast, forecast},
    state::{self, Reset},
};

use crate::{
    upstream::{Reply, Request, paged},
    world::{World, assert_outcome, on_each_database},
};

const SHOP: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 1 }

[resource.breeds]
path = "/breeds"
key  = ["id"]
page = { kind = "page", param = "page", start = 0, size_param = "limit", size = 2, total = "header:pagination-count" }
fields = { kept = "boolean" }

[resource.images]
path     = "/images"
query    = { breed = "{parent.id}" }
for_each = { resource = "breeds", copy = { breed_id = "id" }, changed_only = true }
full_every = "1d"
key      = ["breed_id", "id"]
page     = { kind = "none" }

[resource.events]
path       = "/events"
query      = { since = "{cursor}" }
key        = "id"
mode       = "upsert"
page       = { kind = "none" }
cursor     = { field = "/at", type = "timestamp", start = "2026-11-01T00:00:00Z" }
full_every = "1d"
"#;

fn shop(changed: &'static str) -> impl Fn(&Request) -> Reply {
    move |request| match request.path.as_str() {
        "/breeds" => {
            let breeds = ["a", "b", "c", "d", "e"];
            let breeds = breeds.map(|id| format!(r#"{{"id":"{id}","kept":{}}}"#, id == changed));
            paged(&breeds, request)
        }
        "/images" => Reply::json(r#"[{"id":1}]"#),
        _ => Reply::json(r#"[{"id":1,"at":"2026-11-20T00:00:00Z"}]"#),
    }
}

async fn foreseen(world: &World) -> Forecast {
    let source = &world.catalog.sources[0];
    let plans = source.resources.iter().map(AsRef::as_ref);
    let forecast = forecast(&world.ctx, source, plans).await;
    forecast.expect("the database answers")
}

/// The requests that the next run of `resource` is said to need, and whether there may be more.
fn need(forecast: &Forecast, resource: &str) -> (u64, bool) {
    let mut all = forecast.resources.iter();
    let found = all.find(|one| one.resource == resource);
    let need = found.expect("it is forecast").need;
    (need.requests, need.requests_at_least)
}

async fn asked_for(world: &World, resource: &str) -> u64 {
    let report = world.sync(resource).await;
    assert_outcome(&report, Outcome::Complete);
    report.counts.requests.unsigned_abs()
}

#[tokio::test]
async fn the_next_run_asks_what_was_forecast() {
    on_each_database(SHOP, async |world| {
        world.upstream.answers(shop("a"));
        let first = foreseen(&world).await;
        assert_eq!(need(&first, "breeds"), (3, false), "5 records, 2 on a page");
        assert_eq!(need(&first, "images"), (5, false), "one for each of 5");
        assert_eq!(asked_for(&world, "breeds").await, 3);
        assert_eq!(need(&foreseen(&world).await, "images"), (5, false));
        assert_eq!(asked_for(&world, "images").await, 5);
        // What is in the database is not asked for.
        asked_for(&world, "events").await;
        world.upstream.asked();
        let known = foreseen(&world).await;
        assert!(world.upstream.asked().is_empty());
        assert_eq!(need(&known, "breeds"), (3, false));
        assert_eq!(need(&known, "images"), (0, false), "no parent changed");
        // Two parents change: one is kept no longer, another is.
        world.upstream.answers(shop("b"));
        asked_for(&world, "breeds").await;
        assert_eq!(need(&foreseen(&world).await, "images"), (2, false));
        assert_eq!(asked_for(&world, "images").await, 2);
        world.pass(chrono::Duration::days(2));
        assert_eq!(need(&foreseen(&world).await, "images"), (5, false));
        assert_eq!(asked_for(&world, "images").await, 5);
    })
    .await;
}

#[tokio::test]
async fn what_may_be_less_is_said_to_be_the_most() {
    let some = SHOP.replace("changed_only = true", "where = { kept = true }");
    // Each run of the children is of everything.
    let some = some.replacen("full_every = \"1d\"\n", "", 1);
    on_each_database(&some, async |world| {
        world.upstream.answers(shop("a"));
        let bounds = async || {
            let forecast = foreseen(&world).await;
            let mut all = forecast.resources.iter();
            let images = all.find(|one| one.resource == "images");
            let need = images.expect("it is forecast").need;
            assert_eq!(need.requests_at_most, forecast.need.requests_at_most);
            (need.requests, need.requests_at_least, need.requests_at_most)
        };
        // Which of the 5 are wanted is not known before they are read.
        assert_eq!(bounds().await, (5, false, true));
        asked_for(&world, "breeds").await;
        assert_eq!(bounds().await, (1, false, false));
    })
    .await;
}

#[tokio::test]
async fn how_much_changed_is_not_made_up() {
    on_each_database(SHOP, async |world| {
        world.upstream.answers(shop("a"));
        asked_for(&world, "events").await;
        let of = |forecast: Forecast| {
            let mut all = forecast.resources.into_iter();
            let events = all.find(|one| one.resource == "events");
            events.expect("it is forecast")
        };
        let events = of(foreseen(&world).await);
        assert_eq!(
            (events.need.requests, events.need.requests_at_least),
            (1, true)
        );
        assert!(
            events.unknown[0].starts_with("how much changed since 2026-11-20T00:00:00Z"),
            "{:?}",
            events.unknown
        );
        asked_for(&world, "events").await;
        let events = of(foreseen(&world).await);
        assert_eq!(
            (events.need.requests_at_least, events.unknown.len()),
            (false, 0)
        );
        assert!(events.why.ends_with("as in run 2"), "{}", events.why);
        world.pass(chrono::Duration::days(2));
        let events = of(foreseen(&world).await);
        assert_eq!(events.why, "everything, as in run 1", "full_every is due");
    })
    .await;
}

#[tokio::test]
async fn what_is_forgotten_is_read_again_and_no_row_goes() {
    on_each_database(SHOP, async |world| {
        world.upstream.answers(shop("a"));
        let source = &world.catalog.sources[0];
        let plan = source.resource("events").expect("it is defined");
        asked_for(&world, "events").await;
        let shown = async || {
            let state = state::show(&world.ctx, source, plan).await;
            state
                .expect("the database answers")
                .expect("it is registered")
        };
        let mark = shown().await.mark.expect("a mark");
        assert_eq!(mark.cursor.as_deref(), Some("2026-11-20T00:00:00Z"));
        assert!(mark.full_at.is_some());
        let rows = world.rows("events").await;

        // Somebody is at work on it.
        let id = world.resource("events").await.id;
        let held = Lease::take(&world.db, id, "another", Duration::from_secs(60)).await;
        let held = held.expect("the database answers").expect("it is free");
        assert_eq!(shown().await.lease.expect("a holder").holder, "another");
        let reset = async || {
            state::reset(&world.ctx, source, plan)
                .await
                .expect("the database answers")
        };
        assert_eq!(reset().await, Reset::Busy);
        assert!(shown().await.mark.is_some());
        Lease::give_back(&world.db, &held)
            .await
            .expect("the database answers");

        assert_eq!(reset().await, Reset::Done);
        let forgotten = shown().await;
        assert!(forgotten.mark.is_none() && forgotten.lease.is_none());
        assert_eq!(world.rows("events").await, rows);
        world.upstream.asked();
        asked_for(&world, "events").await;
        let since = world.upstream.asked()[0]
            .parameter("since")
            .map(str::to_owned);
        assert_eq!(
            since.as_deref(),
            Some("2026-11-01T00:00:00Z"),
            "from the start"
        );
        assert_eq!(world.rows("events").await, rows);
    })
    .await;
}

#[tokio::test]
async fn pages_that_are_forgotten_are_not_asked_for_by_their_tags() {
    on_each_database(SHOP, async |world| {
        let script = shop("a");
        world
            .upstream
            .answers(move |request| script(request).with("etag", "\"1\""));
        asked_for(&world, "breeds").await;
        let source = &world.catalog.sources[0];
        let plan = source.resource("breeds").expect("it is defined");
        let pages = async || {
            let state = state::show(&world.ctx, source, plan).await;
            state
                .expect("the database answers")
                .expect("it is registered")
                .pages
        };
        assert_eq!(pages().await, 3);
        let reset = state::reset(&world.ctx, source, plan).await;
        assert_eq!(reset.expect("the database answers"), Reset::Done);
        assert_eq!(pages().await, 0);
        world.upstream.asked();
        asked_for(&world, "breeds").await;
        let asked = world.upstream.asked();
        assert!(
            asked
                .iter()
                .all(|request| request.header("if-none-match").is_none())
        );
    })
    .await;
}

#[tokio::test]
async fn the_place_of_an_unfinished_run_is_shown() {
    on_each_database(SHOP, async |world| {
        let script = shop("a");
        world
            .upstream
            .answers(move |request| match request.number_in("page") {
                2 => Reply::status(500, "broken"),
                _ => script(request),
            });
        assert_outcome(&world.sync("breeds").await, Outcome::Partial);
        let source = &world.catalog.sources[0];
        let plan = source.resource("breeds").expect("it is defined");
        let state = state::show(&world.ctx, source, plan).await;
        let place = state
            .expect("the database answers")
            .expect("it is registered");
        let place = place.unfinished.expect("a place");
        assert_eq!((place.pages, place.fetched, place.goes_on), (2, 4, true));
        assert_eq!(place.at.as_deref(), Some(r#"{"number":2}"#));
        world.pass(chrono::Duration::hours(1));
        let state = state::show(&world.ctx, source, plan).await;
        let place = state
            .expect("the database answers")
            .expect("it is registered");
        assert!(!place.unfinished.expect("a place").goes_on);
    })
    .await;
}
