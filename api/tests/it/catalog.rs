//! The catalogue says what there is and how fresh it is, as time goes by.

use chrono::Duration;
use entity::run::Outcome;
use serde_json::json;

use crate::{
    cats::{breeds, images, many_breeds},
    mirror::mirrored_breeds,
    world::World,
};

#[tokio::test]
async fn every_source_and_resource_is_listed() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        world.registered(&images()).await;
        let all = world.get("/api/v1/catalog").await.json();
        insta::assert_json_snapshot!("catalog", all);
        let one = world.get("/api/v1/catalog/cats").await.json();
        assert_eq!(one["data"], all["data"][0]);
    })
    .await;
}

#[tokio::test]
async fn from_the_beginning_everything_is_found() {
    World::each(async |world| {
        let empty = world.get("/api/v1").await;
        assert_eq!(empty.json()["data"]["sources"], json!([]));
        world.mirrored(&breeds(), &many_breeds()).await;
        let faceless = world.get("/api/v1").await.json();
        assert_eq!(faceless["data"]["sources"][0]["mirror"], json!(null));
    })
    .await;
    World::each(async |world| {
        world.mirrored(&mirrored_breeds(), &many_breeds()).await;
        let answer = world.get("/api/v1").await;
        let data = &answer.json()["data"];
        assert_eq!(
            *data,
            json!({
                "catalog": "/api/v1/catalog",
                "openapi": "/api/openapi.json",
                "swagger": "/api/swagger",
                "health": "/healthz",
                "sources": [{
                    "source": "cats",
                    "catalog": "/api/v1/catalog/cats",
                    "mirror": "/mirror/cats",
                }],
            })
        );
        for name in ["catalog", "openapi", "swagger", "health"] {
            let path = data[name].as_str().expect("a path");
            assert_eq!(world.get(path).await.status, 200, "{path}");
        }
        let source = &data["sources"][0];
        let catalog = source["catalog"].as_str().expect("a path");
        assert_eq!(world.get(catalog).await.status, 200, "{catalog}");
        let mirror = source["mirror"].as_str().expect("a path");
        let breeds = world.get(&format!("{mirror}/breeds")).await;
        assert_eq!(breeds.status, 200, "{mirror}: {}", breeds.body);
    })
    .await;
}

#[tokio::test]
async fn rows_become_stale_when_the_next_run_is_overdue() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &many_breeds()).await;
        let claims = async || {
            let catalog = world.get("/api/v1/catalog/cats").await.json();
            let list = world.get("/api/v1/cats/breeds").await.json();
            let entry = &catalog["data"]["resources"][0];
            assert_eq!(entry["stale"], list["meta"]["stale"]);
            assert_eq!(entry["complete"], list["meta"]["complete"]);
            (entry["complete"].clone(), entry["stale"].clone())
        };
        assert_eq!(claims().await, (json!(true), json!(false)));
        world.wait(Duration::minutes(61));
        assert_eq!(claims().await, (json!(true), json!(false)));
        world.wait(Duration::seconds(1));
        assert_eq!(claims().await, (json!(true), json!(true)));
        world.ended(id, Outcome::Complete).await;
        assert_eq!(claims().await, (json!(true), json!(false)));
        world.ended(id, Outcome::Partial).await;
        assert_eq!(claims().await, (json!(true), json!(true)));
        world.write(&breeds(), (id, 2), &[]).await;
        assert_eq!(claims().await, (json!(false), json!(true)));
    })
    .await;
}

#[tokio::test]
async fn a_resource_that_no_run_has_filled_is_empty() {
    World::each(async |world| {
        world.registered(&breeds()).await;
        let list = world.get("/api/v1/cats/breeds?weight=1&count=exact").await;
        let body = list.json();
        assert_eq!(body["data"], json!([]));
        assert_eq!(body["count"], json!({ "value": 0, "exact": true }));
        assert_eq!(body["meta"]["synced_at"], json!(null));
        assert_eq!(body["meta"]["complete"], json!(false));
        assert_eq!(body["meta"]["stale"], json!(true));
        assert_eq!(world.get("/api/v1/cats/breeds/b01").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn a_definition_from_the_future_leaves_out_its_resource_only() {
    World::each(async |world| {
        use sea_orm::ConnectionTrait;
        world.mirrored(&breeds(), &many_breeds()).await;
        world.mirrored(&images(), &[]).await;
        let update = "UPDATE resource SET definition = '{\"new\":1}' WHERE name = 'images'";
        world
            .db
            .execute_unprepared(update)
            .await
            .expect("it is changed");
        world.refresh().await;
        assert_eq!(world.get("/api/v1/cats/images").await.status, 404);
        assert_eq!(world.get("/api/v1/cats/breeds").await.status, 200);
    })
    .await;
}
