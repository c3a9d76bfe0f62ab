//! Answers that are read from the database each time.

use serde_json::Value;

use super::{
    Measured, PAGE, ROUNDS, Wrk, in_turns,
    kept::{self, Subject},
    server::{Server, get},
};
use crate::product::ALL;

/// Rows of the pages by which the depth is reached.
const STRIDE: u64 = 1000;
/// Where the deep page is, if there are so many rows: the 10,000th of [`PAGE`] rows.
pub(crate) const DEPTH: u64 = 10_000 * PAGE;

/// Beside bare axum with the same bytes: what reading costs.
pub(super) async fn beside_bare(ours: &Server) -> anyhow::Result<Vec<Measured>> {
    let list = format!("/api/v1/bench/{ALL}?limit={PAGE}");
    let body: Value =
        serde_json::from_slice(&get(&format!("{}{list}", ours.url)).await?.bytes().await?)?;
    let key = body["data"][0]["id"].as_str().unwrap_or_default();
    let one = format!("/api/v1/bench/{ALL}/{key}");
    let facet = Subject {
        // Those who ask at the same time would share the answer.
        wrk: Wrk::of(1),
        ..Subject::of("facet, anew", kept::facet())
    };
    let subject = |name, path| Subject {
        wrk: Wrk::each_another(),
        ..Subject::of(name, path)
    };
    let subjects = vec![
        subject("list of 50, anew", list.clone()),
        subject(
            "list of 50, sorted, filtered, anew",
            format!("{list}&sort=-weight_kg_max&hypoallergenic=true"),
        ),
        subject("one record, anew", one),
        facet,
    ];
    kept::beside_bare(ours, subjects).await
}

/// A deep page beside the first.
pub(super) async fn at_depth(ours: &Server, records: u64) -> anyhow::Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for (name, query) in [
        ("in order of arrival", ""),
        ("sorted by a decimal, descending", "&sort=-weight_kg_max"),
        ("sorted by a text", "&sort=name"),
        (
            "sorted by a text, filtered by another",
            "&sort=name&country_code__ne=XX",
        ),
    ] {
        let first = format!("/api/v1/bench/{ALL}?limit={PAGE}{query}");
        let cursor = cursor(ours, query, (records / 2).min(DEPTH)).await?;
        let deep = format!("{first}&cursor={cursor}");
        let bytes = ours.recorded(&first, None).await?.body.len();
        let wrk = Wrk::each_another();
        let (at_depth, at_first) = in_turns(
            ROUNDS,
            || wrk.load(ours, &deep, None),
            || wrk.load(ours, &first, None),
        )?;
        measured.push(Measured {
            name,
            bytes,
            ours: at_depth,
            theirs: at_first,
            budget: Some(0.9),
        });
    }
    Ok(measured)
}

/// The cursor of what comes behind so many rows.
async fn cursor(ours: &Server, query: &str, rows: u64) -> anyhow::Result<String> {
    let mut cursor = String::new();
    let mut behind = 0;
    while behind < rows {
        let from = match cursor.is_empty() {
            true => String::new(),
            false => format!("&cursor={cursor}"),
        };
        let url = format!(
            "{}/api/v1/bench/{ALL}?limit={STRIDE}{query}{from}",
            ours.url
        );
        let body: Value = serde_json::from_slice(&get(&url).await?.bytes().await?)?;
        let Some(next) = body["page"]["next"].as_str() else {
            break;
        };
        next.clone_into(&mut cursor);
        behind += STRIDE;
    }
    Ok(cursor)
}
