//! What a run logs, as JSON lines. One subscriber for the whole process hands each line to the task that caused it, so
//! that drills run side by side.

use std::{
    io,
    sync::{Arc, Mutex, Once, PoisonError},
};

use serde_json::Value;

type Lines = Arc<Mutex<Vec<u8>>>;

tokio::task_local! {
    static LINES: Lines;
}

/// Does `work`, and returns what it logged beside what it returns.
pub(super) async fn of<T>(work: impl Future<Output = T>) -> (T, Vec<Value>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_env_filter("syncer=debug")
            .with_writer(|| Hand)
            .init();
    });
    let lines = Lines::default();
    let done = LINES.scope(Arc::clone(&lines), work).await;
    let bytes = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    let text = String::from_utf8_lossy(&bytes);
    let read = |line| serde_json::from_str(line).expect("the log is JSON lines");
    (done, text.lines().map(read).collect())
}

/// Hands what is written to the task that writes it; what no drill logs goes nowhere.
struct Hand;

impl io::Write for Hand {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let keep = |lines: &Lines| {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.extend_from_slice(bytes);
        };
        LINES.try_with(keep).ok();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
