//! The stand-in at a real socket, as a syncer and a browser see it.

mod breeds;
mod contract;
mod images;

use std::collections::HashSet;

use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::serve;

struct World {
    address: String,
    client: Client,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl World {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(listener, async move {
            stopped.await.ok();
        }));
        Self {
            address,
            client: Client::builder().no_proxy().build().unwrap(),
            stop,
            server,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        let answer = self
            .client
            .get(format!("http://{}{path}", self.address))
            .send()
            .await
            .unwrap();
        Answer {
            status: answer.status(),
            headers: answer.headers().clone(),
            body: answer.text().await.unwrap(),
        }
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        self.get(path).await.list()
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn pagination(&self) -> [&str; 3] {
        ["pagination-count", "pagination-page", "pagination-limit"].map(|name| self.header(name))
    }

    fn list(&self) -> Vec<Value> {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn ids(records: &[Value]) -> Vec<String> {
    records
        .iter()
        .map(|record| record["id"].to_string())
        .collect()
}

fn distinct<T: std::hash::Hash + Eq>(items: impl IntoIterator<Item = T>) -> usize {
    items.into_iter().collect::<HashSet<_>>().len()
}
