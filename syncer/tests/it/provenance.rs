//! What each row was asked for with: told of the page that brought it as it is, and of no other.

use std::{collections::BTreeMap, path::Path};

use entity::{request, run::Outcome};
use sea_orm::EntityTrait;

use crate::world::{THINGS, World, assert_outcome, on_each_database};

const A: &str = r#"{"id":"a","name":"Anna"}"#;
const B: &str = r#"{"id":"b","name":"Bert"}"#;
const B2: &str = r#"{"id":"b","name":"Berta"}"#;
const C: &str = r#"{"id":"c","name":"Carl"}"#;

/// The request of each live row, by its key, without the upstream's own address.
async fn requests(world: &World) -> BTreeMap<String, Option<String>> {
    let rows = world.models("things").await.into_iter();
    let rows: Vec<_> = rows.filter(|row| row.deleted_at.is_none()).collect();
    let wanted: Vec<_> = rows.iter().map(|row| (row.rowno, row.version)).collect();
    let id = world.resource("things").await.id;
    let found = request::Entity::urls_of(&world.db, id, &wanted).await;
    let mut urls = found.expect("the database answers");
    let told = |url: String| url.replace(&world.upstream.url, "");
    let told = rows
        .into_iter()
        .map(|row| (row.record_key, urls.remove(&row.rowno).map(told)));
    told.collect()
}

fn told(all: &[(&str, &str)]) -> BTreeMap<String, Option<String>> {
    let all = all.iter();
    all.map(|(key, url)| ((*key).to_owned(), Some((*url).to_owned())))
        .collect()
}

async fn kept(world: &World) -> Vec<request::Model> {
    let all = request::Entity::find().all(&world.db).await;
    all.expect("the database answers")
}

#[tokio::test]
async fn each_row_has_the_request_of_the_page_that_brought_it() {
    let secret = THINGS.replace(
        "schedule = \"every 1h\"",
        "schedule = \"every 1h\"\nquery = { key = \"${FAKE_KEY}\", of = \"all\" }",
    );
    on_each_database(&secret, async |world| {
        world.upstream.has(&[A, B, C]);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let first = "/things?key=***&of=all&page=0&limit=2";
        let second = "/things?key=***&of=all&page=1&limit=2";
        let expected = told(&[("a", first), ("b", first), ("c", second)]);
        assert_eq!(requests(&world).await, expected);
        let before = kept(&world).await;
        // What is as it was is written by nobody.
        world.sync("things").await;
        assert_eq!(kept(&world).await, before);
        // It moved to another page and changed; what only moved is what that page brought.
        world.upstream.has(&[A, C, B2]);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let expected = told(&[("a", first), ("b", second), ("c", second)]);
        assert_eq!(requests(&world).await, expected);
        let after = kept(&world).await;
        assert_eq!(after.len(), before.len() + 1);
        assert!(after.iter().all(|request| !request.url.contains("s3cret")));
    })
    .await;
}

#[tokio::test]
async fn a_row_that_comes_again_is_the_last_pages() {
    let upsert = THINGS
        .replace("\"mirror\"", "\"upsert\"")
        .replace("deletes = { how = \"soft\", max = \"50%\" }\n", "");
    on_each_database(&upsert, async |world| {
        world.upstream.has(&[A, B, B2, C]);
        world.sync("things").await;
        let (first, second) = ("/things?page=0&limit=2", "/things?page=1&limit=2");
        let expected = told(&[("a", first), ("b", second), ("c", second)]);
        assert_eq!(requests(&world).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_no_page_brought_so_has_none() {
    let named = THINGS.replace("\"text\"", "{ type = \"text\", required = true }");
    on_each_database(&named, async |mut world| {
        world.upstream.has(&[A, r#"{"id":"n"}"#]);
        world.sync("things").await;
        world.redefine(THINGS).await;
        world.pass(chrono::Duration::seconds(1));
        let source = &world.catalog.sources[0];
        let plan = source.resource("things").expect("it is defined");
        let replayed = syncer::replay(&world.ctx, source, plan, &syncer::Wanted::default()).await;
        replayed.expect("the database answers");
        let mut expected = told(&[("a", "/things?page=0&limit=2")]);
        expected.insert("n".to_owned(), None);
        assert_eq!(requests(&world).await, expected);
    })
    .await;
}

#[tokio::test]
async fn of_a_post_the_method_is_told_and_nothing_of_its_body() {
    let body = "method = \"POST\"\nbody = { word = \"w0rd\", key = \"${FAKE_KEY}\" }\nkey     =";
    on_each_database(&THINGS.replace("key     =", body), async |world| {
        world.upstream.has(&[A]);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let [only] = &kept(&world).await[..] else {
            panic!("one page brought it")
        };
        let url = format!("POST {}/things?page=0&limit=2", world.upstream.url);
        assert_eq!(only.url, url);
    })
    .await;
}

#[tokio::test]
async fn a_file_is_told_by_its_name() {
    on_each_database(THINGS, async |mut world| {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &format!("[{A},{B}]"));
        let start = THINGS.find("page    =").expect("its paging");
        let end = THINGS.find("[resource.things.fields]").expect("its fields");
        let file = THINGS.replace(&THINGS[start..end], "page = { kind = \"none\" }\n");
        let file = file.replace("retry    = { attempts = 2, max_wait = \"5s\" }\n", "");
        let file = file.replace("\"/things\"", "\"/my%20things.json\"");
        world.redefine_in(folder.path(), &file).await;
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let name = "my things.json";
        assert_eq!(requests(&world).await, told(&[("a", name), ("b", name)]));
    })
    .await;
}

fn write(folder: &Path, content: &str) {
    let written = std::fs::write(folder.join("my things.json"), content);
    written.expect("the folder can be written to");
}
