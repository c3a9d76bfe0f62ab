//! Local resources: the syncer makes and alters their tables, and never runs them.

use std::collections::BTreeMap;

use entity::{
    local::{self, Writing},
    record, resource,
    run::{self, Outcome, Trigger},
};
use sea_orm::EntityTrait;
use syncer::{
    How,
    source::{Environment, File, load, plan::Catalog},
};

use crate::world::{THINGS, World, on_each_database};

const PEOPLE: &str = r#"
[source]
kind = "local"
name = "people"
[resource.passengers]
key    = "id"
search = "name"
[resource.passengers.fields]
id   = "integer"
name = { required = true }
age  = "integer"
"#;

fn catalog(text: &str) -> Catalog {
    let file = File {
        path: "people.toml".to_owned(),
        text: text.to_owned(),
    };
    let environment = Environment {
        secret: &|_| Ok(None),
        overrides: BTreeMap::new(),
        enabled: None,
    };
    load(&[file], &environment).unwrap_or_else(|faults| panic!("{faults}"))
}

async fn passengers(world: &World) -> resource::Model {
    let all = resource::Entity::find().all(&world.db).await;
    let mut all = all.expect("the database answers").into_iter();
    let found = all.find(|resource| resource.name == "passengers");
    found.expect("it is registered")
}

/// Writes a record as the api does.
async fn write(world: &World, record: &str) {
    let id = passengers(world).await.id;
    let writing = Writing::begin(&world.db, id, world.ctx.clock.now()).await;
    let mut writing = writing.expect("the database answers").expect("it is open");
    let local = writing.definition.local.clone().expect("callers write it");
    let row = local::check(&writing.definition, &local, record).expect("it fits");
    writing.put(vec![row]).await.expect("it is written");
    writing
        .commit(Some("key:test"))
        .await
        .expect("it is committed");
}

#[tokio::test]
async fn a_local_resource_is_open_at_once_and_never_run() {
    on_each_database(THINGS, async |world| {
        let catalog = catalog(PEOPLE);
        let registered = syncer::register(&world.ctx, &catalog).await;
        registered.expect("it is registered");
        let resource = passengers(&world).await;
        assert!(resource.indexed && resource.complete);
        assert_eq!(resource.last_outcome, Some(Outcome::Complete));
        assert_eq!(resource.synced_at, Some(world.ctx.clock.now()));
        assert_eq!(resource.next_run_at, None);
        write(&world, r#"{"id":1,"name":"Ann","age":20}"#).await;
        assert_eq!(passengers(&world).await.version, 1);

        let source = &catalog.sources[0];
        let plan = &source.resources[0];
        let ended = syncer::sync(&world.ctx, source, plan, Trigger::Manual, How::default()).await;
        assert!(ended.expect("the database answers").is_none());
        let runs = run::Entity::find().all(&world.db).await;
        assert!(runs.expect("the database answers").is_empty());
        let after = passengers(&world).await;
        assert_eq!(
            (after.version, after.live_rows, after.complete),
            (1, 1, true)
        );
    })
    .await;
}

#[tokio::test]
async fn a_changed_definition_fills_the_table_from_what_was_written() {
    on_each_database(THINGS, async |world| {
        let before = catalog(PEOPLE);
        syncer::register(&world.ctx, &before)
            .await
            .expect("it is registered");
        write(&world, r#"{"id":1,"name":"Ann","age":20}"#).await;
        let wider = PEOPLE.replace(
            "age  = \"integer\"",
            "age  = { type = \"decimal(5,2)\", min = 0 }\nship = \"text\"",
        );
        let wider = wider.replace("key    = \"id\"", "key    = \"id\"\nhistory = true");
        syncer::register(&world.ctx, &catalog(&wider))
            .await
            .expect("it is registered");
        write(
            &world,
            r#"{"id":2,"name":"Ben","age":21.5,"ship":"Titanic"}"#,
        )
        .await;
        let ages = world
            .column("SELECT name FROM people_passengers WHERE age BETWEEN 20 AND 22 ORDER BY rowno")
            .await;
        assert_eq!(ages, [Some("Ann".to_owned()), Some("Ben".to_owned())]);
        let resource = passengers(&world).await;
        assert_eq!((resource.version, resource.history_version), (2, Some(1)));
        let count = record::count_live(&world.db, "people_passengers").await;
        assert_eq!(count.expect("the database answers"), 2);
    })
    .await;
}
