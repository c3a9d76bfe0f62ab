//! What was seen of two syncers.

use std::{collections::BTreeMap, time::Duration};

use testdb::Kind;

use super::leases::Takeover;

/// What was seen.
pub(in crate::chaos) struct Tally {
    pub(super) kills: usize,
    pub(super) pauses: usize,
    pub(super) rounds: usize,
    pub(super) compared: usize,
    pub(super) hidden: usize,
    pub(super) changes_of_hands: usize,
    pub(super) takeovers: Vec<Takeover>,
    pub(super) late: usize,
    pub(super) lease: Duration,
}

impl Tally {
    pub(in crate::chaos) fn told(&self, kind: Kind) -> String {
        let Self {
            kills,
            pauses,
            rounds,
            compared,
            hidden,
            changes_of_hands,
            late,
            takeovers,
            lease,
        } = self;
        let mut resources = BTreeMap::<&str, usize>::new();
        for takeover in takeovers {
            *resources.entry(&takeover.resource).or_default() += 1;
        }
        let lease = lease.as_millis();
        format!(
            "{kind:?}: {kills} kills and {pauses} pauses in {rounds} rounds; {compared} lines compared, 0 differ; \
             {hidden} rows hidden for a while\n  leases of {lease} ms changed hands {changes_of_hands} times; \
             {late} requests for a resource whose lease was lost\n  {} takeovers from the dead {resources:?}, ms after \
             the kill: {}\n  of these without another kill or pause meanwhile: {}\n",
            takeovers.len(),
            spread(takeovers.iter()),
            spread(takeovers.iter().filter(|one| one.alone)),
        )
    }
}

fn spread<'a>(takeovers: impl Iterator<Item = &'a Takeover>) -> String {
    let mut after: Vec<i64> = takeovers.map(|one| one.after).collect();
    after.sort_unstable();
    match after.as_slice() {
        [] => "none".to_owned(),
        [least, .., most] => format!(
            "{least} to {most}, half of them within {}",
            after[after.len() / 2]
        ),
        [only] => only.to_string(),
    }
}
