//! The rows of a child resource that belong to one row of its parent.

use serde_json::json;

use crate::{
    cats::{breed, breeds, image, images},
    world::World,
};

async fn with_images(world: &World) -> (i32, i32) {
    let parents = [breed("abys", &[]), breed("a/b, c", &[]), breed("none", &[])];
    let children = [
        image("abys", "1", 3),
        image("a/b, c", "1", 9),
        image("abys", "2", 1),
        image("abys", "3", 3),
        image("ABYS", "4", 3),
    ];
    let breeds = world.mirrored(&breeds(), &parents).await;
    (breeds, world.mirrored(&images(), &children).await)
}

#[tokio::test]
async fn children_are_listed_like_any_rows() {
    World::each(async |world| {
        with_images(&world).await;
        let check = async |path: &str, expected: &[&str]| {
            let answer = world.get(&format!("/api/v1/cats/breeds/{path}")).await;
            assert_eq!(answer.column("id"), expected, "{path} on {:?}", world.kind);
            assert_eq!(answer.json()["meta"]["resource"], "images");
        };
        check("abys/images", &["1", "2", "3"]).await;
        check("abys/images?sort=-width", &["3", "1", "2"]).await;
        check("abys/images?width=3", &["1", "3"]).await;
        check("a%2Fb,%20c/images", &["1"]).await;
        check("none/images", &[]).await;
    })
    .await;
}

#[tokio::test]
async fn children_are_paged_and_counted() {
    World::each(async |world| {
        with_images(&world).await;
        let base = "/api/v1/cats/breeds/abys/images";
        let first = world.get(&format!("{base}?limit=2&count=exact")).await;
        assert_eq!(first.column("id"), ["1", "2"]);
        assert_eq!(first.json()["count"], json!({ "value": 3, "exact": true }));
        let cursor = first.json()["page"]["next"]
            .as_str()
            .expect("a cursor")
            .to_owned();
        let next = world.get(&format!("{base}?limit=2&cursor={cursor}")).await;
        assert_eq!(next.column("id"), ["3"]);
        assert_eq!(next.json()["page"]["next"], json!(null));
        assert_eq!(next.json()["count"], json!(null));
        let other = world
            .get(&format!("/api/v1/cats/breeds/none/images?cursor={cursor}"))
            .await;
        assert_eq!(other.json()["code"], "CURSOR_MISMATCH");
        let link = first.header("link");
        assert!(
            link.contains(r#"<../../images/-/schema>; rel="describedby""#),
            "{link}"
        );
        assert!(
            link.contains(r#"<../../../../openapi.json>; rel="service-desc""#),
            "{link}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_missing_parent_has_no_children() {
    World::each(async |world| {
        let (id, _) = with_images(&world).await;
        let path = "/api/v1/cats/breeds/abys/images";
        let tag = world.get(path).await.header("etag").to_owned();
        world.delete(&breeds(), (id, 2), &[1]).await;
        let gone = world
            .get_with(path, &[(reqwest::header::IF_NONE_MATCH, &tag)])
            .await;
        assert_eq!(gone.status, 404);
        assert_eq!(gone.json()["errors"][0]["code"], "UNKNOWN_RECORD");
        let missing = world.get("/api/v1/cats/breeds/nobody/images").await;
        assert_eq!(missing.status, 404);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_child_is_not_found() {
    World::each(async |world| {
        with_images(&world).await;
        let answer = world.get("/api/v1/cats/breeds/abys/imges").await;
        assert_eq!(answer.status, 404);
        let fault = &answer.json()["errors"][0];
        assert_eq!(fault["code"], "UNKNOWN_CHILD");
        assert_eq!(fault["allowed"], json!(["images"]));
        assert_eq!(fault["did_you_mean"], "images");
        assert_eq!(
            world.get("/api/v1/cats/images/abys,1/breeds").await.status,
            404
        );
    })
    .await;
}
