//! Load: Debian's `wrk` on a core of its own, against a server on another.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, ensure};

/// How long one measurement takes, in seconds.
const TIME: u32 = 3;
const CONNECTIONS: u32 = 32;
/// The kernel counts a process's time in hundredths of a second for whoever is not its parent.
const TICK: Duration = Duration::from_millis(10);

/// What came of a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Requests in a second.
    pub rate: f64,
    /// The server's CPU time for a request.
    pub cpu: Duration,
    /// 99 of 100 answers took at most this, in the units that `wrk` chose.
    pub p99: Duration,
}

/// A server under measurement; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub process: Child,
    pub url: String,
}

impl Server {
    /// Starts `command` on the first core. Its URL is for the caller to find out.
    pub(crate) fn start(command: &Command, url: String) -> anyhow::Result<Self> {
        let mut pinned = Command::new("taskset");
        pinned
            .args(["--cpu-list", "0"])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                pinned.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            pinned.current_dir(folder);
        }
        let process = pinned.spawn().context("starting a server under taskset")?;
        Ok(Self { process, url })
    }

    /// Asks for `path` as often as it is answered.
    pub(crate) fn load(&self, path: &str, headers: &[String]) -> anyhow::Result<Load> {
        let mut command = Command::new("taskset");
        command
            .args(["--cpu-list", "1", "wrk", "--threads", "1", "--latency"])
            .args(["--connections", &CONNECTIONS.to_string()])
            .args(["--duration", &TIME.to_string()]);
        for header in headers {
            command.args(["--header", header]);
        }
        command.arg(format!("{}{path}", self.url));
        let before = self.cpu()?;
        let output = command
            .output()
            .context("running wrk (Debian: wrk, util-linux)")?;
        let cpu = self.cpu()? - before;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "wrk failed: {said}");
        let bad = said.lines().find(|line| {
            line.contains("Non-2xx") && !headers.iter().any(|header| header.starts_with("If-None"))
                || line.contains("Socket errors")
        });
        ensure!(bad.is_none(), "{path}: {said}");
        let after = |name: &str| {
            let line = said.lines().find_map(|line| line.trim().strip_prefix(name));
            line.map(str::trim)
                .with_context(|| said.clone().into_owned())
        };
        let requests: f64 = said
            .lines()
            .find_map(|line| line.trim().split_once(" requests in "))
            .and_then(|(count, _)| count.parse().ok())
            .with_context(|| said.clone().into_owned())?;
        Ok(Load {
            rate: after("Requests/sec:")?.parse()?,
            cpu: cpu.div_f64(requests),
            p99: time(after("99%")?)?,
        })
    }

    /// The CPU time that it has used so far.
    fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_, fields) = stat
            .rsplit_once(')')
            .context("/proc/PID/stat is of another form")?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u32 = ticks.filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
        Ok(TICK * ticks)
    }

    /// Bytes that are resident now.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u64 = line
            .and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
            .context("/proc/PID/status is of another form")?;
        Ok(kib << 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A time as `wrk` writes it: `1.25ms`.
fn time(text: &str) -> anyhow::Result<Duration> {
    let at = text
        .find(|c: char| c.is_ascii_alphabetic())
        .with_context(|| text.to_owned())?;
    let (number, unit) = text.split_at(at);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        _ => 1.0,
    };
    Ok(Duration::from_secs_f64(number.parse::<f64>()? * seconds))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::time;

    #[test]
    fn a_time_is_read_in_its_unit() {
        let check = |text, micros| {
            assert_eq!(time(text).expect("a time"), Duration::from_micros(micros));
        };
        check("250.00us", 250);
        check("1.25ms", 1_250);
        check("2.00s", 2_000_000);
        assert!(time("1").is_err());
    }
}
