//! Ten thousand clients that wait for the changes of a resource: the memory they take, and when all of them know of one.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::server::{self, Server};
use crate::product::{NOTHING, Product};

const CLIENTS: u32 = 10_000;

/// What so many clients take.
#[derive(Debug)]
pub(crate) struct Streams {
    pub clients: u32,
    /// Bytes resident without them, with them, and after each of them was told of a change.
    pub before: u64,
    pub waiting: u64,
    pub told: u64,
    /// From the end of the run that made the change until the last of them had it.
    pub after: Duration,
}

/// A client's socket and what it has read of an answer so far.
struct Client {
    socket: TcpStream,
    read: Vec<u8>,
}

pub(super) async fn measured(product: &Product<'_>) -> anyhow::Result<Streams> {
    let server = server::started(product, 32).await?;
    let before = server.resident()?;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let client = Client::new(&server).await;
        clients.push(client.context("`ulimit -n` must be above the number of clients")?);
    }
    for client in &mut clients {
        // What is told first where nothing has changed yet.
        client.until("event: version").await?;
    }
    let waiting = server.resident()?;
    let mut all: JoinSet<_> = clients
        .into_iter()
        .map(async |mut client: Client| client.until("event: insert").await.map(|()| client))
        .collect();
    product.one_record()?;
    product.sync(NOTHING).await?;
    let began = Instant::now();
    let mut open = Vec::new();
    while let Some(client) = all.join_next().await {
        open.push(client??);
    }
    Ok(Streams {
        clients: CLIENTS,
        before,
        waiting,
        told: server.resident()?,
        after: began.elapsed(),
    })
}

impl Client {
    async fn new(server: &Server) -> anyhow::Result<Self> {
        let address = server.url.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).await?;
        let request = format!(
            "GET /api/v1/bench/{NOTHING}/-/changes?since=0 HTTP/1.1\r\nHost: {address}\r\n\
             Accept: text/event-stream\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).await?;
        Ok(Self {
            socket,
            read: Vec::new(),
        })
    }

    /// Reads until `event` was told, and forgets what came up to it.
    async fn until(&mut self, event: &str) -> anyhow::Result<()> {
        loop {
            if String::from_utf8_lossy(&self.read).contains(event) {
                self.read = Vec::new();
                return Ok(());
            }
            if self.socket.read_buf(&mut self.read).await? == 0 {
                bail!("a stream ended before {event}");
            }
        }
    }
}
