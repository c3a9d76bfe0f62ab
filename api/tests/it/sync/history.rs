//! Lists of runs and rejects.

use entity::{
    reject::{self, Kind, New},
    run::Outcome,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{operator::Operator, syncer::Syncer};
use crate::{
    cats::{breeds, images},
    world::World,
};

#[tokio::test]
async fn runs_are_filtered_sorted_and_paged() {
    World::each(async |world| {
        let (breeds, images) = (
            world.mirrored(&breeds(), &[]).await,
            world.mirrored(&images(), &[]).await,
        );
        let (operator, syncer) = (Operator::of(&world).await, Syncer(&world));
        let mut runs = Vec::new();
        for (resource, outcome) in [
            (breeds, Outcome::Complete),
            (images, Outcome::Failed),
            (breeds, Outcome::Failed),
        ] {
            world.wait(chrono::Duration::minutes(1));
            let run = syncer.runs(resource).await;
            syncer.ends(resource, run, outcome).await;
            runs.push(run);
        }
        let ids = async |query: &str| {
            let told = operator.told(&format!("/runs{query}")).await;
            let rows = told.as_array().expect("rows").iter();
            let ids = rows.map(|row| row["id"].as_i64().expect("an id"));
            ids.collect::<Vec<_>>()
        };
        let [first, second, third] = [runs[0], runs[1], runs[2]];
        assert_eq!(ids("").await, [third, second, first]);
        assert_eq!(ids("?outcome=failed").await, [third, second]);
        assert_eq!(ids("?source=cats&resource=breeds").await, [third, first]);
        assert_eq!(ids("?trigger=manual").await, [0_i64; 0]);
        assert_eq!(
            ids("?mode=incremental&sort=id").await,
            [first, second, third]
        );
        let since = (world.now() - chrono::Duration::seconds(1)).to_rfc3339();
        let since = since.replace('+', "%2B");
        assert_eq!(ids(&format!("?started_at__gte={since}")).await, [third]);
        let page = operator.get("/runs?limit=2").await.json();
        let next = page["page"]["next"].as_str().expect("a cursor");
        assert_eq!(ids(&format!("?limit=2&cursor={next}")).await, [first]);
        let listed = operator.told("/runs?limit=1").await[0].clone();
        assert_eq!(operator.told(&format!("/runs/{third}")).await, listed);
        assert_eq!(operator.get("/runs/999").await.status, 404);
        let wrong = operator.get("/runs?outcom=failed&sort=fetched").await;
        assert_eq!(wrong.status, 400, "{}", wrong.body);
        assert_eq!(wrong.json()["errors"].as_array().map(Vec::len), Some(2));
    })
    .await;
}

fn record(id: u8) -> New {
    New {
        kind: Kind::Record,
        payload_hash: vec![id; 16],
        record_key: Some(format!("k{id}")),
        field: Some("weight".to_owned()),
        path: Some("/weight".to_owned()),
        value: Some("\"much\"".to_owned()),
        reason: "field `weight`: `much` is no integer".to_owned(),
        payload: format!(r#"{{"id":"k{id}","weight":"much"}}"#),
    }
}

#[tokio::test]
async fn rejects_are_listed_counted_and_shown_with_their_record() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &[]).await;
        let (operator, syncer) = (Operator::of(&world).await, Syncer(&world));
        let run = syncer.runs(id).await;
        syncer.ends(id, run, Outcome::Partial).await;
        kept(&world, id, run).await;
        let base = "/cats/breeds/rejects";
        let listed = operator.told(base).await;
        assert_eq!(listed.as_array().map(Vec::len), Some(2));
        assert_eq!(
            (&listed[0]["key"], &listed[1]["key"]),
            (&json!("k2"), &json!("k1"))
        );
        assert!(listed[0].get("payload").is_none(), "{listed}");
        let one = operator.told(&format!("{base}/{}", listed[0]["id"])).await;
        assert_eq!(one["payload"], r#"{"id":"k2","weight":"much"}"#);
        let mut without = one.clone();
        without
            .as_object_mut()
            .expect("an object")
            .remove("payload");
        assert_eq!(without, listed[0]);
        assert_eq!(operator.told(&format!("{base}?key=k1")).await[0], listed[1]);
        assert_eq!(operator.told(&format!("{base}?run={run}")).await, listed);
        let counts = operator.told(&format!("{base}/counts")).await;
        assert_eq!(
            (counts.as_array().map(Vec::len), &counts[0]["count"]),
            (Some(1), &json!(2))
        );
        assert_eq!(
            operator.told("").await["sources"][0]["resources"][0]["rejects"],
            2
        );
        assert_eq!(operator.get(&format!("{base}/999999")).await.status, 404);
        let replayed = operator.post(&format!("{base}/replay"), "").await;
        assert_eq!(replayed.status, 202, "{}", replayed.body);
        assert_eq!(replayed.json()["data"]["commands"][0]["kind"], "replay");
    })
    .await;
}

/// Two rejects of breeds.
async fn kept(world: &World, id: i32, run: i64) {
    let rejects = [record(1), record(2)];
    let kept = reject::Entity::keep(&world.db, (id, run, world.now()), rejects.to_vec()).await;
    kept.expect("they are kept");
}

#[tokio::test]
async fn rejects_of_rows_that_one_may_not_read_are_not_there() {
    World::each(async |world| {
        let private = entity::definition::Definition {
            read: Some(entity::access::Rule::Authenticated),
            ..breeds()
        };
        world.mirrored(&private, &[]).await;
        let operator = Operator::with(&world, "steers only", "sync").await;
        assert_eq!(operator.get("/cats/breeds").await.status, 200);
        for path in ["rejects", "rejects/counts", "rejects/1"] {
            let path = format!("/cats/breeds/{path}");
            assert_eq!(operator.get(&path).await.status, 404, "{path}");
        }
        let head = operator
            .open(Method::HEAD, "/cats/breeds/rejects", None)
            .await;
        assert_eq!(head.status(), 404);
        let _none: Value = operator.told("").await;
    })
    .await;
}
