//! Load: Debian's `wrk` on a core of its own, against a server on another.

use std::{io::Write, process::Command, time::Duration};

use anyhow::{Context, ensure};

use super::server::Server;

/// How long one measurement takes, in seconds.
const TIME: u32 = 3;

/// What came of a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Requests in a second.
    pub rate: f64,
    /// The server's CPU time for a request.
    pub cpu: Duration,
    /// 99 of 100 answers took at most this.
    pub p99: Duration,
}

/// Makes each URL another one: equal requests at the same time would share one answer.
const EACH_ANOTHER: &str = r#"
local count, join = 900000, wrk.path:find("?", 1, true) and "&" or "?"
request = function()
  count = count + 1
  return wrk.format(nil, wrk.path .. join .. "max_staleness=" .. count .. "s")
end
"#;

/// How it is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrk {
    connections: u32,
    is_each_another: bool,
}

impl Default for Wrk {
    fn default() -> Self {
        Self::of(32)
    }
}

impl Wrk {
    pub(super) fn of(connections: u32) -> Self {
        Self {
            connections,
            is_each_another: false,
        }
    }

    /// Each request has an answer of its own.
    pub(super) fn each_another() -> Self {
        Self {
            is_each_another: true,
            ..Self::default()
        }
    }

    /// Asks for `path` as often as it is answered.
    pub(super) fn load(
        self,
        server: &Server,
        path: &str,
        header: Option<&str>,
    ) -> anyhow::Result<Load> {
        let mut command = Command::new("taskset");
        command
            .args(["--cpu-list", "1", "wrk", "--threads", "1", "--latency"])
            .args(["--connections", &self.connections.to_string()])
            .args(["--duration", &TIME.to_string(), "--timeout", "30"]);
        if let Some(header) = header {
            command.args(["--header", header]);
        }
        let mut script = tempfile::NamedTempFile::new()?;
        if self.is_each_another {
            script.write_all(EACH_ANOTHER.as_bytes())?;
            command.arg("--script").arg(script.path());
        }
        command.arg(format!("{}{path}", server.url));
        let before = server.cpu()?;
        let output = command
            .output()
            .context("running wrk (Debian: wrk, util-linux)")?;
        let cpu = server.cpu()? - before;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "wrk failed: {said}");
        let conditional = header.is_some_and(|header| header.starts_with("If-None"));
        let bad = said.lines().find(|line| {
            line.contains("Non-2xx") && !conditional || line.contains("Socket errors")
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
        ensure!(requests > 0.0, "{path}: nothing was answered");
        Ok(Load {
            rate: after("Requests/sec:")?.parse()?,
            cpu: cpu.div_f64(requests),
            p99: time(after("99%")?)?,
        })
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
