//! Every type at its limits: stored exactly or not at all, and in the same order on every database.

use entity::run::Outcome;
use serde_json::json;

use crate::world::{World, assert_outcome, on_each_database};

const LIMITS: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"

[resource.limits]
path = "/limits"
key  = ["id"]
page = { kind = "page", param = "page", start = 0, size_param = "limit", size = 100, total = "header:pagination-count" }
[resource.limits.fields]
widest  = "decimal(65,30)"
small   = "decimal(15,5)"
whole   = "integer"
ratio   = "float"
day     = "date"
instant = "timestamp"
name    = "text"
note    = { type = "text", index = false }
extra   = "json"
words   = "list"
"#;

/// The keys of the rows that have a value in `field`, in its order.
async fn order(world: &World, field: &str) -> Vec<String> {
    let sql = format!(
        "SELECT record_key FROM fake_limits WHERE {field} IS NOT NULL ORDER BY {field}, rowno"
    );
    world.column(&sql).await.into_iter().flatten().collect()
}

/// Records `{"id": …, field: value}`, one for each of `values`.
fn records(field: &str, values: &[&str]) -> Vec<String> {
    let values = values.iter().enumerate();
    let record = |(id, value)| format!(r#"{{"id":"{id:02}","{field}":{value}}}"#);
    values.map(record).collect()
}

/// Syncs `values`, and returns how many did not fit.
async fn sync(world: &World, field: &str, values: &[&str]) -> i64 {
    let records = records(field, values);
    world
        .upstream
        .has(&records.iter().map(String::as_str).collect::<Vec<_>>());
    let report = world.sync("limits").await;
    assert_outcome(&report, Outcome::Complete);
    let stored: Vec<String> = world
        .rows("limits")
        .await
        .into_iter()
        .map(|row| row.payload)
        .collect();
    assert_eq!(stored, records, "the bytes are as they came");
    report.counts.bad_values
}

#[tokio::test]
async fn decimals_of_every_digit() {
    let (nines, after) = ("9".repeat(35), "9".repeat(30));
    let largest = format!("{nines}.{after}");
    let least = format!("-{largest}");
    let tiny = format!("0.{}1", "0".repeat(29));
    let too_wide = format!("1{}", "0".repeat(35));
    let too_fine = format!("0.{}1", "0".repeat(30));
    on_each_database(LIMITS, async |world| {
        let values = [
            largest.as_str(),
            &least,
            &tiny,
            "0",
            "-1",
            "-0.5",
            "1e34",
            &too_wide,
            &too_fine,
        ];
        assert_eq!(sync(&world, "widest", &values).await, 2);
        assert_eq!(
            order(&world, "widest").await,
            ["01", "04", "05", "03", "02", "06", "00"]
        );
        if !world.url().starts_with("sqlite") {
            let stored = "SELECT CAST(widest AS CHAR) FROM fake_limits WHERE record_key = '00'";
            assert_eq!(world.column(stored).await, [Some(largest.clone())]);
        }
    })
    .await;
}

#[tokio::test]
async fn decimals_that_a_double_holds_keep_their_digits() {
    on_each_database(LIMITS, async |world| {
        let values = [
            "9999999999.99999",
            "-9999999999.99999",
            "0.00001",
            "0.1",
            "10000000000",
            "0.000001",
        ];
        assert_eq!(sync(&world, "small", &values).await, 2);
        assert_eq!(order(&world, "small").await, ["01", "02", "03", "00"]);
        let equal = "SELECT record_key FROM fake_limits WHERE small = 9999999999.99999";
        assert_eq!(world.column(equal).await, [Some("00".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn integers_of_64_bits() {
    on_each_database(LIMITS, async |world| {
        let values = [
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "-9223372036854775809",
            "0",
            "9223372036854775806",
        ];
        assert_eq!(sync(&world, "whole", &values).await, 2);
        assert_eq!(order(&world, "whole").await, ["01", "04", "05", "00"]);
        let equal = "SELECT record_key FROM fake_limits WHERE whole = -9223372036854775808";
        assert_eq!(world.column(equal).await, [Some("01".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn doubles_of_every_size() {
    on_each_database(LIMITS, async |world| {
        let values = [
            "1.7976931348623157e308",
            "-1.7976931348623157e308",
            "2.2250738585072014e-308",
            "0.1",
            "1e309",
            "-0.1",
        ];
        assert_eq!(sync(&world, "ratio", &values).await, 1);
        assert_eq!(order(&world, "ratio").await, ["01", "05", "02", "03", "00"]);
    })
    .await;
}

#[tokio::test]
async fn days_and_instants_of_nine_thousand_years() {
    on_each_database(LIMITS, async |world| {
        let days = [
            "\"1000-01-01\"",
            "\"9999-12-31\"",
            "\"0999-12-31\"",
            "\"10000-01-01\"",
            "\"2023-02-29\"",
            "\"2024-02-29\"",
        ];
        assert_eq!(sync(&world, "day", &days).await, 3);
        assert_eq!(order(&world, "day").await, ["00", "05", "01"]);
        let stored = "SELECT CAST(day AS CHAR) FROM fake_limits WHERE day IS NOT NULL ORDER BY day";
        let stored: Vec<String> = world.column(stored).await.into_iter().flatten().collect();
        assert_eq!(stored, ["1000-01-01", "2024-02-29", "9999-12-31"]);
        let instants = [
            "\"1000-01-01T00:00:00Z\"",
            "\"9999-12-31T23:59:59.999999Z\"",
            "\"1000-01-01T00:00:00+01:00\"",
            "\"9999-12-31T23:59:59-01:00\"",
            "\"2016-12-31T23:59:60Z\"",
            "\"2016-12-31T23:59:59.9999999Z\"",
        ];
        assert_eq!(sync(&world, "instant", &instants).await, 2);
        assert_eq!(order(&world, "instant").await, ["00", "04", "05", "01"]);
        let last =
            "SELECT record_key FROM fake_limits WHERE instant LIKE '9999-12-31_23:59:59.999999%'";
        assert_eq!(world.column(last).await, [Some("01".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn texts_with_everything_in_them() {
    on_each_database(LIMITS, async |world| {
        let long = json!("🐈".repeat(255)).to_string();
        let longer = json!("🐈".repeat(256)).to_string();
        let values = [
            "\"a\\u0000b\"",
            "\"\\ud800\"",
            "\"\"",
            "\"a\"",
            "\"a \"",
            &long,
            &longer,
            "\"\\u0001\\t\\n'\\\"\\\\%_`\"",
        ];
        assert_eq!(sync(&world, "name", &values).await, 2);
        let exact = async |sql: &str| world.column(sql).await;
        let nul = match world.url().starts_with("sqlite") {
            true => "SELECT record_key FROM fake_limits WHERE name = 'a' || char(0) || 'b'",
            false => "SELECT record_key FROM fake_limits WHERE name = CONCAT('a', CHAR(0), 'b')",
        };
        assert_eq!(exact(nul).await, [Some("00".to_owned())]);
        let padded = "SELECT record_key FROM fake_limits WHERE name = 'a '";
        assert_eq!(exact(padded).await, [Some("04".to_owned())]);
        let empty = "SELECT record_key FROM fake_limits WHERE name = ''";
        assert_eq!(exact(empty).await, [Some("02".to_owned())]);
        let cats = format!(
            "SELECT record_key FROM fake_limits WHERE name = '{}'",
            "🐈".repeat(255)
        );
        assert_eq!(exact(&cats).await, [Some("05".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn a_text_of_a_megabyte_and_items_at_their_limit() {
    let large = "ä".repeat(600_000);
    let item = "🐈".repeat(255);
    on_each_database(LIMITS, async |world| {
        let record = json!({
            "id": "1", "note": large, "extra": { "large": large }, "words": [item, "", "a", "a"],
        });
        let too_long = json!({ "id": "2", "words": ["a", "🐈".repeat(256)] });
        let records = [record.to_string(), too_long.to_string()];
        world.upstream.has(&[&records[0], &records[1]]);
        let report = world.sync("limits").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.inserted, report.counts.bad_values), (2, 1));
        let note = world
            .column("SELECT note FROM fake_limits WHERE rowno = 1")
            .await;
        assert!(note == [Some(large.clone())], "the text is whole");
        let extra = world
            .column("SELECT extra FROM fake_limits WHERE rowno = 1")
            .await;
        assert!(
            extra == [Some(json!({ "large": large }).to_string())],
            "the value is whole"
        );
        let words = world
            .column("SELECT value FROM fake_limits__words ORDER BY rowno, position")
            .await;
        assert_eq!(
            words,
            [&item, "", "a", "a"].map(|word| Some(word.to_owned()))
        );
    })
    .await;
}
