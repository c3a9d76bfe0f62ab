//! Plays a drill on one database, and tells all that is not as it must be.

use std::sync::Arc;

use entity::run::Outcome;
use sea_orm::EntityTrait;
use syncer::How;
use testdb::Kind;

use super::{
    drill::{Act, Drill},
    law::LAWS,
    log,
    seen::{Seen, State},
};
use crate::world::World;

/// Plays `drill` on a database of that kind, and returns what is not as it must be.
pub(super) async fn play(drill: Drill, kind: Kind) -> Vec<String> {
    let world = World::new(kind, &drill.definition).await;
    let mut faults = Vec::new();
    if !drill.before.is_empty() {
        let (seen, broken) = well(&world, &drill, &drill.before).await;
        faults.extend(labelled("before", broken));
        faults.extend(labelled("before", is_mirror(&seen, &drill.before)));
    }
    for (number, act) in drill.acts.iter().enumerate() {
        let broken = played(&world, act).await;
        faults.extend(labelled(&format!("run {}", number + 1), broken));
    }
    keep_waits(&world).await;
    if !drill.after.is_empty() {
        let (seen, broken) = well(&world, &drill, &drill.after).await;
        faults.extend(labelled("after", broken));
        faults.extend(labelled("after", is_mirror(&seen, &drill.after)));
        let (seen, broken) = well(&world, &drill, &drill.after).await;
        faults.extend(labelled("after, again", broken));
        if seen.report.counts.changed_rows() {
            faults.push(format!(
                "after, again: rows were written: {:?}",
                seen.report.counts
            ));
        }
    }
    faults
}

/// Lets the time pass that the upstream asked to wait, for whichever of its resources.
async fn keep_waits(world: &World) {
    let now = world.ctx.clock.now();
    let rest = entity::resource::Entity::find().all(&world.db).await;
    let rest = rest.expect("the database answers").into_iter();
    let deferred = rest.filter(|resource| resource.last_outcome == Some(Outcome::Deferred));
    let until = deferred.filter_map(|resource| resource.next_run_at).max();
    world.pass((until.unwrap_or(now) - now).max(chrono::Duration::zero()));
}

fn labelled(when: &str, faults: impl IntoIterator<Item = String>) -> Vec<String> {
    let faults = faults.into_iter();
    faults.map(|fault| format!("{when}: {fault}")).collect()
}

/// A run while the upstream is well and has `records`: complete, or it is a fault.
async fn well(world: &World, drill: &Drill, records: &[String]) -> (Seen, Vec<String>) {
    let (serve, records) = (drill.serve, records.to_vec());
    world
        .upstream
        .answers(move |request| serve(&records, request));
    let seen = Box::pin(run(world, "things", How::default())).await;
    let mut faults = lawless(&seen);
    if seen.report.outcome != Outcome::Complete {
        let Some(said) = &seen.report.error else {
            return (seen, faults);
        };
        faults.push(format!("{}: {said}", seen.report.outcome.as_str()));
    }
    (seen, faults)
}

/// What makes the table another than `records`.
fn is_mirror(seen: &Seen, records: &[String]) -> Option<String> {
    let mut stored: Vec<&str> = seen.after.payloads().into_values().collect();
    let mut wanted: Vec<&str> = records.iter().map(String::as_str).collect();
    stored.sort_unstable();
    wanted.sort_unstable();
    (stored != wanted).then(|| format!("the rows are {:?}", seen.after.live()))
}

async fn played(world: &World, act: &Act) -> Vec<String> {
    world.pass(act.later);
    let (script, jump, hand) = (Arc::clone(&act.script), act.jump, world.hand());
    world.upstream.answers(move |request| {
        if let Some(jump) = jump.filter(|jump| jump.request == request.number) {
            *hand.lock().expect("no test panicked here") += jump.by;
        }
        script(request)
    });
    let seen = Box::pin(run(world, act.resource, act.how)).await;
    let mut faults = lawless(&seen);
    let (outcome, said) = (
        seen.report.outcome,
        seen.report.error.as_deref().unwrap_or_default(),
    );
    if outcome != act.outcome {
        let (is, wanted) = (outcome.as_str(), act.outcome.as_str());
        faults.push(format!("it is {is} and must be {wanted}; it says: {said}"));
    } else if !said.contains(&act.says) {
        faults.push(format!("it must say `{}` and says: {said}", act.says));
    }
    for fact in &act.facts {
        if let Some(broken) = fact.broken(world, &seen).await {
            faults.push(format!("{}: {broken}", fact.told()));
        }
    }
    faults
}

async fn run(world: &World, resource: &str, how: How) -> Seen {
    let before = State::of(world, resource).await;
    drop(world.upstream.asked());
    let (report, lines) = log::of(Box::pin(world.sync_how(resource, how))).await;
    Seen::of(world, before, report, lines).await
}

fn lawless(seen: &Seen) -> Vec<String> {
    let broken = LAWS.iter().filter_map(|law| {
        let broken = (law.broken)(seen)?;
        Some(format!("{} {broken}", law.text))
    });
    broken.collect()
}
