//! `catchment rejects`: what could not be stored and why, and another try after the definition was put right.

use crate::world::{World, with_shop};

/// The shop's items must be smaller than 2.
fn strict(world: &World) {
    let path = world.path("sources/shop.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let items = r#"path = "/items"
fields = { id = "integer" }"#;
    let small = r#"path = "/items"
fields = { id = "integer", small = { from = "/id", type = "integer", max = "1", on_bad = "reject" }, text = { from = "/id", type = "date" } }"#;
    assert!(text.contains(items));
    std::fs::write(path, text.replacen(items, small, 1)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_are_counted_then_shown_and_read_again() {
    let world = with_shop().await;
    strict(&world);
    world.run("sync shop.items");
    let listed = world.run("rejects list shop.items");
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    insta::assert_snapshot!(without_ages(&listed.stdout), @r"
    shop.items
    COUNT  KIND    FIELD  REASON
        2  record  small  field `small`: `…` is above the most, 1
        1  value   text   `…` is not a date of the form YYYY-MM-DD

    KIND    KEY  PATH  VALUE  REASON                                    RUN  KEPT
    value   1    /id   1      `1` is not a date of the form YYYY-MM-DD    1
    record  3    /id   3      field `small`: `3` is above the most, 1     1
    record  2    /id   2      field `small`: `2` is above the most, 1     1
    ");
    let values = world
        .run("rejects list shop.items --kind value --limit 1 --json")
        .json();
    let resource = &values["resources"][0];
    assert_eq!(resource["counts"].as_array().unwrap().len(), 1, "{values}");
    assert_eq!(resource["rejects"][0]["path"], "/id");
    assert!(resource["rejects"][0]["payload"].is_null(), "{values}");
    let records = world
        .run("rejects list shop.items --kind record --json")
        .json();
    let payload = &records["resources"][0]["rejects"][1]["payload"];
    assert_eq!(payload, r#"{"id":2}"#);
    let none = world.run("rejects list shop.items --field nope").stdout;
    assert_eq!(
        none,
        "shop.items: no rejects of that field or kind; there are 3 others\n"
    );
    world.run("sync shop.few");
    let few = world.run("rejects list shop.few").stdout;
    assert_eq!(few, "shop.few: no rejects\n");
    // As it is, nothing passes; then one does.
    let replayed = world.run("rejects replay shop.items");
    assert_eq!(
        (replayed.stdout.as_str(), replayed.code),
        ("shop.items: 2 still rejected\n", Some(0))
    );
    let path = world.path("sources/shop.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text.replace(r#"max = "1""#, r#"max = "2""#)).unwrap();
    let replayed = world.run("rejects replay shop.items --json").json();
    let counts = ["inserted", "rejected"].map(|name| replayed["replays"][0][name].as_i64());
    assert_eq!(counts, [Some(1), Some(1)], "{replayed}");
    let runs = world.run("runs shop.items --limit 1").stdout;
    assert!(runs.contains("complete (replay)"), "{runs}");
    assert_eq!(
        world.run("rejects replay shop.items --json").json()["replays"][0]["run"],
        5
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_is_told() {
    let world = with_shop().await;
    world.run("sync shop.items");
    let listed = world.run("rejects list shop.item");
    assert_eq!(listed.code, Some(2));
    assert!(
        listed.stderr.contains("did you mean `items`?"),
        "{}",
        listed.stderr
    );
    let replayed = world.run("rejects replay shop.item");
    assert_eq!(replayed.code, Some(2));
    assert!(
        replayed.stderr.contains("did you mean `items`?"),
        "{}",
        replayed.stderr
    );
}

/// The ages stand last in their lines.
fn without_ages(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_suffix(" s ago") {
        Some(line) => line
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .trim_end(),
        None => line.trim_end(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An upstream of `pages` alike, then one without records, which reads how much memory the process has had at most.
#[cfg(target_os = "linux")]
async fn most_memory(pages: usize, page: String, resource: &str) -> usize {
    use std::sync::{Arc, Mutex};

    use axum::{Router, extract::Query, routing::get};
    use tokio::{net::TcpListener, sync::watch};

    #[derive(serde::Deserialize)]
    struct Asked {
        page: usize,
    }

    let (told, id) = watch::channel(0_u32);
    let most = Arc::new(Mutex::new(0));
    let (page, seen) = (Arc::new(page), Arc::clone(&most));
    let answer = move |Query(asked): Query<Asked>| {
        let (page, seen, mut id) = (Arc::clone(&page), Arc::clone(&seen), id.clone());
        async move {
            let id = *id.wait_for(|id| *id > 0).await.unwrap();
            let json = [("content-type", "application/json")];
            if asked.page < pages {
                // No two records are the same.
                let page = page.replace("PAGE", &asked.page.to_string());
                return (json, page);
            }
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line
                .unwrap()
                .trim()
                .trim_end_matches(" kB")
                .parse::<usize>();
            *seen.lock().unwrap() = kib.unwrap() << 10;
            (json, "[]".to_owned())
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/things", get(answer));
    tokio::spawn(axum::serve(listener, router).into_future());
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    let definition = format!(
        r#"
[source]
name = "shop"
base_url = "{base_url}"

[resource.things]
path = "/things"
key = "id"
page = {{ kind = "page", param = "page", start = 0 }}
{resource}"#
    );
    world.file("sources/shop.toml", &definition);
    assert_eq!(world.run("migrate up").code, Some(0));
    let process = world.start("sync shop.things");
    told.send(process.id()).unwrap();
    let output = process.end();
    assert_eq!(output.code, Some(0), "{}\n{}", output.stdout, output.stderr);
    let most = *most.lock().unwrap();
    assert!(most > 0, "the last page was asked for");
    most
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn large_rejects_do_not_wait_in_memory_for_their_number() {
    let record = format!(r#"{{"no":"PAGE","text":"{}"}}"#, "x".repeat(2 << 20));
    let most = most_memory(48, format!("[{record}]"), "").await;
    assert!(most < 96 << 20, "{most} bytes where 96 MiB came");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_held_once_however_many_of_its_values_do_not_fit() {
    let numbers = |value: fn(usize) -> String| (0..30).map(value).collect::<Vec<_>>();
    let members = numbers(|number| format!(r#""n{number}":"text""#)).join(",");
    let text = "x".repeat(20_000);
    let record = |id| format!(r#"{{"id":"PAGE-{id}","text":"{text}",{members}}}"#);
    let records: Vec<String> = (0..100).map(record).collect();
    let fields = numbers(|number| format!("n{number} = {{ type = \"integer\", index = false }}"));
    let resource = format!("[resource.things.fields]\n{}\n", fields.join("\n"));
    let most = most_memory(3, format!("[{}]", records.join(",")), &resource).await;
    assert!(most < 96 << 20, "{most} bytes where 6 MB came");
}
