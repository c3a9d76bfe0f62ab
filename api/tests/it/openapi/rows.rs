//! What the document tells of the rows: they are real, they bind no other, and it moves with them.

use entity::record::Row;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};
use testdb::Kind;

use super::{document::Document, mirrored, some_breeds};
use crate::{
    cats::{breeds, row, text},
    world::{World, settings},
};

const DOCUMENT: &str = "/api/openapi.json";
const SCHEMA: &str = "/api/v1/cats/breeds/-/schema";

#[tokio::test]
async fn members_are_told_as_they_were_seen() {
    World::each(async |world| {
        mirrored(&world).await;
        let document = world.get(DOCUMENT).await.json();
        let told = &document["components"]["schemas"]["cats.breeds"]["properties"];
        let expected = json!({
            "hairless": {
                "description": "boolean or integer; read as boolean",
                "examples": [0],
            },
            "id": { "description": "string; read as text", "examples": ["abys"] },
            "links": {
                "description": "array, not always there",
                "items": {
                    "description": "object or string",
                    "examples": ["plain"],
                    "properties": {
                        "href": { "description": "string", "examples": ["https://example.org/abys"] },
                        "rel": { "description": "string", "examples": ["cfa"] },
                    },
                },
            },
            "name": { "description": "null or string; read as text", "examples": ["Abyssinian"] },
            "weight": {
                "description": "object or string; read as integer",
                "examples": ["unknown"],
                "properties": {
                    "imperial": { "description": "string", "examples": ["7 - 10"] },
                    "metric": { "description": "string", "examples": ["3 - 5"] },
                },
            },
        });
        let mut told = told.clone();
        let members = told.as_object_mut().expect("an object");
        let embedded = members.remove("_embedded").expect("its children");
        let items = &embedded["properties"]["images"]["properties"]["data"]["items"];
        assert_eq!(items["$ref"], "#/components/schemas/cats.images");
        assert!(members.remove("_provenance").is_some());
        assert_eq!(told, expected);
        assert_eq!(world.get(SCHEMA).await.json()["properties"], expected);
        let paths = &document["paths"];
        let list = &paths["/api/v1/cats/breeds"]["get"]["responses"]["200"];
        let record = &list["content"]["application/json"]["example"]["data"][0];
        assert_eq!(*record, world.get("/api/v1/cats/breeds/abys").await.json()["data"]);
        let keys = &document["components"]["parameters"];
        assert_eq!(keys["Key.cats.breeds"]["example"], "abys");
        assert_eq!(keys["Key.cats.images"]["example"], "abys,1");
    })
    .await;
}

#[tokio::test]
async fn a_row_that_nobody_looked_at_is_as_documented() {
    let world = World::with_schema(Kind::Sqlite, settings()).await;
    let plain = |at: usize| {
        breed(
            at,
            &json!({ "id": format!("b{at:03}"), "name": "x", "weight": { "a": 1 } }),
        )
    };
    let mut rows: Vec<Row> = (0..300).map(plain).collect();
    let odd = json!({ "id": "b150", "name": { "en": ["x"] }, "weight": [[1]], "new": true });
    rows[150] = breed(150, &odd);
    world.mirrored(&breeds(), &rows).await;
    let document = Document::of(&world).await;
    let one = document
        .operations()
        .find(|one| one.path == "/api/v1/cats/breeds/{key}");
    let answer = world.get("/api/v1/cats/breeds/b150").await;
    assert_eq!(answer.json()["data"], odd);
    document.conforms(&one.expect("it is there"), &answer, "b150");
}

fn breed(at: usize, payload: &Value) -> Row {
    let id = format!("b{at:03}");
    row(&breeds(), &id, &payload.to_string(), &[("id", text(&id))])
}

#[tokio::test]
async fn the_document_moves_with_the_rows_and_with_nothing_else() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &some_breeds()).await;
        for path in [DOCUMENT, SCHEMA] {
            let first = world.get(path).await;
            world.ended(id, entity::run::Outcome::Complete).await;
            let known = [(IF_NONE_MATCH, first.header("etag"))];
            assert_eq!(world.get_with(path, &known).await.status, 304, "{path}");
        }
        let before = [DOCUMENT, SCHEMA].map(async |path| world.get(path).await);
        let before = futures::future::join_all(before).await;
        let new = breed(7, &json!({ "id": "b007", "colour": "red" }));
        world.write(&breeds(), (id, 2), &[new]).await;
        for (path, before) in [DOCUMENT, SCHEMA].into_iter().zip(before) {
            let known = [(IF_NONE_MATCH, before.header("etag"))];
            let after = world.get_with(path, &known).await;
            assert_eq!(after.status, 200, "{path}");
            assert!(after.body.contains("colour"), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_database_the_last_document_is_told() {
    World::each(async |world| {
        mirrored(&world).await;
        let before = world.get(DOCUMENT).await;
        world.db.clone().close().await.expect("it closes");
        world.refresh().await;
        let after = world.get(DOCUMENT).await;
        assert_eq!(after.status, 200);
        assert_eq!(after.body, before.body);
        assert_eq!(after.headers[ETAG], before.headers[ETAG]);
    })
    .await;
}
