//! Where a run stands, so that another process can go on from there.

use entity::{cursor, run::Counts};
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use crate::fetch::page::{At, Walked};

/// Where a run stands in its walks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The version of the parent resource whose rows are walked; nothing where there are no parents.
    #[serde(default)]
    pub parents: Option<i64>,
    /// The `rowno` of the parent whose pages were walked last; 0 where there are no parents, -1 before the first.
    pub parent: i64,
    /// The next page of that walk; nothing once it ended.
    pub at: Option<At>,
    pub walked: Walked,
    /// Walks that failed or fell short.
    pub faults: u64,
    /// What was wrong with the first of them.
    pub first_fault: Option<String>,
    /// Records whose key had come before where it should not come again.
    pub repeated: u64,
    /// Rejects whose key could not be read: any row that did not come may be one of them.
    #[serde(default)]
    pub keyless: u64,
}

impl Default for Position {
    fn default() -> Self {
        Self {
            parents: None,
            parent: -1,
            at: None,
            walked: Walked::default(),
            faults: 0,
            first_fault: None,
            repeated: 0,
            keyless: 0,
        }
    }
}

/// All that the next process needs to go on, as the cursor holds it.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub position: Position,
    /// Not those of the run log: unchanged pages write nothing there.
    pub counts: Counts,
    pub seen: RoaringTreemap,
    pub seen_rejects: RoaringTreemap,
}

impl Left {
    /// `None`: the cursor cannot be read, which is as good as none.
    pub(crate) fn of(cursor: &cursor::Model) -> Option<Self> {
        let (position, counts) = serde_json::from_str(&cursor.position).ok()?;
        let mut bitmaps = cursor.seen.as_slice();
        Some(Self {
            position,
            counts,
            seen: RoaringTreemap::deserialize_from(&mut bitmaps).ok()?,
            seen_rejects: RoaringTreemap::deserialize_from(&mut bitmaps).ok()?,
        })
    }
}
