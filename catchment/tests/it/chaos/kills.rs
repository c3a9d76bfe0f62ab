//! Processes that are killed after a random time, each to be gone on with by the next, while the upstream changes.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    time::{Duration, Instant},
};

use testdb::Kind;

use super::{audit, dice::Dice, holdings, market::RESOURCES, site::Site, upstream::Upstream};
use crate::crash::{
    tables::{assert_risen, lines, versions},
    victim::{End, Victim},
};

/// How long the process after a killed one may have to wait.
const LEASE: Duration = Duration::from_millis(200);

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By resource and phase.
    kills: BTreeMap<(&'static str, &'static str), usize>,
    /// Processes that ended before they could be killed.
    survivors: usize,
    rounds: usize,
    restless: usize,
    /// Lines found equal.
    compared: usize,
    /// Rows that were gone for a while, though the upstream had them: pages had moved between a kill and the next run.
    hidden: usize,
}

impl Tally {
    fn killed(&self) -> usize {
        self.kills.values().sum()
    }

    pub(super) fn told(&self, kind: Kind) -> String {
        let mut text = format!(
            "{kind:?}: {} kills in {} rounds, {} of them with a change after each kill; {} processes ended before their \
             time; {} lines compared, 0 differ; {} rows hidden for a while\n",
            self.killed(),
            self.rounds,
            self.restless,
            self.survivors,
            self.compared,
            self.hidden
        );
        for ((resource, phase), count) in &self.kills {
            writeln!(text, "  {resource:8} {phase:22} {count:4}").unwrap();
        }
        text
    }
}

/// Two databases of one upstream: the one's processes are killed, the other's are not.
struct Life {
    dice: Dice,
    upstream: Upstream,
    disturbed: Site,
    calm: Site,
    /// How long a run takes, about.
    usual: Duration,
    label: String,
    tally: Tally,
}

/// Kills `wanted` processes, and compares what is left of them with a life without kills, again and again.
pub(super) async fn life(kind: Kind, wanted: usize, seed: u64) -> Tally {
    let mut dice = Dice::new(seed);
    let upstream = Upstream::open(dice.split()).await;
    let disturbed = Site::open(kind, &upstream, LEASE, 1).await;
    audit::begin(&disturbed.db).await;
    let calm = Site::open(kind, &upstream, LEASE, 2).await;
    let mut life = Life {
        dice,
        upstream,
        disturbed,
        calm,
        usual: LEASE,
        label: String::new(),
        tally: Tally::default(),
    };
    life.make_good(false).await;
    while life.tally.killed() < wanted {
        life.round(kind, seed).await;
    }
    life.tally
}

impl Life {
    /// Some kills, and whatever makes them good. In a restless round the upstream changes after each kill as well.
    async fn round(&mut self, kind: Kind, seed: u64) {
        self.tally.rounds += 1;
        self.label = format!("{kind:?}, seed {seed}, round {}", self.tally.rounds);
        let restless = self.tally.rounds % 3 == 2;
        self.tally.restless += usize::from(restless);
        let changes = self.dice.between(0, 30);
        self.upstream.market(|market| market.change(changes));
        for _ in 0..self.dice.between(1, 6) {
            self.kill_one().await;
            if restless {
                self.upstream.market(|market| market.change(4));
            }
        }
        self.make_good(restless).await;
    }

    async fn kill_one(&mut self) {
        let arguments = match self.dice.between(1, 8) {
            1 => format!("sync market.{}", self.dice.pick(&RESOURCES).unwrap()),
            _ => "sync market".to_owned(),
        };
        let before = versions(&self.disturbed.db).await;
        let last_run = self.newest_run().await;
        let (mut command, number) = self.disturbed.command(&arguments);
        let victim = Victim::default();
        let delay = self.dice.part_of(self.usual);
        let (end, ()) = tokio::join!(victim.run(&mut command), kill_after(delay, &victim));
        if end.was_killed() {
            let phase = self.phase(number, &last_run).await;
            *self.tally.kills.entry(phase).or_default() += 1;
        } else {
            assert_ended_well(&end, &self.label);
            self.tally.survivors += 1;
        }
        holdings::assert_sound(&self.disturbed.db, &self.label).await;
        let after = versions(&self.disturbed.db).await;
        assert_risen(&after, &before, &self.label);
    }

    async fn newest_run(&self) -> String {
        let newest = lines(&self.disturbed.db, "SELECT MAX(id) AS newest FROM run").await;
        newest[0][0].clone().unwrap()
    }

    /// What a process was at when it was killed.
    async fn phase(&self, number: u32, last_run: &str) -> (&'static str, &'static str) {
        let sql = format!(
            "SELECT name FROM run JOIN resource ON resource.id = resource_id \
             WHERE ended_at IS NULL AND run.id > {last_run}"
        );
        let open = lines(&self.disturbed.db, &sql).await;
        let open = open.first().and_then(|line| line[0].clone());
        let open = RESOURCES
            .into_iter()
            .find(|name| Some(*name) == open.as_deref());
        let asked = self.upstream.asked();
        let mut asked = asked.iter().filter(|asked| asked.process == number);
        match (open, asked.next_back()) {
            (None, None) => ("-", "starting, or waiting"),
            (None, Some(_)) => ("-", "between two runs"),
            (Some(open), Some(last)) if last.resource == open && last.answered => {
                (open, "with an answer in hand")
            }
            (Some(open), Some(last)) if last.resource == open => (open, "waiting for an answer"),
            (Some(open), _) => (open, "before its first request"),
        }
    }

    /// One more run, which is not killed; then nothing may tell that any ever was.
    ///
    /// After a restless round that run may go on from pages that are no longer so. It may see that and be partial, and
    /// whether or not it does the next one begins anew.
    async fn make_good(&mut self, restless: bool) {
        if restless {
            let end = self.disturbed.sync().await;
            assert_ended_well(&end, &self.label);
        }
        let begun = Instant::now();
        tokio::join!(
            self.disturbed.sync_all(&self.label),
            self.calm.sync_all(&self.label)
        );
        // Two at a time take longer than one.
        self.usual = begun.elapsed() * 4 / 5;
        let (one, other, label) = (&self.disturbed.db, &self.calm.db, &self.label);
        self.tally.compared += holdings::assert_same(one, other, label).await;
        holdings::assert_same_last_runs(one, other, label).await;
        holdings::assert_at_rest(one, label).await;
        audit::assert_faultless(one, label).await;
        let hidden = audit::hidden(one, &self.upstream, label).await;
        assert!(
            restless || hidden == 0,
            "{label}: {hidden} rows were gone for a while, though the upstream had them and did not change"
        );
        self.tally.hidden += hidden;
        self.upstream.market(super::market::Market::settle);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a random instant is a matter of time"
)]
async fn kill_after(delay: Duration, victim: &Victim) {
    tokio::time::sleep(delay).await;
    victim.kill();
}

/// Panics unless the process ended by itself with a run of whatever outcome.
fn assert_ended_well(end: &End, label: &str) {
    let code = end.status.code();
    assert!(
        matches!(code, Some(0 | 3 | 4)),
        "{label}: {code:?}: {}",
        end.said
    );
}
