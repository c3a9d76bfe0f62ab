//! WHEN: which runs a service makes, and which it leaves to another process.

use std::{sync::Arc, time::Duration};

use entity::{
    lease::Entity as Lease,
    run::{ABANDONED, STOPPED},
};
use sea_orm::ConnectionTrait;
use tokio::{net::TcpListener, sync::mpsc::UnboundedReceiver, task::JoinHandle};

use crate::{
    upstream::{Reply, Then},
    world::{World, on_each_database},
};

/// Two resources, one behind the other.
const TWO: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"

[resource.first]
path = "/first"
key  = "id"
page = { kind = "none" }

[resource.second]
path = "/second"
key  = "id"
page = { kind = "none" }
"#;

/// The service on `world`, and the paths that it asks for. Each is answered by `reply`.
fn serve_and_listen(
    world: &World,
    reply: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (JoinHandle<std::io::Result<()>>, UnboundedReceiver<String>) {
    let (tell, asked) = tokio::sync::mpsc::unbounded_channel();
    world.upstream.answers(move |request| {
        let reply = reply(&request.path);
        let _ended = tell.send(request.path.clone());
        reply
    });
    let (ctx, catalog) = (world.ctx.clone(), Arc::clone(&world.catalog));
    let service = tokio::spawn(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        syncer::serve(listener, ctx, catalog).await
    });
    (service, asked)
}

/// The next path that is asked for.
async fn next(asked: &mut UnboundedReceiver<String>) -> String {
    let path = tokio::time::timeout(Duration::from_secs(20), asked.recv()).await;
    path.expect("the upstream is asked").expect("it is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_stops_no_runs() {
    on_each_database(TWO, async |world| {
        // Another host's clock, or this one's before it was set, is a day ahead.
        world
            .execute("UPDATE resource SET last_run_at = '2026-11-22 08:00:00'")
            .await;
        let (service, mut asked) = serve_and_listen(&world, |_| Reply::json(r#"[{"id":1}]"#));
        assert_eq!(next(&mut asked).await, "/first");
        assert_eq!(next(&mut asked).await, "/second");
        world.stopper.stop();
        service.await.expect("no panic").expect("a clean end");
        let ended = world.resource("first").await.last_run_at;
        assert_eq!(ended, Some(world.ctx.clock.now()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_that_another_host_has_made_is_skipped_whatever_its_clock_says() {
    on_each_database(TWO, async |world| {
        let (db, runtime) = (world.db.clone(), tokio::runtime::Handle::current());
        let (service, mut asked) = serve_and_listen(&world, move |path| {
            if path == "/first" {
                // Meanwhile a host whose clock is an hour behind ends a run of the other.
                let (db, runtime) = (db.clone(), runtime.clone());
                let sql =
                    "UPDATE resource SET last_run_at = '2026-11-21 07:00:00' WHERE name = 'second'";
                let meanwhile = async move { db.execute_unprepared(sql).await };
                let ended = std::thread::spawn(move || runtime.block_on(meanwhile)).join();
                ended.expect("no panic").expect("the database answers");
            }
            Reply::json(r#"[{"id":1}]"#)
        });
        assert_eq!(next(&mut asked).await, "/first");
        // The end of the round is where it says when the next one is due.
        while world.resource("second").await.next_run_at.is_none() {
            tokio::task::yield_now().await;
        }
        world.stopper.stop();
        service.await.expect("no panic").expect("a clean end");
        let more = asked.try_recv();
        assert!(more.is_err(), "{more:?}: another host has made that run");
    })
    .await;
}

/// A process that comes when all runs are due, until there are `runs` in the log, or none is due any more.
async fn process(world: &mut World, runs: usize) {
    world.go_on();
    let due = "UPDATE resource SET next_run_at = '2026-11-21 07:00:00'";
    world.execute(due).await;
    let (service, _) = serve_and_listen(world, |_| Reply::json(r#"[{"id":1}]"#));
    let ended = "SELECT outcome FROM run WHERE outcome IS NOT NULL";
    let is_due = async || world.resource("second").await.next_run_at < Some(world.ctx.clock.now());
    while is_due().await && world.column(ended).await.len() < runs {
        tokio::task::yield_now().await;
    }
    world.stopper.stop();
    service.await.expect("no panic").expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_whose_run_another_process_has_made_already_makes_none() {
    on_each_database(TWO, async |mut world| {
        let runs = async |world: &World| world.column("SELECT error FROM run").await.len();
        process(&mut world, 2).await;
        assert_eq!(runs(&world).await, 2);
        // The ticks of a second process come as it starts: after the run of the first one, and before the next is due.
        process(&mut world, 4).await;
        assert_eq!(runs(&world).await, 2);
        // Half an interval later they are those of the next tick.
        world
            .execute("UPDATE run SET started_at = '2026-11-21 07:00:00'")
            .await;
        process(&mut world, 4).await;
        assert_eq!(runs(&world).await, 4);
        // A run that did not come to its end is none.
        for (made, why) in [(6, ABANDONED), (8, STOPPED)] {
            let broken_off = format!("UPDATE run SET outcome = 'partial', error = '{why}'");
            world.execute(&broken_off).await;
            process(&mut world, made).await;
            assert_eq!(runs(&world).await, made, "{why}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_late_a_run_was_the_next_tick_of_its_process_makes_one() {
    let often = TWO.replace("every 1h", "every 1s");
    on_each_database(&often, async |world| {
        // The clock stands: to it each run is as late as the next tick.
        let (service, mut asked) = serve_and_listen(&world, |_| Reply::json(r#"[{"id":1}]"#));
        for path in ["/first", "/second"].repeat(2) {
            assert_eq!(next(&mut asked).await, path);
        }
        world.stopper.stop();
        service.await.expect("no panic").expect("a clean end");
    })
    .await;
}

/// Another process takes the lease of a resource, for longer than any test takes.
async fn occupy(world: &World, resource: &str) {
    let id = world.resource(resource).await.id;
    let time = Duration::from_secs(3_600);
    let held = Lease::take(&world.db, id, "another process", time).await;
    held.expect("the database answers").expect("it is free");
}

/// The process that has leases is killed, and its leases' time is over.
async fn kill_the_other(world: &World) {
    let sql = "UPDATE lease SET expires_at = 1 WHERE holder = 'another process'";
    world.execute(sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_gone_on_with_when_the_lease_of_a_dead_process_ends_and_not_at_the_next_tick() {
    on_each_database(TWO, async |world| {
        occupy(&world, "first").await;
        let (service, mut asked) = serve_and_listen(&world, |_| Reply::json(r#"[{"id":1}]"#));
        assert_eq!(next(&mut asked).await, "/second", "the first is skipped");
        // The round is over, and the next one is an hour away.
        while world.resource("first").await.next_run_at.is_none() {
            tokio::task::yield_now().await;
        }
        kill_the_other(&world).await;
        assert_eq!(next(&mut asked).await, "/first");
        assert_eq!(next(&mut asked).await, "/second", "what is behind it");
        world.stopper.stop();
        service.await.expect("no panic").expect("a clean end");
        assert_eq!(world.live("first").await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_is_under_way_here_does_not_keep_a_dead_process_s_resource_waiting() {
    on_each_database(TWO, async |world| {
        occupy(&world, "first").await;
        let (service, mut asked) = serve_and_listen(&world, |path| match path {
            "/second" => Reply::raw("", Then::Stalls),
            _ => Reply::json(r#"[{"id":1}]"#),
        });
        assert_eq!(next(&mut asked).await, "/second");
        kill_the_other(&world).await;
        assert_eq!(next(&mut asked).await, "/first");
        service.abort();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_breaks_off_gives_its_lease_back_and_waits_for_its_next_tick() {
    on_each_database(TWO, async |world| {
        // The database refuses what the run asks it before it asks the upstream.
        world.execute("DROP TABLE fake_first").await;
        let (service, mut asked) = serve_and_listen(&world, |_| Reply::json(r#"[{"id":1}]"#));
        assert_eq!(next(&mut asked).await, "/second");
        while !Lease::out(&world.db).await.expect("an answer").is_empty() {
            tokio::task::yield_now().await;
        }
        world.stopper.stop();
        service.await.expect("no panic").expect("a clean end");
        let more = asked.try_recv();
        assert!(more.is_err(), "{more:?}: nobody has died");
    })
    .await;
}
