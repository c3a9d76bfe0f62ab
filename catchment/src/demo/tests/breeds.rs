//! Breeds and categories: whole, in pages, one by one, and with the upstream's gaps.

use serde_json::{Value, json};

use super::{World, distinct, ids};

#[tokio::test]
async fn the_pages_of_breeds_make_up_the_whole_list() {
    let world = World::new().await;
    let mut paged = Vec::new();
    for (page, size) in [(0, 30), (1, 30), (2, 7), (3, 0)] {
        let answer = world.get(&format!("/v1/breeds?limit=30&page={page}")).await;
        assert_eq!(answer.pagination(), ["67", page.to_string().as_str(), "30"]);
        assert_eq!(answer.list().len(), size, "page {page}");
        paged.extend(answer.list());
    }

    let whole = world.get("/v1/breeds").await;
    assert_eq!(whole.pagination(), ["67", "0", "1000"]);
    assert_eq!(whole.list(), paged);
    assert_eq!(
        world
            .list(&format!("/v1/breeds?limit=30&page={}", usize::MAX))
            .await,
        [json!(null); 0]
    );
}

#[tokio::test]
async fn each_breed_has_what_a_reader_needs_and_no_two_are_alike() {
    let breeds = World::new().await.list("/v1/breeds").await;
    assert_eq!(distinct(ids(&breeds)), 67);
    assert_eq!(
        distinct(breeds.iter().map(|breed| breed["description"].to_string())),
        67
    );
    for breed in &breeds {
        assert_eq!(breed["id"].as_str().unwrap().len(), 4, "{breed}");
        for member in [
            "/name",
            "/origin",
            "/temperament",
            "/life_span",
            "/weight/metric",
            "/weight/imperial",
        ] {
            assert!(
                breed
                    .pointer(member)
                    .and_then(Value::as_str)
                    .is_some_and(|text| !text.is_empty()),
                "{breed}"
            );
        }
        for flag in [
            "hairless",
            "rare",
            "rex",
            "natural",
            "hypoallergenic",
            "short_legs",
        ] {
            assert!(breed[flag] == 0 || breed[flag] == 1, "{flag} of {breed}");
        }
        assert!(
            breed
                .as_object()
                .unwrap()
                .values()
                .all(|value| !value.is_null()),
            "{breed}"
        );
    }
}

#[tokio::test]
async fn members_are_absent_rather_than_null_as_upstream() {
    let breeds = World::new().await.list("/v1/breeds").await;
    let holders = |member: &str| {
        breeds
            .iter()
            .filter(|breed| breed.get(member).is_some())
            .count()
    };
    let members = [
        "image",
        "wikipedia_url",
        "alt_names",
        "vetstreet_url",
        "lap",
        "cfa_url",
        "cat_friendly",
    ];
    assert_eq!(members.map(holders), [65, 66, 63, 50, 47, 43, 7]);

    let persian = breeds.iter().find(|breed| breed["id"] == "pers").unwrap();
    assert_eq!(persian["image"], json!({}));
    assert!(
        persian["reference_image_id"]
            .as_str()
            .unwrap()
            .ends_with('\n')
    );
}

#[tokio::test]
async fn one_breed_is_the_one_of_the_list() {
    let world = World::new().await;
    let answer = world.get("/v1/breeds/lihu").await;
    let breed: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(breed["name"], "Dragon Li");
    assert!(world.list("/v1/breeds").await.contains(&breed));
}

#[tokio::test]
async fn categories_are_few_unsorted_and_paged() {
    let world = World::new().await;
    assert_eq!(
        ids(&world.list("/v1/categories").await),
        ["5", "15", "1", "14", "2", "4", "7"]
    );

    let page = world.get("/v1/categories?limit=3&page=2").await;
    assert_eq!(page.pagination(), ["7", "2", "3"]);
    assert_eq!(page.list(), [json!({ "id": 7, "name": "ties" })]);
}
