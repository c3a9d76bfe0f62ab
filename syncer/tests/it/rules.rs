//! Who may read: written down at the start, whoever writes the resource meanwhile, and without touching its rows.

use std::time::Duration;

use entity::{lease::Entity as Lease, resource, run::Outcome};
use sea_orm::EntityTrait;

use crate::world::{THINGS, World, assert_outcome, catalog, on_each_database};

async fn stored(world: &World) -> resource::Model {
    let rows = resource::Entity::find().all(&world.db).await;
    let mut rows = rows.expect("resources");
    rows.pop().expect("one resource")
}

/// The words of the rule that each stored form of the definition has.
fn rules(stored: &resource::Model) -> Vec<String> {
    let definitions = [
        Some(stored.definition().expect("it reads")),
        stored.projection().expect("it reads"),
    ];
    let rules = definitions.into_iter().flatten().map(|one| one.read);
    rules
        .map(|rule| rule.map_or_else(|| "-".to_owned(), |rule| rule.words().join(" ")))
        .collect()
}

#[tokio::test]
async fn a_changed_rule_holds_at_once_whoever_has_the_lease() {
    on_each_database(THINGS, async |mut world| {
        world.upstream.has(&[r#"{"id":1}"#, r#"{"id":2}"#]);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let before = stored(&world).await;
        assert_eq!(rules(&before), ["-", "-"]);
        let hour = Duration::from_secs(3600);
        let other = Lease::take(&world.db, before.id, "another process", hour).await;
        let other = other.expect("the database answers").expect("the lease");
        for (words, expected) in [
            ("read = 'authenticated'", "authenticated"),
            (
                "read = ['sync', 'read:fake/things']",
                "read:fake/things sync",
            ),
            ("", "-"),
        ] {
            let text = THINGS.replace("mode    =", &format!("{words}\nmode ="));
            world.catalog = catalog(&text, &world.upstream.url);
            let registered = syncer::register(&world.ctx, &world.catalog).await;
            registered.expect("it is written down");
            assert_eq!(rules(&stored(&world).await), [expected, expected]);
        }
        Lease::give_back(&world.db, &other)
            .await
            .expect("it is given back");
        let after = stored(&world).await;
        assert_eq!(after, before, "nothing else has changed");
    })
    .await;
}

#[tokio::test]
async fn a_rule_that_changes_with_a_field_holds_before_the_table_does() {
    on_each_database(THINGS, async |mut world| {
        world.upstream.has(&[r#"{"id":1,"size":3}"#]);
        world.sync("things").await;
        let id = stored(&world).await.id;
        let hour = Duration::from_secs(3600);
        let other = Lease::take(&world.db, id, "another process", hour).await;
        let other = other.expect("the database answers").expect("the lease");
        let text = THINGS.replace("size = \"integer\"", "size = \"decimal(5,2)\"");
        let text = text.replace("mode    =", "read = 'admin'\nmode =");
        world.catalog = catalog(&text, &world.upstream.url);
        syncer::register(&world.ctx, &world.catalog)
            .await
            .expect("it is written down");
        let meanwhile = stored(&world).await;
        assert_eq!(rules(&meanwhile), ["admin", "admin"]);
        let kind = |stored: &resource::Model| {
            let definition = stored.definition().expect("it reads");
            definition.field("size").map(|field| field.kind.to_string())
        };
        assert_eq!(kind(&meanwhile).as_deref(), Some("integer"));
        Lease::give_back(&world.db, &other)
            .await
            .expect("it is given back");
        syncer::register(&world.ctx, &world.catalog)
            .await
            .expect("it is altered");
        let after = stored(&world).await;
        assert_eq!(rules(&after), ["admin", "admin"]);
        assert_eq!(kind(&after).as_deref(), Some("decimal(5,2)"));
    })
    .await;
}
