//! A socket between a process and its MySQL server that counts the statements, and kills the process at one of them.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

use super::victim::Victim;

/// Where a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Death {
    /// The number of the statement, from 1.
    pub(super) at: usize,
    pub(super) when: When,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// The statement never reaches the server.
    Before,
    /// The server executes it, and nobody hears the answer.
    After,
}

pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    part: Arc<Part>,
    accepting: JoinHandle<()>,
}

/// What came, over all connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) statements: usize,
    /// The numbers of those that are more than a question.
    pub(super) writes: Vec<usize>,
    /// The numbers of those that commit a transaction.
    pub(super) commits: Vec<usize>,
}

struct Part {
    server: String,
    counts: Mutex<Counts>,
    death: Option<Death>,
    victim: Victim,
}

impl Proxy {
    pub(super) async fn start(server: String, victim: Victim, death: Option<Death>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let part = Arc::new(Part {
            server,
            counts: Mutex::default(),
            death,
            victim,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&part)));
        Self {
            address,
            part,
            accepting,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.part.counts.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, part: Arc<Part>) {
    while let Ok((client, _)) = listener.accept().await {
        let part = Arc::clone(&part);
        tokio::spawn(async move { relay(client, &part).await });
    }
}

/// Carries one connection until either side ends it.
async fn relay(client: TcpStream, part: &Part) -> Option<()> {
    let server = TcpStream::connect(&part.server).await.ok()?;
    server.set_nodelay(true).ok()?;
    client.set_nodelay(true).ok()?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (told, answered) = watch::channel(());
    let answers = tokio::spawn(answers(from_server, to_client, told));
    questions(from_client, to_server, answered, part).await;
    answers.abort();
    Some(())
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, told: watch::Sender<()>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        // A client that was killed takes no answer; that there was one is what counts then.
        drop(to.write_all(&buffer[..length]).await);
        told.send_replace(());
    }
}

async fn questions(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut answered: watch::Receiver<()>,
    part: &Part,
) -> Option<()> {
    let mut prepared = Prepared::default();
    loop {
        let packet = packet(&mut from).await?;
        let statement = prepared.statement(&packet);
        let number = statement.map(|sql| part.count(&sql));
        let here = part.death.filter(|death| Some(death.at) == number);
        if here.is_some() {
            part.victim.kill();
        }
        if here.is_some_and(|death| death.when == When::Before) {
            return None;
        }
        answered.mark_unchanged();
        to.write_all(&packet).await.ok()?;
        if here.is_some() {
            answered.changed().await.ok()?;
            return None;
        }
    }
}

impl Part {
    /// The number of a statement that came.
    fn count(&self, sql: &str) -> usize {
        let mut counts = self.counts.lock().unwrap();
        counts.statements += 1;
        let number = counts.statements;
        if !sql.starts_with("SELECT") {
            counts.writes.push(number);
        }
        if sql == "COMMIT" {
            counts.commits.push(number);
        }
        number
    }
}

/// What a connection has prepared.
#[derive(Default)]
struct Prepared {
    /// By the id that the server gave.
    statements: HashMap<u32, String>,
    /// Its id is in an answer, which is not read here: it is that of the statement executed next.
    last: Option<String>,
}

impl Prepared {
    /// The statement that `packet` has executed, if any. A command begins an exchange, so its number there is 0.
    fn statement(&mut self, packet: &[u8]) -> Option<String> {
        let [_, _, _, 0, command, rest @ ..] = packet else {
            return None;
        };
        match command {
            // COM_QUERY
            0x03 => Some(String::from_utf8_lossy(rest).into_owned()),
            // COM_STMT_PREPARE
            0x16 => {
                self.last = Some(String::from_utf8_lossy(rest).into_owned());
                None
            }
            // COM_STMT_EXECUTE
            0x17 => {
                let id = u32::from_le_bytes(*rest.first_chunk()?);
                if let Some(sql) = self.last.take() {
                    self.statements.insert(id, sql);
                }
                Some(self.statements[&id].clone())
            }
            _ => None,
        }
    }
}

/// A whole packet: three bytes of length, the number in its exchange, and the payload.
async fn packet(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut packet = vec![0; 4];
    from.read_exact(&mut packet).await.ok()?;
    let length = u32::from_le_bytes([packet[0], packet[1], packet[2], 0]);
    packet.resize(4 + usize::try_from(length).ok()?, 0);
    from.read_exact(&mut packet[4..]).await.ok()?;
    Some(packet)
}
