//! The OpenAPI document is true: every operation in it is asked, and every answer held against it.

pub(crate) mod asking;
mod bad;
mod document;
mod rows;

use api::Settings;
use entity::{
    definition::{Cell, Definition},
    record::Row,
};
use reqwest::{
    Method,
    header::{ETAG, IF_NONE_MATCH},
};
use serde_json::json;
use testdb::Kind;

use self::asking::{example, is_there, url, url_with};
pub(crate) use self::document::{Document, Operation};
use crate::{
    cats::{breeds, field, image, row, searched, text},
    mirror::{mirrored_breeds, mirrored_images},
    world::{World, settings},
    writing,
};

/// What routes lead to that are no operations: pages for people, the document itself, and upstreams that answer at their root.
const UNDOCUMENTED: [&str; 8] = [
    "/",
    "/api",
    "/api/swagger",
    "/api/swagger/{asset}",
    "/api/openapi.json",
    "/mirror/{source}",
    "/mirror/{source}/",
    "/problems/{slug}",
];

#[tokio::test]
async fn every_documented_answer_is_given_as_documented() {
    World::each(async |world| {
        mirrored(&world).await;
        let document = Document::of(&world).await;
        for operation in document.operations() {
            asked_in_each_form(&world, &document, &operation).await;
        }
    })
    .await;
}

async fn asked_in_each_form(world: &World, document: &Document, operation: &Operation<'_>) {
    let url = url(document, operation);
    let is_there = is_there(document, operation);
    for media_type in operation.media_types() {
        let answer = document.asked(world, (operation, &url), media_type).await;
        let is_good = answer.status == 200 || !is_there;
        assert!(is_good, "{url}: {}", answer.body);
        document.conforms(operation, &answer, &url);
        if let Some(etag) = answer.headers.get(ETAG) {
            let known = [(IF_NONE_MATCH, etag.to_str().expect("ASCII"))];
            let again = world.get_with(&url, &known).await;
            assert_eq!(again.status, 304, "{url}");
            document.conforms(operation, &again, &url);
        }
    }
}

#[tokio::test]
async fn one_request_too_many_is_refused_as_documented() {
    let settings = Settings {
        rate_limit: Some("1/h".parse().expect("a rate")),
        ..settings()
    };
    let world = World::with_schema(Kind::Sqlite, settings).await;
    mirrored(&world).await;
    let document = Document::of(&world).await;
    for operation in document.operations() {
        let url = url(&document, &operation);
        let answer = world.get(&url).await;
        let is_watched = operation.value["tags"][0] == "service";
        assert_eq!(answer.status, if is_watched { 200 } else { 429 }, "{url}");
        document.conforms(&operation, &answer, &url);
    }
}

#[tokio::test]
async fn every_documented_parameter_is_taken() {
    World::each(async |world| {
        mirrored(&world).await;
        let document = Document::of(&world).await;
        // What a route takes is read before a database is asked: of the other databases it is enough to ask the lists.
        let is_asked =
            |operation: &Operation<'_>| world.kind == Kind::Sqlite || operation.is_list();
        let mut taken = 0;
        for operation in document.operations().filter(is_asked) {
            taken += asked_with_each_value(&world, &document, &operation).await;
        }
        assert!(taken > 100, "{taken} values of parameters");
    })
    .await;
}

/// How many values there are.
async fn asked_with_each_value(
    world: &World,
    document: &Document,
    operation: &Operation<'_>,
) -> usize {
    let parameters = document.parameters(operation, "query").into_iter();
    let values = parameters.flat_map(|parameter| {
        let values = example(parameter).into_iter();
        values.map(move |value| (parameter, value))
    });
    let is_there = is_there(document, operation);
    let mut taken = 0;
    for (parameter, value) in values {
        let url = url_with(document, operation, (parameter, &value));
        let answer = world.get(&url).await;
        let is_good = answer.status == 200 || !is_there;
        assert!(is_good, "{url}: {}", answer.body);
        document.conforms(operation, &answer, &url);
        taken += 1;
    }
    taken
}

#[tokio::test]
async fn every_documented_example_is_of_its_schema() {
    let world = World::with_schema(Kind::Sqlite, settings()).await;
    mirrored(&world).await;
    let document = Document::of(&world).await;
    let mut checked = 0;
    for operation in document.operations() {
        let contents = document.contents(&operation).into_iter();
        for (at, content) in contents.filter(|(_, content)| content.get("example").is_some()) {
            let at = format!("{} {at}", operation.path);
            document.valid(&content["schema"], &content["example"], &at);
            checked += 1;
        }
        let parameters = document.parameters(&operation, "path").into_iter();
        for key in parameters.filter(|parameter| parameter["name"] == "key") {
            document.valid(&key["schema"], &key["example"], operation.path);
        }
    }
    assert!(checked > 50, "{checked} examples");
}

#[tokio::test]
async fn every_route_is_documented_and_no_other() {
    let world = World::with_schema(Kind::Sqlite, settings()).await;
    mirrored(&world).await;
    writing::opened(&world, &writing::people()).await;
    let document = Document::of(&world).await;
    let documented = document.methods();
    let needs = api::needs();
    for (method, route, _) in &needs {
        let is_told = documented
            .iter()
            .any(|(of, path)| of == method.as_str() && leads(route, path));
        assert!(is_told != UNDOCUMENTED.contains(route), "{method} {route}");
    }
    for (of, path) in documented {
        let is_there =
            |(method, route, _): &(_, &str, _)| of == Method::as_str(method) && leads(route, path);
        assert!(needs.iter().any(is_there), "{of} {path}");
    }
}

/// Whether the route is that of the documented path, in which a resource's names stand.
fn leads(route: &str, path: &str) -> bool {
    let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    if let Some((before, _)) = route.split_once("{*") {
        return leads_into(before, path);
    }
    let (route, path) = (parts(route), parts(path));
    let is_same = |(of_route, of_path): (&String, &String)| {
        let is_parameter = of_route.starts_with('{');
        of_route == of_path || (is_parameter && of_path != "-" && of_path != "catalog")
    };
    route.len() == path.len() && route.iter().zip(&path).all(is_same)
}

#[tokio::test]
async fn a_small_definition_makes_this_document() {
    let mut small = breeds();
    small.key = vec!["id".to_owned()];
    small.fields = vec![
        field("id", entity::definition::Kind::Text),
        field("weight", entity::definition::Kind::Integer),
        field("temperament", entity::definition::Kind::List),
    ];
    let world = World::with_schema(Kind::Sqlite, settings()).await;
    world.registered(&small).await;
    let served = world.get("/api/openapi.json").await.json();
    assert_eq!(served, api::document(&[&small], &settings()));
    insta::assert_json_snapshot!(served, { ".info.version" => "[version]" });
}

/// The same of a route of all paths that begin so.
fn leads_into(before: &str, path: &str) -> bool {
    let length = before.matches('/').count();
    let beginning: Vec<&str> = path.splitn(length + 1, '/').take(length).collect();
    leads(before.trim_end_matches('/'), &beginning.join("/"))
}

/// Breeds whose members are of several types, and images of one of them: with all that a resource may have.
async fn mirrored(world: &World) {
    let breeds = Definition {
        history: true,
        face: mirrored_breeds().face,
        ..searched()
    };
    world.mirrored(&breeds, &some_breeds()).await;
    let images_of_one = [image("abys", "1", 3), image("abys", "2", 4)];
    world.mirrored(&mirrored_images(), &images_of_one).await;
}

fn some_breeds() -> Vec<Row> {
    let abys = json!({
        "id": "abys",
        "name": "Abyssinian",
        "weight": { "imperial": "7 - 10", "metric": "3 - 5" },
        "hairless": 0,
        "links": [{ "rel": "cfa", "href": "https://example.org/abys" }, "plain"],
    });
    let aege = json!({ "id": "aege", "name": null, "weight": "unknown", "hairless": false });
    [("abys", abys), ("aege", aege)]
        .map(|(id, payload)| {
            let values = [
                ("id", text(id)),
                ("name", text("Abyssinian")),
                ("weight", Cell::Integer(4)),
                ("coat", text("short")),
            ];
            row(&breeds(), id, &payload.to_string(), &values)
        })
        .into()
}
