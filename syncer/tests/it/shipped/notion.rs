//! Notion: a POST whose body holds filter, order and cursor; times of whole minutes; blocks of the pages that changed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::Duration;
use serde_json::{Value, json};

use super::{complete, fields, items, shipped, writes_nothing};
use crate::{
    upstream::{Reply, Request},
    world::{World, on_each_database},
};

const DATABASE: &str = "/databases/d9824bdc84454327be8b5b47500af6ce";

/// Pages by id, and what stands on them.
#[derive(Debug, Default)]
struct Workspace {
    pages: BTreeMap<String, Value>,
    blocks: BTreeMap<String, Vec<Value>>,
}

type Shared = Arc<Mutex<Workspace>>;

fn id(number: usize) -> String {
    format!("59833787-2cf9-4fdf-8782-{number:012}")
}

fn page(number: usize, name: &str, edited: &str) -> Value {
    let text = |text: &str| json!({"type": "text", "text": {"content": text}, "plain_text": text});
    let names: Vec<Value> = name.split('|').map(text).collect();
    json!({
        "object": "page",
        "id": id(number),
        "created_time": format!("2026-01-01T{:02}:{:02}:00.000Z", number / 60, number % 60),
        "last_edited_time": edited,
        "created_by": {"object": "user", "id": "u-1"},
        "last_edited_by": {"object": "user", "id": "u-2"},
        "archived": false,
        "in_trash": false,
        "properties": {
            "Name": {"id": "title", "type": "title", "title": names},
            "Status": {"id": "s", "type": "select", "select": {"name": "Done"}},
        },
        "url": format!("https://www.notion.so/{number}"),
        "public_url": null,
    })
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({"object": "error", "status": status, "code": code, "message": message, "request_id": "r-1"});
    Reply::status(status, body.to_string())
}

/// A list of `all`, `size` at a time, from the one of the id `after` on.
fn list(all: &[Value], size: u64, after: Option<&str>) -> Reply {
    let size = usize::try_from(size.min(100)).expect("a size");
    let start = match after {
        None => 0,
        Some(cursor) => match all.iter().position(|one| one["id"] == cursor) {
            Some(start) => start,
            None => {
                return error(
                    400,
                    "validation_error",
                    "The start_cursor provided is invalid",
                );
            }
        },
    };
    let shown: Vec<&Value> = all.iter().skip(start).take(size).collect();
    let next = all.get(start + size).map(|one| one["id"].clone());
    Reply::json(
        json!({"object": "list", "results": shown, "has_more": next.is_some(), "next_cursor": next, "type": "page_or_database", "request_id": "r-2"})
            .to_string(),
    )
}

fn replay(workspace: &Shared) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let (workspace, refused) = (Arc::clone(workspace), AtomicBool::new(false));
    move |request| {
        if request.header("authorization") != Some("Bearer made-up-secret") {
            return error(401, "unauthorized", "API token is invalid.");
        }
        assert_eq!(request.header("notion-version"), Some("2022-06-28"));
        if !refused.swap(true, Ordering::Relaxed) {
            return error(
                429,
                "rate_limited",
                "You have been rate limited. Please try again in a few minutes.",
            )
            .with("retry-after", 1);
        }
        let workspace = workspace.lock().expect("no test panicked here");
        let size = || {
            request
                .parameter("page_size")
                .and_then(|size| size.parse().ok())
                .unwrap_or(100)
        };
        let path = request.path.as_str();
        if let Some(query) = path.strip_suffix("/query") {
            assert_eq!((query, request.method.as_str()), (DATABASE, "POST"));
            return queried(&workspace, &request.body);
        }
        if let Some(page) = path
            .strip_prefix("/blocks/")
            .and_then(|rest| rest.strip_suffix("/children"))
        {
            return match workspace.blocks.get(page) {
                Some(blocks) => list(blocks, size(), request.parameter("start_cursor")),
                None => error(404, "object_not_found", "Could not find block."),
            };
        }
        match path {
            DATABASE => Reply::json(
                json!({"object": "database", "id": "d9824bdc-8445-4327-be8b-5b47500af6ce", "title": [{"plain_text": "Tasks"}], "properties": {"Name": {"type": "title"}}, "archived": false, "created_time": "2026-01-01T00:00:00.000Z", "last_edited_time": "2026-11-01T00:00:00.000Z", "url": "https://www.notion.so/d"})
                    .to_string(),
            ),
            "/users" => list(
                &[
                    json!({"object": "user", "id": "u-1", "type": "person", "name": "Ida", "avatar_url": null, "person": {"email": "ida@mail.example"}}),
                    json!({"object": "user", "id": "u-2", "type": "bot", "name": "Robot", "avatar_url": null, "bot": {}}),
                ],
                size(),
                request.parameter("start_cursor"),
            ),
            _ => error(400, "invalid_request_url", "Invalid request URL."),
        }
    }
}

/// The pages that a query's filter lets pass, in the order of their creation.
fn queried(workspace: &Workspace, body: &str) -> Reply {
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(
        body["sorts"],
        json!([{"timestamp": "created_time", "direction": "ascending"}])
    );
    assert_eq!(body["filter"]["timestamp"], "last_edited_time");
    let since = body["filter"]["last_edited_time"]["on_or_after"]
        .as_str()
        .expect("a time");
    let since = since.trim_end_matches('Z');
    let wanted = |page: &&Value| {
        page["archived"] == false
            && page["last_edited_time"]
                .as_str()
                .is_some_and(|time| time >= since)
    };
    let all: Vec<Value> = workspace.pages.values().filter(wanted).cloned().collect();
    list(
        &all,
        body["page_size"].as_u64().expect("a number"),
        body["start_cursor"].as_str(),
    )
}

/// From when on pages were asked for, and whether from a cursor on.
fn queries(world: &World) -> Vec<String> {
    let asked = world.upstream.asked().into_iter();
    asked
        .filter(|request| request.path.ends_with("/query"))
        .map(|request| {
            let body: Value = serde_json::from_str(&request.body).expect("JSON");
            let since = body["filter"]["last_edited_time"]["on_or_after"]
                .as_str()
                .unwrap_or("");
            let cursor = body["start_cursor"].as_str().unwrap_or("");
            format!("{since} {cursor}").trim().to_owned()
        })
        .collect()
}

fn workspace() -> Shared {
    let mut all = Workspace::default();
    all.pages.insert(
        id(0),
        page(0, "Water |the plants", "2026-11-05T10:07:00.000Z"),
    );
    for number in 1..130 {
        all.pages
            .insert(id(number), page(number, "Task", "2026-02-01T00:00:00.000Z"));
    }
    for number in 0..130 {
        let block = json!({"object": "block", "id": format!("b-{number}"), "type": "paragraph", "has_children": false, "archived": false, "created_time": "2026-01-01T00:00:00.000Z", "last_edited_time": "2026-02-01T00:00:00.000Z", "paragraph": {"rich_text": []}});
        all.blocks.insert(id(number), vec![block]);
    }
    Arc::new(Mutex::new(all))
}

#[tokio::test]
async fn pages_and_what_stands_on_them() {
    // A hundred requests at three a second would take their time.
    let definition = shipped("notion").replace("rate = \"3/s\", ", "");
    on_each_database(&definition, async |world| {
        let workspace = workspace();
        world.upstream.answers(replay(&workspace));
        let counts = complete(&world, "pages").await.counts;
        assert_eq!((counts.inserted, counts.pages), (130, 2));
        let start = "2013-01-01T00:00:00Z";
        assert_eq!(queries(&world), [start, start, &format!("{start} {}", id(100))], "once more after the refusal");
        let names = ["id", "archived", "created_time", "last_edited_time", "created_by", "last_edited_by", "url", "public_url"];
        let rows = fields(&world, "pages", &names).await;
        assert_eq!(rows[0], format!("{} | false | 2026-01-01T00:00:00Z | 2026-11-05T10:07:00Z | u-1 | u-2 | https://www.notion.so/0 | -", id(0)));
        assert_eq!(items(&world, "pages", "name").await[..2], ["1 | Water ", "1 | the plants"]);
        let properties = &fields(&world, "pages", &["properties"]).await[0];
        assert!(properties.contains(r#""select":{"name":"Done"}"#), "{properties}");
        complete(&world, "blocks").await;
        assert_eq!(world.live("blocks").await.len(), 130);
        assert_eq!(fields(&world, "blocks", &["page_id", "type", "has_children"]).await[0], format!("{} | paragraph | false", id(0)));

        writes_nothing(&world, "pages").await;
        assert_eq!(queries(&world), ["2026-11-05T10:02:00Z"], "minutes are whole, so some of them again");
        writes_nothing(&world, "blocks").await;
        assert_eq!(world.upstream.asked().len(), 0);

        let change = |by: &dyn Fn(&mut Workspace)| by(&mut workspace.lock().expect("no test panicked here"));
        change(&|all| {
            all.pages.insert(id(7), page(7, "Sweep", "2026-11-05T10:07:00.000Z"));
            all.blocks.insert(id(7), Vec::new());
            // Into the bin: no query shows it any more.
            let gone = all.pages.get_mut(&id(9)).expect("a page");
            gone["archived"] = true.into();
            all.blocks.remove(&id(9));
        });
        let counts = complete(&world, "pages").await.counts;
        assert_eq!((counts.inserted, counts.updated, counts.deleted), (0, 1, 0));
        world.upstream.asked();
        let counts = complete(&world, "blocks").await.counts;
        assert_eq!(counts.deleted, 1);
        assert_eq!(super::asked(&world), [format!("/blocks/{}/children?page_size=100", id(7))]);
        world.pass(Duration::days(1));
        let counts = complete(&world, "pages").await.counts;
        assert_eq!((counts.updated, counts.deleted), (0, 1));
        assert!(!world.live("pages").await.contains(&id(9)));
        assert_eq!(complete(&world, "blocks").await.counts.deleted, 1);
    })
    .await;
}

#[tokio::test]
async fn the_database_and_its_users() {
    on_each_database(&shipped("notion"), async |world| {
        world.upstream.answers(replay(&workspace()));
        complete(&world, "database").await;
        assert_eq!(
            fields(&world, "database", &["id", "archived"]).await,
            ["d9824bdc-8445-4327-be8b-5b47500af6ce | false"]
        );
        assert_eq!(items(&world, "database", "titles").await, ["1 | Tasks"]);
        complete(&world, "users").await;
        assert_eq!(
            fields(&world, "users", &["name", "type", "email"]).await,
            ["Ida | person | ida@mail.example", "Robot | bot | -"]
        );
        writes_nothing(&world, "users").await;
    })
    .await;
}
