//! One fetch for each row of a parent resource.

use entity::run::Outcome;

use crate::{
    upstream::{Reply, Request, paged},
    world::{World, assert_outcome, on_each_database},
};

const FAMILY: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 1 }

[defaults]
page = { kind = "none" }

[resource.breeds]
path = "/breeds"
key  = ["id"]
mode = "mirror"
deletes = { max = "100%" }

[resource.images]
path     = "/breeds/{parent.id}/images"
query    = { breed = "{parent.id}" }
for_each = { resource = "breeds", copy = { breed_id = "id" } }
key      = ["breed_id", "id"]
mode     = "mirror"
deletes  = { max = "100%" }
[resource.images.fields]
url = "text"
"#;

const BREEDS: &str = r#"[{"id":"a b"},{"id":"c/d"},{"id":"e"}]"#;

fn family(request: &Request) -> Reply {
    match (request.path.as_str(), request.parameter("breed")) {
        ("/breeds", _) => Reply::json(BREEDS),
        (_, Some(breed)) => Reply::json(format!(r#"[{{"id":1,"url":"{breed}-1"}},{{ "id":2}}]"#)),
        _ => Reply::status(404, "unknown"),
    }
}

async fn mirrored(world: &World) {
    world.upstream.answers(family);
    assert_outcome(&world.sync("breeds").await, Outcome::Complete);
    assert_outcome(&world.sync("images").await, Outcome::Complete);
}

#[tokio::test]
async fn children_carry_what_is_copied_from_their_parent() {
    on_each_database(FAMILY, async |world| {
        mirrored(&world).await;
        let asked: Vec<String> = world
            .upstream
            .asked()
            .into_iter()
            .map(|request| request.path)
            .collect();
        assert_eq!(
            asked,
            [
                "/breeds",
                "/breeds/a%20b/images",
                "/breeds/c%2Fd/images",
                "/breeds/e/images"
            ]
        );
        let rows = world.rows("images").await;
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["a b,1", "a b,2", "c/d,1", "c/d,2", "e,1", "e,2"]);
        assert_eq!(
            rows[0].payload,
            r#"{"breed_id":"a b","id":1,"url":"a b-1"}"#
        );
        assert_eq!(rows[1].payload, r#"{"breed_id":"a b", "id":2}"#);
        let of = world
            .column("SELECT url FROM fake_images WHERE breed_id = 'c/d' ORDER BY rowno")
            .await;
        assert_eq!(of, [Some("c/d-1".to_owned()), None]);
        let before = world.models("images").await;
        assert_eq!(world.sync("images").await.counts.unchanged, 6);
        assert_eq!(world.models("images").await, before);
    })
    .await;
}

#[tokio::test]
async fn a_failing_parent_makes_the_run_partial_and_the_others_go_on() {
    on_each_database(FAMILY, async |world| {
        mirrored(&world).await;
        world
            .upstream
            .answers(|request| match request.parameter("breed") {
                Some("c/d") => Reply::status(500, "broken"),
                Some("e") => Reply::json(r#"[{"id":1,"url":"new"}]"#),
                _ => family(request),
            });
        let report = world.sync("images").await;
        assert_outcome(&report, Outcome::Partial);
        assert!(
            report
                .error
                .expect("a reason")
                .starts_with("breeds c/d: http://")
        );
        assert_eq!((report.counts.updated, report.counts.deleted), (1, 0));
        assert_eq!(world.live("images").await.len(), 6);
        // The next run is complete, and deletes what is gone.
        world
            .upstream
            .answers(|request| match request.parameter("breed") {
                Some("e") => Reply::json(r#"[{"id":1,"url":"new"}]"#),
                _ => family(request),
            });
        assert_outcome(&world.sync("images").await, Outcome::Complete);
        assert_eq!(
            world.live("images").await,
            ["a b,1", "a b,2", "c/d,1", "c/d,2", "e,1"]
        );
    })
    .await;
}

#[tokio::test]
async fn the_last_parents_have_their_turn_though_parents_change_from_run_to_run() {
    let patient = FAMILY.replace("{ attempts = 1 }", "{ attempts = 1, max_wait = \"5s\" }");
    on_each_database(&patient, async |world| {
        for revision in 0..3 {
            world
                .upstream
                .answers(move |request| match request.path.as_str() {
                    "/breeds" => Reply::json(format!(
                        r#"[{{"id":"a b","revision":{revision}}},{{"id":"c/d"}},{{"id":"e"}}]"#
                    )),
                    _ => family(request),
                });
            assert_outcome(&world.sync("breeds").await, Outcome::Complete);
            world.upstream.asked();
            // So much and no more is answered at a time.
            world.upstream.answers(move |request| match request.number {
                0 | 1 => family(request),
                _ => Reply::status(429, "").with("retry-after", 60),
            });
            let outcome = match revision {
                1 => Outcome::Partial,
                _ => Outcome::Deferred,
            };
            assert_outcome(&world.sync("images").await, outcome);
            let first = world.upstream.asked().remove(0).path;
            let begins = match revision {
                1 => "/breeds/e/images",
                _ => "/breeds/a%20b/images",
            };
            assert_eq!(first, begins);
            world.pass(chrono::Duration::seconds(60));
        }
        assert_eq!(world.live("images").await.len(), 6);
    })
    .await;
}

#[tokio::test]
async fn children_of_deleted_parents_go() {
    on_each_database(FAMILY, async |world| {
        mirrored(&world).await;
        world
            .upstream
            .answers(|request| match request.path.as_str() {
                "/breeds" => Reply::json(r#"[{"id":"e"}]"#),
                _ => family(request),
            });
        world.sync("breeds").await;
        assert_outcome(&world.sync("images").await, Outcome::Complete);
        assert_eq!(world.live("images").await, ["e,1", "e,2"]);
    })
    .await;
}

#[tokio::test]
async fn children_of_an_incomplete_parent_resource_are_not_complete() {
    on_each_database(FAMILY, async |world| {
        world
            .upstream
            .answers(|_| Reply::status(404, "not yet there"));
        assert_outcome(&world.sync("breeds").await, Outcome::Failed);
        world.upstream.answers(family);
        let report = world.sync("images").await;
        assert_outcome(&report, Outcome::Partial);
        assert!(
            report
                .error
                .expect("a reason")
                .contains("its parent resource `breeds` is not complete itself")
        );
    })
    .await;
}

#[tokio::test]
async fn a_child_of_what_was_never_read_says_what_to_run_first() {
    on_each_database(FAMILY, async |world| {
        world.upstream.answers(family);
        let refused = async || {
            let report = world.sync("images").await;
            assert_outcome(&report, Outcome::Failed);
            assert_eq!(
                report.error.as_deref(),
                Some("`breeds` was never read: run `catchment sync fake.breeds` first")
            );
        };
        refused().await;
        // Whoever has only ever run the child has neither a row nor a table of its parent.
        world
            .execute("DELETE FROM resource WHERE name = 'breeds'")
            .await;
        world.execute("DROP TABLE fake_breeds").await;
        refused().await;
        world.sync("breeds").await;
        assert_outcome(&world.sync("images").await, Outcome::Complete);
        assert_eq!(
            world.live("images").await,
            ["a b,1", "a b,2", "c/d,1", "c/d,2", "e,1", "e,2"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_copied_name_that_the_record_has_itself_is_a_reject() {
    on_each_database(FAMILY, async |world| {
        world
            .upstream
            .answers(|request| match request.path.as_str() {
                "/breeds/e/images" => Reply::json(r#"[{"id":1,"breed_id":"other"}]"#),
                _ => family(request),
            });
        world.sync("breeds").await;
        let report = world.sync("images").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(report.counts.rejected, 1);
        assert_eq!(
            world.live("images").await,
            ["a b,1", "a b,2", "c/d,1", "c/d,2"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_child_that_differs_between_its_parents_needs_a_longer_key() {
    let shared = FAMILY.replace(r#"["breed_id", "id"]"#, r#"["id"]"#);
    on_each_database(&shared, async |world| {
        world.upstream.answers(family);
        world.sync("breeds").await;
        let report = world.sync("images").await;
        assert_outcome(&report, Outcome::Partial);
        assert!(
            report
                .error
                .expect("a reason")
                .contains("add a copied field to `key`")
        );
    })
    .await;
}

#[tokio::test]
async fn each_parent_has_pages_and_a_total_of_its_own() {
    let paging = FAMILY.replace(
        "deletes  = { max = \"100%\" }",
        "page = { kind = \"page\", param = \"page\", start = 0, size_param = \"limit\", size = 2, total = \"header:pagination-count\" }",
    );
    on_each_database(&paging, async |world| {
        world
            .upstream
            .answers(|request| match request.path.as_str() {
                "/breeds" => Reply::json(BREEDS),
                _ => paged(
                    &(0..5)
                        .map(|n| format!(r#"{{"id":{n}}}"#))
                        .collect::<Vec<_>>(),
                    request,
                ),
            });
        world.sync("breeds").await;
        let report = world.sync("images").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(
            (
                report.counts.total,
                report.counts.fetched,
                report.counts.requests
            ),
            (Some(15), 15, 9)
        );
    })
    .await;
}
