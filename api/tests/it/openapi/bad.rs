//! What the document says of bad requests is true, too.

use serde_json::Value;

use super::{
    asking::{name, path, url},
    document::{Document, Operation},
    mirrored,
};
use crate::world::World;

#[tokio::test]
async fn every_bad_value_is_refused_as_documented() {
    World::each(async |world| {
        mirrored(&world).await;
        let document = Document::of(&world).await;
        for operation in document.operations() {
            let parameters = document.parameters(&operation, "query");
            let wrong: Vec<_> = parameters.into_iter().filter_map(wrong).collect();
            if wrong.is_empty() {
                continue;
            }
            let pairs: Vec<String> = wrong
                .iter()
                .map(|(name, bad)| format!("{name}={bad}"))
                .collect();
            let url = format!("{}?{}", path(&document, &operation), pairs.join("&"));
            let answer = world.get(&url).await;
            document.conforms(&operation, &answer, &url);
            let told = answer.faults(&["parameter"]);
            for (name, _) in wrong {
                assert!(
                    told.iter().any(|fault| fault == name),
                    "{url}: {name} in {told:?}"
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn every_bad_url_is_refused_as_documented() {
    World::each(async |world| {
        mirrored(&world).await;
        let document = Document::of(&world).await;
        for operation in document.operations() {
            let good = url(&document, &operation);
            let is_watched = operation.value["tags"][0] == "service";
            let check = async |url: &str, status: u16| {
                let answer = world.get(url).await;
                assert_eq!(answer.status, status, "{url}: {}", answer.body);
                document.conforms(&operation, &answer, url);
            };
            check(&format!("{good}x={}", "x".repeat(9000)), 414).await;
            if !is_watched {
                check(&format!("{good}nope=1"), 400).await;
                check(&format!("{good}limit=%FF"), 400).await;
            }
            for missing in missing(&document, &operation) {
                check(&missing, 404).await;
            }
        }
    })
    .await;
}

/// URLs of the operation with something in its path that is not there.
fn missing(document: &Document, operation: &Operation<'_>) -> Vec<String> {
    let good = url(document, operation);
    let mut missing = Vec::new();
    for parameter in document.parameters(operation, "path") {
        let place = format!("{{{}}}", name(parameter));
        let (before, after) = operation.path.split_once(&place).expect("it stands there");
        let (_, query) = good.split_once('?').expect("a query");
        if !after.contains('{') {
            missing.push(format!("{before}nothing{after}?{query}"));
        }
    }
    let names: Vec<&str> = operation.path.split('/').skip(3).take(2).collect();
    if let [source, resource] = names.as_slice()
        && *source == "cats"
    {
        let path = format!("/api/v1/{source}/{resource}");
        missing.push(good.replacen(&path, "/api/v1/cats/nothing", 1));
    }
    missing
}

/// A parameter's name, and a value that it cannot have; `None`: it takes any text.
fn wrong(parameter: &Value) -> Option<(&str, &'static str)> {
    let schema = match parameter["schema"]["type"].as_str()? {
        "array" => &parameter["schema"]["items"],
        _ => &parameter["schema"],
    };
    let is_free = schema["type"] == "string"
        && ["enum", "format", "pattern"]
            .iter()
            .all(|key| schema[*key].is_null());
    (!is_free).then_some((name(parameter), "%2C!"))
}
