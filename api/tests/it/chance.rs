//! Chance that can be repeated: a test that fails says by which seed, and `CATCHMENT_TEST_SEED` gives it again.

use std::{
    env::{self, VarError},
    hash::{BuildHasher, Hasher, RandomState},
    str::FromStr,
    time::Duration,
};

/// Numbers of chance from one seed.
pub(crate) struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    /// From the seed that is given, or any.
    pub(crate) fn new() -> Self {
        let any = || RandomState::new().build_hasher().finish();
        Self::of(setting("CATCHMENT_TEST_SEED").unwrap_or_else(any))
    }

    fn of(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    /// The same for one of several tasks, whose turns are not repeated.
    pub(crate) fn split(&self, task: u64) -> Self {
        Self {
            seed: self.seed,
            state: self.seed ^ task.wrapping_mul(0xd6e8_feb8_6659_fd93),
        }
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % end as u64).expect("it is below a size")
    }

    /// Whether something happens that does so that many times in a hundred.
    pub(crate) fn in_hundred(&mut self, times: usize) -> bool {
        self.below(100) < times
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Tells the seed of a test that fails.
impl Drop for Chance {
    fn drop(&mut self) {
        #[expect(clippy::print_stderr, reason = "who reads of the failure wants it")]
        if std::thread::panicking() {
            eprintln!("to repeat it: CATCHMENT_TEST_SEED={}", self.seed);
        }
    }
}

/// How long what is left to chance goes on; without a word a moment.
pub(crate) fn duration() -> Duration {
    Duration::from_secs(setting("CATCHMENT_TEST_SECONDS").unwrap_or(0))
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is for who runs the tests, not for the api"
)]
fn setting<T: FromStr>(name: &str) -> Option<T> {
    match env::var(name) {
        Ok(value) => {
            let value = value.parse();
            Some(value.unwrap_or_else(|_| panic!("{name} is not a number")))
        }
        Err(VarError::NotPresent) => None,
        Err(error) => panic!("{name}: {error}"),
    }
}
