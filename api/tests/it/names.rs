//! Fields that are called like parameters: each is meant by its name with an operator, on every route that filters.

use entity::definition::{Definition, Kind};
use serde_json::{Value, json};

use crate::{
    cats::{breeds, field, row, text},
    world::World,
};

const PARAMETERS: [&str; 16] = [
    "sort",
    "fields",
    "limit",
    "cursor",
    "count",
    "shape",
    "embed",
    "explain",
    "max_staleness",
    "timeout_ms",
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
            check(&world, &document, name).await;
            let sorted = format!("/api/v1/cats/breeds?sort=-{name}");
            assert_eq!(world.get(&sorted).await.column("id"), ["b", "a"], "{name}");
        }
    })
    .await;
}

async fn check(world: &World, document: &Value, name: &str) {
    for (route, rest) in ROUTES {
        let path = format!("/api/v1/cats/breeds{route}");
        let answer = world.get(&format!("{path}?{name}__eq=y{rest}")).await;
        assert_eq!(answer.status, 200, "{path} {name}: {}", answer.body);
        let found = |id: &str| answer.body.contains(&format!("\"{id}\""));
        assert!(found("b") && !found("a"), "{path} {name}: {}", answer.body);
        let told = &document["paths"][&path]["get"]["parameters"];
        assert_eq!(told_of(told, name), [format!("{name}__eq")], "{path}");
    }
}

/// What the document calls the filter by the field of that name.
fn told_of(parameters: &Value, name: &str) -> Vec<String> {
    let with_operator = format!("{name}__eq");
    let parameters = parameters.as_array().expect("parameters").iter();
    let names = parameters.filter_map(|parameter| parameter["name"].as_str());
    // These parameters are written out, for each resource has its own.
    let is_own = |told: &str| ["facet", "sort", "embed"].contains(&told);
    let names = names.filter(|told| (*told == name || *told == with_operator) && !is_own(told));
    names.map(str::to_owned).collect()
}
