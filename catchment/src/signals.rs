//! Ctrl-c and SIGTERM: the first asks to stop, the second does not wait.

use std::{io, process};

use syncer::stop::{Stop, Stopper};
use tokio::signal::unix::{SignalKind, signal};

/// What a shell reports of a process that ctrl-c ended.
const INTERRUPTED: i32 = 130;

/// Listens to signals for the rest of the process's life; the stop is asked for when the first one comes.
pub(crate) fn listen() -> io::Result<Stop> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (stopper, stop) = syncer::stop::pair();
    tokio::spawn(async move {
        for turn in 0.. {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            heed(turn, &stopper);
        }
    });
    Ok(stop)
}

fn heed(turn: u32, stopper: &Stopper) {
    if turn > 0 {
        process::exit(INTERRUPTED);
    }
    tracing::info!("stopping; once more to stop at once");
    stopper.stop();
}
