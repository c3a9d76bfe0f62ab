//! Whatever a caller sends: no answer is a fault of ours, each error has our shape, none is large, and whoever asks
//! properly meanwhile gets what there is.

mod exchange;
mod request;
mod words;

use std::time::Instant;

use serde_json::Value;

use self::{exchange::Exchange, request::Sent};
use crate::{
    cats::{breeds, image, images, many_breeds},
    chance::{self, Chance},
    world::World,
};

/// Requests of a run, unless it is to last longer.
const REQUESTS: usize = 1500;
const PROPER: &str = "/api/v1/cats/breeds?sort=-weight&limit=3";
/// Between two requests in order.
const IN_BETWEEN: usize = 50;
/// No answer over so few rows has more bytes.
const LARGEST: usize = 1 << 20;
/// What goes wrong without being our fault.
const EXCUSED: [u16; 2] = [503, 504];

#[tokio::test]
async fn no_request_makes_a_fault_of_ours() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let children = ["b00", "b01"].map(|breed| image(breed, "i,1%", 3));
        world.mirrored(&images(), &children).await;
        let proper = world.get(PROPER).await;
        let cursor = proper.json()["page"]["next"].clone();
        let cursor = cursor.as_str().expect("a next page");
        let codes = codes(&world).await;

        let mut chance = Chance::new();
        let until = Instant::now() + chance::duration();
        let (mut requests, mut good) = (0, 0);
        while requests < REQUESTS || Instant::now() < until {
            good += some(&world, &mut chance, (cursor, &codes)).await;
            requests += IN_BETWEEN;
            let again = world.get(PROPER).await;
            assert_eq!(again.body, proper.body, "after {requests} requests");
        }
        // Else nothing is tried but the refusals.
        assert!(good > requests / 5, "{good} of {requests}");
    })
    .await;
}

/// Sends some requests, and tells how many were answered well.
async fn some(world: &World, chance: &mut Chance, (cursor, codes): (&str, &[String])) -> usize {
    let mut good = 0;
    for _ in 0..IN_BETWEEN {
        let sent = Sent::any(chance, cursor);
        let exchange = Exchange::of(world, &sent).await;
        check(&exchange, &sent, codes);
        good += usize::from(exchange.status == 200);
    }
    good
}

fn check(exchange: &Exchange, sent: &Sent, codes: &[String]) {
    let told = format!("{exchange} to {sent}");
    let status = exchange.status;
    assert!(status < 500 || EXCUSED.contains(&status), "{told}");
    assert!(exchange.body.len() <= LARGEST, "{told}");
    if !exchange.is_ours() {
        // What is no HTTP is refused before it is a request.
        assert!(sent.is_odd && [400, 414, 431].contains(&status), "{told}");
        return;
    }
    assert_eq!(
        exchange.header("x-content-type-options"),
        "nosniff",
        "{told}"
    );
    if sent.method == "HEAD" || [204, 304].contains(&status) {
        assert_eq!(exchange.body, "", "{told}");
    } else if status >= 400 {
        let problem: Value = serde_json::from_str(&exchange.body).expect(&told);
        assert_eq!(
            exchange.header("content-type"),
            "application/problem+json",
            "{told}"
        );
        assert_eq!(problem["status"], status, "{told}");
        let code = problem["code"].as_str().expect(&told);
        assert!(codes.iter().any(|known| known == code), "{told}");
        for fault in problem["errors"].as_array().expect(&told) {
            assert!(fault["parameter"].is_string(), "{told}");
        }
    } else if exchange.header("content-encoding").is_empty()
        && exchange
            .header("content-type")
            .starts_with("application/json")
    {
        serde_json::from_str::<Value>(&exchange.body).expect(&told);
    }
}

/// The documented codes of problems.
async fn codes(world: &World) -> Vec<String> {
    let document = world.get("/api/openapi.json").await.json();
    let codes = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    let codes = codes.as_array().expect("a list of codes").iter();
    codes
        .map(|code| code.as_str().expect("a code").to_owned())
        .collect()
}
