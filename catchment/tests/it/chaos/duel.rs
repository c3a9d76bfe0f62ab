//! Two syncers on one database, one of which is killed or paused every few seconds, while the upstream changes.

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

use super::{
    audit::{self, Take},
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

/// Requests that a process may send until its next write tells it that it has lost the lease: those that its fetching
/// is ahead of its writing. Twice the concurrency of the definition.
const IN_FLIGHT: usize = 8;

/// Longer than it ever takes until all is up to date again.
const PATIENCE: Duration = Duration::from_secs(90);

/// A process that was killed, or paused.
struct Blow {
    process: u32,
    /// On the database's clock, when it began and when it was over.
    from: i64,
    at: i64,
    deadly: bool,
}

/// A resource that went over from a process that was killed.
struct Takeover {
    resource: String,
    /// How long it took, in milliseconds.
    after: i64,
    /// Whether no other process was killed or paused meanwhile.
    alone: bool,
}

/// What was seen.
pub(super) struct Tally {
    kills: usize,
    pauses: usize,
    rounds: usize,
    compared: usize,
    hidden: usize,
    changes_of_hands: usize,
    takeovers: Vec<Takeover>,
    late: usize,
}

impl Tally {
    pub(super) fn told(&self, kind: Kind) -> String {
        let Self {
            kills,
            pauses,
            rounds,
            compared,
            hidden,
            changes_of_hands,
            late,
            takeovers,
        } = self;
        let mut resources = BTreeMap::<&str, usize>::new();
        for takeover in takeovers {
            *resources.entry(&takeover.resource).or_default() += 1;
        }
        let lease = LEASE.as_millis();
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
        let takeovers = takeovers(&takes, &duel.blows);
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

/// The leases that were taken from the dead.
///
/// Each was taken as soon as it could be. How long that takes depends on the machine, but not how much may happen
/// meanwhile: once the dead process's lease had ended, no living one passes the resource by. Of any other resource it may
/// take the lease in what is left of its present round and in its next one, and then it comes to this.
fn takeovers(takes: &[Take], blows: &[Blow]) -> Vec<Takeover> {
    let lease = i64::try_from(LEASE.as_millis()).unwrap();
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
fn late(upstream: &Upstream, takes: &[Take], processes: &BTreeMap<u32, u32>) -> usize {
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

#[expect(
    clippy::disallowed_methods,
    reason = "what happens at any time has to be given time to happen"
)]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
