//! Interrupted runs, leases, and the service itself.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use entity::{lease, run::Outcome};
use sea_orm::{DbBackend, EntityTrait, TransactionTrait};
use syncer::{Ctx, How, Wait, stop};
use tokio::net::TcpListener;

use crate::{
    upstream::{Reply, paged},
    world::{CONNECTIONS, THINGS, assert_outcome, on_each_database},
};

fn records(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!(r#"{{"id":"k{n:03}"}}"#))
        .collect()
}

#[tokio::test]
async fn a_run_that_broke_off_is_gone_on_with() {
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .answers(|request| match request.number_in("page") {
                2 => Reply::status(500, "broken"),
                _ => paged(&records(7), request),
            });
        let broken = world.sync("things").await;
        assert_outcome(&broken, Outcome::Partial);
        world
            .upstream
            .answers(|request| paged(&records(7), request));
        world.upstream.asked();
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let pages: Vec<_> = world
            .upstream
            .asked()
            .iter()
            .map(|request| request.number_in("page"))
            .collect();
        // The page before the place is looked at again: records may have moved past it.
        assert_eq!(pages, [1, 2, 3], "the first page is not asked for again");
        // Each run counts what it did itself.
        for (run, did) in [(&broken, 4), (&report, 3)] {
            assert_eq!((run.counts.fetched, run.counts.inserted), (did, did));
        }
        let run = entity::run::Entity::find_by_id(report.run)
            .one(&world.db)
            .await
            .expect("the database answers")
            .expect("a run");
        assert_eq!(run.resumed_from, Some(broken.run));
        assert_eq!(world.live("things").await.len(), 7);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_gone_on_with_knows_the_rejects_that_came_before() {
    on_each_database(THINGS, async |world| {
        let (a, b, c) = (r#"{"id":"a"}"#, r#"{"id":"b"}"#, r#"{"id":"c"}"#);
        world.upstream.has(&[a, r#"{"size":1}"#, b, c]);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let now = [a, r#"{"size":2}"#, b, c].map(str::to_owned);
        let broken = now.clone();
        world
            .upstream
            .answers(move |request| match request.number_in("page") {
                1 => Reply::status(500, "broken"),
                _ => paged(&broken, request),
            });
        assert_outcome(&world.sync("things").await, Outcome::Partial);
        world.upstream.answers(move |request| paged(&now, request));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let rejects = world.column("SELECT payload FROM reject").await;
        assert_eq!(rejects, [Some(r#"{"size":2}"#.to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn what_an_upstream_asked_to_wait_holds_for_the_next_process() {
    let two = THINGS.replace("mode    = \"mirror\"\n", "")
        + "\n[resource.others]\npath = \"/others\"\nkey = \"id\"\npage = { kind = \"none\" }\n";
    on_each_database(&two, async |mut world| {
        world
            .upstream
            .answers(|_| Reply::status(429, "slow down").with("retry-after", 600));
        assert_outcome(&world.sync("things").await, Outcome::Deferred);
        world
            .upstream
            .answers(|request| paged(&records(3), request));
        world.upstream.asked();
        let other = Ctx::new(world.db.clone(), world.ctx.clock.clone(), stop::pair().1);
        world.ctx = other
            .and_then(Ctx::without_proxy)
            .expect("the system has TLS roots");
        for resource in ["things", "others"] {
            let report = world.sync(resource).await;
            assert_outcome(&report, Outcome::Deferred);
            assert_eq!(report.counts.requests, 0);
        }
        assert!(world.upstream.asked().is_empty());
        world.pass(chrono::Duration::seconds(601));
        for resource in ["things", "others"] {
            assert_outcome(&world.sync(resource).await, Outcome::Complete);
        }
    })
    .await;
}

#[tokio::test]
async fn a_table_is_indexed_when_a_run_that_filled_it_has_ended() {
    on_each_database(THINGS, async |world| {
        let indexes = async || {
            let names = match world.db.get_database_backend() {
                DbBackend::Sqlite => {
                    "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'fake_things' \
                     AND name LIKE 'ix%' ORDER BY name"
                }
                _ => {
                    "SELECT CAST(index_name AS CHAR) AS name FROM information_schema.statistics \
                     WHERE table_schema = DATABASE() AND table_name = 'fake_things' \
                     AND index_name LIKE 'ix%' ORDER BY name"
                }
            };
            let names = world.column(names).await.into_iter().flatten();
            names.collect::<Vec<String>>()
        };
        world
            .upstream
            .answers(|request| match request.number_in("page") {
                1 => Reply::status(500, "broken"),
                _ => paged(&records(4), request),
            });
        assert_outcome(&world.sync("things").await, Outcome::Partial);
        assert_eq!(indexes().await, [""; 0], "the next run goes on filling it");
        world
            .upstream
            .answers(|request| paged(&records(4), request));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let order = match world.db.get_database_backend() {
            DbBackend::Sqlite => "ix_fake_things__version",
            _ => "ix_version",
        };
        let all = [
            "ix_fake_things__id",
            "ix_fake_things__name",
            "ix_fake_things__size",
            order,
        ];
        assert_eq!(indexes().await, all);
        assert!(world.resource("things").await.indexed);
    })
    .await;
}

#[tokio::test]
async fn a_full_run_and_a_late_one_start_anew() {
    on_each_database(THINGS, async |world| {
        let break_off = || {
            world
                .upstream
                .answers(|request| match request.number_in("page") {
                    1 => Reply::status(500, "broken"),
                    _ => paged(&records(4), request),
                });
        };
        let mend = || {
            world
                .upstream
                .answers(|request| paged(&records(4), request));
            world.upstream.asked();
        };
        break_off();
        world.sync("things").await;
        mend();
        assert_outcome(
            &world
                .sync_how(
                    "things",
                    How {
                        full: true,
                        ..How::default()
                    },
                )
                .await,
            Outcome::Complete,
        );
        assert_eq!(world.upstream.asked().len(), 2);
        break_off();
        world.sync("things").await;
        mend();
        world.pass(chrono::Duration::hours(1));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(world.upstream.asked().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_stop_ends_the_run_after_the_page_in_flight() {
    on_each_database(THINGS, async |mut world| {
        let (stopper, stop) = stop::pair();
        world.ctx.stop = stop;
        let stopper = Arc::new(stopper);
        world.upstream.answers(move |request| {
            if request.number_in("page") == 1 {
                stopper.stop();
            }
            paged(&records(7), request)
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        assert_eq!(
            report.error.as_deref(),
            Some("stopped after the page in flight")
        );
        assert_eq!(
            (report.counts.pages, world.live("things").await.len()),
            (2, 4)
        );
        world.ctx.stop = stop::pair().1;
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(
            (report.counts.pages, world.live("things").await.len()),
            (2, 7)
        );
    })
    .await;
}

#[tokio::test]
async fn two_syncers_never_write_one_resource() {
    on_each_database(THINGS, async |world| {
        let id = world.resource("things").await.id;
        let other =
            lease::Entity::take(&world.db, id, "another process", Duration::from_secs(60)).await;
        let other = other.expect("the database answers").expect("it is free");
        assert!(world.try_sync("things", How::default()).await.is_none());
        lease::Entity::give_back(&world.db, &other)
            .await
            .expect("the database answers");
        world.upstream.has(&[r#"{"id":"a"}"#]);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let now = lease::Entity::find_by_id(id)
            .one(&world.db)
            .await
            .expect("the database answers")
            .expect("a lease");
        assert!(now.fence > other.fence);
    })
    .await;
}

#[tokio::test]
async fn who_waits_tells_for_what_and_how_long() {
    on_each_database(THINGS, async |mut world| {
        let waits = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&waits);
        world.ctx.on_wait = Arc::new(move |wait| told.lock().expect("no panic").push(wait));
        let waited = || std::mem::take(&mut *waits.lock().expect("no panic"));
        let id = world.resource("things").await.id;
        let hour = Duration::from_secs(3600);
        let other = lease::Entity::take(&world.db, id, "another process", hour).await;
        let other = other.expect("the database answers").expect("it is free");
        assert!(world.try_sync("things", How::default()).await.is_none());
        assert_eq!(waited(), [Wait::Lease(world.ctx.lease)]);
        lease::Entity::give_back(&world.db, &other)
            .await
            .expect("the database answers");
        let busy = AtomicBool::new(true);
        world
            .upstream
            .answers(move |_| match busy.swap(false, Ordering::Relaxed) {
                true => Reply::status(429, "slow down").with("retry-after", "2"),
                false => Reply::json("[]").with("pagination-count", "0"),
            });
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let waited = waited();
        let [Wait::Upstream(wait)] = *waited else {
            panic!("{waited:?}");
        };
        assert!(wait > Duration::from_secs(1) && wait <= Duration::from_secs(2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_syncer_that_lost_its_lease_writes_nothing_more() {
    on_each_database(THINGS, async |world| {
        // A thief takes the lease over while the second page is on its way.
        let id = world.resource("things").await.id;
        let (db, runtime) = (world.db.clone(), tokio::runtime::Handle::current());
        world.upstream.answers(move |request| {
            if request.number_in("page") == 1 {
                let steal = steal(db.clone(), id);
                std::thread::spawn({
                    let runtime = runtime.clone();
                    move || runtime.block_on(steal)
                })
                .join()
                .expect("stolen");
            }
            paged(&records(6), request)
        });
        world.pass(chrono::Duration::seconds(1));
        let source = &world.catalog.sources[0];
        let plan = source.resource("things").expect("it is defined");
        let trigger = entity::run::Trigger::Manual;
        let error = syncer::sync(&world.ctx, source, plan, trigger, How::default())
            .await
            .expect_err("the lease is lost");
        assert_eq!(
            error.to_string(),
            "another process has taken the resource over"
        );
        let live = world.live("things").await;
        assert!(
            ["k000", "k001"].starts_with(&live.iter().map(String::as_str).collect::<Vec<_>>()),
            "{live:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lease_is_renewed_while_others_keep_the_database_busy() {
    on_each_database(THINGS, async |world| {
        let id = world.resource("things").await.id;
        let (db, runtime) = (world.db.clone(), tokio::runtime::Handle::current());
        world.upstream.answers(move |request| {
            if request.number_in("page") == 1 {
                let renewed = renewed_beside_others(db.clone(), id);
                std::thread::spawn({
                    let runtime = runtime.clone();
                    move || runtime.block_on(renewed)
                })
                .join()
                .expect("renewed");
            }
            paged(&records(6), request)
        });
        assert_outcome(&world.sync("things").await, Outcome::Complete);
    })
    .await;
}

/// Returns when the lease lasts longer than it did, while all connections but the last that may be opened are taken.
async fn renewed_beside_others(db: sea_orm::DatabaseConnection, resource_id: i32) {
    let mut others = Vec::new();
    for _ in 1..CONNECTIONS {
        others.push(db.begin().await.expect("a connection"));
    }
    let ends = async || {
        let lease = lease::Entity::find_by_id(resource_id).one(&db).await;
        lease.expect("it answers").expect("a lease").expires_at
    };
    let first = ends().await;
    let renewed = async { while ends().await == first {} };
    let renewed = tokio::time::timeout(Duration::from_secs(20), renewed).await;
    renewed.expect("it lasts longer");
    drop(others);
}

async fn steal(db: sea_orm::DatabaseConnection, resource_id: i32) {
    use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
    let update = lease::Entity::update_many()
        .col_expr(lease::Column::Holder, Expr::value("thief"))
        .col_expr(lease::Column::Fence, Expr::value(1000_i64))
        .filter(lease::Column::ResourceId.eq(resource_id));
    update.exec(&db).await.expect("the database answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_runs_what_is_due_answers_and_stops() {
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .has(&[r#"{"id":"a"}"#, r#"{"id":"b"}"#, r#"{"id":"c"}"#]);
        let (told, mut pages) = tokio::sync::mpsc::unbounded_channel();
        let progress = Arc::new(move |_: &str, counts: &entity::run::Counts, of| {
            let _ended = told.send((counts.pages, of));
        });
        let (stopper, stop) = stop::pair();
        let mut ctx = world.ctx.clone();
        (ctx.progress, ctx.stop) = (progress, stop);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let service = tokio::spawn(syncer::serve(listener, ctx, Arc::clone(&world.catalog)));
        assert_eq!(pages.recv().await, Some((1, Some(2))));
        assert_eq!(pages.recv().await, Some((2, Some(2))));
        let get = async |path: &str| {
            reqwest::get(format!("{base}{path}"))
                .await
                .expect(path)
                .text()
                .await
                .expect(path)
        };
        let complete =
            r#"catchment_run_total{source="fake",resource="things",outcome="complete"} 1"#;
        let mut metrics = get("/metrics").await;
        while !metrics.contains(complete) {
            tokio::task::yield_now().await;
            metrics = get("/metrics").await;
        }
        for line in [
            r#"catchment_records_total{source="fake",resource="things",result="inserted"} 3"#,
            r#"catchment_upstream_requests_total{source="fake",status="200"} 2"#,
            r#"catchment_resource_rows{source="fake",resource="things"} 3"#,
            "catchment_build_info",
            "catchment_last_success_timestamp_seconds",
        ] {
            assert!(metrics.contains(line), "{line}\n{metrics}");
        }
        assert_eq!(get("/livez").await, "ok\n");
        assert_eq!(get("/readyz").await, "ok\n");
        let health: serde_json::Value = serde_json::from_str(&get("/healthz").await).expect("JSON");
        assert_eq!(
            (&health["status"], &health["resources"][0]["outcome"]),
            (&"pass".into(), &"complete".into())
        );
        stopper.stop();
        service.await.expect("no panic").expect("a clean end");
        let resource = world.resource("things").await;
        assert_eq!(
            resource.next_run_at,
            Some(world.ctx.clock.now() + chrono::Duration::hours(1))
        );
        drop(world.stopper);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_waits_for_its_schema() {
    on_each_database(THINGS, async |world| {
        migration::down(&world.db, 1)
            .await
            .expect("the schema can be undone");
        let (stopper, stop) = stop::pair();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let mut ctx = world.ctx.clone();
        ctx.stop = stop;
        let service = tokio::spawn(syncer::serve(listener, ctx, Arc::clone(&world.catalog)));
        let answer = reqwest::get(format!("{base}/readyz"))
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 503);
        assert_eq!(
            answer.text().await.expect("text"),
            "waiting for the schema\n"
        );
        stopper.stop();
        service.await.expect("no panic").expect("a clean end");
    })
    .await;
}
