//! The real process is killed at random instants, on an upstream that changes; and two of them share a database.
//!
//! The lives of every test run are short. `CATCHMENT_TEST_KILLS` and `CATCHMENT_TEST_SECONDS` make them longer, and
//! `CATCHMENT_TEST_SEED` others; `doc/crashes.md` tells of long ones:
//!
//! ```text
//! CATCHMENT_TEST_KILLS=200 CATCHMENT_TEST_SECONDS=120 cargo test -p catchment --test it chaos -- --nocapture --test-threads 1
//! ```
#![expect(
    clippy::print_stderr,
    reason = "how many processes died, and at what, is worth knowing"
)]

/// Chance.
mod dice;
/// What the upstream has.
mod market;
/// The upstream.
mod upstream;

/// What the database writes down about its writers.
mod audit;
/// What is compared.
mod holdings;
/// A database and its processes.
mod site;

/// Two syncers on one database.
mod duel;
/// Kills at random instants.
mod kills;

use std::{str::FromStr, time::Duration};

use tokio::task::JoinSet;

const SEED: u64 = 20_261_121;

#[tokio::test(flavor = "multi_thread")]
async fn kills_leave_no_trace() {
    killed(setting("CATCHMENT_TEST_KILLS", 4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncers_of_which_one_is_killed_do_as_one_that_is_not() {
    fought(setting("CATCHMENT_TEST_SECONDS", 0)).await;
}

/// `kills` of them on each kind of database.
async fn killed(kills: usize) {
    let mut lives = JoinSet::new();
    for kind in testdb::kinds() {
        lives.spawn(async move { kills::life(kind, kills, seed()).await.told(kind) });
    }
    tell(lives).await;
}

/// So long on each kind of database.
async fn fought(seconds: u64) {
    let mut lives = JoinSet::new();
    let time = Duration::from_secs(seconds);
    for kind in testdb::kinds() {
        lives.spawn(async move { duel::life(kind, time, seed()).await.told(kind) });
    }
    tell(lives).await;
}

async fn tell(mut lives: JoinSet<String>) {
    while let Some(told) = lives.join_next().await {
        eprint!("\nseed {}, {}", seed(), told.unwrap());
    }
}

fn seed() -> u64 {
    setting("CATCHMENT_TEST_SEED", SEED)
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no settings: how long one lasts is a matter of whoever runs it"
)]
fn setting<T: FromStr>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Ok(value) => value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number")),
        Err(_) => default,
    }
}
