//! What of a definition is told to who answers in the upstream's place.

use entity::definition::{Definition, Face};
use serde_json::json;

use super::{cats, environment, source, with_source};
use crate::source::{Environment, load, shipped};

fn face(definition: &Definition) -> &Face {
    definition.face.as_ref().expect("each has one")
}

#[test]
fn a_face_is_what_is_asked_and_answered() {
    let text = r#"
        [source]
        name = "shop"
        base_url = "https://shop.example/v1"
        auth = { kind = "query", name = "key", value = "${KEY}" }
        query = { v = 2, app = "${KEY}" }
        [resource.shelves]
        path = "/shelves"
        key = "id"
        page = { kind = "none" }
        [resource.items]
        path = "/shelves/{parent.id}/items"
        query = { since = "{cursor}" }
        headers = { x-plain = "1" }
        records = "body:/data"
        key = ["shelf", "id"]
        for_each = { resource = "shelves", copy = { shelf = "id" } }
        cursor = { field = "/at", format = "epoch_s", start = "2020-01-01" }
        page = { kind = "cursor", param = "after", next = "last:/id", size_param = "n", size = 9, more = "body:/more" }
        [resource.items.fields]
        moved = { type = "timestamp", from = "/at", format = "epoch_s" }
        "#;
    let source = source(text);
    let face = face(&source.resource("items").expect("items").definition);
    let shown = serde_json::to_value(face).expect("it is JSON");
    let expected = json!({ "open": {
        "path": [{ "text": "/shelves/" }, { "parent": "shelf" }, { "text": "/items" }],
        "query": [["v", [{ "text": "2" }]], ["since", ["from"]]],
        "credentials": ["app", "key"],
        "format": "array",
        "records": ["data"],
        "pages": {
            "way": { "last": { "param": "after", "field": "id" } },
            "size": 9,
            "size_param": "n",
            "more": { "body": ["more"] },
        },
        "mark": { "field": "moved", "format": "epoch_seconds", "order": "any" },
    } });
    assert_eq!(shown, expected);
    let read: Face = serde_json::from_value(shown).expect("it reads back");
    assert_eq!(read, *face);
}

#[test]
fn a_definition_without_a_face_still_reads() {
    let source = source(&cats(""));
    let mut stored = serde_json::to_value(&source.resources[0].definition).expect("it is JSON");
    let members = stored.as_object_mut().expect("an object");
    members.remove("face").expect("it is stored");
    let read: Definition = serde_json::from_value(stored).expect("it reads");
    assert_eq!(read.face, None);
}

#[test]
fn what_nobody_could_answer_says_why() {
    let check = |text: &str, resource: &str, said: &str| {
        let source = source(text);
        let plan = source.resource(resource).expect("it is defined");
        match face(&plan.definition) {
            Face::Closed(why) => assert!(why.contains(said), "{why}"),
            Face::Open(shape) => panic!("{said}: {shape:?}"),
        }
    };
    let breeds = |line: &str, said: &str| check(&cats(line), "breeds", said);
    breeds("method = 'POST'", "`POST`");
    breeds("query = { now = '{run.started}' }", "the time of the run");
    breeds("headers = { x-at = '{run.started}' }", "the header `x-at`");
    let secret = cats("").replace("path = \"/breeds\"", "path = \"/${KEY}\"");
    check(&secret, "breeds", "holds a secret");
    let files = cats("").replace("https://cats.example/v1", "file:///data");
    check(&files, "breeds", "files of the syncer's machine");
    let cursor = "query = { since = '{cursor}' }\ncursor = { field = '/at', start = '2020-01-01' }";
    breeds(cursor, "`/at`");
    let child = |line: &str| {
        cats(&format!(
            "[resource.images]\npath = \"/images\"\nkey = \"url\"\npage = {{ kind = \"none\" }}\n{line}"
        ))
    };
    let bare = child("query = { of = '{parent.id}' }\nfor_each = { resource = 'breeds' }");
    check(&bare, "images", "`for_each.copy`");
    let mute = child("for_each = { resource = 'breeds', copy = { breed = 'id' } }");
    check(&mute, "images", "do not say which parent's");
    let page = "{ kind = \"none\" }";
    let by_name = "{ kind = 'cursor', param = 'after', next = 'last:/name' }";
    check(&cats("").replace(page, by_name), "breeds", "`/name`");
    let among = "{ kind = 'page', param = 'p', start = 0, total = 'body:/0/total' }";
    check(
        &cats("").replace(page, among),
        "breeds",
        "among its records",
    );
}

#[test]
fn no_secret_is_stored() {
    let source = source(&with_source(
        "auth = { kind = 'query', name = 'key', value = '${KEY}' }\nquery = { q = 'x-${KEY}' }",
    ));
    let stored = serde_json::to_string(&source.resources[0].definition).expect("it is JSON");
    assert!(!stored.contains("s3cret"), "{stored}");
    assert!(stored.contains(r#""credentials":["q","key"]"#), "{stored}");
}

#[test]
fn these_of_the_shipped_resources_have_no_face() {
    let variable = |_: &str| Ok(Some("value".into()));
    let environment = Environment {
        secret: &variable,
        ..environment()
    };
    let catalog = load(&shipped(), &environment).unwrap_or_else(|faults| panic!("{faults}"));
    let resources = catalog.sources.iter().flat_map(|source| &source.resources);
    let mirrored = resources.filter(|plan| plan.definition.local.is_none());
    let closed = mirrored.filter(|plan| matches!(face(&plan.definition), Face::Closed(_)));
    let closed: Vec<String> = closed.map(|plan| plan.definition.table.clone()).collect();
    let expected = [
        "github_repository",
        "github_issues",
        "github_comments",
        "github_labels",
        "github_milestones",
        "notion_database",
        "notion_pages",
        "pokeapi_pokemon",
        "pokeapi_species",
        "pokeapi_types",
        "titanic_passengers",
    ];
    assert_eq!(closed, expected);
}
