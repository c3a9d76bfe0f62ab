//! Kept answers for a caller that shows who it is, beside the same answers for one that nobody knows.

use anyhow::Context;
use serde::Deserialize;

use super::{
    Measured, PAGE, Wrk, guessed, in_turns,
    server::{Server, get},
};
use crate::product::{ALL, Product};

const NAME: &str = "bench";
const PASSWORD: &str = "three grey otters";
/// How often each pair is measured: they are closer to each other than two measurements of the same.
const ROUNDS: usize = 7;
/// Being known may cost a tenth.
const BUDGET: f64 = 1.0 / 1.1;

#[derive(Deserialize)]
struct LoggedIn {
    access_token: String,
}

pub(super) async fn measured(
    product: &Product<'_>,
    ours: &Server,
) -> anyhow::Result<Vec<Measured>> {
    product.add_user(NAME, PASSWORD)?;
    let key = format!("X-API-Key: {}", product.key(NAME)?);
    let token = format!("Authorization: Bearer {}", logged_in(ours).await?);
    let list = format!("/api/v1/bench/{ALL}?limit={PAGE}");
    let first = format!(
        "{}/api/v1/bench/{ALL}?limit=1&fields=id&shape=array",
        ours.url
    );
    let first = get(&first).await?.bytes().await?;
    let first: Vec<serde_json::Value> = serde_json::from_slice(&first)?;
    let id = first.first().and_then(|row| row["id"].as_str());
    let one = format!("/api/v1/bench/{ALL}/{}", id.context("a record")?);
    let mut measured = Vec::new();
    // What it costs to read as many bytes of a header that says nothing.
    let mute = format!(
        "X-Nothing: {}",
        "x".repeat(token.len() - "X-Nothing: ".len())
    );
    for (name, path, header, budget) in [
        ("list of 50, kept, token", &list, &token, Some(BUDGET)),
        ("list of 50, kept, key", &list, &key, Some(BUDGET)),
        ("one record, kept, token", &one, &token, Some(BUDGET)),
        ("one record, kept, key", &one, &key, Some(BUDGET)),
        ("one record, kept, as long a header", &one, &mute, None),
    ] {
        let bytes = ours.recorded(path, Some(header)).await?.body.len();
        let wrk = Wrk::default();
        let (known, unknown) = in_turns(
            ROUNDS,
            || wrk.load(ours, path, Some(header)),
            || wrk.load(ours, path, None),
        )?;
        measured.push(Measured {
            name,
            bytes,
            ours: known,
            theirs: unknown,
            budget,
        });
    }
    measured.push(guessed::measured(ours, &one).await?);
    Ok(measured)
}

/// An access token.
async fn logged_in(ours: &Server) -> anyhow::Result<String> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client.post(format!("{}/api/v1/auth/login", ours.url));
    let shown = serde_json::json!({ "name": NAME, "password": PASSWORD });
    let request = request.header("content-type", "application/json");
    let answer = request.body(shown.to_string()).send().await?;
    let answer: LoggedIn = serde_json::from_slice(&answer.error_for_status()?.bytes().await?)?;
    Ok(answer.access_token)
}
