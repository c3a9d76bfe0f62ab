//! Records go out byte for byte; one is found by its key, whatever is in it.

use serde_json::json;

use crate::{
    cats::{breed, breeds, image, images, row, text},
    world::World,
};

/// What a JSON parser would change: large and long numbers, escapes, order, blanks, duplicates.
const ODD: &str = r#"{ "z":1, "id":"odd", "big":123456789012345678901234567890, "n":1.10,"e":1E5,
 "esc":"\u00e9\/\ud83d\ude3a", "dup":1,"dup":2, "nul":null,"neg":-0.0 , "deep":[{"b":1,"a":2}]}"#;

#[tokio::test]
async fn a_payload_keeps_its_bytes() {
    World::each(async |world| {
        let rows = [
            breed("plain", &[]),
            row(&breeds(), "odd", ODD, &[("id", text("odd"))]),
        ];
        world.mirrored(&breeds(), &rows).await;
        let one = world.get("/api/v1/cats/breeds/odd").await;
        assert!(
            one.body.starts_with(&format!(r#"{{"data":{ODD},"meta":"#)),
            "{}",
            one.body
        );
        let list = world.get("/api/v1/cats/breeds").await;
        let data = format!(r#"{{"data":[{{"id":"plain"}},{ODD}],"page":"#);
        assert!(list.body.starts_with(&data), "{}", list.body);
        let array = world.get("/api/v1/cats/breeds?shape=array").await;
        assert_eq!(array.body, format!(r#"[{{"id":"plain"}},{ODD}]"#));
    })
    .await;
}

#[tokio::test]
async fn part_of_a_record_keeps_its_bytes_too() {
    World::each(async |world| {
        let rows = [row(&breeds(), "odd", ODD, &[("id", text("odd"))])];
        world.mirrored(&breeds(), &rows).await;
        let path = "/api/v1/cats/breeds/odd?fields=n,big,esc,missing";
        let expected = r#"{"id":"odd","big":123456789012345678901234567890,"n":1.10,"esc":"\u00e9\/\ud83d\ude3a"}"#;
        let one = world.get(path).await;
        assert!(one.body.starts_with(&format!(r#"{{"data":{expected},"#)), "{}", one.body);
        let list = world.get("/api/v1/cats/breeds?shape=array&fields=esc,n,big").await;
        assert_eq!(list.body, format!("[{expected}]"));
    })
    .await;
}

#[tokio::test]
async fn a_key_may_have_anything_in_it() {
    World::each(async |world| {
        let keys = [
            "a", "A", "a ", "a/b", "a,b", "a%b", "a%2Cb", "-", "é", "猫 😺", "a?b#c", "a+b", "..x",
            "\"",
        ];
        let rows: Vec<_> = keys.iter().map(|key| breed(key, &[])).collect();
        world.mirrored(&breeds(), &rows).await;
        for key in keys {
            let encoded: String = key.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let answer = world.get(&format!("/api/v1/cats/breeds/{encoded}")).await;
            assert_eq!(
                answer.json()["data"],
                json!({ "id": key }),
                "{:?}",
                world.kind
            );
        }
        // What needs no encoding in a path may stand as it is.
        let plain = world.get("/api/v1/cats/breeds/a,b").await;
        assert_eq!(plain.json()["data"], json!({ "id": "a,b" }));
        let missing = world.get("/api/v1/cats/breeds/a%20%20").await;
        assert_eq!(missing.status, 404);
    })
    .await;
}

#[tokio::test]
async fn the_parts_of_a_key_are_joined_by_commas() {
    World::each(async |world| {
        let parts = [
            ("abys", "1"),
            ("a,b", "c"),
            ("a", "b,c"),
            ("50%", "x/y"),
            ("50%25", "x/y"),
        ];
        let rows: Vec<_> = parts
            .iter()
            .map(|(breed, id)| image(breed, id, 1))
            .collect();
        world.mirrored(&breeds(), &[]).await;
        world.mirrored(&images(), &rows).await;
        let check = async |segment: &str, (breed, id): (&str, &str)| {
            let answer = world.get(&format!("/api/v1/cats/images/{segment}")).await;
            assert_eq!(answer.status, 200, "{segment}: {}", answer.body);
            let data = &answer.json()["data"];
            assert_eq!(data["breed_id"], json!(breed), "{segment}");
            assert_eq!(data["id"], json!(id), "{segment}");
        };
        check("abys,1", parts[0]).await;
        // The canonical text `a%2Cb,c` is itself encoded to stand in a URL.
        check("a%252Cb,c", parts[1]).await;
        check("a,b%252Cc", parts[2]).await;
        check("50%2525,x%2Fy", parts[3]).await;
        check("50%252525,x%2Fy", parts[4]).await;
        assert_eq!(world.get("/api/v1/cats/images/a,b,c").await.status, 404);
        let some = world.get("/api/v1/cats/images/abys,1?fields=width").await;
        assert_eq!(
            some.json()["data"],
            json!({ "breed_id": "abys", "id": "1", "width": 1 })
        );
    })
    .await;
}

#[tokio::test]
async fn the_schema_says_what_can_be_asked() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        world.mirrored(&images(), &[]).await;
        let schema = world.get("/api/v1/cats/breeds/-/schema").await;
        assert_eq!(schema.header("content-type"), "application/schema+json");
        let body = schema.json();
        assert_eq!(body["title"], "cats.breeds");
        assert_eq!(body["description"], "Breeds of cats.");
        let about = &body["x-catchment"];
        assert_eq!(about["key"], json!(["id"]));
        assert_eq!(about["children"], json!(["images"]));
        let field = |name: &str| {
            let fields = about["fields"].as_array().expect("fields");
            fields
                .iter()
                .find(|field| field["name"] == name)
                .expect(name)
                .clone()
        };
        assert_eq!(field("weight")["type"], "integer");
        assert_eq!(field("weight")["filters"][5], "weight__gte");
        assert_eq!(
            field("temperament")["filters"],
            json!([
                "temperament__has",
                "temperament__hasany",
                "temperament__isnull"
            ])
        );
        assert_eq!(field("temperament")["sortable"], json!(false));
        assert_eq!(field("notes")["filters"], json!([]));
        assert_eq!(field("coat")["values"], json!(["short", "long"]));
        let images = world.get("/api/v1/cats/images/-/schema").await.json();
        let parent = json!({ "resource": "breeds", "copy": { "breed_id": "id" } });
        assert_eq!(images["x-catchment"]["parent"], parent);
    })
    .await;
}
