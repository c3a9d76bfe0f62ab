//! A server under measurement, on a core of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail, ensure};

use super::bare::Recorded;
use crate::product::Product;

/// The kernel counts a process's time in hundredths of a second for whoever is not its parent.
const TICK: Duration = Duration::from_millis(10);

/// It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    process: Child,
    pub(super) url: String,
}

/// The product's api, ready, with so many mebibytes for kept answers.
pub(super) async fn started(product: &Product<'_>, cache_mib: u32) -> anyhow::Result<Server> {
    let port = free_port()?;
    let mut command = product.command(&["api"]);
    command
        .env("CATCHMENT__API__LISTEN", format!("127.0.0.1:{port}"))
        .env("CATCHMENT__API__CACHE_MIB", cache_mib.to_string());
    let server = Server::start(&command, format!("http://127.0.0.1:{port}"), Stdio::null())?;
    server.ready("/readyz").await?;
    Ok(server)
}

/// Bare axum with those answers.
pub(super) fn bare<'a>(files: impl Iterator<Item = &'a Path>) -> anyhow::Result<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare").args(files);
    let mut server = Server::start(&command, String::new(), Stdio::piped())?;
    let stdout = server.process.stdout.take();
    let stdout = stdout.context("its standard output")?;
    BufReader::new(stdout).read_line(&mut server.url)?;
    server.url.truncate(server.url.trim_end().len());
    Ok(server)
}

pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Server {
    /// Starts `command` on the first core; what it prints goes `to` somewhere that takes it.
    pub(super) fn start(command: &Command, url: String, to: Stdio) -> anyhow::Result<Self> {
        let mut pinned = Command::new("taskset");
        pinned
            .args(["--cpu-list", "0"])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .stdout(to)
            .stderr(Stdio::null());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                pinned.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            pinned.current_dir(folder);
        }
        let process = pinned
            .spawn()
            .context("starting a server under taskset (Debian: util-linux)")?;
        Ok(Self { process, url })
    }

    /// Waits until it answers.
    #[expect(
        clippy::disallowed_methods,
        reason = "another program's start tells nothing else"
    )]
    pub(super) async fn ready(&self, path: &str) -> anyhow::Result<()> {
        for _ in 0..500 {
            if get(&format!("{}{path}", self.url)).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("{} is not ready after ten seconds", self.url)
    }

    /// What it answers, but for what every server adds.
    pub(super) async fn recorded(
        &self,
        path: &str,
        header: Option<&str>,
    ) -> anyhow::Result<Recorded> {
        let client = reqwest::Client::builder();
        let client = client.no_proxy().no_gzip().no_brotli().no_zstd().build()?;
        let mut request = client.get(format!("{}{path}", self.url));
        if let Some((name, value)) = header.and_then(|header| header.split_once(": ")) {
            request = request.header(name, value);
        }
        let answer = request.send().await?.error_for_status()?;
        let own = answer.headers().iter();
        let own = own.filter(|(name, _)| !["date", "content-length"].contains(&name.as_str()));
        let headers = own.map(|(name, value)| Ok((name.to_string(), value.to_str()?.to_owned())));
        Ok(Recorded {
            status: answer.status().as_u16(),
            headers: headers.collect::<anyhow::Result<_>>()?,
            body: answer.bytes().await?.into(),
        })
    }

    /// The CPU time that it has used so far.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_, fields) = stat
            .rsplit_once(')')
            .context("/proc/PID/stat is of another form")?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u32 = ticks.filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
        Ok(TICK * ticks)
    }

    /// Bytes that are resident now.
    pub(super) fn resident(&self) -> anyhow::Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most bytes that were resident at once since [`forget_peak`](Self::forget_peak).
    pub(super) fn peak(&self) -> anyhow::Result<u64> {
        self.memory("VmHWM:")
    }

    pub(super) fn forget_peak(&self) -> anyhow::Result<()> {
        // proc(5): 5 resets the peak to what is resident now.
        Ok(fs::write(
            format!("/proc/{}/clear_refs", self.process.id()),
            "5",
        )?)
    }

    fn memory(&self, what: &str) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(what));
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

pub(super) async fn get(url: &str) -> anyhow::Result<reqwest::Response> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client.get(url).send().await?;
    ensure!(answer.status().is_success(), "{url}: {}", answer.status());
    Ok(answer)
}
