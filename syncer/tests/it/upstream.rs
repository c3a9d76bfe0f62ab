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
pub(crate) struct Request {
    /// How many came before it.
    pub(crate) number: usize,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Request {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    pub(crate) fn number_in(&self, name: &str) -> usize {
        self.parameter(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// The head promises more than comes before the connection ends.
    Truncated { body: Vec<u8>, promised: usize },
    /// The connection is reset without an answer.
    Reset,
}

impl Reply {
    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: impl Into<String>) -> Self {
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

    pub(crate) fn html(status: u16, body: &str) -> Self {
        let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
        Self::Answer {
            status,
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_string()));
        }
        self
    }
}

/// The page of `records` that `request` asks for with `page` and `limit`, and their number in a header.
pub(crate) fn paged(records: &[String], request: &Request) -> Reply {
    let size = request.number_in("limit").max(1);
    let start = (request.number_in("page") * size).min(records.len());
    let page = &records[start..(start + size).min(records.len())];
    Reply::json(format!("[{}]", page.join(","))).with("pagination-count", records.len())
}

type Script = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// The upstream under way; it ends when it is dropped.
pub(crate) struct Upstream {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
    asked: Arc<Mutex<Vec<Request>>>,
    accepting: JoinHandle<()>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let none: Script = Arc::new(|_| Reply::status(404, "nothing is scripted"));
        let script = Arc::new(Mutex::new(none));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&script), Arc::clone(&asked)));
        Self {
            url,
            script,
            asked,
            accepting,
        }
    }

    /// Answers every further request by `script`.
    pub(crate) fn answers(&self, script: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        *self.script.lock().expect("no test panicked here") = Arc::new(script);
    }

    /// Answers with the pages of `records`, whatever the path.
    pub(crate) fn has(&self, records: &[&str]) {
        let records: Vec<String> = records.iter().map(|record| (*record).to_owned()).collect();
        self.answers(move |request| paged(&records, request));
    }

    /// What was asked since this was last called.
    pub(crate) fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut *self.asked.lock().expect("no test panicked here"))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    script: Arc<Mutex<Script>>,
    asked: Arc<Mutex<Vec<Request>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (script, asked) = (Arc::clone(&script), Arc::clone(&asked));
        tokio::spawn(async move { answer(stream, &script, &asked).await });
    }
}

async fn answer(
    mut stream: TcpStream,
    script: &Mutex<Script>,
    asked: &Mutex<Vec<Request>>,
) -> Option<()> {
    let head = head(&mut stream).await?;
    let reply = {
        let mut asked = asked.lock().ok()?;
        let request = parsed(asked.len(), &head)?;
        asked.push(request.clone());
        let script = Arc::clone(&*script.lock().ok()?);
        script(&request)
    };
    match reply {
        Reply::Answer {
            status,
            headers,
            body,
        } => {
            let mut text = format!(
                "HTTP/1.1 {status} scripted\r\nconnection: close\r\ncontent-length: {}\r\n",
                body.len()
            );
            for (name, value) in headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            text.push_str("\r\n");
            stream.write_all(text.as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()?;
            stream.shutdown().await.ok()
        }
        Reply::Truncated { body, promised } => {
            let text = format!(
                "HTTP/1.1 200 scripted\r\ncontent-type: application/json\r\ncontent-length: {promised}\r\n\r\n"
            );
            stream.write_all(text.as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()?;
            stream.shutdown().await.ok()
        }
        Reply::Reset => {
            stream.set_zero_linger().ok()?;
            drop(stream);
            Some(())
        }
    }
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn parsed(number: usize, head: &str) -> Option<Request> {
    let mut lines = head.lines();
    let target = lines.next()?.split(' ').nth(1)?;
    let url = url::Url::parse("http://upstream").ok()?.join(target).ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    Some(Request {
        number,
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
    })
}
