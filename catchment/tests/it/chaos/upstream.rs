//! The upstream at its socket: pages of the market as it is at that moment, and who asked for what.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use entity::Clock;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    dice::Dice,
    market::{Market, RESOURCES},
};

/// Slow enough that a process is killed while it waits as often as while it works.
const SLOWEST: Duration = Duration::from_millis(9);

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Of which process, as it says itself.
    pub(super) process: u32,
    pub(super) resource: &'static str,
    pub(super) at: DateTime<Utc>,
    pub(super) answered: bool,
}

/// The upstream under way; it ends when it is dropped.
pub(super) struct Upstream {
    pub(super) url: String,
    desk: Arc<Desk>,
    serving: JoinHandle<()>,
}

struct Desk {
    market: Mutex<Market>,
    asked: Mutex<Vec<Asked>>,
    dice: Mutex<Dice>,
}

impl Upstream {
    pub(super) async fn open(mut dice: Dice) -> Self {
        let desk = Arc::new(Desk {
            market: Mutex::new(Market::new(dice.split())),
            asked: Mutex::default(),
            dice: Mutex::new(dice),
        });
        let router = Router::new()
            .route("/{resource}", get(list))
            .route("/stalls/{stall}/offers", get(offers))
            .with_state(Arc::clone(&desk));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, desk, serving }
    }

    /// The market, for whoever changes it or asks what is true.
    pub(super) fn market<T>(&self, with: impl FnOnce(&mut Market) -> T) -> T {
        with(&mut self.desk.market.lock().unwrap())
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.desk.asked.lock().unwrap().clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

type Parameters = Query<BTreeMap<String, String>>;

async fn list(
    State(desk): State<Arc<Desk>>,
    Path(resource): Path<String>,
    headers: HeaderMap,
    Query(parameters): Parameters,
) -> Response {
    let resource = RESOURCES.into_iter().find(|known| *known == resource);
    match resource {
        Some(resource) => desk.answer(resource, 0, &headers, &parameters).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn offers(
    State(desk): State<Arc<Desk>>,
    Path(stall): Path<u32>,
    headers: HeaderMap,
    Query(parameters): Parameters,
) -> Response {
    desk.answer("offers", stall, &headers, &parameters).await
}

impl Desk {
    #[expect(
        clippy::disallowed_methods,
        reason = "an upstream takes its time, and processes are killed meanwhile"
    )]
    async fn answer(
        &self,
        resource: &'static str,
        parent: u32,
        headers: &HeaderMap,
        parameters: &BTreeMap<String, String>,
    ) -> Response {
        let place = self.note(resource, headers);
        let (before, after) = {
            let mut dice = self.dice.lock().unwrap();
            (dice.part_of(SLOWEST / 2), dice.part_of(SLOWEST / 2))
        };
        tokio::time::sleep(before).await;
        let records = self.market.lock().unwrap().records(resource, parent);
        tokio::time::sleep(after).await;
        self.asked.lock().unwrap()[place].answered = true;
        match records {
            Some(records) => page(resource, &records, parameters),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    /// Writes down that it was asked, and returns where.
    fn note(&self, resource: &'static str, headers: &HeaderMap) -> usize {
        let process = headers["x-process"].to_str().unwrap().parse().unwrap();
        let mut asked = self.asked.lock().unwrap();
        asked.push(Asked {
            process,
            resource,
            at: Clock::system().now(),
            answered: false,
        });
        asked.len() - 1
    }
}

/// The page that is asked for, in the manner of its resource.
fn page(
    resource: &str,
    records: &[(u32, String)],
    parameters: &BTreeMap<String, String>,
) -> Response {
    let number = |name: &str| -> usize { parameters.get(name).map_or(0, |n| n.parse().unwrap()) };
    let (size, total) = (number("limit"), records.len());
    let start = match resource {
        "stalls" => (number("page") - 1) * size,
        "orders" => number("skip"),
        "visits" => records.partition_point(|(id, _)| *id as usize <= number("after")),
        _ => number("page") * size,
    };
    let end = (start + size).min(total);
    let some = &records[start.min(end)..end];
    let bodies: Vec<&str> = some.iter().map(|(_, body)| body.as_str()).collect();
    let bodies = bodies.join(",\n");
    match resource {
        "orders" => answer(format!("[{bodies}]"), None),
        "visits" => {
            let last = some.last().filter(|_| end < total);
            let next =
                last.map(|(id, _)| format!("</visits?limit={size}&after={id}>; rel=\"next\""));
            answer(format!("[{bodies}]"), next.map(|next| ("link", next)))
        }
        "prices" => answer(format!(r#"{{"total":{total},"data":[{bodies}]}}"#), None),
        _ => answer(format!("[{bodies}]"), Some(("x-total", total.to_string()))),
    }
}

fn answer(body: String, extra: Option<(&'static str, String)>) -> Response {
    let mut response = ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    if let Some((name, value)) = extra {
        let value = value.parse().unwrap();
        response.headers_mut().insert(name, value);
    }
    response
}
