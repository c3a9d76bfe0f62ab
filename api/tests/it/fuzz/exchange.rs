//! A request sent byte by byte, and what came back.

use std::{fmt, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::request::Sent;
use crate::world::World;

/// Longer than any answer may take.
const LONGEST: Duration = Duration::from_secs(30);
/// Enough of a stream that does not end by itself.
const ENOUGH: usize = 8 << 20;

/// An answer, its body put together.
pub(super) struct Exchange {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Exchange {
    /// Sends on a connection of its own, and reads to its end.
    pub(super) async fn of(world: &World, sent: &Sent) -> Self {
        let exchange = timeout(LONGEST, Self::read(world, sent)).await;
        exchange.unwrap_or_else(|_| panic!("no end of the answer to {sent}"))
    }

    async fn read(world: &World, sent: &Sent) -> Self {
        let address = world.url.strip_prefix("http://").expect("a URL");
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        // Who is refused early may find the connection closed before all is sent.
        drop(stream.write_all(&sent.bytes).await);
        let mut bytes = Vec::new();
        let mut piece = vec![0; 64 << 10];
        while bytes.len() < ENOUGH {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(read) => bytes.extend_from_slice(&piece[..read]),
            }
            if is_stream(&bytes) {
                break;
            }
        }
        Self::parsed(&bytes).unwrap_or_else(|| {
            panic!(
                "no answer but {:?} to {sent}",
                String::from_utf8_lossy(&bytes)
            )
        })
    }

    fn parsed(bytes: &[u8]) -> Option<Self> {
        let end = find(bytes, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let mut body = bytes[end + 4..].to_vec();
        let is_chunked = headers
            .iter()
            .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        if is_chunked {
            body = unchunked(&body);
        }
        Some(Self {
            status,
            headers,
            // Coded bodies are not looked at.
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// Whether it is the api that answers, not the server under it.
    pub(super) fn is_ours(&self) -> bool {
        !self.header("x-request-id").is_empty()
    }

    /// The first of that name, or nothing.
    pub(super) fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(own, _)| own == name);
        found.next().map_or("", |(_, value)| value.as_str())
    }
}

/// The beginning of what came.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body: String = self.body.chars().take(500).collect();
        write!(f, "{} {:?} {body:?}", self.status, self.headers)
    }
}

/// Whether these are the first bytes of a stream of events.
fn is_stream(bytes: &[u8]) -> bool {
    let head = &bytes[..find(bytes, b"\r\n\r\n").unwrap_or(0)];
    find(head, b"content-type: text/event-stream").is_some()
}

/// What the chunks hold, as far as they came.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = find(rest, b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]);
        let size = usize::from_str_radix(&size, 16).unwrap_or(0);
        rest = &rest[end + 2..];
        if size == 0 || rest.len() < size + 2 {
            break;
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
    body
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
