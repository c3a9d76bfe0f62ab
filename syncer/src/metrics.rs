//! What Prometheus is told: runs, records, upstream requests. Timestamps, never ages.

use std::{sync::atomic::AtomicU64, time::Duration};

use entity::run::Outcome;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::{Report, run::Run, source::plan::Plan};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResourceLabels {
    source: String,
    resource: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    source: String,
    resource: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RecordLabels {
    source: String,
    resource: String,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CommandLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    source: String,
    status: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SourceLabels {
    source: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The syncer's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    runs: Family<OutcomeLabels, Counter>,
    run_duration: Histograms<ResourceLabels>,
    records: Family<RecordLabels, Counter>,
    requests: Family<RequestLabels, Counter>,
    request_duration: Histograms<SourceLabels>,
    rows: Family<ResourceLabels, Gauge>,
    version: Family<ResourceLabels, Gauge>,
    kept: Family<ResourceLabels, Gauge>,
    commands: Family<CommandLabels, Counter>,
    last_success: Family<ResourceLabels, Gauge<f64, AtomicU64>>,
}

fn run_buckets() -> Histogram {
    Histogram::new([0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0])
}

fn request_buckets() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    ])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("catchment"),
            runs: Family::default(),
            run_duration: Family::new_with_constructor(run_buckets),
            records: Family::default(),
            requests: Family::default(),
            request_duration: Family::new_with_constructor(request_buckets),
            rows: Family::default(),
            version: Family::default(),
            kept: Family::default(),
            commands: Family::default(),
            last_success: Family::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("run", "Runs by how they ended", self.runs.clone());
        registry.register_with_unit(
            "run_duration",
            "Time of a run",
            Unit::Seconds,
            self.run_duration.clone(),
        );
        registry.register(
            "records",
            "Records by what became of them",
            self.records.clone(),
        );
        registry.register(
            "upstream_requests",
            "Requests to the upstream by status",
            self.requests.clone(),
        );
        let name = "upstream_request_duration";
        registry.register_with_unit(
            name,
            "Time to an answer's head",
            Unit::Seconds,
            self.request_duration.clone(),
        );
        registry.register(
            "resource_rows",
            "Rows that are not deleted",
            self.rows.clone(),
        );
        registry.register(
            "resource_version",
            "Commits that changed rows",
            self.version.clone(),
        );
        registry.register(
            "deletes_blocked",
            "Rows that did not come, and that a suspect run did not delete",
            self.kept.clone(),
        );
        registry.register(
            "commands",
            "Commands by what came of them",
            self.commands.clone(),
        );
        let name = "last_success_timestamp";
        registry.register_with_unit(
            name,
            "When a run was last complete",
            Unit::Seconds,
            self.last_success.clone(),
        );
        let build: Family<BuildLabels, Gauge> = Family::default();
        build
            .get_or_create(&BuildLabels {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);
        registry.register("build_info", "The version of Catchment", build);
    }

    pub(crate) fn upstream_request(&self, source: &str, status: &str, time: Duration) {
        let labels = RequestLabels {
            source: source.to_owned(),
            status: status.to_owned(),
        };
        self.requests.get_or_create(&labels).inc();
        let labels = SourceLabels {
            source: source.to_owned(),
        };
        self.request_duration
            .get_or_create(&labels)
            .observe(time.as_secs_f64());
    }

    pub(crate) fn command_done(&self, kind: &'static str, result: &'static str) {
        let labels = CommandLabels { kind, result };
        self.commands.get_or_create(&labels).inc();
    }

    pub(crate) fn run_ended(&self, report: &Report, run: &Run, plan: &Plan) {
        let (source, resource) = (report.source.clone(), report.resource.clone());
        let outcome = report.outcome.as_str();
        self.runs
            .get_or_create(&OutcomeLabels {
                source: source.clone(),
                resource: resource.clone(),
                outcome,
            })
            .inc();
        let labels = ResourceLabels {
            source: source.clone(),
            resource: resource.clone(),
        };
        #[expect(clippy::cast_precision_loss, reason = "no run lasts 285,000 years")]
        let seconds = report.duration_ms as f64 / 1000.0;
        self.run_duration.get_or_create(&labels).observe(seconds);
        self.rows.get_or_create(&labels).set(run.live_rows);
        self.version.get_or_create(&labels).set(run.version);
        let kept = match report.outcome {
            Outcome::Complete => Some(0),
            Outcome::Suspect if run.tells_absence(plan) => Some(run.gone()),
            _ => None,
        };
        if let Some(kept) = kept {
            self.kept.get_or_create(&labels).set(kept.cast_signed());
        }
        if report.outcome == Outcome::Complete {
            #[expect(
                clippy::cast_precision_loss,
                reason = "milliseconds since 1970 are exact in a double"
            )]
            let at = (run.started_at.timestamp_millis() + report.duration_ms) as f64 / 1000.0;
            self.last_success.get_or_create(&labels).set(at);
        }
        let counts = &report.counts;
        let results = [
            ("inserted", counts.inserted),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("deleted", counts.deleted),
            ("rejected", counts.rejected),
        ];
        for (result, count) in results {
            let labels = RecordLabels {
                source: source.clone(),
                resource: resource.clone(),
                result,
            };
            self.records
                .get_or_create(&labels)
                .inc_by(count.max(0).cast_unsigned());
        }
    }

    /// The metrics in `OpenMetrics` text.
    pub fn text(&self) -> String {
        let mut body = String::new();
        // Writing to a string cannot fail; half a page of metrics would be worse than none.
        if text::encode(&mut body, &self.registry).is_err() {
            body.clear();
        }
        body
    }
}
