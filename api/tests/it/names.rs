//! Fields that are called like parameters: each is meant by its name with an operator, on every route that filters.

use entity::definition::{Definition, Kind};
use serde_json::{Value, json};

use crate::{
    cats::{breeds, field, row, text},
    world::World,
};

const PARAMETERS: [&str; 15] = [
    "sort",
    "fields",
    "limit",
    "cursor",
    "count",
    "shape",
    "embed",
    "explain",
    "max_staleness",
    "facet",
    "facet_limit",
    "seed",
    "format",
    "after",
    "end",
];

/// The routes that filter, with what each needs.
const ROUTES: [(&str, &str); 4] = [
    ("", ""),
    ("/-/random", ""),
    ("/-/facets", "&facet=id"),
    ("/-/export", "&end=none"),
];

fn definition() -> Definition {
    let mut definition = breeds();
    definition.fields.truncate(1);
    let fields = PARAMETERS.map(|name| field(name, Kind::Text));
    definition.fields.extend(fields);
    definition
}

#[tokio::test]
async fn a_field_that_is_called_like_a_parameter_is_meant_by_its_operator() {
    World::each(async |world| {
        let definition = definition();
        let rows = [("a", "x"), ("b", "y")].map(|(id, value)| {
            let mut values = vec![("id", text(id))];
            values.extend(PARAMETERS.map(|name| (name, text(value))));
            let payload = json!({ "id": id }).to_string();
            row(&definition, id, &payload, &values)
        });
        world.mirrored(&definition, &rows).await;
        let document = world.get("/api/openapi.json").await.json();
        for name in PARAMETERS {
            for route in ROUTES {
                check(&world, &document, (name, route)).await;
            }
            let sorted = format!("/api/v1/cats/breeds?sort=-{name}");
            assert_eq!(world.get(&sorted).await.column("id"), ["b", "a"], "{name}");
        }
    })
    .await;
}

async fn check(world: &World, document: &Value, (name, (route, rest)): (&str, (&str, &str))) {
    let path = format!("/api/v1/cats/breeds{route}");
    let answer = world.get(&format!("{path}?{name}__eq=y{rest}")).await;
    assert_eq!(answer.status, 200, "{path} {name}: {}", answer.body);
    let found = |id: &str| answer.body.contains(&format!("\"{id}\""));
    assert!(found("b") && !found("a"), "{path} {name}: {}", answer.body);
    let told = &document["paths"][&path]["get"]["parameters"];
    let told = told.as_array().expect("parameters").iter();
    let with_operator = format!("{name}__eq");
    let names = told.map(|parameter| parameter["name"].as_str().unwrap_or_default());
    let names: Vec<&str> = names
        .filter(|told| *told == name || *told == with_operator)
        .filter(|told| !["facet", "sort", "embed"].contains(told))
        .collect();
    assert_eq!(names, [with_operator.as_str()], "{path} {name}");
}
