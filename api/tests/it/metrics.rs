//! What is measured.

use reqwest::header::IF_NONE_MATCH;

use crate::{
    cats::{breeds, images, many_breeds},
    world::World,
};

#[tokio::test]
async fn requests_are_measured_by_route_and_resources_by_name() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        world.registered(&images()).await;
        for path in ["/api/v1/cats/breeds", "/api/v1/cats/images", "/api/v1/x/y", "/nowhere", "/%FF", "/a/b"] {
            world.get(path).await;
        }
        let answer = world.get("/metrics").await;
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.header("content-type"), kind);
        let has = |line: &str| assert!(answer.body.lines().any(|l| l == line), "no {line} in {}", answer.body);
        let labels = |route: &str, status: u16| {
            format!("http_request_method=\"GET\",http_route=\"{route}\",http_response_status_code=\"{status}\"")
        };
        let count = |labels: String, count: u64| has(&format!("http_server_request_duration_seconds_count{{{labels}}} {count}"));
        count(labels("/api/v1/{source}/{resource}", 200), 2);
        count(labels("/api/v1/{source}/{resource}", 404), 1);
        count(labels("unmatched", 404), 3);
        assert!(answer.body.contains("le=\"0.0001\""), "{}", answer.body);
        assert!(answer.body.contains("le=\"10.0\""), "{}", answer.body);
        has("# TYPE http_server_request_duration_seconds histogram");
        has("catchment_resource_rows{source=\"cats\",resource=\"breeds\"} 12");
        has("catchment_resource_rows{source=\"cats\",resource=\"images\"} 0");
        has("catchment_resource_version{source=\"cats\",resource=\"breeds\"} 1");
        has("catchment_last_success_timestamp_seconds{source=\"cats\",resource=\"breeds\"} 1800000000");
        let never = "catchment_last_success_timestamp_seconds{source=\"cats\",resource=\"images\"}";
        assert!(!answer.body.contains(never), "{}", answer.body);
        has("catchment_last_run_timestamp_seconds{source=\"cats\",resource=\"breeds\"} 1800000000");
        has("catchment_next_run_timestamp_seconds{source=\"cats\",resource=\"breeds\"} 1800003600");
        has("catchment_resource_enabled{source=\"cats\",resource=\"breeds\"} 1");
        has("catchment_last_run_outcome{source=\"cats\",resource=\"breeds\",outcome=\"complete\"} 1");
        has("catchment_last_run_outcome{source=\"cats\",resource=\"breeds\",outcome=\"failed\"} 0");
        has(&format!("catchment_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")));
        assert!(answer.body.ends_with("# EOF\n"), "{}", answer.body);
    })
    .await;
}

#[tokio::test]
async fn what_was_kept_is_counted() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let list = "/api/v1/cats/breeds";
        let tag = world.get(list).await.header("etag").to_owned();
        for path in [
            "/api/v1/cats/breeds",
            "/api/v1/cats/breeds?timeout_ms=60000",
            "/api/v1/cats/breeds/b01",
            "/api/v1/cats/breeds/-/random",
            "/api/v1/cats/breeds?explain=true",
            "/api/v1/cats/breeds?nope=1",
            "/api/v1/cats/breeds/nothing",
            "/api/v1/catalog",
            "/livez",
        ] {
            world.get(path).await;
        }
        let with_copy = [(IF_NONE_MATCH, tag.as_str())];
        for path in [list, "/api/v1/cats/breeds?limit=3"] {
            assert_eq!(world.get_with(path, &with_copy).await.status, 304, "{path}");
        }
        let answer = world.get("/metrics").await;
        let counts = [("hit", 2), ("miss", 2), ("not_modified", 2), ("bypass", 2)];
        for (result, count) in counts {
            let line = format!("catchment_cache_requests_total{{result=\"{result}\"}} {count}");
            assert!(
                answer.body.lines().any(|l| l == line),
                "no {line} in {}",
                answer.body
            );
        }
    })
    .await;
}
