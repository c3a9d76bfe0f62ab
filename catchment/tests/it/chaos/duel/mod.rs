//! Two syncers on one database, one of which is killed or paused every few seconds, while the upstream changes.

/// Who took over from whom.
mod leases;
/// What is told in the end.
mod tally;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use entity::{
    Clock,
    resource::Entity as Resource,
    run::{Entity as RunLog, Model as Run, Outcome},
};
use testdb::Kind;
use tokio::task::spawn_blocking;

use self::{
    leases::{Blow, late, takeovers},
    tally::Tally,
};
use super::{
    audit,
    dice::Dice,
    holdings,
    market::{Market, RESOURCES},
    site::Site,
    upstream::Upstream,
};
use crate::world::Process;

/// Long enough that a busy machine renews it in time.
const LEASE: Duration = Duration::from_millis(1500);

/// How often the upstream changes, at the least, and whether it is time for a blow is looked at.
const BEAT: Duration = Duration::from_millis(100);

/// A run of most resources takes longer.
const MOMENT: Duration = Duration::from_millis(40);

/// Longer than it ever takes until all is up to date again.
const PATIENCE: Duration = Duration::from_secs(90);

struct Duel {
    dice: Dice,
    upstream: Upstream,
    ring: Site,
    calm: Site,
    syncers: [Syncer; 2],
    next_blow: Instant,
    label: String,
    /// The process that a number stands for.
    processes: BTreeMap<u32, u32>,
    blows: Vec<Blow>,
    compared: usize,
    hidden: usize,
}

struct Syncer {
    process: Process,
}

/// Lets two syncers work for at least `time`, and until one has taken over from the other.
pub(super) async fn life(kind: Kind, time: Duration, seed: u64) -> Tally {
    let mut duel = Duel::begin(kind, seed).await;
    let end = Instant::now() + time;
    let mut rounds = 0;
    let takeovers = loop {
        rounds += 1;
        duel.label = format!("{kind:?}, seed {seed}, round {rounds}");
        duel.unrest().await;
        duel.settle().await;
        let takes = audit::takes(&duel.ring.db).await;
        let takeovers = takeovers(&takes, &duel.blows, LEASE);
        if Instant::now() >= end && !takeovers.is_empty() {
            break takeovers;
        }
    };
    let takes = audit::takes(&duel.ring.db).await;
    let late = late(&duel.upstream, &takes, &duel.processes);
    let tally = Tally {
        kills: duel.blows.iter().filter(|blow| blow.deadly).count(),
        pauses: duel.blows.iter().filter(|blow| !blow.deadly).count(),
        rounds,
        compared: duel.compared,
        hidden: duel.hidden,
        changes_of_hands: takes.len(),
        takeovers,
        late,
        lease: LEASE,
    };
    duel.end().await;
    tally
}

impl Duel {
    async fn begin(kind: Kind, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let upstream = Upstream::open(dice.split()).await;
        let ring = Site::open(kind, &upstream, LEASE, 1).await;
        audit::begin(&ring.db).await;
        let calm = Site::open(kind, &upstream, LEASE, 2).await;
        let mut processes = BTreeMap::new();
        let syncers = [(); 2].map(|()| Syncer::start(&ring, &mut processes));
        upstream.market(Market::settle);
        Self {
            dice,
            upstream,
            ring,
            calm,
            syncers,
            next_blow: Instant::now(),
            label: String::new(),
            processes,
            blows: Vec::new(),
            compared: 0,
            hidden: 0,
        }
    }

    /// The upstream changes, at times that have nothing to do with the runs.
    async fn unrest(&mut self) {
        for _ in 0..self.dice.between(8, 20) {
            let changes = self.dice.between(0, 3);
            self.upstream.market(|market| market.change(changes));
            self.beat().await;
        }
    }

    /// Waits until every resource was read anew and whole, and compares what is there with a life of one syncer that
    /// nobody disturbed. Blows go on meanwhile.
    async fn settle(&mut self) {
        let since = Clock::system().now();
        let deadline = Instant::now() + PATIENCE;
        while !self.is_settled(since).await {
            assert!(
                Instant::now() < deadline,
                "{}: not settled in {PATIENCE:?}",
                self.label
            );
            self.beat().await;
        }
        self.calm.sync_all(&self.label).await;
        let (ring, label) = (&self.ring.db, &self.label);
        self.compared += holdings::assert_same(ring, &self.calm.db, label).await;
        holdings::assert_sound(ring, label).await;
        audit::assert_faultless(ring, label).await;
        self.hidden += audit::hidden(ring, &self.upstream, label).await;
        self.upstream.market(Market::settle);
    }

    /// Whether each resource had a complete run that began after `since`, and after that of its parent.
    async fn is_settled(&mut self, since: DateTime<Utc>) -> bool {
        let resources = Resource::all_with_source(&self.ring.db).await.unwrap();
        let mut floor = since;
        for name in RESOURCES {
            let (resource, _) = resources.iter().find(|(one, _)| one.name == name).unwrap();
            let runs = RunLog::latest(&self.ring.db, Some(resource.id), 1000).await;
            let Some(run) = fresh(&runs.unwrap(), floor) else {
                return false;
            };
            floor = match name {
                "stalls" => run.max(floor),
                _ => since,
            };
        }
        true
    }

    /// A short while, at the end of which there may be a blow.
    async fn beat(&mut self) {
        pause(BEAT).await;
        if Instant::now() < self.next_blow {
            return;
        }
        let next = self.dice.between(2000, 4500);
        self.next_blow = Instant::now() + Duration::from_millis(next.into());
        let victim = self.victim().await;
        match self.dice.one_in(5) {
            true => self.pause(victim).await,
            false => self.kill(victim).await,
        }
    }

    /// Most often one that is at work: it is killed a moment after it was seen to have a lease.
    async fn victim(&mut self) -> usize {
        if self.dice.one_in(4) {
            return usize::from(self.dice.one_in(2));
        }
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let working = audit::working(&self.ring.db).await;
            let is_working = |syncer: &Syncer| working.contains(&syncer.process.id());
            let found = self.syncers.iter().position(is_working);
            let moment = self.dice.part_of(MOMENT);
            pause(moment).await;
            if let Some(victim) = found {
                return victim;
            }
        }
        panic!("{}: no syncer works", self.label);
    }

    async fn kill(&mut self, victim: usize) {
        let from = audit::now(&self.ring.db).await;
        let process = self.syncers[victim].process.id();
        let killed = Syncer::start(&self.ring, &mut self.processes);
        let killed = std::mem::replace(&mut self.syncers[victim], killed);
        let ended = killed.end("KILL").await;
        assert_eq!(ended, None, "{}: it had ended before", self.label);
        let at = audit::now(&self.ring.db).await;
        self.blows.push(Blow {
            process,
            from,
            at,
            deadly: true,
        });
    }

    /// It sleeps through the end of its lease, and wakes up in the middle of whatever it was about to do.
    async fn pause(&mut self, victim: usize) {
        let from = audit::now(&self.ring.db).await;
        let process = self.syncers[victim].process.id();
        self.syncers[victim].process.signal("STOP");
        pause(LEASE * 3 / 2).await;
        self.syncers[victim].process.signal("CONT");
        let at = audit::now(&self.ring.db).await;
        self.blows.push(Blow {
            process,
            from,
            at,
            deadly: false,
        });
    }

    /// Stops both as a service manager would; then one more run, and nothing may tell that there were two.
    async fn end(self) {
        let label = "in the end";
        for syncer in self.syncers {
            assert_eq!(syncer.end("TERM").await, Some(0), "{label}");
        }
        tokio::join!(self.ring.sync_all(label), self.calm.sync_all(label));
        let (one, other) = (&self.ring.db, &self.calm.db);
        holdings::assert_same(one, other, label).await;
        holdings::assert_same_last_runs(one, other, label).await;
        holdings::assert_at_rest(one, label).await;
        audit::assert_faultless(one, label).await;
    }
}

impl Syncer {
    fn start(ring: &Site, processes: &mut BTreeMap<u32, u32>) -> Self {
        let (mut command, number) = ring.command("syncer");
        let process = Process::start(&mut command);
        processes.insert(number, process.id());
        Self { process }
    }

    /// Sends it a signal that ends it; returns its exit code.
    async fn end(self, signal: &str) -> Option<i32> {
        self.process.signal(signal);
        let output = spawn_blocking(|| self.process.end()).await.unwrap();
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
        output.code
    }
}

/// When the first complete run ended that began after `since`, and did not go on with one that began before.
fn fresh(runs: &[Run], since: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let began = |run: &Run| {
        let mut run = run;
        while let Some(from) = run.resumed_from {
            run = runs.iter().find(|one| one.id == from)?;
        }
        Some(run.started_at)
    };
    let fresh = runs.iter().filter(|run| {
        run.outcome == Some(Outcome::Complete) && began(run).is_some_and(|began| began > since)
    });
    fresh.filter_map(|run| run.ended_at).min()
}

#[expect(
    clippy::disallowed_methods,
    reason = "what happens at any time has to be given time to happen"
)]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
