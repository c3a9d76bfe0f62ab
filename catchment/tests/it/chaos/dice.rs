//! Chance that can be had again: the same seed rolls the same numbers.

use std::time::Duration;

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The generator `SplitMix64`.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own for whoever rolls at times of his own.
    pub(super) fn split(&mut self) -> Self {
        Self(self.roll())
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From `least` to `most`, both of them possible.
    pub(super) fn between(&mut self, least: u32, most: u32) -> u32 {
        let sides = u64::from(most - least) + 1;
        least + u32::try_from(self.roll() % sides).unwrap()
    }

    pub(super) fn one_in(&mut self, sides: u32) -> bool {
        self.between(1, sides) == 1
    }

    /// Some of `most`.
    pub(super) fn part_of(&mut self, most: Duration) -> Duration {
        most * self.between(0, 1000) / 1000
    }

    /// One of `all`, if there is one.
    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let last = u32::try_from(all.len().checked_sub(1)?).unwrap();
        Some(all[self.between(0, last) as usize])
    }
}
