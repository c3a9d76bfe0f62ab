//! One JSON object a line, flat: the fields of an event beside those of the spans around it.
//!
//! `tracing_subscriber`'s own JSON keeps a span's fields in an object of their own; then `run` would be found under one
//! name in some lines and under another in others.

use std::{fmt, io::Write};

use entity::Clock;
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    fmt::MakeWriter,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

pub(super) struct JsonLines<W> {
    writer: W,
    clock: Clock,
}

impl<W> JsonLines<W> {
    pub(super) fn new(writer: W, clock: Clock) -> Self {
        Self { writer, clock }
    }
}

/// The fields of a span, kept with it.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            keep(&span, |fields| attributes.record(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            keep(&span, |fields| values.record(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Fields::default();
        let metadata = event.metadata();
        let now = self
            .clock
            .now()
            .format("%Y-%m-%dT%H:%M:%S%.3fZ")
            .to_string();
        line.put("timestamp", now.into());
        line.put("level", metadata.level().as_str().to_lowercase().into());
        line.put("target", metadata.target().into());
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.0.extend(fields.0.clone());
            }
        }
        event.record(&mut line);
        let mut text = Value::Object(line.0).to_string();
        text.push('\n');
        // A log that cannot be written has nowhere to say so.
        drop(
            self.writer
                .make_writer_for(metadata)
                .write_all(text.as_bytes()),
        );
    }
}

/// Two layers may write JSON; whichever comes second finds the same fields and sets them again.
fn keep<S: for<'a> LookupSpan<'a>>(span: &SpanRef<'_, S>, record: impl FnOnce(&mut Fields)) {
    let mut extensions = span.extensions_mut();
    if extensions.get_mut::<Fields>().is_none() {
        extensions.insert(Fields::default());
    }
    if let Some(fields) = extensions.get_mut() {
        record(fields);
    }
}

impl Fields {
    fn put(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use chrono::DateTime;
    use tracing_subscriber::{Layer, fmt::MakeWriter, layer::SubscriberExt};

    use super::{Clock, JsonLines};
    use crate::telemetry::Level;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Buffer {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// The lines that `work` logs.
    fn lines(level: &str, work: impl FnOnce()) -> Vec<serde_json::Value> {
        let buffer = Buffer::default();
        let clock = Clock::from_fn(|| DateTime::from_timestamp_millis(1_800_000_000_123).unwrap());
        let layer = JsonLines::new(buffer.clone(), clock);
        let level: Level = level.parse().unwrap();
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(level.filter("")));
        tracing::subscriber::with_default(subscriber, work);
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_is_flat_and_holds_what_its_spans_hold() {
        let lines = lines("info", || {
            let span = tracing::info_span!(
                "run",
                resource = "cats.breeds",
                run = 7,
                outcome = tracing::field::Empty
            );
            let _entered = span.enter();
            span.record("outcome", "complete");
            tracing::info!(rows = 3_u64, late = false, error = %"a \"quote\"\n", "ended");
        });
        assert_eq!(lines.len(), 1);
        insta::assert_json_snapshot!(lines[0], @r#"
        {
          "error": "a \"quote\"\n",
          "late": false,
          "level": "info",
          "message": "ended",
          "outcome": "complete",
          "resource": "cats.breeds",
          "rows": 3,
          "run": 7,
          "target": "catchment::telemetry::json::tests",
          "timestamp": "2027-01-15T08:00:00.123Z"
        }
        "#);
    }

    #[test]
    fn a_line_above_its_spans_level_still_says_of_what_it_is() {
        let lines = lines("warn", || {
            let _entered = tracing::info_span!("run", run = 7).entered();
            tracing::info!("not told");
            tracing::warn!("told");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["message"], "told");
        assert_eq!(lines[0]["run"], 7);
    }
}
