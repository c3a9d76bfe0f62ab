//! The schema on every database: made, undone, and altered as a definition says.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails there")]

/// How a database is spoken to.
mod connect;
/// A resource's table.
mod record_table;

use sea_orm::{DatabaseConnection, EntityTrait};
use testdb::TestDb;

/// An empty database of each kind that can be had here.
async fn databases() -> Vec<(TestDb, DatabaseConnection)> {
    let mut databases = Vec::new();
    for kind in testdb::kinds() {
        let test_db = testdb::fresh(kind).await;
        let db = entity::connect::connect(&test_db.url, 4)
            .await
            .expect("the database answers");
        databases.push((test_db, db));
    }
    databases
}

/// Whether the entity's columns are the table's.
async fn reads<E: EntityTrait>(db: &DatabaseConnection) {
    E::find()
        .one(db)
        .await
        .expect("every column of the entity is there");
}

#[tokio::test]
async fn the_schema_is_made_undone_and_made_again() {
    for (_own, db) in databases().await {
        let applied = async || {
            let status = migration::status(&db).await.expect("the database answers");
            status.into_iter().filter(|(_, applied)| *applied).count()
        };
        assert_eq!(applied().await, 0);
        migration::up(&db).await.expect("made");
        assert_eq!(applied().await, 8);
        reads::<entity::source::Entity>(&db).await;
        reads::<entity::resource::Entity>(&db).await;
        reads::<entity::run::Entity>(&db).await;
        reads::<entity::cursor::Entity>(&db).await;
        reads::<entity::reject::Entity>(&db).await;
        reads::<entity::page::Entity>(&db).await;
        reads::<entity::version::Entity>(&db).await;
        reads::<entity::request::Entity>(&db).await;
        reads::<entity::lease::Entity>(&db).await;
        reads::<entity::command::Entity>(&db).await;
        reads::<entity::progress::Entity>(&db).await;
        reads::<entity::syncer::Entity>(&db).await;
        reads::<entity::user::Entity>(&db).await;
        reads::<entity::refresh_token::Entity>(&db).await;
        reads::<entity::api_key::Entity>(&db).await;
        reads::<entity::audit::Entity>(&db).await;
        reads::<entity::signing_key::Entity>(&db).await;
        reads::<entity::setup_token::Entity>(&db).await;
        reads::<entity::once::Entity>(&db).await;
        migration::up(&db).await.expect("nothing to do");
        migration::down(&db, 1).await.expect("undone");
        assert_eq!(applied().await, 7);
        assert!(entity::once::Entity::find().one(&db).await.is_err());
        assert!(entity::version::Entity::find().one(&db).await.is_err());
        migration::down(&db, 1).await.expect("undone");
        assert_eq!(applied().await, 6);
        assert!(entity::progress::Entity::find().one(&db).await.is_err());
        assert!(entity::syncer::Entity::find().one(&db).await.is_err());
        assert!(entity::command::Entity::find().one(&db).await.is_err());
        assert!(entity::run::Entity::find().one(&db).await.is_err());
        migration::down(&db, 1).await.expect("undone");
        assert_eq!(applied().await, 5);
        assert!(entity::signing_key::Entity::find().one(&db).await.is_err());
        assert!(entity::setup_token::Entity::find().one(&db).await.is_err());
        migration::down(&db, 1).await.expect("undone");
        assert_eq!(applied().await, 4);
        assert!(entity::version::Entity::find().one(&db).await.is_err());
        assert!(entity::request::Entity::find().one(&db).await.is_err());
        migration::down(&db, 1).await.expect("undone");
        assert_eq!(applied().await, 3);
        assert!(entity::resource::Entity::find().one(&db).await.is_err());
        migration::down(&db, 1).await.expect("undone");
        assert_eq!(applied().await, 2);
        assert!(entity::page::Entity::find().one(&db).await.is_err());
        migration::down(&db, 1).await.expect("undone");
        assert_eq!(applied().await, 1);
        assert!(entity::user::Entity::find().one(&db).await.is_err());
        migration::down(&db, 1).await.expect("undone");
        assert!(entity::source::Entity::find().one(&db).await.is_err());
        migration::up(&db).await.expect("made again");
        assert_eq!(applied().await, 8);
    }
}
