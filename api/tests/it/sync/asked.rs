//! What the syncers are asked to do, and what becomes of it.

use entity::run::Outcome;
use futures::future::join_all;
use serde_json::{Value, json};

use super::{operator::Operator, syncer::Syncer};
use crate::{
    cats::{breeds, images},
    world::World,
};

/// The id of the one command that was asked for.
fn command(asked: &Value) -> i64 {
    let commands = asked["data"]["commands"].as_array().expect("commands");
    assert_eq!(commands.len(), 1, "{asked}");
    commands[0]["id"].as_i64().expect("an id")
}

#[tokio::test]
async fn a_run_is_asked_for_taken_and_done() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &[]).await;
        let (operator, syncer) = (Operator::of(&world).await, Syncer(&world));
        let wish = r#"{"mode":"full","accept_deletes":true}"#;
        let asked = operator.post("/cats/breeds/runs", wish).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        let command = command(&asked.json());
        let at = format!("/api/v1/sync/commands/{command}");
        assert_eq!(asked.header("location"), at);
        let path = format!("/commands/{command}");
        let told = operator.told(&path).await;
        let body = json!({ "mode": "full", "accept_deletes": true });
        assert_eq!((&told["state"], &told["body"]), (&json!("waiting"), &body));
        assert_eq!(told["asked_by"], "key:anna/steers");
        let open = operator.told("/cats/breeds").await;
        assert_eq!(open["commands"][0], told);
        // Asked for again it is seen where it is.
        let again = operator.post("/cats/breeds/runs", "{}").await;
        assert_eq!(again.status, 409);
        assert_eq!(again.header("link"), format!("<{at}>; rel=\"related\""));
        let run = syncer.runs(id).await;
        syncer.ends(id, run, Outcome::Complete).await;
        syncer.obeys(command, run).await;
        let told = operator.told(&path).await;
        assert_eq!(told["state"], "done");
        assert_eq!(
            told["answer"],
            json!({ "outcome": "complete", "run": run, "error": null })
        );
        assert_eq!(operator.told("/commands?state=done").await[0], told);
        assert_eq!(operator.told("/commands?state=waiting").await, json!([]));
        assert_eq!(operator.post("/cats/breeds/runs", "{}").await.status, 202);
    })
    .await;
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_is_heard() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        let operator = Operator::of(&world).await;
        let asked = join_all((0..6).map(|_| operator.post("/cats/breeds/runs", "{}"))).await;
        let statuses = asked.iter().map(|answer| answer.status.as_u16());
        let heard = statuses.clone().filter(|status| *status == 202).count();
        let refused = statuses.filter(|status| *status == 409).count();
        assert_eq!((heard, refused), (1, 5));
    })
    .await;
}

#[tokio::test]
async fn of_several_resources_those_are_asked_that_can_be() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &[]).await;
        world.mirrored(&images(), &[]).await;
        let (operator, syncer) = (Operator::of(&world).await, Syncer(&world));
        let run = syncer.runs(id).await;
        let asked = operator.post("/cats/runs", "{}").await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        assert!(!asked.headers.contains_key("location"));
        let data = &asked.json()["data"];
        assert_eq!(data["commands"][0]["resource"], "images");
        let expected = json!({
            "source": "cats",
            "resource": "breeds",
            "detail": format!("run {run} is under way"),
            "path": format!("/api/v1/sync/runs/{run}"),
        });
        assert_eq!(data["refused"], json!([expected]));
        assert_eq!(operator.post("/runs", "{}").await.status, 409);
    })
    .await;
}

#[tokio::test]
async fn a_stopped_resource_is_not_asked_to_run() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        let operator = Operator::of(&world).await;
        operator.patch("/cats/breeds", r#"{"enabled":false}"#).await;
        let refused = operator.post("/cats/breeds/runs", "{}").await;
        assert_eq!(refused.status, 409);
        assert!(refused.body.contains("start it first"), "{}", refused.body);
        let link = "</api/v1/sync/cats/breeds>; rel=\"related\"";
        assert_eq!(refused.header("link"), link);
    })
    .await;
}

#[tokio::test]
async fn a_run_under_way_is_cancelled_once_and_one_that_ended_never() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &[]).await;
        let (operator, syncer) = (Operator::of(&world).await, Syncer(&world));
        let run = syncer.runs(id).await;
        let path = format!("/runs/{run}/cancel");
        let asked = operator.post(&path, "").await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        let told = operator.told("/cats/breeds").await;
        assert_eq!(told["state"], "stopping");
        assert_eq!(
            (&told["commands"][0]["kind"], &told["commands"][0]["run"]),
            (&json!("cancel"), &json!(run))
        );
        assert_eq!(operator.post(&path, "").await.status, 409);
        syncer.ends(id, run, Outcome::Partial).await;
        syncer.obeys(command(&asked.json()), run).await;
        let ended = operator.post(&path, "").await;
        assert_eq!(ended.status, 409);
        let link = format!("</api/v1/sync/runs/{run}>; rel=\"related\"");
        assert_eq!(ended.header("link"), link);
        assert_eq!(operator.post("/runs/999/cancel", "").await.status, 404);
        assert_eq!(operator.post("/runs/x/cancel", "").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn who_waits_for_a_command_is_told_when_it_is_done() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        let (operator, syncer) = (Operator::of(&world).await, Syncer(&world));
        let asked = operator.post("/cats/breeds/runs", "{}").await.json();
        let command = command(&asked);
        let path = format!("/commands/{command}?wait=60");
        let waiting = operator.told(&path);
        let obeying = async {
            syncer.obeys(command, 7).await;
            looks(&world).await
        };
        let told = tokio::select! {
            told = waiting => told,
            never = obeying => never,
        };
        assert_eq!(told["state"], "done");
        for wrong in ["wait=x", "wait=1&wait=2", "wiat=1"] {
            let refused = operator.get(&format!("/commands/{command}?{wrong}")).await;
            assert_eq!(refused.status, 400, "{wrong}");
        }
        assert_eq!(operator.get("/commands/999").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn a_wish_for_a_run_is_refused_with_all_its_faults() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        let operator = Operator::of(&world).await;
        let body = r#"{"mode":"fast","accept_deletes":"yes","mdoe":"full"}"#;
        let refused = operator.post("/cats/breeds/runs", body).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        let faults = refused.json()["errors"].as_array().expect("faults").clone();
        let names: Vec<&str> = faults
            .iter()
            .filter_map(|fault| fault["parameter"].as_str())
            .collect();
        assert_eq!(names, ["mode", "accept_deletes", "mdoe"]);
        assert!(
            refused.body.contains("`incremental`, `full` or `dry`"),
            "{}",
            refused.body
        );
        assert_eq!(operator.told("/commands").await, json!([]));
    })
    .await;
}

/// As the server does by itself at each tick.
async fn looks(world: &World) -> ! {
    loop {
        world.refresh().await;
        tokio::task::yield_now().await;
    }
}
