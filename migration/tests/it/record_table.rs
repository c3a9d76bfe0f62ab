//! A resource's table is made and altered as its definition says, however often a step was taken already.

use entity::{
    definition::{Definition, Field, Identity, Order, OrderKey, Table},
    resource,
};
use migration::record_table::{Step, apply, index, plan, unchanged};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, Statement, prelude::DateTimeUtc,
};
use sea_orm_migration::SchemaManager;

use super::databases;

fn field(name: &str, kind: &str) -> Field {
    Field {
        name: name.to_owned(),
        kind: kind.parse().expect("a type"),
        index: kind != "json",
        contains: false,
        rule: String::new(),
        values: Vec::new(),
        required: false,
    }
}

fn definition(fields: &[(&str, &str)]) -> Definition {
    Definition {
        source: "own".to_owned(),
        resource: "things".to_owned(),
        table: "own_things".to_owned(),
        description: None,
        key: vec!["id".to_owned()],
        identity: Identity::Key,
        history: false,
        tables: Vec::new(),
        orders: Vec::new(),
        search: Vec::new(),
        fields: fields
            .iter()
            .map(|(name, kind)| field(name, kind))
            .collect(),
        parent: None,
        face: None,
        read: None,
        local: None,
    }
}

fn objects(name: &str, fields: &[(&str, &str)]) -> Table {
    Table {
        name: name.to_owned(),
        fields: fields
            .iter()
            .map(|(name, kind)| field(name, kind))
            .collect(),
        rule: String::new(),
    }
}

async fn has(db: &DatabaseConnection, column: &str, table: &str) -> bool {
    let select = format!("SELECT {column} FROM {table}");
    db.query_all_raw(Statement::from_string(db.get_database_backend(), select))
        .await
        .is_ok()
}

#[test]
fn only_what_differs_is_changed() {
    let old = definition(&[
        ("id", "text"),
        ("name", "text"),
        ("size", "integer"),
        ("tags", "list"),
    ]);
    let mut new = definition(&[
        ("id", "text"),
        ("name", "text"),
        ("size", "float"),
        ("born", "date"),
    ]);
    assert_eq!(plan(None, &new), [Step::CreateTable]);
    assert_eq!(plan(Some(&new), &new), []);
    let size = |kind| field("size", kind);
    let steps = [
        Step::DropColumn(size("integer")),
        Step::DropList(field("tags", "list")),
        Step::AddColumn(size("float")),
        Step::AddColumn(field("born", "date")),
    ];
    assert_eq!(plan(Some(&old), &new), steps);
    new.fields[2].index = false;
    let unindexed = plan(
        Some(&definition(&[
            ("id", "text"),
            ("name", "text"),
            ("size", "float"),
            ("born", "date"),
        ])),
        &new,
    );
    assert_eq!(unindexed, [Step::DropIndex(new.fields[2].clone())]);
}

#[test]
fn an_order_goes_with_its_columns_and_comes_back_with_them() {
    let order = |keys: &[&str]| -> Order {
        let keys = keys.iter().map(|&key| OrderKey::from(key.to_owned()));
        keys.collect()
    };
    let by = order(&["name", "-id"]);
    let with = |kind: &str, orders: &[&Order]| Definition {
        orders: orders.iter().copied().cloned().collect(),
        ..definition(&[("id", "text"), ("name", kind)])
    };
    let check = |from: &Definition, to: &Definition, steps: &[Step]| {
        assert_eq!(plan(Some(from), to), steps);
    };
    let (create, drop) = (Step::CreateOrder(by.clone()), Step::DropOrder(by.clone()));
    check(
        &with("text", &[]),
        &with("text", &[&by]),
        std::slice::from_ref(&create),
    );
    check(
        &with("text", &[&by]),
        &with("text", &[]),
        std::slice::from_ref(&drop),
    );
    let turned = order(&["-name", "-id"]);
    let steps = [drop.clone(), Step::CreateOrder(turned.clone())];
    check(&with("text", &[&by]), &with("text", &[&turned]), &steps);
    let (old, new) = (with("text", &[&by]), with("integer", &[&by]));
    let (text, integer) = (old.fields[1].clone(), new.fields[1].clone());
    let steps = [
        drop,
        Step::DropColumn(text),
        Step::AddColumn(integer),
        create,
    ];
    check(&old, &new, &steps);
    assert!(unchanged(&old, &new).orders.is_empty());
    assert_eq!(unchanged(&old, &old).orders, [by]);
}

#[tokio::test]
async fn an_order_is_an_index_of_the_table() {
    for kind in testdb::kinds() {
        let database = testdb::fresh(kind).await;
        let db = entity::connect::connect(&database.url, 1)
            .await
            .expect("it opens");
        let order: Order = ["name", "-rank"]
            .map(|key| OrderKey::from(key.to_owned()))
            .to_vec();
        let plain = definition(&[("id", "text"), ("name", "integer"), ("rank", "integer")]);
        let with = Definition {
            orders: vec![order],
            ..plain.clone()
        };
        let has = async || {
            let manager = SchemaManager::new(&db);
            let found = manager
                .has_index("own_things", "by_own_things__name__0rank")
                .await;
            found.expect("it answers")
        };
        let change = async |from: &Definition, to: &Definition| {
            let steps = plan(Some(from), to);
            apply(&db, to, &steps).await.expect("it is changed");
        };
        apply(&db, &with, &plan(None, &with))
            .await
            .expect("it is made");
        assert!(!has().await, "a new table is filled first: {kind:?}");
        index(&db, &with).await.expect("it is indexed");
        assert!(has().await, "{kind:?}");
        change(&with, &plain).await;
        assert!(!has().await, "{kind:?}");
        change(&plain, &with).await;
        assert!(has().await, "{kind:?}");
        let other = Definition {
            fields: definition(&[("id", "text"), ("name", "text"), ("rank", "integer")]).fields,
            ..with.clone()
        };
        change(&with, &other).await;
        assert!(has().await, "{kind:?}");
    }
}

#[test]
fn a_table_of_objects_is_made_anew_when_its_columns_change() {
    let with = |tables: &[Table]| Definition {
        tables: tables.to_vec(),
        ..definition(&[("id", "text")])
    };
    let lines = objects("lines", &[("name", "text")]);
    let wider = objects("lines", &[("name", "text"), ("price", "float")]);
    let check = |from: &Table, to: &[Table], steps: &[Step]| {
        assert_eq!(
            plan(Some(&with(std::slice::from_ref(from))), &with(to)),
            steps
        );
    };
    let dropped = Step::DropObjects(lines.clone());
    check(&lines, &[], std::slice::from_ref(&dropped));
    check(
        &lines,
        std::slice::from_ref(&wider),
        &[dropped, Step::CreateObjects(wider.clone())],
    );
    // Where its values come from is the syncer's: it fills the same columns.
    let moved = Table {
        rule: "elsewhere".to_owned(),
        ..lines.clone()
    };
    check(&lines, &[moved], &[]);
    let mut unlimited = lines.clone();
    unlimited.fields[0].index = false;
    let steps = [
        Step::DropObjects(lines.clone()),
        Step::CreateObjects(unlimited.clone()),
    ];
    check(&lines, &[unlimited], &steps);
}

/// Found by the words of `name`, and by its parts.
fn searched(fields: &[(&str, &str)]) -> Definition {
    let mut searched = definition(fields);
    searched.search = vec!["name".to_owned()];
    for field in &mut searched.fields {
        field.contains = field.name == "name";
    }
    searched
}

#[test]
fn what_is_made_of_texts_comes_and_goes_with_the_wish_for_it() {
    let fields = [("id", "text"), ("name", "text")];
    let (plain, searched) = (definition(&fields), searched(&fields));
    let lists: Vec<Field> = searched.derived().collect();
    let [words, ends] = lists.as_slice() else {
        panic!("two lists expected: {lists:?}");
    };
    let created = [words, ends].map(|list| Step::CreateList(list.clone()));
    assert_eq!(plan(Some(&plain), &searched), created);
    let dropped = [words, ends].map(|list| Step::DropList(list.clone()));
    assert_eq!(plan(Some(&searched), &plain), dropped);
    let other = Definition {
        search: vec!["id".to_owned()],
        ..searched.clone()
    };
    assert_eq!(plan(Some(&searched), &other), []);
    assert_eq!(unchanged(&searched, &searched).search, ["name"]);
    assert_eq!(unchanged(&searched, &other).search, [""; 0]);
    let mut read_otherwise = searched.clone();
    read_otherwise.fields[1].rule = "other".to_owned();
    assert_eq!(unchanged(&searched, &read_otherwise).search, [""; 0]);
}

#[tokio::test]
async fn what_is_made_of_texts_is_indexed_when_the_table_is() {
    let made = searched(&[("id", "text"), ("name", "text"), ("tags", "list")]);
    for (_own, db) in databases().await {
        apply(&db, &made, &plan(None, &made)).await.expect("made");
        let manager = SchemaManager::new(&db);
        let indexed = async |list: &str| {
            let table = format!("own_things__{list}");
            let found = manager.has_index(&table, format!("ix_{table}")).await;
            found.expect("the database answers")
        };
        assert!(has(&db, "rowno, value", "own_things__q").await);
        assert!(indexed("tags").await);
        assert!(!indexed("q").await && !indexed("name__contains").await);
        for _again in 0..2 {
            index(&db, &made).await.expect("they are made");
            assert!(indexed("q").await && indexed("name__contains").await);
        }
        let plain = definition(&[("id", "text"), ("name", "text"), ("tags", "list")]);
        let change = async |from: &Definition, to: &Definition| {
            let steps = plan(Some(from), to);
            apply(&db, to, &steps).await.expect("it is changed");
        };
        change(&made, &plain).await;
        assert!(!has(&db, "value", "own_things__q").await);
        change(&plain, &made).await;
        assert!(indexed("q").await && indexed("name__contains").await);
    }
}

#[tokio::test]
async fn every_step_may_be_taken_again() {
    let old = definition(&[
        ("id", "text"),
        ("size", "integer"),
        ("tags", "list"),
        ("extra", "json"),
    ]);
    let mut new = definition(&[
        ("id", "text"),
        ("size", "decimal(30,2)"),
        ("words", "list"),
        ("seen", "timestamp"),
    ]);
    new.tables = vec![objects("lines", &[("name", "text"), ("rest", "json")])];
    for (_own, db) in databases().await {
        apply(&db, &old, &plan(None, &old)).await.expect("made");
        apply(&db, &old, &plan(None, &old))
            .await
            .expect("made anew while nobody knows of it");
        assert!(has(&db, "size, extra, payload", "own_things").await);
        let steps = plan(Some(&old), &new);
        // A crash leaves any number of steps done: all of them are taken again.
        for done in 0..=steps.len() {
            apply(&db, &new, &steps[..done]).await.expect("some steps");
        }
        assert!(has(&db, "size, seen", "own_things").await);
        assert!(has(&db, "position, value", "own_things__words").await);
        assert!(has(&db, "rowno, position, name, rest", "own_things__lines").await);
        assert!(!has(&db, "extra", "own_things").await);
        assert!(!has(&db, "value", "own_things__tags").await);
    }
}

#[tokio::test]
async fn only_indexes_that_are_missing_are_made() {
    let made = definition(&[("id", "text"), ("size", "integer"), ("extra", "json")]);
    for (_own, db) in databases().await {
        apply(&db, &made, &plan(None, &made)).await.expect("made");
        let manager = SchemaManager::new(&db);
        let has = async |field: &str| {
            let name = format!("ix_own_things__{field}");
            let found = manager.has_index("own_things", name).await;
            found.expect("the database answers")
        };
        let orders = async || {
            let name = order_index(&db);
            let found = manager.has_index("own_things", name).await;
            found.expect("the database answers")
        };
        assert!(!has("id").await && !has("size").await && !orders().await);
        let one = Step::CreateIndex(made.fields[1].clone());
        apply(&db, &made, &[one]).await.expect("one is made");
        for _again in 0..2 {
            index(&db, &made).await.expect("the others are made");
            assert!(has("id").await && has("size").await && !has("extra").await);
            assert!(orders().await);
        }
    }
}

/// The name of the index by which the changes of `own_things` are read.
fn order_index(db: &DatabaseConnection) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Sqlite => "ix_own_things__version",
        _ => "ix_version",
    }
}

#[tokio::test]
async fn tables_that_were_made_before_get_the_order_of_changes_and_begin_it_where_they_are() {
    let made = definition(&[("id", "text")]);
    for (_own, db) in databases().await {
        migration::up(&db).await.expect("made");
        let row = resource::Entity::register(&db, 1, &made)
            .await
            .expect("registered");
        assert_eq!(row.horizon, 0);
        apply(&db, &made, &plan(None, &made)).await.expect("made");
        let id = row.id;
        let written = resource::Entity::projected(&db, id, &made).await;
        written.expect("written down");
        let change = resource::Change {
            version: 7,
            live_rows: 0,
            last_rowno: 0,
            at: DateTimeUtc::UNIX_EPOCH,
            run_id: None,
        };
        let written = resource::Entity::changed(&db, id, change).await;
        written.expect("written down");
        let manager = SchemaManager::new(&db);
        let orders = async || {
            let found = manager.has_index("own_things", order_index(&db)).await;
            found.expect("the database answers")
        };
        let again = async || {
            // As far as the one that wrote down the horizon, the fourth.
            let all = migration::status(&db).await.expect("it answers").len();
            let behind = u32::try_from(all - 3).expect("few");
            migration::down(&db, behind).await.expect("undone");
            migration::up(&db).await.expect("made again");
            let found = resource::Entity::find_by_id(id).one(&db).await;
            found.expect("it answers").expect("its row").horizon
        };
        assert_eq!(again().await, 7);
        assert!(!orders().await, "its first run has not ended");
        let written = resource::Entity::indexed(&db, id).await;
        written.expect("written down");
        assert_eq!(again().await, 7);
        assert!(orders().await);
        assert_eq!(again().await, 7, "also where the index is there already");
    }
}

#[tokio::test]
async fn undoing_the_schema_leaves_no_table_behind() {
    let mut made = definition(&[("id", "text"), ("tags", "list")]);
    made.tables = vec![objects("lines", &[("name", "text")])];
    made.history = true;
    for (_own, db) in databases().await {
        migration::up(&db).await.expect("made");
        apply(&db, &made, &plan(None, &made)).await.expect("made");
        let row = resource::Entity::register(&db, 1, &made)
            .await
            .expect("registered");
        resource::Entity::projected(&db, row.id, &made)
            .await
            .expect("written down");
        migration::down(&db, u32::MAX).await.expect("undone");
        assert!(!has(&db, "payload", "own_things").await);
        assert!(!has(&db, "value", "own_things__tags").await);
        assert!(!has(&db, "name", "own_things__lines").await);
        assert!(!has(&db, "payload", "own_things__history").await);
    }
}

#[tokio::test]
async fn a_history_has_a_table_that_stays_when_it_is_not_wanted_any_more() {
    let without = definition(&[("id", "text")]);
    let with = Definition {
        history: true,
        ..without.clone()
    };
    assert_eq!(plan(None, &with), [Step::CreateTable]);
    assert_eq!(plan(Some(&without), &with), [Step::CreateHistory]);
    assert_eq!(plan(Some(&with), &without), []);
    assert!(!unchanged(&without, &with).history, "it has not begun");
    for (_own, db) in databases().await {
        let there = async || has(&db, "payload", "own_things__history").await;
        let steps = plan(None, &without);
        apply(&db, &without, &steps).await.expect("made");
        assert!(!there().await);
        let steps = plan(Some(&without), &with);
        apply(&db, &with, &steps).await.expect("made");
        assert!(there().await);
        let entry =
            "INSERT INTO own_things__history VALUES (1, 1, 0, '2026-11-21', 'a', 'h', '{}')";
        db.execute_unprepared(entry).await.expect("an entry");
        apply(&db, &with, &steps).await.expect("a step again");
        let error = db.execute_unprepared(entry).await;
        assert!(error.is_err(), "the entry is there still");
        // The resource that it was of is not the one whose tables are made now.
        let error = apply(&db, &with, &plan(None, &with)).await;
        let error = error.expect_err("the entry is another's").to_string();
        assert!(
            error.contains("`own_things__history` exists already"),
            "{error}"
        );
    }
}
