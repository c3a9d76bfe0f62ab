//! What the changes of hands say: who took over from the dead, and who did not know that he had lost a lease.

use std::{collections::BTreeMap, time::Duration};

use crate::chaos::{audit::Take, upstream::Upstream};

/// Requests that a process may send until its next write tells it that it has lost the lease: those that its fetching
/// is ahead of its writing. Twice the concurrency of the definition.
const IN_FLIGHT: usize = 8;

/// A process that was killed, or paused.
pub(super) struct Blow {
    pub(super) process: u32,
    /// On the database's clock, when it began and when it was over.
    pub(super) from: i64,
    pub(super) at: i64,
    pub(super) deadly: bool,
}

/// A resource that went over from a process that was killed.
pub(super) struct Takeover {
    pub(super) resource: String,
    /// How long it took, in milliseconds.
    pub(super) after: i64,
    /// Whether no other process was killed or paused meanwhile.
    pub(super) alone: bool,
}

/// The leases that were taken from the dead.
///
/// Each was taken as soon as it could be. How long that takes depends on the machine, but not how much may happen
/// meanwhile: once the dead process's lease had ended, no living one passes the resource by. Of any other resource it may
/// take the lease in what is left of its present round and in its next one, and then it comes to this.
pub(super) fn takeovers(takes: &[Take], blows: &[Blow], lease: Duration) -> Vec<Takeover> {
    let lease = i64::try_from(lease.as_millis()).unwrap();
    let mut found = Vec::new();
    for take in takes {
        let killed = blows
            .iter()
            .find(|blow| blow.deadly && take.is_from(blow.process) && take.ended > blow.at);
        let Some(kill) = killed else { continue };
        assert!(take.ended <= kill.at + lease, "{take:?}");
        let others = takes.iter().filter(|other| {
            other.resource != take.resource && other.at > take.ended && other.at < take.at
        });
        let mut rounds = BTreeMap::<(&str, &str), usize>::new();
        for other in others {
            let process = other.to.rsplit_once('-').unwrap().0;
            *rounds.entry((process, &other.resource)).or_default() += 1;
        }
        let most = rounds.values().max().copied().unwrap_or(0);
        assert!(most <= 2, "{take:?} was passed by: {rounds:?}");
        found.push(Takeover {
            resource: take.resource.clone(),
            after: take.at - kill.at,
            alone: !blows
                .iter()
                .any(|blow| blow.at > kill.at && blow.from < take.at),
        });
    }
    found
}

/// How many requests processes sent for a resource whose lease they had lost: those that were under way then.
pub(super) fn late(upstream: &Upstream, takes: &[Take], processes: &BTreeMap<u32, u32>) -> usize {
    let mut late = BTreeMap::<(u32, &str, i64), usize>::new();
    for asked in upstream.asked() {
        let Some(process) = processes.get(&asked.process) else {
            continue;
        };
        let at = asked.at.timestamp_millis();
        let mut takes = takes.iter().filter(|take| {
            take.resource == asked.resource
                && (take.at < at || take.at == at && take.is_by(*process))
        });
        if let Some(loss) = takes.next_back().filter(|take| !take.is_by(*process)) {
            let loss = (asked.process, asked.resource, loss.at);
            *late.entry(loss).or_default() += 1;
        }
    }
    let most = late.values().max().copied().unwrap_or(0);
    assert!(
        most <= IN_FLIGHT,
        "asked on after the lease was lost: {late:?}"
    );
    late.values().sum()
}
