//! Commands outlive the process that took them: the real syncer is killed while it obeys one, and another goes on.

use std::{
    process::Command as Shell,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use chrono::DateTime;
use entity::{
    command::{Body, Came, Entity as Command, Kind, New},
    resource::Entity as Resource,
    run::Entity as Run,
    status::{self, State},
};
use sea_orm::{DatabaseConnection, EntityTrait};
use testdb::upstream::{Upstream, paged};

use crate::world::World;

const DEFINITION: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"

[resource.things]
path   = "/things"
key    = "id"
fields = { size = "integer" }
page   = { kind = "page", param = "page", start = 0, size_param = "limit", size = 2, total = "header:pagination-count" }
"#;

/// An upstream of six records of that size, which kills the process `victim`, if it is one, when page 1 is asked for.
fn serve(upstream: &Upstream, size: u32, victim: &Arc<AtomicU32>) {
    let records: Vec<String> = (0..6)
        .map(|id| format!(r#"{{"id":{id},"size":{size}}}"#))
        .collect();
    let victim = Arc::clone(victim);
    upstream.answers(move |request| {
        if request.number_in("page") == 1 {
            let id = victim.swap(0, Ordering::SeqCst);
            if id != 0 {
                let killed = Shell::new("kill").args(["-9", &id.to_string()]).status();
                assert!(killed.unwrap().success());
            }
        }
        paged(&records, request)
    });
}

async fn ask(db: &DatabaseConnection) -> i64 {
    let resource = Resource::all_with_source(db).await.unwrap().remove(0).0;
    let new = New {
        resource_id: resource.id,
        kind: Kind::Run,
        run_id: None,
        body: Body::default(),
        by: "cli".to_owned(),
        at: DateTime::UNIX_EPOCH,
    };
    Command::ask(db, new).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_killed_syncer_was_asked_for_is_done_by_the_next_one() {
    for kind in testdb::kinds() {
        let own = testdb::fresh(kind).await;
        let upstream = Upstream::start().await;
        let world = World::new()
            .with("CATCHMENT__SOURCES__DIR", "sources")
            .with("CATCHMENT__DATABASE__URL", &own.url)
            .with("CATCHMENT__SYNCER__LEASE", "2s")
            .with("CATCHMENT__SYNCER__POLL", "100ms");
        let definition = DEFINITION.replace("http://replaced", &upstream.url);
        world.file("sources/fake.toml", &definition);
        assert_eq!(world.run("migrate up").code, Some(0));
        let victim = Arc::new(AtomicU32::new(0));
        serve(&upstream, 1, &victim);
        assert_eq!(world.run("sync fake").code, Some(0));
        serve(&upstream, 2, &victim);
        let db = entity::connect::connect(&own.url, 2).await.unwrap();
        let first = world.start("syncer");
        victim.store(first.id(), Ordering::SeqCst);
        let id = ask(&db).await;
        let ended = first.end();
        assert_eq!(
            ended.code, None,
            "{kind:?}: it was killed\n{}",
            ended.stdout
        );
        let died = Command::find_by_id(id).one(&db).await.unwrap().unwrap();
        assert!(died.holder.is_some() && died.done_at.is_none() && died.run_id.is_some());

        let second = world.start("syncer");
        second.line("command answered");
        let command = Command::find_by_id(id).one(&db).await.unwrap().unwrap();
        let answer = command.answer().unwrap();
        assert_eq!(
            (answer.outcome, answer.error),
            (Came::Complete, None),
            "{kind:?}"
        );
        let runs = Run::latest(&db, None, 9).await.unwrap();
        assert_eq!(runs.len(), 3, "{kind:?}: {runs:?}");
        assert_eq!(answer.run, Some(runs[0].id));
        assert!(runs[1].is_abandoned() && died.run_id == Some(runs[1].id));
        assert_eq!(runs[0].command_id, Some(id));
        let status = status::all(&db, DateTime::UNIX_EPOCH).await.unwrap();
        assert_eq!(
            (status[0].state, status[0].syncers),
            (State::Idle, 2),
            "{kind:?}"
        );
        assert!(status[0].resource.complete && status[0].commands.is_empty());
        second.signal("TERM");
        assert_eq!(second.end().code, Some(0));
        db.close().await.unwrap();
    }
}
