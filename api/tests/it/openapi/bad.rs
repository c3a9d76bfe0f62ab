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
            asked_with_bad_values(&world, &document, &operation).await;
        }
    })
    .await;
}

/// All at once: all of them are to be told.
async fn asked_with_bad_values(world: &World, document: &Document, operation: &Operation<'_>) {
    let parameters = document.parameters(operation, "query").into_iter();
    let wrong: Vec<_> = parameters.filter_map(wrong).collect();
    if wrong.is_empty() {
        return;
    }
    let pairs = wrong.iter().map(|(name, bad)| format!("{name}={bad}"));
    let pairs: Vec<String> = pairs.collect();
    let url = format!("{}?{}", path(document, operation), pairs.join("&"));
    let answer = world.get(&url).await;
    document.conforms(operation, &answer, &url);
    let told = answer.faults(&["parameter"]);
    for (name, _) in wrong {
        let is_told = told.iter().any(|fault| fault == name);
        assert!(is_told, "{url}: {name} is not in {told:?}");
    }
}

#[tokio::test]
async fn every_bad_url_is_refused_as_documented() {
    World::each(async |world| {
        mirrored(&world).await;
        let document = Document::of(&world).await;
        for operation in document.operations() {
            asked_by_bad_urls(&world, &document, &operation).await;
        }
    })
    .await;
}

async fn asked_by_bad_urls(world: &World, document: &Document, operation: &Operation<'_>) {
    let good = url(document, operation);
    let mut bad = vec![(format!("{good}x={}", "x".repeat(9000)), 414)];
    if operation.path.starts_with("/api/") {
        bad.push((format!("{good}nope=1"), 400));
        bad.push((format!("{good}limit=%FF"), 400));
        let missing = missing(document, operation).into_iter();
        bad.extend(missing.map(|url| (url, 404)));
    }
    for (url, status) in bad {
        let answer = world.get(&url).await;
        assert_eq!(answer.status, status, "{url}: {}", answer.body);
        document.conforms(operation, &answer, &url);
    }
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
