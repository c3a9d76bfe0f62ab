//! A scripted upstream at a real socket: answers as a test says, breaks off as a test says, and remembers what was asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What was asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// How many came before it.
    pub number: usize,
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    pub fn number_in(&self, name: &str) -> usize {
        self.parameter(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// The head promises more than comes before the connection ends.
    Truncated { body: Vec<u8>, promised: usize },
    /// The connection is reset without an answer.
    Reset,
    /// These bytes, whatever they are, instead of an answer.
    Raw { bytes: Vec<u8>, then: Then },
}

/// What becomes of the connection once the bytes of a [`Reply::Raw`] are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is closed.
    Closes,
    /// It stays open and silent until the client closes it.
    Stalls,
    /// It is reset.
    Resets,
}

impl Reply {
    pub fn json(body: impl Into<String>) -> Self {
        Self::status(200, body)
    }

    pub fn status(status: u16, body: impl Into<String>) -> Self {
        let headers = vec![(
            "content-type".to_owned(),
            "application/json; charset=utf-8".to_owned(),
        )];
        Self::Answer {
            status,
            headers,
            body: body.into().into_bytes(),
        }
    }

    /// A body that need not be text, said to be JSON.
    pub fn bytes(body: impl Into<Vec<u8>>) -> Self {
        match Self::json("") {
            Self::Answer {
                status, headers, ..
            } => Self::Answer {
                status,
                headers,
                body: body.into(),
            },
            other => other,
        }
    }

    pub fn raw(bytes: impl Into<Vec<u8>>, then: Then) -> Self {
        Self::Raw {
            bytes: bytes.into(),
            then,
        }
    }

    pub fn html(status: u16, body: &str) -> Self {
        let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
        Self::Answer {
            status,
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a script reads better without references"
    )]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_string()));
        }
        self
    }
}

/// The page of `records` that `request` asks for with `page` and `limit`, and their number in a header.
pub fn paged(records: &[String], request: &Request) -> Reply {
    let size = request.number_in("limit").max(1);
    let start = (request.number_in("page") * size).min(records.len());
    let page = &records[start..(start + size).min(records.len())];
    Reply::json(format!("[{}]", page.join(","))).with("pagination-count", records.len())
}

type Script = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;
type Hook = Arc<dyn Fn(&Request) + Send + Sync>;

/// The upstream under way; it ends when it is dropped.
pub struct Upstream {
    pub url: String,
    part: Arc<Part>,
    accepting: JoinHandle<()>,
}

/// What it is to do, and what it was asked.
struct Part {
    script: Mutex<Script>,
    answered: Mutex<Hook>,
    asked: Mutex<Vec<Request>>,
}

impl Upstream {
    #[expect(
        clippy::expect_used,
        reason = "a test without its upstream cannot go on"
    )]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let part = Arc::new(Part {
            script: Mutex::new(Arc::new(|_| Reply::status(404, "nothing is scripted"))),
            answered: Mutex::new(Arc::new(|_| {})),
            asked: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&part)));
        Self {
            url,
            part,
            accepting,
        }
    }

    /// Answers every further request by `script`.
    #[expect(clippy::expect_used, reason = "only a test's panic poisons a lock")]
    pub fn answers(&self, script: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        *self.part.script.lock().expect("no test panicked here") = Arc::new(script);
    }

    /// Answers with the pages of `records`, whatever the path.
    pub fn has(&self, records: &[&str]) {
        let records: Vec<String> = records.iter().map(|record| (*record).to_owned()).collect();
        self.answers(move |request| paged(&records, request));
    }

    /// Calls `hook` for every further request when its whole answer is on its way.
    #[expect(clippy::expect_used, reason = "only a test's panic poisons a lock")]
    pub fn once_answered(&self, hook: impl Fn(&Request) + Send + Sync + 'static) {
        *self.part.answered.lock().expect("no test panicked here") = Arc::new(hook);
    }

    /// What was asked since this was last called.
    #[expect(clippy::expect_used, reason = "only a test's panic poisons a lock")]
    pub fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut *self.part.asked.lock().expect("no test panicked here"))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, part: Arc<Part>) {
    while let Ok((stream, _)) = listener.accept().await {
        let part = Arc::clone(&part);
        tokio::spawn(async move { answer(stream, &part).await });
    }
}

async fn answer(mut stream: TcpStream, part: &Part) -> Option<()> {
    let head = head(&mut stream).await?;
    let mut request = parsed(&head)?;
    request.body = body(&mut stream, &request).await?;
    let (request, reply) = {
        let mut asked = part.asked.lock().ok()?;
        request.number = asked.len();
        asked.push(request.clone());
        let script = Arc::clone(&*part.script.lock().ok()?);
        let reply = script(&request);
        (request, reply)
    };
    send(&mut stream, reply).await?;
    let hook = Arc::clone(&*part.answered.lock().ok()?);
    hook(&request);
    Some(())
}

async fn send(stream: &mut TcpStream, reply: Reply) -> Option<()> {
    let (head, body) = match reply {
        Reply::Answer {
            status,
            headers,
            body,
        } => {
            let length = body.len();
            let mut head = format!(
                "HTTP/1.1 {status} scripted\r\nconnection: close\r\ncontent-length: {length}\r\n"
            );
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            (head, body)
        }
        Reply::Truncated { body, promised } => {
            let head = format!(
                "HTTP/1.1 200 scripted\r\ncontent-type: application/json\r\ncontent-length: {promised}\r\n"
            );
            (head, body)
        }
        Reply::Reset => return stream.set_zero_linger().ok(),
        Reply::Raw { bytes, then } => return send_raw(stream, &bytes, then).await,
    };
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(b"\r\n").await.ok()?;
    stream.write_all(&body).await.ok()?;
    stream.shutdown().await.ok()
}

async fn send_raw(stream: &mut TcpStream, bytes: &[u8], then: Then) -> Option<()> {
    stream.write_all(bytes).await.ok()?;
    match then {
        Then::Closes => stream.shutdown().await.ok(),
        // It ends when the client has had enough.
        Then::Stalls => stream.read(&mut [0]).await.ok().map(drop),
        Then::Resets => stream.set_zero_linger().ok(),
    }
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(bytes).ok()
}

async fn body(stream: &mut TcpStream, request: &Request) -> Option<String> {
    let length = request.header("content-length").unwrap_or("0");
    let mut bytes = vec![0; length.parse().ok()?];
    stream.read_exact(&mut bytes).await.ok()?;
    String::from_utf8(bytes).ok()
}

fn parsed(head: &str) -> Option<Request> {
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let url = url::Url::parse("http://upstream").ok()?.join(target).ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    Some(Request {
        number: 0,
        method: method.to_owned(),
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: String::new(),
    })
}
