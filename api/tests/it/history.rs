//! What records were: each version of one, and all of them as they were at each version.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use entity::{definition::Definition, record, resource};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use reqwest::header::IF_NONE_MATCH;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::{
    cats::{breed, breeds, image, images, row, text},
    depth::{rows_read, servers},
    openapi::{Document, Operation},
    world::{Answer, World, settings},
    writer::{Op, Writer},
};

const LIST: &str = "/api/v1/cats/breeds";
const KEYS: [&str; 9] = ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"];

/// The breeds, each version of which is kept.
fn kept() -> Definition {
    Definition {
        history: true,
        ..breeds()
    }
}

fn named(id: &str, name: &str) -> record::Row {
    let payload = json!({ "id": id, "name": name }).to_string();
    row(&kept(), id, &payload, &[("id", text(id))])
}

/// For each commit, what happens to which rows.
fn commits() -> Vec<Vec<(usize, u8)>> {
    let op = (0..KEYS.len(), 0..5_u8);
    let commit = proptest::collection::vec(op, 1..5);
    let many = proptest::collection::vec(commit, 30..31);
    // The seed is fixed.
    let mut runner = TestRunner::deterministic();
    many.new_tree(&mut runner).expect("a value").current()
}

/// The ops of one commit: each row at most once, and only what lives goes.
fn ops(writer: &Writer<'_>, number: usize, wanted: &[(usize, u8)]) -> Vec<Op> {
    let live = writer.live();
    let mut by_key = BTreeMap::new();
    for (key, what) in wanted {
        let name = KEYS[*key];
        let op = match what {
            0 if live.contains_key(name) => Op::Delete(name),
            1 if live.contains_key(name) => Op::Remove(name),
            _ => Op::Put(named(name, &number.to_string())),
        };
        by_key.insert(*key, op);
    }
    by_key.into_values().collect()
}

/// All records of a list, page by page, by their key.
async fn listed(world: &World, query: &str) -> BTreeMap<String, String> {
    let (mut rows, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = world.get(&format!("{LIST}?{query}&limit=2{cursor}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.body);
        let page = page.json();
        for row in page["data"].as_array().expect("rows") {
            let key = row["id"].as_str().expect("a key").to_owned();
            let again = rows.insert(key, row.to_string());
            assert_eq!(again, None, "each comes once");
        }
        match page["page"]["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

/// `rows` with the changes since `version`.
async fn followed(
    world: &World,
    mut rows: BTreeMap<String, String>,
    version: i64,
) -> BTreeMap<String, String> {
    let changes = world
        .get(&format!("{LIST}/-/changes?since={version}&limit=1000"))
        .await;
    for change in changes.json()["data"].as_array().expect("changes") {
        let key = change["key"].as_str().expect("a key").to_owned();
        match &change["data"] {
            Value::Null => drop(rows.remove(&key)),
            data => drop(rows.insert(key, data.to_string())),
        }
    }
    rows
}

/// Asserts that `version`, which there was until a time, is told as `snapshot` by its time, and record by record.
async fn told_as(
    world: &World,
    (version, until): (i64, Option<DateTime<Utc>>),
    snapshot: &BTreeMap<String, String>,
) {
    if let Some(until) = until {
        let time = until.min(world.now());
        let time = time.to_rfc3339_opts(SecondsFormat::Millis, true);
        assert_eq!(listed(world, &format!("as_of={time}")).await, *snapshot);
    }
    for key in KEYS {
        let one = world.get(&format!("{LIST}/{key}?as_of={version}")).await;
        let found = (one.status == 200).then(|| one.json()["data"].to_string());
        assert_eq!(found.as_ref(), snapshot.get(key), "{key} at {version}");
        assert!([200, 404].contains(&one.status.as_u16()), "{}", one.body);
    }
}

#[tokio::test]
async fn each_version_is_told_as_it_was_and_the_changes_since_lead_to_the_table() {
    World::each(async |world| {
        let mut writer = Writer::begin(&world, kept(), &[named("k0", "first")]).await;
        let mut snapshots = BTreeMap::from([(0, BTreeMap::new()), (1, writer.live())]);
        let mut times = BTreeMap::from([(1, world.now())]);
        for (number, wanted) in commits().iter().enumerate() {
            let ops = ops(&writer, number, wanted);
            writer.commit(ops).await;
            snapshots.insert(writer.version, writer.live());
            times.insert(writer.version, world.now());
        }
        let all = resource::Entity::all_with_source(&world.db).await;
        let horizon = all.expect("it answers")[0].0.horizon;
        for (version, snapshot) in &snapshots {
            let then = listed(&world, &format!("as_of={version}")).await;
            assert_eq!(then, *snapshot, "{version} on {:?}", world.kind);
            let until = times
                .get(version)
                .map(|time| *time + Duration::milliseconds(999));
            told_as(&world, (*version, until), snapshot).await;
        }
        for (version, then) in snapshots.split_off(&horizon) {
            assert_eq!(followed(&world, then, version).await, writer.live());
        }
    })
    .await;
}

/// A record that was changed, went, and came back.
async fn eventful(world: &World) -> Writer<'_> {
    let mut writer = Writer::begin(world, kept(), &[named("a", "Anna"), named("b", "Bert")]).await;
    writer.commit(vec![Op::Put(named("a", "Anne"))]).await;
    writer.commit(vec![Op::Delete("a")]).await;
    writer.commit(vec![Op::Put(breed("a", &[]))]).await;
    writer.commit(vec![Op::Remove("a")]).await;
    writer
}

#[tokio::test]
async fn the_versions_of_a_record_are_told_the_newest_first() {
    World::each(async |world| {
        eventful(&world).await;
        let gone = world.get(&format!("{LIST}/a")).await;
        assert_eq!(gone.status, 404, "it is there no more");
        let answer = world.get(&format!("{LIST}/a/-/history")).await;
        let expected = concat!(
            r#"{"data":[{"version":5,"at":"2027-01-15T08:00:04Z","op":"delete","run":105,"data":null},"#,
            r#"{"version":4,"at":"2027-01-15T08:00:03Z","op":"insert","run":104,"#,
            r#""hash":"8489a5deb454a360345c7868bca8672d","data":{"id":"a"}},"#,
            r#"{"version":3,"at":"2027-01-15T08:00:02Z","op":"delete","run":103,"data":null},"#,
            r#"{"version":2,"at":"2027-01-15T08:00:01Z","op":"update","run":102,"changed_fields":["name"],"#,
            r#""hash":"0e640d978bc21f037df9f5898577fde3","data":{"id":"a","name":"Anne"}},"#,
            r#"{"version":1,"at":"2027-01-15T08:00:00Z","op":"insert","run":null,"#,
            r#""hash":"9904e70824498af7b3724686b1e4e2ac","data":{"id":"a","name":"Anna"}}],"#,
            r#""page":{"limit":50,"next":null,"prev":null},"count":null,"#,
            r#""meta":{"source":"cats","resource":"breeds","version":5,"synced_at":"2027-01-15T08:00:00Z","#,
            r#""complete":false,"stale":false}}"#,
        );
        assert_eq!(answer.body, expected, "{:?}", world.kind);
        let link = answer.header("link");
        assert!(link.starts_with("<../../-/schema>;"), "{link}");
        let mut pages = Vec::new();
        let mut cursor = String::new();
        for _ in 0..3 {
            let path = format!("{LIST}/a/-/history?limit=2&fields=name{cursor}");
            let page = world.get(&path).await.json();
            let next = page["page"]["next"].as_str().unwrap_or_default();
            cursor = format!("&cursor={next}");
            pages.push(page["data"].as_array().expect("versions").clone());
        }
        assert!(cursor.ends_with('='), "the last page says so");
        let pages = pages.concat();
        let versions: Vec<_> = pages.iter().map(|entry| entry["version"].clone()).collect();
        assert_eq!(versions, [5, 4, 3, 2, 1]);
        assert_eq!(pages[3]["op"], "update", "though the page before ends on it");
        assert_eq!(pages[3]["changed_fields"], json!(["name"]));
        assert_eq!(pages[1]["data"], json!({ "id": "a" }));
        let strange = world.get(&format!("{LIST}/c/-/history")).await;
        assert_eq!(strange.status, 404);
        assert_eq!(strange.json()["errors"][0]["code"], "UNKNOWN_RECORD");
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_the_past_says_so_and_may_be_kept() {
    World::each(async |world| {
        let mut writer = eventful(&world).await;
        let answer = world.get(&format!("{LIST}/a?as_of=2&fields=name")).await;
        let expected = concat!(
            r#"{"data":{"id":"a","name":"Anne"},"#,
            r#""meta":{"source":"cats","resource":"breeds","version":2,"at":"2027-01-15T08:00:01Z"}}"#,
        );
        assert_eq!(answer.body, expected);
        let list = world.get(&format!("{LIST}?as_of=2&limit=1")).await;
        let next = list.json()["page"]["next"].as_str().expect("more").to_owned();
        let expected = format!(
            "{}{next}{}",
            r#"{"data":[{"id":"a","name":"Anne"}],"page":{"limit":1,"next":""#,
            concat!(
                r#"","prev":null},"count":null,"#,
                r#""meta":{"source":"cats","resource":"breeds","version":2,"at":"2027-01-15T08:00:01Z"}}"#,
            ),
        );
        assert_eq!(list.body, expected);
        assert_eq!(
            list.header("link"),
            format!(
                "<?as_of=2&limit=1&cursor={next}>; rel=\"next\", <breeds/-/schema>; rel=\"describedby\", \
                 <../../openapi.json>; rel=\"service-desc\""
            )
        );
        let bare = world.get(&format!("{LIST}?as_of=2&shape=array")).await;
        let rows = r#"[{"id":"a","name":"Anne"},{"id":"b","name":"Bert"}]"#;
        assert_eq!(bare.body, rows);
        for answer in [&answer, &list, &bare] {
            assert_eq!(answer.header("catchment-version"), "2");
            let control = answer.header("cache-control");
            assert_eq!(control, "public, max-age=86400, immutable");
        }
        // Whatever happens later, the copy is good.
        let tag = list.header("etag").to_owned();
        writer.commit(vec![Op::Put(named("b", "Berta"))]).await;
        for (version, status) in [(2, 304), (3, 200)] {
            let path = format!("{LIST}?as_of={version}&limit=1");
            let again = world.get_with(&path, &[(IF_NONE_MATCH, &tag)]).await;
            assert_eq!(again.status, status, "{version}");
        }
        // What was at a time may still be committed with an earlier one.
        let timed = world.get(&format!("{LIST}/a?as_of=2027-01-15T08:00:01.5Z")).await;
        assert_eq!(timed.json()["data"]["name"], "Anne");
        assert_eq!(timed.header("cache-control"), "public, no-cache");
        assert_eq!(timed.header("catchment-version"), "2");
    })
    .await;
}

#[tokio::test]
async fn a_list_at_a_time_keeps_its_version_from_page_to_page() {
    World::each(async |world| {
        let rows = ["a", "b", "c"].map(|key| named(key, "old"));
        let mut writer = Writer::begin(&world, kept(), &rows).await;
        let asked = format!("{LIST}?as_of=2027-01-15T08:00:00Z&limit=2");
        let next = world.get(&asked).await.json()["page"]["next"].clone();
        let next = next.as_str().expect("more");
        // A clock that is behind.
        world.wait(Duration::seconds(-2));
        writer.commit(vec![Op::Put(named("c", "new"))]).await;
        world.wait(Duration::seconds(2));
        let rest = world.get(&format!("{asked}&cursor={next}")).await.json();
        assert_eq!(rest["data"], json!([{ "id": "c", "name": "old" }]));
        let other = world
            .get(&format!("{LIST}?as_of=1&limit=2&cursor={next}"))
            .await;
        assert_eq!(other.json()["code"], "CURSOR_MISMATCH");
        let present = world.get(&format!("{LIST}?limit=2&cursor={next}")).await;
        assert_eq!(present.json()["code"], "CURSOR_MISMATCH");
    })
    .await;
}

#[tokio::test]
async fn what_is_before_the_beginning_or_still_to_come_is_refused() {
    World::each(async |world| {
        let writer = eventful(&world).await;
        let all = resource::Entity::all_with_source(&world.db).await;
        let id = all.expect("it answers")[0].0.id;
        let since = Some((3, world.now() - Duration::seconds(2)));
        let begun = resource::Entity::remembers(&world.db, id, since).await;
        begun.expect("it is written down");
        world.refresh().await;
        assert_eq!(writer.version, 5);
        let checked = async |path: String, status: u16, said: &str| {
            let answer = world.get(&path).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
            let problem = answer.json();
            let detail = problem["detail"].as_str().expect("a text");
            assert!(detail.contains(said), "{path}: {detail}");
            problem
        };
        let paths = [LIST.to_owned(), format!("{LIST}/b")];
        let moments = ["2", "0", "2027-01-15T08:00:01.9Z", "1900-01-01T00:00:00Z"];
        let early = paths
            .iter()
            .flat_map(|path| moments.map(|at| format!("{path}?as_of={at}")));
        for path in early {
            let said = "the history begins at version 3, of 2027-01-15T08:00:02Z;";
            let problem = checked(path, 410, said).await;
            assert_eq!(problem["code"], "HISTORY_HORIZON");
            assert_eq!(problem["errors"][0]["allowed"][0], "3");
        }
        for path in paths {
            let said = "version 6 has not come yet: the resource is at 5";
            checked(format!("{path}?as_of=6"), 400, said).await;
            let far = "99999999999999999999999999";
            checked(format!("{path}?as_of={far}"), 400, "has not come yet").await;
            let future = "2027-01-15T08:00:05Z";
            checked(
                format!("{path}?as_of={future}"),
                400,
                "has not come yet: it is",
            )
            .await;
            checked(format!("{path}?as_of=yesterday"), 400, "expected a version").await;
            assert_eq!(world.get(&format!("{path}?as_of=5")).await.status, 200);
        }
        let none = checked(
            format!("{LIST}/a?as_of=3"),
            404,
            "had no record `a` at version 3",
        )
        .await;
        assert_eq!(none["errors"][0]["parameter"], "key");
    })
    .await;
}

#[tokio::test]
async fn what_needs_an_index_or_a_history_is_refused_with_all_else() {
    World::each(async |world| {
        world.mirrored(&kept(), &[breed("a", &[])]).await;
        world.mirrored(&images(), &[image("a", "1", 3)]).await;
        let codes = async |path: &str| {
            let answer = world.get(path).await;
            answer.faults(&["parameter", "code"])
        };
        let query = "as_of=x&name=y&sort=name&embed=images&count=exact&limit=0&nmae=1&shape=tree";
        let expected = [
            "name NOT_WITH_AS_OF",
            "sort NOT_WITH_AS_OF",
            "embed NOT_WITH_AS_OF",
            "count NOT_WITH_AS_OF",
            "nmae UNKNOWN_PARAMETER",
            "as_of INVALID_VALUE",
            "limit INVALID_VALUE",
            "shape INVALID_VALUE",
        ];
        assert_eq!(codes(&format!("{LIST}?{query}")).await, expected);
        let of_one = codes(&format!("{LIST}/a?as_of=1&embed=-provenance&limit=1")).await;
        assert_eq!(of_one, ["embed NOT_WITH_AS_OF", "limit NOT_WITH_AS_OF"]);
        for path in [
            "-/facets?facet=name&",
            "-/random?",
            "-/export?",
            "-/changes?",
            "a/images?",
        ] {
            let found = codes(&format!("{LIST}/{path}as_of=1")).await;
            assert_eq!(found, ["as_of NOT_WITH_AS_OF"], "{path}");
        }
        let twice = codes(&format!("{LIST}?as_of=1&as_of=1")).await;
        assert_eq!(twice, ["as_of REPEATED_PARAMETER"]);
        let without = "/api/v1/cats/images";
        let found = codes(&format!("{without}?as_of=1&limit=0")).await;
        assert_eq!(found, ["as_of NO_HISTORY", "limit INVALID_VALUE"]);
        assert_eq!(
            codes(&format!("{without}/a,1?as_of=1")).await,
            ["as_of NO_HISTORY"]
        );
        let answer = world.get(&format!("{without}/a,1/-/history")).await;
        assert_eq!(answer.status, 404);
        let detail = answer.json()["detail"].to_string();
        assert!(
            detail.contains("`history = true` in its definition"),
            "{detail}"
        );
        let found = codes(&format!("{LIST}/a/-/history?limit=0&sort=name")).await;
        assert_eq!(found, ["sort UNKNOWN_PARAMETER", "limit INVALID_VALUE"]);
        let nearest = world.get(&format!("{LIST}?as_off=1")).await;
        assert_eq!(nearest.faults(&["did_you_mean"]), ["as_of"]);
    })
    .await;
}

#[tokio::test]
async fn it_is_documented_where_there_is_one() {
    World::each(async |world| {
        world.mirrored(&kept(), &[breed("abys", &[])]).await;
        world.mirrored(&images(), &[image("abys", "1", 3)]).await;
        let document = Document::of(&world).await;
        let paths: HashMap<&str, Operation<'_>> = document
            .operations()
            .map(|operation| (operation.path, operation))
            .collect();
        let with: Vec<&str> = paths
            .keys()
            .copied()
            .filter(|path| path.ends_with("history"))
            .collect();
        assert_eq!(with, ["/api/v1/cats/breeds/{key}/-/history"]);
        let answered = async |path: &str, query: &str| -> Answer {
            let answer = world.get(&(path.replace("{key}", "abys") + query)).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            document.conforms(&paths[path], &answer, path);
            answer
        };
        for path in [LIST.to_owned(), format!("{LIST}/{{key}}")] {
            let parameters = paths[path.as_str()].value["parameters"].to_string();
            assert!(parameters.contains("/AsOf\""), "{path}");
            answered(&path, "").await;
            answered(&path, "?as_of=1").await;
        }
        answered(LIST, "?as_of=1&shape=array").await;
        answered(with[0], "").await;
        let of_images = paths["/api/v1/cats/images"].value["parameters"].to_string();
        assert!(!of_images.contains("/AsOf\""));
        let since = async |name: &str| {
            let schema = world.get(&format!("/api/v1/cats/{name}/-/schema")).await;
            schema.json()["x-catchment"]["history"].clone()
        };
        let begun = json!({ "version": 0, "at": "2027-01-15T08:00:00Z" });
        assert_eq!(since("breeds").await, begun);
        assert_eq!(since("images").await, Value::Null);
    })
    .await;
}

/// Two hundred records; the first of them has as many versions as would fill a page thousands of times.
async fn restless(world: &World) {
    let rows: Vec<_> = (0..200)
        .map(|at| breed(&format!("b{at:03}"), &[]))
        .collect();
    world.mirrored(&kept(), &rows).await;
    for many in 0..20_i64 {
        let entries = (0..1000).map(|at| {
            let version = 2 + many * 1000 + at;
            format!("(1, {version}, 1, '2027-01-15 08:00:00', 'b000', '', '{{\"id\":\"b000\"}}')")
        });
        let entries: Vec<String> = entries.collect();
        let insert = format!(
            "INSERT INTO cats_breeds__history VALUES {}",
            entries.join(",")
        );
        let written = world.db.execute_unprepared(&insert).await;
        written.expect("they are written");
    }
    let analysed = world
        .db
        .execute_unprepared("ANALYZE TABLE cats_breeds__history");
    analysed.await.expect("it is analysed");
    let id = world.registered(&kept()).await;
    let change = resource::Change {
        version: 20_001,
        live_rows: 200,
        last_rowno: 200,
        at: world.now(),
        run_id: None,
    };
    let changed = resource::Entity::changed(&world.db, id, change).await;
    changed.expect("it is written down");
    world.refresh().await;
}

/// `path` with the cursor of its second page, if it ends on one that is missing.
async fn followed_by_a_cursor(world: &World, path: String) -> String {
    let Some(first) = path.strip_suffix("&cursor=") else {
        return path;
    };
    let page = world.get(first).await.json();
    let next = page["page"]["next"].as_str().expect("more");
    format!("{path}{next}")
}

#[tokio::test]
async fn a_page_of_the_past_costs_the_same_however_much_happened() {
    for kind in servers() {
        // Only the servers count what a session reads; with one connection it is the session of both.
        let world = World::with_connections(kind, settings(), 1).await;
        restless(&world).await;
        for path in [
            format!("{LIST}?as_of=10000&limit=10"),
            format!("{LIST}?as_of=1&limit=10"),
            format!("{LIST}/b000?as_of=10000"),
            format!("{LIST}/b000/-/history?limit=10"),
            format!("{LIST}?as_of=10000&limit=10&cursor="),
            format!("{LIST}/b000/-/history?limit=10&cursor="),
        ] {
            let path = followed_by_a_cursor(&world, path).await;
            let before = rows_read(&world).await;
            let answer = world.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            let read = rows_read(&world).await - before;
            assert!(read <= 100, "{path} reads {read} rows on {kind:?}");
        }
    }
}
