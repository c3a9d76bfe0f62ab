//! `max_staleness`: rows that are fresh enough, or none.

use chrono::Duration;
use entity::run::Outcome;

use crate::{
    cats::{breeds, image, images, many_breeds},
    world::World,
};

const PATHS: [&str; 3] = [
    "/api/v1/cats/breeds?",
    "/api/v1/cats/breeds/b01?",
    "/api/v1/cats/breeds/b01/images?",
];

#[tokio::test]
async fn rows_are_as_fresh_as_was_asked_for_or_are_not_served() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let images_id = world.mirrored(&images(), &[image("b01", "i", 1)]).await;
        world.wait(Duration::minutes(15));
        let asked = async |path: &str| world.get(&format!("{path}max_staleness=15m")).await;
        // The second time it is a kept answer.
        for path in PATHS.into_iter().chain(PATHS) {
            assert_eq!(asked(path).await.status, 200, "{path}");
        }
        world.wait(Duration::seconds(1));
        for path in PATHS {
            let stale = asked(path).await;
            assert_eq!(stale.status, 503, "{path}");
            let body = stale.json();
            assert_eq!(body["code"], "STALE_BEYOND_LIMIT", "{path}");
            assert_eq!(body["retryable"], true);
            // The next run is due an hour after the last.
            assert_eq!(stale.header("retry-after"), "2699", "{path}");
            let detail = body["detail"].as_str().expect("a text");
            let age = "is not fresh enough: its last complete run ended 901 s ago";
            assert!(detail.ends_with(age), "{detail}");
            let patient = world.get(&format!("{path}max_staleness=16m")).await;
            assert_eq!(patient.status, 200, "{path}");
            assert_eq!(world.get(path).await.status, 200, "{path}");
        }
        // What counts is the last complete run.
        world.ended(images_id, Outcome::Partial).await;
        assert_eq!(asked(PATHS[2]).await.status, 503);
        world.ended(images_id, Outcome::Complete).await;
        assert_eq!(asked(PATHS[2]).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn what_was_never_complete_is_never_fresh_enough() {
    World::each(async |world| {
        world.registered(&breeds()).await;
        let answer = world
            .get("/api/v1/cats/breeds?max_staleness=4000000000s")
            .await;
        assert_eq!(answer.status, 503);
        let detail = "resource `breeds` is not fresh enough: no run of it was complete yet";
        assert_eq!(answer.json()["detail"], detail);
    })
    .await;
}

#[tokio::test]
async fn a_time_is_a_number_and_a_unit() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let wrong = ["", "15", "m", "-5m", "%2B5m", "1.5h", "1w"];
        let asked = |wrong| [(PATHS[0], wrong), (PATHS[1], wrong)];
        for (path, wrong) in wrong.into_iter().flat_map(asked) {
            let answer = world.get(&format!("{path}max_staleness={wrong}")).await;
            assert_eq!(answer.status, 400, "{wrong} at {path}");
            let fault = &answer.json()["errors"][0];
            assert_eq!(fault["parameter"], "max_staleness");
            assert_eq!(fault["code"], "INVALID_VALUE", "{wrong}");
        }
        for right in ["0s", "90s", "2h", "365d", "99999999999999999999d"] {
            let answer = world
                .get(&format!("{}max_staleness={right}", PATHS[0]))
                .await;
            assert_eq!(answer.status, 200, "{right}");
        }
    })
    .await;
}
