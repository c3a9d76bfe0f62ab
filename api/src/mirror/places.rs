//! Where the pages of a list begin: remembered, so that who asks for them by number does not pay for those before.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, PoisonError},
};

use entity::record::Position;
use quick_cache::sync::Cache;

/// Most lists of which places are remembered.
const LISTS: usize = 64;
/// Most places of a list; where there are more, every other one goes.
const PLACES: usize = 2048;

/// The places of many lists, each as it is in one version of its resource.
#[derive(Debug)]
pub(crate) struct Places(Cache<String, Arc<Mutex<Known>>>);

/// The position of the last of so many rows.
type Known = BTreeMap<u64, Position>;

impl Places {
    pub(crate) fn new() -> Self {
        Self(Cache::new(LISTS))
    }

    /// The nearest place of `list` that is known, so many rows from its beginning or fewer.
    pub(super) fn nearest(&self, list: &str, rows: u64) -> Option<(u64, Position)> {
        let known = self.0.get(list)?;
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let range = (Bound::Excluded(0), Bound::Included(rows));
        let nearest = known.range(range).next_back();
        nearest.map(|(rows, position)| (*rows, position.clone()))
    }

    pub(super) fn remember(&self, list: &str, rows: u64, position: &Position) {
        let known = self.0.get(list).unwrap_or_else(|| {
            let new = Arc::default();
            self.0.insert(list.to_owned(), Arc::clone(&new));
            new
        });
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(rows, position.clone());
        if known.len() > PLACES {
            let mut is_kept = false;
            known.retain(|_, _| {
                is_kept = !is_kept;
                is_kept
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rowno: i64) -> Position {
        Position {
            values: Vec::new(),
            rowno,
        }
    }

    #[test]
    fn the_nearest_place_before_is_known() {
        let places = Places::new();
        assert_eq!(places.nearest("a", 5), None);
        places.remember("a", 2, &at(20));
        places.remember("a", 4, &at(40));
        let check = |list: &str, rows, expected| assert_eq!(places.nearest(list, rows), expected);
        check("a", 1, None);
        check("a", 2, Some((2, at(20))));
        check("a", 3, Some((2, at(20))));
        check("a", 9, Some((4, at(40))));
        check("b", 9, None);
    }

    #[test]
    fn no_list_has_more_places_than_may_be() {
        let places = Places::new();
        for rows in 1..10_000 {
            places.remember("a", rows, &at(0));
        }
        let known = places.0.get("a").expect("it is remembered");
        assert!(known.lock().expect("no test panics in it").len() <= PLACES);
    }
}
