//! A process that is killed from elsewhere: by the socket that counts its statements, or by the upstream that it asks.

use std::{
    io::Read,
    process::{Child, Command, ExitStatus},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{task::spawn_blocking, time::timeout};

/// Longer than any run takes on a busy machine; one that takes so long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// One process, and whoever may kill it.
#[derive(Clone, Default)]
pub(crate) struct Victim(Arc<Mutex<Option<Child>>>);

/// How a process ended, and what it said.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) status: ExitStatus,
    pub(crate) said: String,
}

impl End {
    /// Whether a signal ended it.
    pub(crate) fn was_killed(&self) -> bool {
        self.status.code().is_none()
    }
}

impl Victim {
    /// Sends it SIGKILL, and returns when it is dead.
    pub(crate) fn kill(&self) {
        if let Some(child) = self.0.lock().unwrap().as_mut() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts `command` and waits for its end.
    pub(crate) async fn run(&self, command: &mut Command) -> End {
        let (mut stdout, mut stderr) = {
            // Under the lock, so that it is in its place before it can be killed.
            let mut place = self.0.lock().unwrap();
            let mut child = command.spawn().unwrap();
            let pipes = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
            *place = Some(child);
            pipes
        };
        // Its pipes end when it does; waiting for itself would keep others from killing it.
        let said = spawn_blocking(move || {
            let mut said = String::new();
            stdout.read_to_string(&mut said).unwrap();
            stderr.read_to_string(&mut said).unwrap();
            said
        });
        let Ok(said) = timeout(PATIENCE, said).await else {
            self.kill();
            panic!("a run does not end");
        };
        let mut place = self.0.lock().unwrap();
        let status = place.as_mut().unwrap().wait().unwrap();
        let said = said.unwrap();
        End { status, said }
    }
}
