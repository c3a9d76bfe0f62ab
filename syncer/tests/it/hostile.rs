//! Upstreams, neighbours and moments at their worst: what a run must then say, and what must still be there.

use entity::run::{self, Outcome, Trigger};
use sea_orm::EntityTrait;
use syncer::How;

use crate::{
    upstream::{Reply, Request, paged},
    world::{THINGS, assert_outcome, on_each_database},
};

fn records(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| format!(r#"{{"id":"k{n}"}}"#)).collect()
}

fn with_page(page: &str) -> String {
    let from = THINGS.find("page    =").expect("a page line");
    let to = from + THINGS[from..].find('\n').expect("a line's end");
    format!("{}page = {page}{}", &THINGS[..from], &THINGS[to..])
}

#[tokio::test]
async fn a_collection_that_shrinks_under_the_walk_is_not_complete() {
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .answers(|request| paged(&records(0, 7), request));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        // The first record goes after its page was read: the fifth moves onto that page, past us.
        world.upstream.answers(|request| {
            let from = usize::from(request.number_in("page") == 2);
            paged(&records(from, 7), request)
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        assert_eq!(world.live("things").await.len(), 7);
    })
    .await;
}

#[tokio::test]
async fn a_total_that_does_not_come_cannot_be_kept() {
    let toml = with_page(
        r#"{ kind = "link", size_param = "limit", size = 2, total = "header:pagination-count" }"#,
    );
    on_each_database(&toml, async |world| {
        // A proxy takes the headers away, and with them the way to the other pages.
        world
            .upstream
            .answers(|_| Reply::json(r#"[{"id":"a"},{"id":"b"}]"#));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        let reason = report.error.expect("a reason");
        assert!(reason.contains("pagination-count"), "{reason}");
    })
    .await;
}

#[tokio::test]
async fn empty_pages_without_an_end() {
    let toml = with_page(r#"{ kind = "link" }"#);
    on_each_database(&toml, async |world| {
        world
            .upstream
            .answers(|_| Reply::json("[]").with("link", "</things>; rel=\"next\""));
        assert_outcome(&world.sync("things").await, Outcome::Suspect);
    })
    .await;
}

#[tokio::test]
async fn rejects_that_go_in_a_circle() {
    let toml = THINGS.replace(", total = \"header:pagination-count\"", "");
    on_each_database(&toml, async |world| {
        world
            .upstream
            .answers(|_| Reply::json(r#"[{"name":"no key"},{"name":"none either"}]"#));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Suspect);
        assert_eq!(report.counts.requests, 2);
    })
    .await;
}

#[tokio::test]
async fn waits_beyond_all_time() {
    let limited = THINGS.replace(
        "schedule =",
        "limits = { remaining = \"header:x-left\", reset = \"header:x-reset\" }\nschedule =",
    );
    on_each_database(&limited, async |world| {
        for far in ["10000000000000000", "1e22", "9e15"] {
            world
                .upstream
                .answers(move |_| Reply::status(429, "").with("retry-after", far));
            assert_outcome(&world.sync("things").await, Outcome::Deferred);
        }
        world.upstream.answers(|_| {
            Reply::json("[]")
                .with("pagination-count", 0)
                .with("x-left", 0)
                .with("x-reset", "1e22")
        });
        assert_outcome(&world.sync("things").await, Outcome::Complete);
    })
    .await;
}

#[tokio::test]
async fn a_page_larger_than_the_database_takes_in_one_statement() {
    let large = THINGS.replace("size = 2,", "size = 100,").replace(
        "name = \"text\"",
        "name = \"text\"\nmore = { type = \"text\", index = false }",
    );
    on_each_database(&large, async |world| {
        // 120 MB with its column: MySQL takes 64 MiB at once, MariaDB 16.
        let body = "x".repeat(750_000);
        world.upstream.answers(move |request| {
            let all: Vec<String> = (0..100)
                .map(|n| format!(r#"{{"id":"k{n}","more":"{body}"}}"#))
                .collect();
            let half = if request.number_in("page") == 0 {
                &all[..80]
            } else {
                &all[80..]
            };
            Reply::json(format!("[{}]", half.join(","))).with("pagination-count", 100)
        });
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(world.live("things").await.len(), 100);
    })
    .await;
}

#[tokio::test]
async fn a_page_that_cannot_be_written_does_not_count() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[r#"{"id":"a"}"#, r#"{"id":"b"}"#]);
        world.sync("things").await;
        world
            .execute("CREATE UNIQUE INDEX ux_no_twins ON fake_things (size)")
            .await;
        world.upstream.has(&[
            r#"{"id":"a","size":1}"#,
            r#"{"id":"c","size":2}"#,
            r#"{"id":"d","size":1}"#,
        ]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        // The page before it counts if it was committed by itself, and not if it waited for this one.
        let inserted = report.counts.inserted;
        assert_eq!(report.counts.updated, inserted);
        assert!(inserted < 2, "{inserted}");
        assert_eq!(world.resource("things").await.live_rows, 2 + inserted);
        let live = world.live("things").await.len();
        assert_eq!(i64::try_from(live), Ok(2 + inserted));
    })
    .await;
}

#[tokio::test]
async fn a_key_that_the_upstream_repeats_in_its_error_stays_secret() {
    let toml = THINGS.replace(
        "schedule =",
        "auth = { kind = \"header\", name = \"x-api-key\", value = \"${FAKE_KEY}\" }\nschedule =",
    );
    on_each_database(&toml, async |world| {
        world
            .upstream
            .answers(|_| Reply::status(401, r#"{"error":"no such key: s3cret"}"#));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Failed);
        let told = report.error.expect("a reason");
        assert!(
            told.contains("no such key") && !told.contains("s3cret"),
            "{told}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_secret_parameter_in_a_link_is_not_written_down() {
    let toml = with_page(r#"{ kind = "link" }"#).replace(
        "schedule =",
        "query = { token = \"${FAKE_KEY}\" }\nschedule =",
    );
    on_each_database(&toml, async |world| {
        world.upstream.answers(|request: &Request| {
            let page = Reply::json(format!(r#"[{{"id":"k{}"}}]"#, request.number_in("after")));
            match request.number_in("after") {
                0 => page.with("link", "</things?after=1&token=s3cret>; rel=\"next\""),
                _ => Reply::status(500, "broken"),
            }
        });
        world.sync("things").await;
        let cursor = entity::cursor::Entity::find().one(&world.db).await;
        let cursor = cursor.expect("the database answers").expect("a cursor");
        assert!(!cursor.position.contains("s3cret"), "{}", cursor.position);
        let asked = world.upstream.asked();
        assert!(
            asked
                .iter()
                .all(|request| request.parameter("token") == Some("s3cret"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_tick_that_two_syncers_see_is_one_run() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[r#"{"id":"a"}"#]);
        let source = &world.catalog.sources[0];
        let plan = source.resource("things").expect("it is defined");
        let once = || syncer::sync(&world.ctx, source, plan, Trigger::Schedule, How::default());
        let (one, other) = tokio::join!(Box::pin(once()), Box::pin(once()));
        let made = [one, other].map(|report| report.expect("the database answers").is_some());
        assert!(made[0] != made[1], "{made:?}");
        let runs = run::Entity::find().all(&world.db).await;
        assert_eq!(runs.expect("the database answers").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_an_upsert_rejected_is_kept_until_it_comes_right() {
    let upsert = THINGS.replace("\"mirror\"", "\"upsert\"").replace(
        "size = \"integer\"",
        "size = { type = \"integer\", on_bad = \"reject\" }",
    );
    on_each_database(&upsert, async |world| {
        world.upstream.has(&[r#"{"id":"a","size":"large"}"#]);
        world.sync("things").await;
        let rejects = async || {
            let all = entity::reject::Entity::find().all(&world.db).await;
            all.expect("the database answers").len()
        };
        assert_eq!(rejects().await, 1);
        world.upstream.has(&[r#"{"id":"b","size":1}"#]);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(rejects().await, 1, "absence means nothing");
        world.upstream.has(&[r#"{"id":"a","size":2}"#]);
        world.sync("things").await;
        assert_eq!(rejects().await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_changed_key_doubles_no_row() {
    let two = THINGS.replace("key     = [\"id\"]", "key     = [\"id\", \"kind\"]");
    on_each_database(THINGS, async |mut world| {
        world
            .upstream
            .has(&[r#"{"id":"a","kind":"x"}"#, r#"{"id":"b","kind":"y"}"#]);
        world.sync("things").await;
        world.redefine(&two).await;
        assert_eq!(world.live("things").await, ["a,x", "b,y"]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(report.counts.unchanged, 2);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_definition_that_broke_off_can_be_taken_back() {
    let changed = THINGS
        .replace(
            "name = \"text\"",
            "name = { type = \"text\", from = \"/kind\" }",
        )
        .replace("size = \"integer\"", "size = \"text\"");
    on_each_database(THINGS, async |mut world| {
        world.upstream.has(&[
            r#"{"id":"a","name":"Anna","kind":"cat","size":1}"#,
            r#"{"id":"b","name":"Bert","kind":"cat","size":2}"#,
        ]);
        world.sync("things").await;
        // The columns are altered, and cannot be filled.
        world
            .execute("CREATE UNIQUE INDEX ux_names ON fake_things (name)")
            .await;
        world.try_redefine(&changed).await.expect_err("two cats");
        let drop = if world.url().starts_with("sqlite") {
            "DROP INDEX ux_names"
        } else {
            "DROP INDEX ux_names ON fake_things"
        };
        world.execute(drop).await;
        world.redefine(THINGS).await;
        let resource = world.resource("things").await;
        assert_eq!(resource.definition, resource.projection);
        let sizes = world
            .column("SELECT record_key FROM fake_things WHERE size < 3 ORDER BY size")
            .await;
        assert_eq!(sizes, [Some("a".to_owned()), Some("b".to_owned())]);
        let names = world
            .column("SELECT name FROM fake_things ORDER BY rowno")
            .await;
        assert_eq!(names, [Some("Anna".to_owned()), Some("Bert".to_owned())]);
    })
    .await;
}

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
deletes = { max = "100%" }
fields.picture = "text"

[resource.pictures]
path     = "/pictures/{parent.picture}"
for_each = { resource = "breeds", copy = { breed_id = "id" } }
key      = ["breed_id", "id"]
deletes  = { max = "100%" }
"#;

#[tokio::test]
async fn a_parent_without_the_value_has_no_children_to_ask_for() {
    on_each_database(FAMILY, async |world| {
        world.upstream.answers(|request| match request.path.as_str() {
            "/breeds" => Reply::json(
                r#"[{"id":"a","picture":"p"},{"id":"b","picture":null},{"id":"c"},{"id":"d","picture":""}]"#,
            ),
            _ => Reply::json(r#"[{"id":1}]"#),
        });
        world.sync("breeds").await;
        assert_outcome(&world.sync("pictures").await, Outcome::Complete);
        let asked: Vec<_> = world.upstream.asked().into_iter().map(|request| request.path).collect();
        assert_eq!(asked, ["/breeds", "/pictures/p"]);
        assert_eq!(world.live("pictures").await, ["a,1"]);
    })
    .await;
}

#[tokio::test]
async fn a_parent_cannot_lead_out_of_its_path() {
    on_each_database(FAMILY, async |world| {
        world
            .upstream
            .answers(|request| match request.path.as_str() {
                "/breeds" => {
                    Reply::json(r#"[{"id":"a","picture":".."},{"id":"b","picture":"%2e."}]"#)
                }
                _ => Reply::json(r#"[{"id":1}]"#),
            });
        world.sync("breeds").await;
        assert_outcome(&world.sync("pictures").await, Outcome::Partial);
        let asked: Vec<_> = world
            .upstream
            .asked()
            .into_iter()
            .map(|request| request.path)
            .collect();
        assert_eq!(asked, ["/breeds", "/pictures/%252e."]);
    })
    .await;
}

#[tokio::test]
async fn parents_that_changed_begin_their_children_anew() {
    on_each_database(FAMILY, async |world| {
        let breeds = |first: &'static str, broken: bool| {
            move |request: &Request| match request.path.as_str() {
                "/breeds" => Reply::json(format!(
                    r#"[{first}{{"id":"b","picture":"b"}},{{"id":"c","picture":"c"}}]"#
                )),
                "/pictures/c" if broken => Reply::status(503, "").with("retry-after", 3600),
                path => Reply::json(format!(r#"[{{"id":"{path}"}}]"#)),
            }
        };
        world
            .upstream
            .answers(breeds(r#"{"id":"a","picture":"a"},"#, true));
        world.sync("breeds").await;
        assert_outcome(&world.sync("pictures").await, Outcome::Deferred);
        assert_eq!(world.live("pictures").await.len(), 2);
        // A breed goes, after its pictures were walked.
        world.upstream.answers(breeds("", false));
        world.sync("breeds").await;
        assert_outcome(&world.sync("pictures").await, Outcome::Complete);
        assert_eq!(
            world.live("pictures").await,
            ["b,/pictures/b", "c,/pictures/c"]
        );
    })
    .await;
}

#[tokio::test]
async fn totals_beyond_all_counting() {
    let paging = FAMILY.replace(
        "[defaults]\npage = { kind = \"none\" }",
        "[defaults]\npage = { kind = \"none\", total = \"header:x-total\" }",
    );
    on_each_database(&paging, async |world| {
        world
            .upstream
            .answers(|request| match request.path.as_str() {
                "/breeds" => Reply::json(r#"[{"id":"a","picture":"a"},{"id":"b","picture":"b"}]"#)
                    .with("x-total", 2),
                _ => Reply::json("[]").with("x-total", u64::MAX),
            });
        world.sync("breeds").await;
        assert_outcome(&world.sync("pictures").await, Outcome::Partial);
    })
    .await;
}
