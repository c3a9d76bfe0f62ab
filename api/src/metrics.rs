//! `/metrics`: how the requests went, and what the resources hold, in the OpenMetrics text format.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use entity::run::Outcome;
use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder, EncodeLabelSet, EncodeMetric,
        text::{encode, encode_registry},
    },
    metrics::{
        MetricType, counter::Counter, family::Family, gauge::ConstGauge, histogram::Histogram,
        info::Info,
    },
    registry::Registry as Metered,
};
use sea_orm::Iterable;

use crate::{
    AppState, changes::Feed, export::Exports, identity::View, problem::Problem, registry::Resource,
};

/// From 100 µs, which a 304 takes, to 10 s, which nothing may take.
const BUCKETS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// What `/metrics` shows.
#[derive(Debug)]
pub(crate) struct Metrics {
    metered: Metered,
    requests: Family<Request, Histogram, fn() -> Histogram>,
    hits: Counter,
    misses: Counter,
    not_modified: Counter,
    bypasses: Counter,
    logins: Family<LookedLabels, Counter>,
}

/// How a request went for what may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// It was kept, or made for somebody else just then.
    Hit,
    /// It was made.
    Miss,
    /// The client's copy was good.
    NotModified,
    /// It was made, and is never kept.
    Bypass,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LookedLabels {
    result: &'static str,
}

/// The labels of a request. The route is the template, so that no path makes a series of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    http_request_method: &'static str,
    http_route: String,
    http_response_status_code: u16,
}

/// The resources that a caller may see, as they are in memory.
#[derive(Debug)]
struct Resources(View);

/// Those who hold something for as long as they like.
#[derive(Debug)]
struct Holders {
    feed: Arc<Feed>,
    exports: Arc<Exports>,
}

pub(crate) async fn metrics(
    State(state): State<AppState>,
    snapshot: Result<View, Problem>,
) -> Result<Response, Problem> {
    let mut text = String::new();
    encode_registry(&mut text, &state.metrics.metered).map_err(Problem::internal)?;
    let mut of_caller = Metered::default();
    if let Ok(snapshot) = snapshot {
        of_caller.register_collector(Box::new(Resources(snapshot)));
    }
    encode(&mut text, &of_caller).map_err(Problem::internal)?;
    let headers = [
        (
            CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}

impl Metrics {
    pub(crate) fn new(feed: Arc<Feed>, exports: Arc<Exports>) -> Self {
        let requests = Family::new_with_constructor(histogram as fn() -> Histogram);
        let mut metered = Metered::default();
        metered.register(
            "http_server_request_duration_seconds",
            "Time from a request's head to its answer's",
            requests.clone(),
        );
        let looked = Family::<LookedLabels, Counter>::default();
        metered.register(
            "catchment_cache_requests",
            "Requests for what may be kept, by what was found",
            looked.clone(),
        );
        let logins = Family::<LookedLabels, Counter>::default();
        metered.register(
            "catchment_logins",
            "Logins that were tried, by how they ended",
            logins.clone(),
        );
        let counter = |result| looked.get_or_create_owned(&LookedLabels { result });
        metered.register(
            "catchment_build",
            "What is running",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        metered.register_collector(Box::new(Holders { feed, exports }));
        Self {
            metered,
            requests,
            hits: counter("hit"),
            misses: counter("miss"),
            not_modified: counter("not_modified"),
            bypasses: counter("bypass"),
            logins,
        }
    }

    /// Counts a request for what may be kept.
    pub(crate) fn looked(&self, looked: Looked) {
        let counter = match looked {
            Looked::Hit => &self.hits,
            Looked::Miss => &self.misses,
            Looked::NotModified => &self.not_modified,
            Looked::Bypass => &self.bypasses,
        };
        counter.inc();
    }

    /// Counts a login: `good`, `wrong`, `throttled` or `busy`.
    pub(crate) fn login(&self, result: &'static str) {
        self.logins.get_or_create(&LookedLabels { result }).inc();
    }

    pub(crate) fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let labels = Request {
            http_request_method: method,
            http_route: route.to_owned(),
            http_response_status_code: status,
        };
        let histogram = self.requests.get_or_create(&labels);
        histogram.observe(took.as_secs_f64());
    }
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Collector for Resources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let resources = self.0.resources();
        gauges(
            &mut encoder,
            resources,
            ("catchment_resource_rows", "Rows that are not deleted"),
            |resource| Some(resource.model.live_rows),
        )?;
        gauges(
            &mut encoder,
            resources,
            (
                "catchment_resource_version",
                "Raised by each commit that changed rows",
            ),
            |resource| Some(resource.model.version),
        )?;
        gauges(
            &mut encoder,
            resources,
            (
                "catchment_last_success_timestamp_seconds",
                "When a run last ended complete",
            ),
            |resource| resource.model.synced_at.map(seconds),
        )?;
        gauges(
            &mut encoder,
            resources,
            (
                "catchment_last_run_timestamp_seconds",
                "When a run last ended, however it ended",
            ),
            |resource| resource.model.last_run_at.map(seconds),
        )?;
        gauges(
            &mut encoder,
            resources,
            (
                "catchment_next_run_timestamp_seconds",
                "When the next run is due, if one is wanted",
            ),
            |resource| {
                let model = &resource.model;
                model.next_run_at.filter(|_| model.enabled).map(seconds)
            },
        )?;
        gauges(
            &mut encoder,
            resources,
            (
                "catchment_resource_enabled",
                "Whether runs are wanted: 1 or 0",
            ),
            |resource| Some(resource.model.enabled.into()),
        )?;
        outcomes(&mut encoder, resources)
    }
}

fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}

/// Each outcome of each resource that has runs: that of the last one is 1, the others 0.
fn outcomes(
    encoder: &mut DescriptorEncoder<'_>,
    resources: &[Arc<Resource>],
) -> Result<(), std::fmt::Error> {
    let (name, help) = ("catchment_last_run_outcome", "How the last run ended: 1");
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    let mirrored = resources
        .iter()
        .filter(|resource| resource.definition.local.is_none());
    for resource in mirrored {
        for outcome in Outcome::iter() {
            let labels = [
                ("source", resource.source.name.as_str()),
                ("resource", resource.model.name.as_str()),
                ("outcome", outcome.as_str()),
            ];
            let is_last = resource.model.last_outcome == Some(outcome);
            ConstGauge::new(i64::from(is_last)).encode(metric.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

impl Collector for Holders {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let followers = ("catchment_followers", "Callers who wait for changes");
        let exports = ("catchment_exports", "Exports under way");
        for ((name, help), count) in [
            (followers, self.feed.followers()),
            (exports, self.exports.under_way()),
        ] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(count).encode(gauge)?;
        }
        Ok(())
    }
}

fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    resources: &[Arc<Resource>],
    (name, help): (&str, &str),
    value: impl Fn(&Resource) -> Option<i64>,
) -> Result<(), std::fmt::Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for resource in resources {
        let labels = [
            ("source", resource.source.name.as_str()),
            ("resource", resource.model.name.as_str()),
        ];
        if let Some(value) = value(resource) {
            ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
        }
    }
    Ok(())
}
