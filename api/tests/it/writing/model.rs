//! Random writes against a map: what reads, changes, export and history tell is what the map holds.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::{PEOPLE, by, each, send};
use crate::{chance::Chance, world::World};

/// What the map holds: names by number.
type Model = BTreeMap<u64, String>;

#[tokio::test]
async fn what_is_read_is_what_was_written() {
    each(async |world, key| {
        let mut chance = Chance::new();
        let mut model = Model::new();
        let mut past: Vec<(i64, Model)> = vec![(0, Model::new())];
        for step in 0..60 {
            written(&world, &key, step, (&mut chance, &mut model, &mut past)).await;
        }
        let versions: Vec<i64> = past.iter().map(|(version, _)| *version).collect();
        assert_eq!(
            versions,
            Vec::from_iter(0..past.len() as i64),
            "without gaps"
        );
        agrees(&world, &model, &past).await;
    })
    .await;
}

async fn agrees(world: &World, model: &Model, past: &[(i64, Model)]) {
    let list = world
        .get(&format!("{PEOPLE}?sort=id&limit=100"))
        .await
        .json();
    assert_eq!(rows(&list["data"]), *model);
    let export = world.get(&format!("{PEOPLE}/-/export")).await.body;
    let lines = export
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let lines: Vec<Value> = lines.filter(Value::is_object).collect();
    assert_eq!(rows(&json!(lines)), *model);
    for (version, then) in past {
        let told = world
            .get(&format!("{PEOPLE}?as_of={version}&limit=100"))
            .await;
        assert_eq!(
            rows(&told.json()["data"]),
            *then,
            "as of {version}: {}",
            told.body
        );
        let mut known = then.clone();
        let changes = world
            .get(&format!("{PEOPLE}/-/changes?since={version}&limit=1000"))
            .await;
        for change in changes.json()["data"].as_array().expect("changes") {
            let id = change["key"]
                .as_str()
                .and_then(|key| key.parse().ok())
                .expect("a number");
            match change["op"].as_str() {
                Some("delete") => drop(known.remove(&id)),
                _ => drop(known.insert(id, name(&change["data"]))),
            }
        }
        assert_eq!(known, *model, "since {version}: {}", changes.body);
    }
}

fn rows(rows: &Value) -> Model {
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| (row["id"].as_u64().expect("a number"), name(row)))
        .collect()
}

fn name(row: &Value) -> String {
    row["name"].as_str().expect("a name").to_owned()
}

/// Writes anything, and the same into the model.
async fn written(
    world: &World,
    key: &str,
    step: usize,
    (chance, model, past): (&mut Chance, &mut Model, &mut Vec<(i64, Model)>),
) {
    let id = chance.below(8) as u64 + 1;
    let name = format!("n{}", chance.below(3));
    let one = format!("{PEOPLE}/{id}");
    let body = json!({ "name": name }).to_string();
    let (method, status) = match (chance.below(3), model.contains_key(&id)) {
        (0, true) => (Method::DELETE, 204),
        (0, false) => (Method::DELETE, 404),
        (1, true) => (Method::PATCH, 200),
        (1, false) => (Method::PATCH, 404),
        (_, true) => (Method::PUT, 200),
        (_, false) => (Method::PUT, 201),
    };
    if method == Method::DELETE {
        model.remove(&id);
    } else if status != 404 {
        model.insert(id, name);
    }
    let answer = send(world, (method.clone(), &one), by(key), body).await;
    assert_eq!(
        answer.status, status,
        "step {step}: {method} {one} {}",
        answer.body
    );
    if status != 404 {
        let version = answer
            .header("catchment-version")
            .parse()
            .expect("a number");
        if past.last().is_some_and(|(last, _)| *last != version) {
            past.push((version, model.clone()));
        }
    }
}
