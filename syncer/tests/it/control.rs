//! The hand on the syncers: what is asked for through the database is obeyed, once, by whichever process is there.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use entity::{
    command::{self, Answer, Body, Came, Entity as Command, Kind},
    progress,
    resource::Entity as Resource,
    run::{self, Mode, Opening, Outcome, Trigger},
    status::{self, State},
};
use sea_orm::{DatabaseConnection, EntityTrait, QueryOrder};
use syncer::{
    Ctx, How,
    stop::{self, Stopper},
};
use tokio::{net::TcpListener, runtime::Handle, task::JoinHandle};

use crate::{
    upstream::{Reply, Request, paged},
    world::{THINGS, World, assert_outcome, on_each_database},
};

/// A syncer of its own beside the world's, as another process would be.
struct Syncer {
    stopper: Stopper,
    service: JoinHandle<std::io::Result<()>>,
}

impl Syncer {
    async fn start(world: &World) -> Self {
        let (stopper, stop) = stop::pair();
        let ctx = Ctx::new(world.db.clone(), world.ctx.clock.clone(), stop);
        let mut ctx = ctx.expect("the system has TLS roots");
        (ctx.lease, ctx.poll, ctx.notice) = (world.ctx.lease, world.ctx.poll, Duration::ZERO);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let service = tokio::spawn(syncer::serve(listener, ctx, Arc::clone(&world.catalog)));
        Self { stopper, service }
    }

    async fn stop(self) {
        self.stopper.stop();
        self.service.await.expect("no panic").expect("a clean end");
    }
}

fn records(count: usize) -> Vec<String> {
    let record = |number: usize| format!(r#"{{"id":"k{number:04}","size":{number}}}"#);
    (0..count).map(record).collect()
}

async fn ask(world: &World, kind: Kind, run_id: Option<i64>, body: Body) -> i64 {
    let new = command::New {
        resource_id: world.resource("things").await.id,
        kind,
        run_id,
        body,
        by: "user:anna".to_owned(),
        at: world.ctx.clock.now(),
    };
    Command::ask(&world.db, new).await.expect("it is written")
}

async fn command(db: &DatabaseConnection, id: i64) -> command::Model {
    let found = Command::find_by_id(id).one(db).await;
    found.expect("the database answers").expect("the command")
}

/// What came of a command, once it is answered.
async fn answer(world: &World, id: i64) -> Answer {
    let answered = async {
        loop {
            if let Some(answer) = command(&world.db, id).await.answer() {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(60), answered).await;
    answer.expect("the command is answered")
}

async fn runs(world: &World) -> Vec<run::Model> {
    let runs = run::Entity::find().order_by_asc(run::Column::Id);
    runs.all(&world.db).await.expect("the database answers")
}

async fn enable(world: &World, wanted: bool) {
    let (id, now) = (world.resource("things").await.id, world.ctx.clock.now());
    let steered = Resource::enable(&world.db, &[id], wanted, ("user:anna", now)).await;
    assert_eq!(steered.expect("the database answers"), 1);
}

async fn state(world: &World) -> State {
    let all = status::all(&world.db, world.ctx.clock.now()).await;
    all.expect("the database answers")[0].state
}

/// Does `what` in the database while the upstream keeps whoever asked waiting.
fn meanwhile<F>(runtime: &Handle, what: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = runtime.clone();
    let done = std::thread::spawn(move || runtime.block_on(what));
    done.join().expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_asked_for_while_nobody_was_there_is_made_when_a_syncer_comes() {
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .answers(|request| paged(&records(3), request));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(state(&world).await, State::Unattended);
        let body = Body {
            mode: Mode::Full,
            ..Body::default()
        };
        let id = ask(&world, Kind::Run, None, body).await;
        assert_eq!(
            command(&world.db, id).await.state(),
            command::State::Waiting
        );
        let syncer = Syncer::start(&world).await;
        let answer = answer(&world, id).await;
        assert_eq!((answer.outcome, &answer.error), (Came::Complete, &None));
        let made = runs(&world).await.pop().expect("a run");
        assert_eq!(answer.run, Some(made.id));
        assert_eq!((made.trigger, made.mode), (Trigger::Manual, Mode::Full));
        assert_eq!(made.command_id, Some(id));
        let asked = command(&world.db, id).await;
        assert_eq!(asked.state(), command::State::Done);
        assert!(asked.taken_at.is_some() && asked.run_id == Some(made.id));
        assert_eq!(state(&world).await, State::Idle);
        syncer.stop().await;
        assert_eq!(state(&world).await, State::Unattended);
        let left = progress::Entity::find().all(&world.db).await;
        assert!(left.expect("the database answers").is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_syncers_one_obeys() {
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .answers(|request| paged(&records(3), request));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let syncers = (Syncer::start(&world).await, Syncer::start(&world).await);
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(ask(&world, Kind::Run, None, Body::default()).await);
        }
        for id in &ids {
            assert_eq!(answer(&world, *id).await.outcome, Came::Complete);
        }
        let made = runs(&world).await.into_iter();
        let made: Vec<Option<i64>> = made.map(|run| run.command_id).skip(1).collect();
        // Each once, and in their order.
        assert_eq!(made, ids.into_iter().map(Some).collect::<Vec<_>>());
        syncers.0.stop().await;
        syncers.1.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancelled_run_ends_after_the_page_in_flight_and_the_next_goes_on_there() {
    on_each_database(THINGS, async |world| {
        let (db, runtime) = (world.db.clone(), Handle::current());
        let resource = world.resource("things").await.id;
        world.upstream.answers(move |request: &Request| {
            if request.number == 1 {
                let db = db.clone();
                meanwhile(&runtime, async move {
                    let last = run::Entity::latest(&db, Some(resource), 1).await;
                    let new = command::New {
                        resource_id: resource,
                        kind: Kind::Cancel,
                        run_id: last.expect("it answers").first().map(|run| run.id),
                        body: Body::default(),
                        by: "user:anna".to_owned(),
                        at: DateTime::<Utc>::UNIX_EPOCH,
                    };
                    let id = Command::ask(&db, new).await.expect("it is written");
                    // The page comes when the run has heard of it.
                    while command(&db, id).await.holder.is_none() {
                        tokio::task::yield_now().await;
                    }
                    let all = status::all(&db, DateTime::<Utc>::UNIX_EPOCH).await;
                    assert_eq!(all.expect("it answers")[0].state, State::Stopping);
                });
            }
            paged(&records(7), request)
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        assert_eq!(report.error.as_deref(), Some("cancelled by user:anna"));
        assert_eq!(
            (report.counts.pages, world.live("things").await.len()),
            (2, 4)
        );
        let cancel = Command::find().one(&world.db).await;
        let cancel = cancel.expect("it answers").expect("the command");
        let said = Answer {
            outcome: Came::Cancelled,
            run: Some(report.run),
            error: None,
        };
        assert_eq!(cancel.answer(), Some(said));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(
            (report.counts.pages, world.live("things").await.len()),
            (2, 7)
        );
        // Of a run that has ended there is nothing to end.
        let syncer = Syncer::start(&world).await;
        let id = ask(&world, Kind::Cancel, Some(report.run), Body::default()).await;
        let said = answer(&world, id).await;
        assert_eq!((said.outcome, said.run), (Came::Ended, Some(report.run)));
        assert_eq!(said.error.as_deref(), Some("the run had ended: complete"));
        let id = ask(&world, Kind::Cancel, Some(9999), Body::default()).await;
        assert_eq!(answer(&world, id).await.outcome, Came::Refused);
        syncer.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stopped_resource_ends_its_run_keeps_its_place_and_makes_up_for_what_it_missed() {
    on_each_database(THINGS, async |world| {
        const PAGES: usize = 200;
        let (db, runtime) = (world.db.clone(), Handle::current());
        let resource = world.resource("things").await.id;
        world.upstream.answers(move |request: &Request| {
            if request.number == 1 {
                let db = db.clone();
                meanwhile(&runtime, async move {
                    let now = DateTime::<Utc>::UNIX_EPOCH;
                    let ids = [resource];
                    let stopped = Resource::enable(&db, &ids, false, ("user:anna", now));
                    stopped.await.expect("it answers");
                });
            }
            paged(&records(2 * PAGES), request)
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        assert_eq!(report.error.as_deref(), Some("stopped by user:anna"));
        let done = world.live("things").await.len();
        assert!((4..2 * PAGES).contains(&done), "{done}");
        let syncer = Syncer::start(&world).await;
        let id = ask(&world, Kind::Run, None, Body::default()).await;
        let refused = answer(&world, id).await;
        assert_eq!(
            (refused.outcome, refused.error.as_deref()),
            (
                Came::Refused,
                Some("the resource was stopped by user:anna; start it first")
            )
        );
        assert_eq!(state(&world).await, State::Stopped);
        assert_eq!(runs(&world).await.len(), 1);
        // Its next run passes meanwhile, and is made up for when it is started: from where it stood.
        let due = world.resource("things").await.next_run_at;
        world
            .execute("UPDATE resource SET next_run_at = '2026-11-21 08:00:00'")
            .await;
        assert!(due > Some(world.ctx.clock.now()));
        enable(&world, true).await;
        while world.resource("things").await.last_outcome != Some(Outcome::Complete) {
            tokio::task::yield_now().await;
        }
        syncer.stop().await;
        assert_eq!(world.live("things").await.len(), 2 * PAGES);
        let runs = runs(&world).await;
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[1].trigger, Trigger::Schedule);
        assert_eq!(runs[1].resumed_from, Some(runs[0].id));
        assert!(world.resource("things").await.next_run_at > Some(world.ctx.clock.now()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_process_took_is_obeyed_once() {
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .answers(|request| paged(&records(3), request));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let resource = world.resource("things").await.id;
        let now = world.ctx.clock.now();
        let take = async |id| {
            let time = (Duration::ZERO, now);
            let taken = Command::take(&world.db, id, "dead", time).await;
            taken.expect("it answers").expect("it is free");
        };
        let begin = async |id| {
            let opening = Opening {
                resource_id: resource,
                trigger: Trigger::Manual,
                mode: Mode::Incremental,
                command_id: Some(id),
                at: now,
                resumed_from: None,
            };
            let run = run::Entity::open(&world.db, opening)
                .await
                .expect("it answers");
            let started = Command::started(&world.db, id, run).await;
            started.expect("it answers");
            run
        };
        // It died before it began, after it had begun, and after it had ended.
        let not_begun = ask(&world, Kind::Run, None, Body::default()).await;
        take(not_begun).await;
        let ended = ask(&world, Kind::Run, None, Body::default()).await;
        take(ended).await;
        let run = begin(ended).await;
        let ending = run::Ending {
            outcome: Outcome::Suspect,
            at: now,
            counts: run::Counts::default(),
            error: Some("too few".to_owned()),
        };
        run::Entity::close(&world.db, run, ending)
            .await
            .expect("it answers");
        let begun = ask(&world, Kind::Run, None, Body::default()).await;
        take(begun).await;
        let died = begin(begun).await;
        let before = runs(&world).await.len();
        let syncer = Syncer::start(&world).await;
        assert_eq!(answer(&world, not_begun).await.outcome, Came::Complete);
        let said = answer(&world, ended).await;
        assert_eq!((said.outcome, said.run), (Came::Suspect, Some(run)));
        assert_eq!(said.error.as_deref(), Some("too few"));
        let said = answer(&world, begun).await;
        assert_eq!(said.outcome, Came::Complete);
        assert_ne!(said.run, Some(died));
        syncer.stop().await;
        assert_eq!(runs(&world).await.len(), before + 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_the_way_of_another_is_told() {
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .answers(|request| paged(&records(3), request));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let resource = world.resource("things").await.id;
        let hour = Duration::from_secs(3600);
        let held = entity::lease::Entity::take(&world.db, resource, "other", hour).await;
        let held = held.expect("it answers").expect("it is free");
        let now = world.ctx.clock.now();
        let under_way = progress::Model {
            resource_id: resource,
            run_id: 4711,
            holder: held.holder.clone(),
            pages: 3,
            pages_expected: Some(9),
            counts: "{}".to_owned(),
            rate: None,
            seconds_left: None,
            started_at: now,
            updated_at: now,
        };
        let begun = progress::Entity::begin(&world.db, under_way).await;
        begun.expect("it answers");
        assert_eq!(state(&world).await, State::Running);
        let syncer = Syncer::start(&world).await;
        let id = ask(&world, Kind::Run, None, Body::default()).await;
        let said = answer(&world, id).await;
        assert_eq!((said.outcome, said.run), (Came::Conflict, Some(4711)));
        syncer.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_are_read_again_as_they_are_named() {
    let strict = THINGS.replace(
        "size = \"integer\"",
        "size = { type = \"integer\", on_bad = \"reject\" }",
    );
    on_each_database(&strict, async |mut world| {
        world
            .upstream
            .has(&[r#"{"id":"a","size":"x"}"#, r#"{"id":"b","size":"y"}"#]);
        world.sync("things").await;
        world.redefine(THINGS).await;
        let ids: Vec<i64> = {
            let all = entity::reject::Entity::find().all(&world.db).await;
            let all = all.expect("it answers").into_iter();
            all.map(|reject| reject.id).collect()
        };
        assert_eq!(ids.len(), 2);
        let syncer = Syncer::start(&world).await;
        let second = Body {
            rejects: vec![ids[1]],
            ..Body::default()
        };
        let id = ask(&world, Kind::Replay, None, second).await;
        let said = answer(&world, id).await;
        assert_eq!(said.outcome, Came::Complete);
        assert_eq!(world.live("things").await.len(), 1);
        let id = ask(&world, Kind::Replay, None, Body::default()).await;
        assert_eq!(answer(&world, id).await.outcome, Came::Complete);
        assert_eq!(world.live("things").await.len(), 2);
        let replays = runs(&world).await.into_iter();
        let replays = replays.filter(|run| run.trigger == Trigger::Replay);
        assert!(replays.into_iter().all(|run| run.command_id.is_some()));
        syncer.stop().await;
    })
    .await;
}

/// Every table but those of the runs, as text.
async fn all_that_is_stored(world: &World) -> Vec<String> {
    async fn text<E: EntityTrait>(db: &DatabaseConnection) -> String {
        format!("{:?}", E::find().all(db).await.expect("it answers"))
    }
    let db = &world.db;
    vec![
        text::<entity::source::Entity>(db).await,
        text::<entity::resource::Entity>(db).await,
        text::<entity::cursor::Entity>(db).await,
        text::<entity::page::Entity>(db).await,
        text::<entity::reject::Entity>(db).await,
        text::<entity::version::Entity>(db).await,
        text::<entity::request::Entity>(db).await,
        format!("{:?}", world.models("things").await),
        format!(
            "{:?}",
            world
                .column("SELECT value FROM fake_things__tags ORDER BY 1")
                .await
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_what_a_run_would_do_and_writes_nothing() {
    let before = [
        r#"{"id":"a","tags":["x"]}"#,
        r#"{"id":"b"}"#,
        r#"{"id":"c"}"#,
        r#"{"id":"d"}"#,
    ];
    // What is there afterwards: changed, gone and new with a bad value; a key twice; without a key; gone for the most.
    let after: [&[&str]; 5] = [
        &[
            r#"{"id":"a","tags":["y"]}"#,
            r#"{"id":"b"}"#,
            r#"{"id":"c"}"#,
            r#"{"id":"e","size":"big"}"#,
        ],
        &[
            r#"{"id":"e"}"#,
            r#"{"id":"a"}"#,
            r#"{"id":"e"}"#,
            r#"{"id":"b"}"#,
        ],
        &[r#"{"id":"a"}"#, r#"{"name":"nobody"}"#, r#"{"id":"b"}"#],
        &[r#"{"id":"a"}"#],
        &before,
    ];
    on_each_database(THINGS, async |world| {
        for now in after {
            world.upstream.has(&before);
            let how = How {
                full: true,
                accept_deletes: true,
                ..How::default()
            };
            world.sync_how("things", how).await;
            world.upstream.has(now);
            let stored = all_that_is_stored(&world).await;
            let dry = How {
                dry: true,
                ..How::default()
            };
            let dry = world.sync_how("things", dry).await;
            assert_eq!(all_that_is_stored(&world).await, stored, "{now:?}");
            let logged = runs(&world).await.pop().expect("a run");
            assert_eq!((logged.id, logged.mode), (dry.run, Mode::Dry));
            assert_eq!(logged.outcome, Some(dry.outcome));
            let real = world.sync("things").await;
            assert_eq!(
                (dry.outcome, dry.counts, &dry.error),
                (real.outcome, real.counts, &real.error),
                "{now:?}"
            );
        }
        let metrics = world.ctx.metrics.text();
        let runs = runs(&world).await;
        let dry = runs.iter().filter(|run| run.mode == Mode::Dry).count();
        assert_eq!(dry, after.len());
        let told: usize = metrics
            .lines()
            .filter(|line| line.starts_with("catchment_run_total"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
            .sum();
        assert_eq!(told, runs.len() - dry);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_pages_that_go_in_a_circle_ends() {
    on_each_database(THINGS, async |world| {
        let many = records(5);
        world.upstream.answers(move |request: &Request| {
            let first = Request {
                query: [
                    ("page".to_owned(), "0".to_owned()),
                    ("limit".to_owned(), "2".to_owned()),
                ]
                .into(),
                ..request.clone()
            };
            paged(&many, &first)
        });
        let dry = How {
            dry: true,
            ..How::default()
        };
        assert_outcome(&world.sync_how("things", dry).await, Outcome::Suspect);
        world.upstream.answers(|_| {
            Reply::json(r#"[{"name":"x"},{"name":"y"}]"#).with("pagination-count", 100)
        });
        assert_outcome(&world.sync_how("things", dry).await, Outcome::Suspect);
    })
    .await;
}
