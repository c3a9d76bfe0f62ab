//! How everything fares, and whether it is to run.

use entity::{audit, run::Outcome, source};
use reqwest::Method;
use sea_orm::{EntityTrait, sea_query::Expr};
use serde_json::{Value, json};

use super::{operator::Operator, syncer::Syncer};
use crate::{
    cats::{breeds, images},
    world::World,
};

#[tokio::test]
async fn a_resource_tells_its_state_its_run_and_its_last_ones() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &[]).await;
        let (operator, syncer) = (Operator::of(&world).await, Syncer(&world));
        let state = async || {
            let told = operator.told("/cats/breeds").await;
            (told["state"].clone(), told["attended"].clone())
        };
        assert_eq!(state().await, (json!("unattended"), json!(false)));
        syncer.one_is_there("host-2", &["dogs"]).await;
        assert_eq!(state().await, (json!("unattended"), json!(false)));
        syncer.is_there().await;
        let run = syncer.runs(id).await;
        let told = operator.told("/cats/breeds").await;
        assert_eq!(told["state"], "running");
        let running = &told["running"];
        let shown = ["run", "pages", "pages_expected", "fetched", "seconds_left"];
        let shown: Vec<&Value> = shown.iter().map(|name| &running[*name]).collect();
        assert_eq!(
            shown,
            [&json!(run), &json!(3), &json!(12), &json!(300), &json!(30)]
        );
        assert_eq!(running["rate"], 30.0);
        syncer.ends(id, run, Outcome::Partial).await;
        let told = operator.told("/cats/breeds").await;
        assert_eq!(
            (&told["state"], &told["running"]),
            (&json!("idle"), &Value::Null)
        );
        assert_eq!(told["last_run"]["outcome"], "partial");
        assert_eq!(told["runs"][0], told["last_run"]);
        assert_eq!(told["runs"][0]["error"], "the upstream is gone");
    })
    .await;
}

#[tokio::test]
async fn a_source_tells_what_may_be_asked_of_its_upstream() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        let operator = Operator::of(&world).await;
        assert_eq!(operator.told("/cats").await["budget"], Value::Null);
        let budget = json!({
            "rate": 120,
            "per_ms": 60_000,
            "concurrency": 4,
            "left": 0,
            "resets_at": "2027-01-15T08:00:30Z",
            "waiting_until": null,
            "told_at": "2027-01-15T08:00:00Z",
        });
        let told = source::Entity::update_many();
        let told = told.col_expr(source::Column::Budget, Expr::value(budget.to_string()));
        told.exec(&world.db).await.expect("it is written");
        assert_eq!(operator.told("/cats").await["budget"], budget);
    })
    .await;
}

#[tokio::test]
async fn what_a_killed_syncer_left_is_not_taken_for_a_run() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &[]).await;
        let (operator, syncer) = (Operator::of(&world).await, Syncer(&world));
        syncer.is_there().await;
        let run = syncer.runs(id).await;
        syncer.dies().await;
        let all = operator.told("").await;
        assert_eq!(all["syncers"], json!([]));
        let told = &all["sources"][0]["resources"][0];
        assert_eq!(told["state"], "unattended");
        assert_eq!(told["running"], Value::Null);
        // The run is not closed: nobody was there to do it.
        assert_eq!(told["last_run"]["id"], run);
        assert_eq!(told["last_run"]["ended_at"], Value::Null);
        let cancelled = operator.post(&format!("/runs/{run}/cancel"), "{}").await;
        assert_eq!(cancelled.status, 409, "{}", cancelled.body);
    })
    .await;
}

#[tokio::test]
async fn stopping_and_starting_are_wishes_that_are_written_down() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        world.mirrored(&images(), &[]).await;
        let operator = Operator::of(&world).await;
        let stop = r#"{"enabled":false}"#;
        for _ in 0..2 {
            let stopped = operator.patch("/cats/breeds", stop).await;
            assert_eq!(stopped.status, 200, "{}", stopped.body);
            let told = stopped.json();
            let told = &told["data"];
            assert_eq!(
                (&told["enabled"], &told["state"]),
                (&json!(false), &json!("stopped"))
            );
            assert_eq!(told["steered_by"], "key:anna/steers");
        }
        let enabled = async || {
            let source = operator.told("/cats").await;
            let resources = source["resources"].as_array().expect("resources").clone();
            let enabled = resources.iter().map(|one| one["enabled"] == true);
            enabled.collect::<Vec<bool>>()
        };
        assert_eq!(enabled().await, [false, true]);
        operator.patch("/cats", stop).await;
        assert_eq!(enabled().await, [false, false]);
        operator.patch("", r#"{"enabled":true}"#).await;
        assert_eq!(enabled().await, [true, true]);
        let audit = audit::Entity::find()
            .all(&world.db)
            .await
            .expect("the audit");
        let acts = audit
            .iter()
            .map(|act| (act.action.as_str(), act.target.as_deref()));
        let breeds = ("sync.stop", Some("cats.breeds"));
        let expected = [
            breeds,
            breeds,
            ("sync.stop", Some("cats")),
            ("sync.start", Some("*")),
        ];
        assert_eq!(acts.collect::<Vec<_>>(), expected);
        assert!(
            audit
                .iter()
                .all(|act| act.actor.as_deref() == Some("key:anna/steers"))
        );
        assert!(
            audit
                .iter()
                .all(|act| act.address.as_deref() == Some("127.0.0.1"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_wish_that_is_none_is_refused_with_all_its_faults() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        let operator = Operator::of(&world).await;
        let faults = async |body: &str| {
            let refused = operator.patch("/cats/breeds", body).await;
            assert_eq!(refused.status, 422, "{}", refused.body);
            let faults = refused.json()["errors"].as_array().expect("faults").clone();
            let told = faults
                .iter()
                .map(|fault| fault["detail"].as_str().expect("a text").to_owned());
            told.collect::<Vec<_>>()
        };
        assert_eq!(faults("{}").await, ["`enabled` is missing"]);
        let two = faults(r#"{"enabled":"no","enabeld":false}"#).await;
        assert_eq!(two.len(), 2, "{two:?}");
        let near = operator.patch("/cats/breed", r#"{"enabled":false}"#).await;
        assert_eq!(near.status, 404);
        assert_eq!(near.json()["errors"][0]["did_you_mean"], "breeds");
        assert_eq!(operator.patch("/cats/breeds", "no").await.status, 400);
        assert_eq!(operator.get("/cats/breeds?wait=1").await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn only_who_may_steer_may_look() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        let reader = Operator::with(&world, "reads", "read").await;
        for path in ["", "/cats", "/cats/breeds", "/runs", "/commands", "/events"] {
            let url = format!("/api/v1/sync{path}");
            assert_eq!(world.get(&url).await.status, 401, "{path}");
            assert_eq!(
                reader.open(Method::GET, path, None).await.status(),
                403,
                "{path}"
            );
        }
        assert_eq!(reader.post("/cats/breeds/runs", "{}").await.status, 403);
        assert_eq!(
            reader.patch("/cats", r#"{"enabled":false}"#).await.status,
            403
        );
    })
    .await;
}
