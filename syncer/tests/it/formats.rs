//! Records that are lines of JSON, cells of a table, or members of an object by their id.

use entity::run::Outcome;

use crate::{
    upstream::Reply,
    world::{World, assert_outcome, on_each_database},
};

const HEAD: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"

[resource.things]
path    = "/things"
page    = { kind = "none" }
deletes = { how = "soft", max = "100%" }
"#;

const FIELDS: &str = r#"
[resource.things.fields]
name   = "text"
size   = "integer"
price  = "decimal(40,10)"
active = "boolean"
"#;

fn definition(lines: &str) -> String {
    [HEAD, lines, FIELDS].concat()
}

fn has(world: &World, kind: &'static str, body: &'static [u8]) {
    world.upstream.answers(move |_| Reply::Answer {
        status: 200,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body: body.to_vec(),
    });
}

const LINES: &str = "application/x-ndjson";
const TABLE: &str = "text/csv; charset=utf-8";

async fn payloads(world: &World) -> Vec<String> {
    let rows = world.rows("things").await.into_iter();
    rows.filter(|row| !row.deleted)
        .map(|row| row.payload)
        .collect()
}

#[tokio::test]
async fn a_record_a_line() {
    let toml = definition("key = \"id\"\nformat = \"ndjson\"");
    on_each_database(&toml, async |world| {
        has(
            &world, LINES,
            b"\xef\xbb\xbf{\"id\": 1, \"size\": 12345678901234567890}\r\n\r\n{\"id\":2,\n7\n{\"id\":3,\"name\":\"\xff\"}\n  {\"id\":4}",
        );
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert_eq!((counts.fetched, counts.inserted, counts.rejected), (5, 2, 3));
        assert_eq!(counts.bad_values, 1);
        assert_eq!(
            payloads(&world).await,
            [r#"{"id": 1, "size": 12345678901234567890}"#, r#"{"id":4}"#]
        );
        assert_eq!(
            world.reasons().await,
            [
                "record 2: the line is no JSON: EOF while parsing an object at column 8",
                "record 4: the line is not UTF-8: invalid utf-8 sequence of 1 bytes from index 16",
                "the record is a number; a record must be an object",
            ]
        );
        let again = world.sync("things").await;
        assert_outcome(&again, Outcome::Complete);
        assert_eq!((again.counts.unchanged, again.counts.rejected), (2, 3));
    })
    .await;
}

#[tokio::test]
async fn lines_that_are_cut_off_delete_nothing() {
    let toml = definition("key = \"id\"\nformat = \"ndjson\"");
    on_each_database(&toml, async |world| {
        has(&world, LINES, b"{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        has(&world, LINES, b"{\"id\":1}\n{\"id\":2");
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Failed);
        let said = report.error.expect("a reason");
        assert!(
            said.ends_with("its last line is cut off in the middle of a record"),
            "{said}"
        );
        assert_eq!(world.live("things").await, ["1", "2", "3"]);
    })
    .await;
}

#[tokio::test]
async fn an_object_of_records_by_their_ids() {
    let toml = definition("key = \"id\"\nrecords = \"body:/data\"\nkeyed_by = \"id\"");
    on_each_database(&toml, async |world| {
        world.upstream.answers(|_| {
            Reply::json(
                r#"{"more":{},"data":{"b/\u00fc": {"name":"Bert"},"7":{"id":7},"8":{"id":9},"x":[1],"e":{}}}"#,
            )
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert_eq!((counts.fetched, counts.inserted, counts.rejected), (5, 3, 2));
        assert_eq!(
            payloads(&world).await,
            [
                r#"{"id":"b/\u00fc","name":"Bert"}"#,
                r#"{"id":7}"#,
                r#"{"id":"e"}"#
            ]
        );
        assert_eq!(world.live("things").await, ["7", "b/ü", "e"]);
        assert_eq!(
            world.reasons().await,
            [
                r#"record 3: the record's own `id` is 9, and it is under the name "8"; give the name to a member that no record has"#,
                r#"record 4: the member "x" is an array; a record must be an object"#,
            ]
        );
        world.upstream.answers(|_| Reply::json(r#"{"data":[{"id":7}]}"#));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Failed);
        let said = report.error.expect("a reason");
        assert!(
            said.ends_with("`/data` is an array and not an object whose members are the records"),
            "{said}"
        );
        world.upstream.answers(|_| Reply::json(r#"{"data":{}}"#));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert!(world.live("things").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_table_with_a_header() {
    let toml = definition("key = \"id\"\nformat = \"csv\"");
    on_each_database(&toml, async |world| {
        has(
            &world, TABLE,
            b"\xef\xbb\xbfid,name,size,price,active,\"the \"\"rest\"\"\"\r\n\
              007,\"Anna, \"\"A\"\"\nof B\",3,1.5000000000,true,\r\n\
              b,,-0,123456789012345678901234567890.0123456789,0,x\r\n\
              \r\n\
              c,1,03, 7,TRUE,1\r\n",
        );
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.inserted, report.counts.bad_values), (3, 0));
        assert_eq!(
            payloads(&world).await,
            [
                r#"{"id":"007","name":"Anna, \"A\"\nof B","size":3,"price":1.5000000000,"active":true,"the \"rest\"":null}"#,
                r#"{"id":"b","name":null,"size":-0,"price":123456789012345678901234567890.0123456789,"active":0,"the \"rest\"":"x"}"#,
                r#"{"id":"c","name":"1","size":"03","price":" 7","active":"TRUE","the \"rest\"":"1"}"#,
            ]
        );
        // What is written as a text is read as what its field holds all the same.
        let read = world
            .column("SELECT record_key FROM fake_things WHERE size = 3 AND active ORDER BY rowno")
            .await;
        assert_eq!(read, [Some("007".to_owned()), Some("c".to_owned())]);
        assert_eq!(world.sync("things").await.counts.unchanged, 3);
    })
    .await;
}

#[tokio::test]
async fn lines_of_a_table_that_are_no_records() {
    let toml = definition("key = \"id\"\nformat = \"csv\"\ndelimiter = \";\"");
    on_each_database(&toml, async |world| {
        has(
            &world, TABLE,
            b"id;name;size\n1;a;large\n2;b\n3;c;3;4\n4;\xff;4\n;nobody;5\n6;f;6",
        );
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(world.live("things").await, ["1", "6"]);
        assert_eq!(report.counts.bad_values, 1);
        assert_eq!(
            world.reasons().await,
            [
                "key field `id` is absent or null",
                "record 2: the line has 2 values where the header names 3 columns",
                "record 3: the line has 4 values where the header names 3 columns",
                "record 4: its value of \"name\" is not UTF-8: invalid utf-8 sequence of 1 bytes from index 0",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_table_that_cannot_be_read() {
    let toml = definition("key = \"id\"\nformat = \"csv\"");
    on_each_database(&toml, async |world| {
        has(&world, TABLE, b"id,name\n1,a\n2,b\n");
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let check = async |body: &'static [u8], expected: &str| {
            has(&world, TABLE, body);
            let report = world.sync("things").await;
            assert_outcome(&report, Outcome::Failed);
            let said = report.error.expect("a reason");
            assert!(said.contains(expected), "{said}");
            assert_eq!(world.live("things").await, ["1", "2"]);
        };
        check(b"", "it has no header line").await;
        check(
            b"id,name,size,name,size\n",
            "its header line names `name`, `size` more than once",
        )
        .await;
        check(
            b"id;name\n1;a\n",
            "no column `id`, without which no record can be a row; it names `id;name`",
        )
        .await;
        check(b"id,\xff\n", "its header line is not UTF-8").await;
        has(&world, "text/html", b"<html>id,name</html>");
        let report = world.sync("things").await;
        let said = report.error.expect("a reason");
        assert!(
            said.contains("content type `text/html` where CSV was expected"),
            "{said}"
        );
        check(
            b"id,name\n1,a\n2",
            "its last record, from line 3 on, is cut off",
        )
        .await;
        check(
            b"id,name\n1,\"a\n2,b\n",
            "its last record, from line 2 on, is cut off",
        )
        .await;
    })
    .await;
}
