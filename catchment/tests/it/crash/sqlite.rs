//! On SQLite: a death in the middle of writes to its files, and deaths while the upstream is asked and has just answered.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use sea_orm::DatabaseConnection;
use tempfile::TempDir;

use super::{
    PARTIAL, each,
    library::{Library, State, reply},
    tables::{Tables, assert_sound},
    victim::{End, Victim},
};
use crate::world::{PROFILE, World};

/// Where the file of the settings' own default is.
const FILE: &str = "catchment.db";

/// How long the next run waits for the lease of the one that died.
const LEASE: &str = "200ms";

/// A database file as it is before a run, and what an undisturbed run makes of it.
struct Undisturbed {
    state: State,
    before: PathBuf,
    tables: Tables,
    requests: usize,
}

/// Both syncs undisturbed, with the files that they began with.
async fn undisturbed(folder: &TempDir) -> Vec<Undisturbed> {
    let (library, world) = Library::open().await;
    let world = world.with("CATCHMENT__SYNCER__LEASE", LEASE);
    let db = open(&world).await;
    migration::up(&db).await.unwrap();
    db.close().await.unwrap();
    let mut all = Vec::new();
    for state in [State::First, State::Second] {
        let before = folder.path().join(format!("{state:?}.db"));
        std::fs::copy(world.path(FILE), &before).unwrap();
        library.shows(state, &world);
        let end = Victim::default().run(&mut sync(&world)).await;
        assert_eq!(end.status.code(), Some(PARTIAL), "{}", end.said);
        all.push(Undisturbed {
            state,
            before,
            tables: tables(&world, "undisturbed").await,
            requests: library.upstream.asked().len(),
        });
    }
    all
}

fn sync(world: &World) -> Command {
    world.command("sync library")
}

async fn open(world: &World) -> DatabaseConnection {
    let url = format!("sqlite://{}", world.path(FILE).display());
    entity::connect::connect(&url, 1).await.unwrap()
}

/// What the database holds; afterwards, all of it is in the one file.
async fn tables(world: &World, label: &str) -> Tables {
    let db = open(world).await;
    assert_sound(&db, label).await;
    let tables = Tables::of(&db).await;
    db.close().await.unwrap();
    tables
}

/// Lets `die` end a process at work on a copy of the file, makes it good, and returns whether a process died.
async fn life(
    from: &Undisturbed,
    label: &str,
    die: impl AsyncFnOnce(&Library, &World) -> End,
) -> bool {
    let label = format!("{:?}, {label}", from.state);
    let (library, world) = Library::open().await;
    let world = world.with("CATCHMENT__SYNCER__LEASE", LEASE);
    std::fs::copy(&from.before, world.path(FILE)).unwrap();
    library.shows(from.state, &world);
    let died = die(&library, &world).await.was_killed();
    // Nobody looks at the file in between: the next run itself has to recover what was half written.
    library.shows(from.state, &world);
    let end = Victim::default().run(&mut sync(&world)).await;
    assert_eq!(end.status.code(), Some(PARTIAL), "{label}: {}", end.said);
    let tables = tables(&world, &label).await;
    tables.assert_same(&from.tables, &label);
    died
}

/// How much further, in units of 512 bytes, each process may write into a file: nearly three pages of the database, so
/// that each death is at another place within one.
const STEP: usize = 93;

#[tokio::test(flavor = "multi_thread")]
async fn a_death_in_the_middle_of_a_write_is_made_good_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    for from in undisturbed(&folder).await {
        let state = from.state;
        let died = all_die_writing(from).await;
        eprintln!("SQLite, {state:?}: {died} deaths while writing");
        assert!(died > 25, "{died} died");
    }
}

/// Lets processes die ever later, until one lives to its end.
async fn all_die_writing(from: Undisturbed) -> usize {
    let (from, survived) = (Arc::new(from), Arc::new(AtomicBool::new(false)));
    let enough = Arc::clone(&survived);
    let limits = (0..100_000).step_by(STEP);
    let limits = limits.take_while(|_| !enough.load(Ordering::SeqCst));
    let died = each(limits, |limit| {
        let (from, survived) = (Arc::clone(&from), Arc::clone(&survived));
        async move {
            let died = dies_writing(&from, limit).await;
            survived.fetch_or(!died, Ordering::SeqCst);
            usize::from(died)
        }
    });
    let died = died.await;
    assert!(survived.load(Ordering::SeqCst), "none lived to its end");
    died
}

async fn dies_writing(from: &Undisturbed, limit: usize) -> bool {
    let label = format!("{limit} blocks");
    life(from, &label, async |_, world| {
        Victim::default().run(&mut limited(world, limit)).await
    })
    .await
}

/// A run that the kernel kills at the byte that makes any file longer than `blocks` of 512 bytes.
fn limited(world: &World, blocks: usize) -> Command {
    let sync = sync(world);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", r#"ulimit -c 0; ulimit -f "$0"; exec "$@""#])
        .arg(blocks.to_string())
        .arg(sync.get_program())
        .args(sync.get_args())
        .current_dir(sync.get_current_dir().unwrap())
        .env_clear()
        .envs(
            // What it ran would be a file that is too large, too.
            sync.get_envs()
                .filter(|(name, _)| *name != PROFILE)
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// When, of one request to the upstream.
#[derive(Clone, Copy, Debug)]
enum When {
    Asked,
    Answered,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_any_request_is_made_good_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    for from in undisturbed(&folder).await {
        let (state, requests) = (from.state, from.requests);
        let died = all_die_asking(from).await;
        eprintln!("SQLite, {state:?}: {died} deaths at {requests} requests");
        // The last answer may be all that a process needed to end by itself before it is killed.
        assert!(died >= 2 * requests - 1, "{died} died");
    }
}

/// Lets one process die at each request, and one right after it is answered.
async fn all_die_asking(from: Undisturbed) -> usize {
    let from = Arc::new(from);
    let deaths = (0..from.requests)
        .flat_map(|number| [When::Asked, When::Answered].map(|when| (number, when)));
    let died = each(deaths, |(number, when)| {
        let from = Arc::clone(&from);
        async move { usize::from(dies_asking(&from, number, when).await) }
    });
    died.await
}

async fn dies_asking(from: &Undisturbed, number: usize, when: When) -> bool {
    let label = format!("{when:?} {number}");
    life(from, &label, async |library, world| {
        let victim = Victim::default();
        dies_at(library, from.state, (number, when), &victim);
        victim.run(&mut sync(world)).await
    })
    .await
}

fn dies_at(library: &Library, state: State, (at, when): (usize, When), victim: &Victim) {
    let victim = victim.clone();
    match when {
        When::Asked => library.upstream.answers(move |request| {
            if request.number == at {
                victim.kill();
            }
            reply(state, request)
        }),
        When::Answered => library.upstream.once_answered(move |request| {
            if request.number == at {
                victim.kill();
            }
        }),
    }
}
