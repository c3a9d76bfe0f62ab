//! Images: searched, nested, in order or at random, and drawn.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{World, distinct, ids};

#[tokio::test]
async fn images_of_breeds_nest_the_breeds_without_their_image() {
    let world = World::new().await;
    let found = world
        .get("/v1/images/search?breed_ids=abys,beng&limit=20&order=ASC")
        .await;
    let shown = |image: &Value| image["breeds"][0]["id"].clone();
    assert_eq!(distinct(found.list().iter().map(shown)), 2);
    assert_eq!(
        found.header("pagination-count"),
        found.list().len().to_string()
    );

    let mut abyssinian = world.list("/v1/breeds?limit=1").await.remove(0);
    abyssinian.as_object_mut().unwrap().remove("image").unwrap();
    for image in world
        .list("/v1/images/search?breed_ids=abys&limit=20")
        .await
    {
        assert_eq!(image["breeds"], json!([abyssinian]));
        assert!(image.get("categories").is_none(), "{image}");
    }
    assert_eq!(
        world
            .list("/v1/images/search?breed_ids=ebur&limit=20")
            .await,
        [json!(null); 0]
    );
}

#[tokio::test]
async fn images_of_categories_name_also_some_that_are_not_listed() {
    let world = World::new().await;
    let hats = world
        .list("/v1/images/search?category_ids=1&limit=20")
        .await;
    assert_eq!(hats.len(), 4);
    for image in hats {
        assert_eq!(image["categories"], json!([{ "id": 1, "name": "hats" }]));
        assert_eq!(image["breeds"], json!([]));
    }
    let dreams = world
        .list("/v1/images/search?category_ids=9,6&limit=20")
        .await;
    assert_eq!(
        distinct(dreams.iter().map(|image| image["categories"].to_string())),
        2
    );
}

#[tokio::test]
async fn images_come_in_order_only_when_asked() {
    let world = World::new().await;
    let ascending = world.list("/v1/images/search?order=ASC&limit=500").await;
    let mut descending = world.list("/v1/images/search?order=DESC&limit=500").await;
    let random = world.list("/v1/images/search?limit=500").await;
    let again = world
        .list("/v1/images/search?limit=500&order=RANDOM&page=1")
        .await;
    descending.reverse();
    assert_eq!(ascending, descending);
    assert_eq!(distinct(ids(&ascending)), ascending.len());
    assert_eq!(distinct([ids(&ascending), ids(&random), ids(&again)]), 3);
    assert_eq!(
        distinct([&ascending, &random, &again].map(|list| distinct(ids(list)))),
        1
    );

    let second = world
        .list("/v1/images/search?order=ASC&limit=7&page=1")
        .await;
    assert_eq!(second, ascending[7..14]);
    assert_eq!(world.list("/v1/images/search").await.len(), 1);
}

#[tokio::test]
async fn an_image_is_found_by_its_id_and_letter_case_matters() {
    let world = World::new().await;
    let [lower, upper] = [
        world.get("/v1/images/zrX").await,
        world.get("/v1/images/ZRx").await,
    ];
    assert_eq!([lower.status, upper.status], [StatusCode::OK; 2]);
    assert_ne!(lower.body, upper.body);
    assert_eq!(
        world.get("/v1/images/zrx").await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn each_image_url_opens_a_picture_of_the_stated_size() {
    let world = World::new().await;
    let breed = world.list("/v1/breeds?limit=1").await.remove(0);
    let image = &breed["image"];
    assert_eq!(image["id"], breed["reference_image_id"]);

    let path = format!("/images/{}.svg", image["id"].as_str().unwrap());
    assert_eq!(image["url"], format!("http://{}{path}", world.address));
    let picture = world.get(&path).await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    assert!(picture.body.contains(&format!(
        r#"width="{}" height="{}""#,
        image["width"], image["height"]
    )));
    assert!(
        picture
            .body
            .contains(&format!(">{}</text>", image["id"].as_str().unwrap()))
    );
    assert_ne!(picture.body, world.get("/images/ZRx.svg").await.body);
    assert_eq!(
        world.get("/images/unknown.svg").await.status,
        StatusCode::NOT_FOUND
    );
}
