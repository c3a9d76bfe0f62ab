//! Runs a program to its end, and tells what it cost.

use std::{
    io::Read,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use wait4::Wait4;

/// What a process cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub wall: Duration,
    /// In user space and in the kernel, of all its threads.
    pub cpu: Duration,
    /// The most bytes that were resident at once. At least this process's own, which is less than any it starts.
    pub peak: u64,
}

/// Runs `command`, which must succeed; returns what it printed and what it cost.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<(String, Cost)> {
    run_on(command, Stdio::null())
}

/// The same, with something to read.
pub(crate) fn run_on(command: &mut Command, input: Stdio) -> anyhow::Result<(String, Cost)> {
    command
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let name = command.get_program().display().to_string();
    let began = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let complaint = thread::spawn(move || text(stderr.as_mut()));
    let said = text(stdout.as_mut())?;
    let complaint = complaint.join().unwrap_or_else(|_| Ok(String::new()))?;
    let used = child
        .wait4()
        .with_context(|| format!("waiting for {name}"))?;
    let cost = Cost {
        wall: began.elapsed(),
        cpu: used.rusage.utime + used.rusage.stime,
        peak: used.rusage.maxrss,
    };
    if !used.status.success() {
        bail!("{name} failed ({}):\n{said}{complaint}", used.status);
    }
    Ok((said, cost))
}

fn text(pipe: Option<&mut impl Read>) -> std::io::Result<String> {
    let mut text = String::new();
    if let Some(pipe) = pipe {
        pipe.read_to_string(&mut text)?;
    }
    Ok(text)
}
