//! Hashing passwords: slow on purpose, so only a few at a time, apart from what answers requests.

use std::{num::NonZeroU32, sync::Arc, thread};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::SaltString,
};
use aws_lc_rs::rand;
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

/// Most who wait for a hash in each lane; one more is refused.
const WAITING: usize = 32;

/// What a hash costs: Argon2id's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost(Params);

/// No hash can be made now: too many wait for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked; try again shortly")]
pub struct Busy;

/// Hashes passwords and checks them.
#[derive(Debug)]
pub struct Hasher {
    cost: Cost,
    known: Queue,
    strangers: Queue,
    /// Of no password: checked where there is no user, so that this takes as long. Made when it is first needed.
    nobody: Mutex<Option<Arc<str>>>,
}

/// Who waits: those who come from where they came before are not kept waiting by all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Known,
    Strangers,
}

/// How a password was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, and its hash was made under other parameters: this one is to take its place.
    Rehashed(String),
}

#[derive(Debug)]
struct Queue {
    /// Those who wait, and those whose turn it is.
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Cost {
    /// `memory` in KiB.
    ///
    /// # Errors
    /// Argon2 does not take these.
    pub fn new(
        memory: NonZeroU32,
        iterations: NonZeroU32,
        parallelism: NonZeroU32,
    ) -> Result<Self, String> {
        let params = Params::new(memory.get(), iterations.get(), parallelism.get(), None);
        params.map(Self).map_err(|error| error.to_string())
    }

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.0.clone())
    }
}

impl Default for Cost {
    /// As OWASP recommends: 19 MiB, twice, one lane.
    fn default() -> Self {
        Self(Params::DEFAULT)
    }
}

impl Hasher {
    pub fn new(cost: Cost) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            cost,
            known: Queue::new(1),
            strangers: Queue::new((cores / 2).max(1)),
            nobody: Mutex::new(None),
        }
    }

    /// The hash of a password, in the PHC string format.
    ///
    /// # Errors
    /// Too many wait.
    pub async fn hash(&self, password: String) -> Result<String, Busy> {
        let cost = self.cost.clone();
        let turn = self.strangers.turn().await?;
        blocking(turn, move || hash(&cost, &password)).await
    }

    /// Whether it is the password of `hash`; of nobody's, it never is, after as long a time.
    pub(crate) async fn verify(
        &self,
        (lane, password): (Lane, String),
        hash: Option<String>,
    ) -> Result<Verdict, Busy> {
        let turn = match lane {
            Lane::Known => self.known.turn(),
            Lane::Strangers => self.strangers.turn(),
        };
        let turn = turn.await?;
        let cost = self.cost.clone();
        let (is_somebody, hash) = match hash {
            Some(hash) => (true, Arc::from(hash)),
            None => (false, self.of_nobody().await?),
        };
        let verdict = blocking(turn, move || Ok(verified(&cost, &password, &hash))).await?;
        Ok(match is_somebody {
            true => verdict,
            false => Verdict::Wrong,
        })
    }

    async fn of_nobody(&self) -> Result<Arc<str>, Busy> {
        let mut known = self.nobody.lock().await;
        if let Some(hash) = known.as_ref() {
            return Ok(Arc::clone(hash));
        }
        let cost = self.cost.clone();
        let made = spawn_blocking(move || hash(&cost, "nobody has this password"));
        let made: Arc<str> = made.await.unwrap_or(Err(Busy))?.into();
        *known = Some(Arc::clone(&made));
        Ok(made)
    }
}

impl Queue {
    fn new(turns: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(turns + WAITING)),
            turns: Arc::new(Semaphore::new(turns)),
        }
    }

    async fn turn(&self) -> Result<[OwnedSemaphorePermit; 2], Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        Ok([place, turn.map_err(|_| Busy)?])
    }
}

/// Whoever asked may be gone before it is done: the turn ends when it is done.
async fn blocking<T: Send + 'static>(
    turn: [OwnedSemaphorePermit; 2],
    work: impl FnOnce() -> Result<T, Busy> + Send + 'static,
) -> Result<T, Busy> {
    let done = spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    done.await.unwrap_or(Err(Busy))
}

/// What can fail here is memory and randomness that the system does not give.
fn hash(cost: &Cost, password: &str) -> Result<String, Busy> {
    let mut salt = [0; 16];
    rand::fill(&mut salt).map_err(|_| Busy)?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| Busy)?;
    let hash = cost.argon2().hash_password(password.as_bytes(), &salt);
    Ok(hash.map_err(|_| Busy)?.to_string())
}

fn verified(cost: &Cost, password: &str, hash_text: &str) -> Verdict {
    let Ok(known) = PasswordHash::new(hash_text) else {
        return Verdict::Wrong;
    };
    let argon2 = cost.argon2();
    if argon2.verify_password(password.as_bytes(), &known).is_err() {
        return Verdict::Wrong;
    }
    let is_of_this_cost = Params::try_from(&known).is_ok_and(|of| {
        let wanted = &cost.0;
        (of.m_cost(), of.t_cost(), of.p_cost())
            == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
    });
    match (is_of_this_cost, hash(cost, password)) {
        (false, Ok(better)) => Verdict::Rehashed(better),
        _ => Verdict::Right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(memory: u32) -> Cost {
        let number = |n| NonZeroU32::new(n).expect("not zero");
        Cost::new(number(memory), number(1), number(1)).expect("it is taken")
    }

    async fn verified(hasher: &Hasher, password: &str, hash: Option<&str>) -> Verdict {
        let asked = (Lane::Strangers, password.to_owned());
        let verdict = hasher.verify(asked, hash.map(str::to_owned)).await;
        verdict.expect("nobody else waits")
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash() {
        let hasher = Hasher::new(cost(8));
        let hash = hasher.hash("tea".to_owned()).await.expect("it is made");
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert_eq!(verified(&hasher, "tea", Some(&hash)).await, Verdict::Right);
        assert_eq!(verified(&hasher, "Tea", Some(&hash)).await, Verdict::Wrong);
        assert_eq!(verified(&hasher, "tea", Some("tea")).await, Verdict::Wrong);
        let nobody = "nobody has this password";
        assert_eq!(verified(&hasher, nobody, None).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_is_made_anew() {
        let old = Hasher::new(cost(8)).hash("tea".to_owned()).await;
        let hasher = Hasher::new(cost(16));
        let Verdict::Rehashed(new) = verified(&hasher, "tea", old.ok().as_deref()).await else {
            panic!("it is as it was");
        };
        assert!(new.contains("m=16"), "{new}");
        assert_eq!(verified(&hasher, "tea", Some(&new)).await, Verdict::Right);
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_refused_and_the_others_are_not() {
        let hasher = Hasher::new(cost(8));
        let all = u32::try_from(hasher.strangers.places.available_permits()).expect("few");
        let places = Arc::clone(&hasher.strangers.places).acquire_many_owned(all);
        let _all = places.await.expect("they are free");
        assert_eq!(hasher.hash("tea".to_owned()).await, Err(Busy));
        let known = hasher.verify((Lane::Known, "tea".to_owned()), None).await;
        assert_eq!(known, Ok(Verdict::Wrong));
    }
}
