//! The real process dies at every instant it can be caught at; the next run makes the database what it would have been.
#![expect(
    clippy::print_stderr,
    reason = "how many processes died is worth knowing"
)]

/// The upstream.
mod library;
/// The socket at which a process on MySQL dies.
mod proxy;
/// What is compared.
pub(crate) mod tables;
/// The process that dies.
pub(crate) mod victim;

/// Deaths on MySQL: before and after each statement.
mod mysql;
/// Deaths on SQLite: in the middle of writes, and at each request.
mod sqlite;

use tokio::task::JoinSet;

/// The exit code of a run of the library's: its loans never come whole.
const PARTIAL: i32 = 3;

/// How many databases are worked on at a time: a process that waits for a lease costs nothing.
const AT_ONCE: usize = 6;

/// Lives one life for each of `deaths`, some of them at a time, and returns how many processes died.
async fn each<D, L>(deaths: impl Iterator<Item = D>, life: impl Fn(D) -> L) -> usize
where
    L: Future<Output = usize> + Send + 'static,
{
    let mut lives = JoinSet::new();
    let mut died = 0;
    for death in deaths {
        if lives.len() == AT_ONCE {
            died += lives.join_next().await.unwrap().unwrap();
        }
        lives.spawn(life(death));
    }
    lives.join_all().await.into_iter().sum::<usize>() + died
}
