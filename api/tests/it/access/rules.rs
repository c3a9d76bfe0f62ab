//! A rule holds within the time in which the registry is read anew, whatever was kept and whoever follows.

use api::Settings;
use entity::{access::Rule, definition::Definition, resource, source};
use sea_orm::EntityTrait;

use super::world::{callers, definition, each, rows, rule};
use crate::world::{World, settings};

const LIST: &str = "/api/v1/cats/pictures?sort=name";

/// Registers the definition anew, as the syncer does at its start.
pub(super) async fn registered(world: &World, definition: &Definition) {
    let sources = source::Entity::find()
        .all(&world.db)
        .await
        .expect("sources");
    let source = sources
        .iter()
        .find(|source| source.name == definition.source);
    let source = source.expect("the source");
    let known = resource::Entity::register(&world.db, source.id, definition).await;
    let known = known.expect("it is written");
    let stored = [
        known.definition().expect("it reads"),
        known.projection().expect("it reads").expect("a table"),
    ];
    assert!(stored.iter().all(|stored| stored == definition));
    world.refresh().await;
}

#[tokio::test]
async fn a_changed_rule_holds_for_what_is_kept() {
    each(async |world, _| {
        opened_and_closed(world).await;
        opened_and_closed(world).await;
        let version = world.get(LIST).await.json()["meta"]["version"].clone();
        assert_eq!(version, 1, "nothing was filled anew");
    })
    .await;
}

async fn opened_and_closed(world: &World) {
    let with = |words: &[&str]| Definition {
        read: rule(words),
        ..definition(("cats", "pictures", &["public"]))
    };
    let open = world.get(LIST).await;
    assert_eq!(open.status, 200, "{}", open.body);
    assert!(open.header("cache-control").starts_with("public"));
    assert_eq!(open.header("vary"), "accept, accept-encoding");
    registered(world, &with(&["authenticated"])).await;
    for _ in 0..2 {
        let closed = world.get(LIST).await;
        assert_eq!(closed.status, 404, "{}", closed.body);
        assert_eq!(closed.header("cache-control"), "no-store");
    }
    registered(world, &with(&["public"])).await;
}

#[tokio::test]
async fn what_says_nothing_is_as_the_settings_say() {
    for kind in testdb::kinds() {
        let settings = Settings {
            read: Rule::Authenticated,
            ..settings()
        };
        let world = World::with_schema(kind, settings).await;
        let silent = Definition {
            read: None,
            ..definition(("cats", "pictures", &["public"]))
        };
        world.mirrored(&silent, &rows(&silent)).await;
        let callers = callers(&world).await;
        let mut statuses = Vec::new();
        for caller in &callers {
            statuses.push(caller.get(&world, LIST).await.status.as_u16());
        }
        assert_eq!(statuses, [404, 404, 404, 200, 200, 200]);
        let catalog = world.get("/api/v1/catalog").await;
        assert_eq!(catalog.json()["data"], serde_json::json!([]));
    }
}
