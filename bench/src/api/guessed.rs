//! A kept answer while passwords are guessed, beside the same while nobody guesses.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::anyhow;

use super::{Measured, ROUNDS, Wrk, in_turns, server::Server};

/// Between two guesses.
const EACH: Duration = Duration::from_millis(10);

pub(super) async fn measured(ours: &Server, path: &str) -> anyhow::Result<Measured> {
    let bytes = ours.recorded(path, None).await?.body.len();
    let wrk = Wrk::default();
    let (guessed, quiet) = in_turns(
        ROUNDS,
        || {
            let guessing = Guessing::start(&ours.url);
            let load = wrk.load(ours, path, None);
            guessing.end()?;
            load
        },
        || wrk.load(ours, path, None),
    )?;
    Ok(Measured {
        name: "one record, kept, 100 wrong logins a second",
        bytes,
        ours: guessed,
        theirs: quiet,
        budget: None,
    })
}

/// Somebody who guesses, in a thread of its own: the measurement blocks this one.
struct Guessing {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Guessing {
    fn start(url: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (url, stopped) = (format!("{url}/api/v1/auth/login"), Arc::clone(&stop));
        let thread = thread::spawn(move || guess(&url, &stopped));
        Self { stop, thread }
    }

    fn end(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        let guessed = self.thread.join();
        guessed.map_err(|_| anyhow!("the guessing thread panicked"))?
    }
}

#[tokio::main(flavor = "current_thread")]
async fn guess(url: &str, stop: &AtomicBool) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut ticks = tokio::time::interval(EACH);
    for guess in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        ticks.tick().await;
        let body = serde_json::json!({ "name": "root", "password": format!("guess {guess}") });
        let request = client.post(url).header("content-type", "application/json");
        request.body(body.to_string()).send().await?;
    }
    Ok(())
}
