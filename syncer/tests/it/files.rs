//! Local files, read by parts: however small these are, the rows are those of the whole file.

use std::{io::Write, path::Path, sync::Arc};

use entity::run::Outcome;
use flate2::{Compression, write::GzEncoder};
use syncer::stop;

use crate::world::{World, assert_outcome, on_each_database};

/// Parts of a kilobyte.
const FILE: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
max_body = "1KB"

[resource.things]
path    = "/my%20things.csv"
format  = "csv"
key     = "line"
page    = { kind = "none" }
deletes = { how = "soft", max = "100%" }
[resource.things.fields]
size = "integer"
name = "text"
"#;

/// A table of `count` records, about fifty to the kilobyte, every seventh over two lines and every tenth broken.
fn table(count: usize) -> String {
    let line = |n: usize| match n {
        n if n % 10 == 0 => format!("{n}\r\n"),
        n if n % 7 == 0 => format!("{n},\"two\r\nlines, {n}\"\r\n"),
        n => format!("{n},\"name {n}\"\r\n"),
    };
    let lines: Vec<String> = (1..=count).map(line).collect();
    ["size,name\r\n", &lines.concat()].concat()
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), content).expect("the folder can be written to");
}

async fn in_folder(toml: &str, test: impl AsyncFn(World, &Path)) {
    on_each_database(toml, async |mut world| {
        let folder = tempfile::tempdir().expect("a folder");
        world.redefine_in(folder.path(), toml).await;
        test(world, folder.path()).await;
    })
    .await;
}

/// Checks that the table's rows are those of [`table`].
async fn holds(world: &World, count: usize) {
    let rows = world.rows("things").await;
    let live: Vec<_> = rows.iter().filter(|row| !row.deleted).collect();
    let expected = (1..=count).filter(|n| n % 10 != 0);
    assert_eq!(live.len(), expected.clone().count());
    for (row, n) in live.iter().zip(expected) {
        assert_eq!(row.key, n.to_string(), "{row:?}");
        assert!(
            row.payload
                .starts_with(&format!("{{\"size\":{n},\"name\":")),
            "{row:?}"
        );
    }
}

#[tokio::test]
async fn parts_make_the_whole() {
    in_folder(FILE, async |world, folder| {
        write(folder, "my things.csv", table(400));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert!(counts.pages > 5, "{counts:?}");
        assert_eq!(
            (counts.requests, counts.fetched, counts.rejected),
            (0, 400, 40)
        );
        holds(&world, 400).await;
        let reasons = world.reasons().await;
        assert_eq!(reasons.len(), 40);
        let last = "record 400: the line has 1 values where the header names 2 columns";
        assert!(reasons.iter().any(|reason| reason == last), "{reasons:?}");
        write(folder, "my things.csv", table(395));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.unchanged, report.counts.deleted), (356, 4));
        holds(&world, 395).await;
    })
    .await;
}

#[tokio::test]
async fn a_run_goes_on_in_the_part_where_it_was_stopped() {
    in_folder(FILE, async |mut world, folder| {
        write(folder, "my things.csv", table(400));
        let (stopper, stop) = stop::pair();
        world.ctx.stop = stop;
        let stopper = Arc::new(stopper);
        world.ctx.progress = Arc::new(move |_, counts, _| {
            if counts.pages == 3 {
                stopper.stop();
            }
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        assert!(
            (90..300).contains(&report.counts.fetched),
            "{:?}",
            report.counts
        );
        let before = report.counts.fetched;
        world.ctx.stop = stop::pair().1;
        world.ctx.progress = Arc::new(|_, _, _| {});
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(before + report.counts.fetched, 400);
        holds(&world, 400).await;
    })
    .await;
}

#[tokio::test]
async fn parts_of_two_files_are_not_one() {
    in_folder(FILE, async |mut world, folder| {
        write(folder, "my things.csv", table(400));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let path = folder.join("my things.csv");
        let shorter = path.clone();
        world.ctx.progress = Arc::new(move |_, counts, _| {
            if counts.pages == 2 {
                std::fs::write(&shorter, table(399)).expect("the file can be written");
            }
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        let expected = format!(
            "the file {} changed while its parts were read; a new run begins at its start",
            path.display()
        );
        assert_eq!(report.error, Some(expected));
        holds(&world, 400).await;
        world.ctx.progress = Arc::new(|_, _, _| {});
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        holds(&world, 399).await;
    })
    .await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    in_folder(FILE, async |world, folder| {
        let path = folder.join("my things.csv");
        let fails = async |expected: &str| {
            let report = world.sync("things").await;
            let said = report.error.clone().expect("a reason");
            assert!(said.contains(&*path.to_string_lossy()), "{said}");
            assert!(said.contains(expected), "{said}");
        };
        fails("cannot be read: No such file").await;
        std::fs::create_dir(&path).expect("a folder");
        fails("cannot be read: it is no regular file").await;
        std::fs::remove_dir(&path).expect("it is empty");
        let endless = ["size,name\n1,\"", &"x".repeat(3000), "\n"].concat();
        write(folder, "my things.csv", &endless);
        fails("its record from byte 10 on is larger than max_body, 1000 bytes").await;
        assert!(world.rows("things").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn lines_of_json_and_compressed_tables_are_read_from_files() {
    in_folder(FILE, async |mut world, folder| {
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        gz.write_all(table(20).as_bytes()).expect("memory");
        write(folder, "things.csv.gz", gz.finish().expect("memory"));
        world
            .redefine_in(folder, &FILE.replace("my%20things.csv", "things.csv.gz"))
            .await;
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        holds(&world, 20).await;
        // One document is read as a whole, or not at all.
        write(folder, "things.json", format!("[{}]", "{},".repeat(400)));
        let json = FILE
            .replace("my%20things.csv", "things.json")
            .replace("format  = \"csv\"", "format = \"json\"");
        world.redefine_in(folder, &json).await;
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Failed);
        let said = report.error.expect("a reason");
        assert!(
            said.ends_with("is larger than max_body, 1000 bytes"),
            "{said}"
        );
        holds(&world, 20).await;
        let lines: Vec<String> = (1..=200)
            .map(|n| format!("{{\"size\":{n},\"name\":\"x\"}}\n"))
            .collect();
        write(folder, "things.ndjson", lines.concat());
        let ndjson = FILE
            .replace("my%20things.csv", "things.ndjson")
            .replace("format  = \"csv\"", "format = \"ndjson\"");
        world.redefine_in(folder, &ndjson).await;
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert!(report.counts.pages > 4, "{:?}", report.counts);
        let rows = world.rows("things").await;
        assert_eq!(rows.len(), 200);
        assert_eq!(rows[199].key, "200");
        assert_eq!(rows[199].payload, r#"{"size":200,"name":"x"}"#);
    })
    .await;
}
