//! What answers at every URL of the api, and what stands around all of it.

/// The URLs, and what holds of each.
mod paths;
/// What answers at each, and whom.
mod table;

use std::convert::Infallible;

use axum::{Router, extract::Request, middleware::from_fn_with_state, response::Response};
use tower::{Service, ServiceExt, service_fn, util::option_layer};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate,
        predicate::{NotForContentType, SizeAbove},
    },
};

pub use self::table::needs;
pub(crate) use self::{
    paths::{
        CHANGES, COMMAND, EXPORT, FACETS, IMPORT, asks_database, forms, is_of_rows, is_written,
        may_be_kept, takes_timeout,
    },
    table::Needs,
};
use crate::{AppState, answers::Asked, observe, protection};

/// Smaller answers are not worth the compressing.
const WORTH_COMPRESSING: u16 = 1024;

/// The whole api.
fn router(state: AppState) -> Router {
    surrounded(table::routes(), state)
}

/// The whole api, behind the answers that are kept: these need no route.
pub(crate) fn service(
    state: AppState,
) -> impl Service<
    Request,
    Response = Response,
    Error = Infallible,
    Future = impl Future<Output = Result<Response, Infallible>> + Send,
> + Clone
+ Send
+ 'static {
    let router = router(state.clone());
    service_fn(move |request: Request| {
        let (state, router) = (state.clone(), router.clone());
        async move {
            if let Some(asked) = Asked::of(&request)
                && let Some(response) = observe::kept(&state, asked).await
            {
                return Ok(response);
            }
            router.oneshot(request).await
        }
    })
}

/// The outermost layer stands first: it sees what the others answer. As one they cost each request one box.
fn surrounded(routes: Router<AppState>, state: AppState) -> Router {
    // What is compressed is held back until there is enough of it; an event must not be.
    let worth_it = SizeAbove::new(WORTH_COMPRESSING).and(NotForContentType::SSE);
    let cors = protection::cors(&state.settings.cors_origins);
    routes
        .fallback(observe::no_route)
        .method_not_allowed_fallback(observe::no_method)
        .layer((
            option_layer(cors),
            from_fn_with_state(state.clone(), observe::observe),
            CatchPanicLayer::custom(observe::panicked),
            CompressionLayer::new().compress_when(worth_it),
        ))
        .with_state(state)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use axum::{
        Router,
        body::{Body, to_bytes},
        http::{Request, Response, StatusCode},
        routing::get,
    };
    use entity::Clock;
    use sea_orm::DatabaseConnection;
    use serde_json::Value;
    use tower::ServiceExt;
    use tracing::subscriber::DefaultGuard;

    use super::surrounded;
    use crate::{AppState, Settings};

    async fn broken() -> StatusCode {
        panic!("out of tune")
    }

    async fn asked(uri: &str) -> Response<Body> {
        let no_database = DatabaseConnection::default();
        let state = AppState::new(no_database, Clock::system(), Settings::new("secret"));
        let routes = Router::new()
            .route("/broken/{name}", get(broken))
            .route("/fine/{name}", get(async || "fine"));
        let request = Request::get(uri).header("x-request-id", "mine-1");
        let request = request.body(Body::empty()).expect("a request");
        let answer = surrounded(routes, state).oneshot(request).await;
        answer.expect("an answer")
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_like_any_other() {
        let _log = log_to(&Lines::default());
        let response = asked("/broken/x").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = &response.headers()["content-type"];
        assert_eq!(content_type, "application/problem+json");
        let body = to_bytes(response.into_body(), 10_000).await;
        let problem: Value = serde_json::from_slice(&body.expect("a body")).expect("JSON");
        assert_eq!(problem["code"], "INTERNAL");
        assert_eq!(problem["request_id"], "mine-1");
        assert!(!problem.to_string().contains("out of tune"), "{problem}");
    }

    /// Where the log goes.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics in it").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Logs what this thread tells. Each test here needs a log: a line that one without meets first, while another's log is
    /// the only one, would be taken for one that nobody wants.
    fn log_to(lines: &Lines) -> DefaultGuard {
        let lines = lines.clone();
        let log = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(move || lines.clone())
            .finish();
        tracing::subscriber::set_default(log)
    }

    #[tokio::test]
    async fn a_request_is_one_line_of_the_log_with_its_cause_and_without_its_query() {
        let lines = Lines::default();
        let guard = log_to(&lines);
        asked("/fine/x?key=hush").await;
        asked("/broken/x?key=hush").await;
        drop(guard);
        let text = lines.0.lock().expect("no test panics in it").clone();
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(!text.contains("hush"), "{text}");
        let lines = text.lines().filter(|line| line.contains("mine-1"));
        let lines: Vec<Value> = lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let [fine, broken] = lines.as_slice() else {
            panic!("not two lines: {text}");
        };
        assert_eq!(fine["level"], "DEBUG");
        assert_eq!(fine["fields"]["method"], "GET");
        assert_eq!(fine["fields"]["route"], "/fine/{name}");
        assert_eq!(fine["fields"]["status"], 200);
        assert!(fine["fields"]["duration_ms"].is_f64(), "{fine}");
        assert_eq!(broken["level"], "WARN");
        assert_eq!(broken["fields"]["status"], 500);
        let error = "a handler panicked: out of tune";
        assert_eq!(broken["fields"]["error"], error);
    }
}
