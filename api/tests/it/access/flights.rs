//! Equal requests at the same time, by those who see different things: nobody waits for what another is given.

use std::sync::Arc;

use sea_orm::TransactionTrait;
use tokio::task::JoinSet;

use super::world::{Caller, callers, mirrored};
use crate::world::{Answer, World, settings};

const LIST: &str = "/api/v1/cats/hoard?sort=-name";
const EACH: usize = 10;

#[tokio::test]
async fn what_is_being_made_for_one_is_not_given_to_another() {
    for kind in testdb::kinds() {
        // With one connection. Who holds it has all who ask the database wait.
        let world = Arc::new(World::with_connections(kind, settings(), 1).await);
        mirrored(&world).await;
        let callers = Arc::new(callers(&world).await);
        // Who each of them is, is known from here on.
        for caller in callers.iter() {
            assert_eq!(caller.get(&world, "/api/v1/catalog").await.status, 200);
        }
        at_once(&world, &callers).await;
    }
}

async fn at_once(world: &Arc<World>, callers: &Arc<Vec<Caller>>) {
    let taken = world.db.begin().await.expect("a connection");
    let mut waiting = JoinSet::new();
    for at in 0..callers.len() * EACH {
        let (world, callers) = (Arc::clone(world), Arc::clone(callers));
        waiting.spawn(async move {
            let at = at % callers.len();
            (at, callers[at].get(&world, LIST).await)
        });
    }
    // Those who see nothing of it wait for nothing.
    let sees = |caller: &Caller| caller.sees.contains(&"hoard");
    let blind = callers.iter().filter(|caller| !sees(caller)).count();
    for _ in 0..blind * EACH {
        let (at, answer) = ended(&mut waiting).await;
        assert_eq!(answer.status, 404, "{}", callers[at].name);
    }
    taken.rollback().await.expect("it ends");
    while !waiting.is_empty() {
        let (at, answer) = ended(&mut waiting).await;
        assert_eq!(answer.status, 200, "{}: {}", callers[at].name, answer.body);
        assert!(sees(&callers[at]));
    }
}

async fn ended(waiting: &mut JoinSet<(usize, Answer)>) -> (usize, Answer) {
    let ended = waiting.join_next().await.expect("somebody asks");
    ended.expect("it does not panic")
}
