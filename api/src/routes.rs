//! Every URL of the api, in one list, and what stands around all of them.

use std::{collections::HashMap, convert::Infallible};

use axum::{
    Router,
    extract::Request,
    handler::Handler,
    http::Method,
    middleware::from_fn_with_state,
    response::{Redirect, Response},
    routing::{MethodRouter, delete, get, patch, post, put},
};
use tower::{Service, ServiceExt, service_fn, util::option_layer};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate,
        predicate::{NotForContentType, SizeAbove},
    },
};

use crate::{
    AppState, accept, answers::Asked, auth, catalog, changes, directory, export, health,
    identity::Need, metrics, mirror, observe, openapi, problem, protection, records, swagger, sync,
    writing,
};

/// Where the browsable documentation is; relative, so that it holds behind any prefix.
const SWAGGER: &str = "api/swagger";

/// Where all else is found.
const SERVICE: &str = "/api/v1";
const CATALOG: &str = "/api/v1/catalog";
const CATALOG_OF_SOURCE: &str = "/api/v1/catalog/{source}";
const AUDIT: &str = "/api/v1/audit";
const USERS: &str = "/api/v1/users";
const USER: &str = "/api/v1/users/{id}";
const ME: &str = "/api/v1/users/me";
const LIST: &str = "/api/v1/{source}/{resource}";
const ONE: &str = "/api/v1/{source}/{resource}/{key}";
const CHILDREN: &str = "/api/v1/{source}/{resource}/{key}/{child}";
const SCHEMA: &str = "/api/v1/{source}/{resource}/-/schema";
/// Where the changes of a resource's rows are told: its answer may wait for them.
pub(crate) const CHANGES: &str = "/api/v1/{source}/{resource}/-/changes";
pub(crate) const EXPORT: &str = "/api/v1/{source}/{resource}/-/export";
pub(crate) const FACETS: &str = "/api/v1/{source}/{resource}/-/facets";
const HISTORY: &str = "/api/v1/{source}/{resource}/{key}/-/history";
const MIRROR: &str = "/mirror/{source}/{*path}";
/// Where many rows are written at once: its body may be large, and take its time.
pub(crate) const IMPORT: &str = "/api/v1/{source}/{resource}/-/import";
pub(crate) const RANDOM: &str = "/api/v1/{source}/{resource}/-/random";

/// How the syncers fare, and what they are asked to do.
const SYNC: &str = "/api/v1/sync";
const SYNC_RUN_ALL: &str = "/api/v1/sync/runs";
const SYNC_RUN: &str = "/api/v1/sync/runs/{id}";
const SYNC_CANCEL: &str = "/api/v1/sync/runs/{id}/cancel";
const COMMANDS: &str = "/api/v1/sync/commands";
/// What became of a command: its answer may wait for that.
pub(crate) const COMMAND: &str = "/api/v1/sync/commands/{id}";
const SYNC_EVENTS: &str = "/api/v1/sync/events";
const SYNC_SOURCE: &str = "/api/v1/sync/{source}";
const SYNC_RUN_SOURCE: &str = "/api/v1/sync/{source}/runs";
const SYNC_RESOURCE: &str = "/api/v1/sync/{source}/{resource}";
const SYNC_RUN_RESOURCE: &str = "/api/v1/sync/{source}/{resource}/runs";
const REJECTS: &str = "/api/v1/sync/{source}/{resource}/rejects";
const REJECT_COUNTS: &str = "/api/v1/sync/{source}/{resource}/rejects/counts";
const REJECT: &str = "/api/v1/sync/{source}/{resource}/rejects/{id}";
const REPLAY: &str = "/api/v1/sync/{source}/{resource}/rejects/replay";

/// Smaller answers are not worth the compressing.
const WORTH_COMPRESSING: u16 = 1024;

/// The whole api.
fn router(state: AppState) -> Router {
    surrounded(routes(), state)
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

/// A method of a path, what its callers have to be, and what answers.
struct Route {
    method: Method,
    path: &'static str,
    need: Need,
    handler: MethodRouter<AppState>,
}

impl Route {
    fn delete<H, T>(path: &'static str, need: Need, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        Self {
            method: Method::DELETE,
            path,
            need,
            handler: delete(handler),
        }
    }

    fn post<H, T>(path: &'static str, need: Need, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        Self {
            method: Method::POST,
            path,
            need,
            handler: post(handler),
        }
    }

    fn patch<H, T>(path: &'static str, need: Need, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        Self {
            method: Method::PATCH,
            path,
            need,
            handler: patch(handler),
        }
    }

    fn put<H, T>(path: &'static str, need: Need, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        Self {
            method: Method::PUT,
            path,
            need,
            handler: put(handler),
        }
    }

    fn get<H, T>(path: &'static str, need: Need, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        Self {
            method: Method::GET,
            path,
            need,
            handler: get(handler),
        }
    }
}

/// The tap: whoever may turn it may look, too.
fn of_tap() -> Vec<Route> {
    let need = Need::Sync;
    vec![
        Route::get(SYNC, need, sync::fare::all),
        Route::patch(SYNC, need, sync::fare::steer_all),
        Route::get(SYNC_RUN_ALL, need, sync::runs::list),
        Route::post(SYNC_RUN_ALL, need, sync::commands::run_all),
        Route::get(SYNC_RUN, need, sync::runs::one),
        Route::post(SYNC_CANCEL, need, sync::commands::cancel),
        Route::get(COMMANDS, need, sync::commands::list),
        Route::get(COMMAND, need, sync::commands::one),
        Route::get(SYNC_EVENTS, need, sync::events::events),
        Route::get(SYNC_SOURCE, need, sync::fare::of_source),
        Route::patch(SYNC_SOURCE, need, sync::fare::steer_source),
        Route::post(SYNC_RUN_SOURCE, need, sync::commands::run_source),
        Route::get(SYNC_RESOURCE, need, sync::fare::of_resource),
        Route::patch(SYNC_RESOURCE, need, sync::fare::steer_resource),
        Route::post(SYNC_RUN_RESOURCE, need, sync::commands::run_resource),
        Route::get(REJECTS, need, sync::rejects::list),
        Route::get(REJECT_COUNTS, need, sync::rejects::counts),
        Route::get(REJECT, need, sync::rejects::one),
        Route::post(REPLAY, need, sync::commands::replay),
    ]
}

/// Every route there is: the router is made of these, and so is the table of who may do what.
fn table() -> Vec<Route> {
    let home = async || Redirect::temporary(SWAGGER);
    [
        of_service(home),
        of_rows(),
        of_login(),
        of_directory(),
        of_tap(),
        of_local(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_service<H, T>(home: H) -> Vec<Route>
where
    H: Handler<T, AppState> + Clone,
    T: 'static,
{
    vec![
        Route::get("/", Need::Open, home.clone()),
        Route::get("/api", Need::Open, home),
        Route::get("/api/swagger", Need::Open, swagger::page),
        Route::get("/api/swagger/{asset}", Need::Open, swagger::asset),
        Route::get("/api/openapi.json", Need::Read, openapi::openapi),
        Route::get("/problems/{slug}", Need::Open, problem::page),
        Route::get("/healthz", Need::Read, health::healthz),
        Route::get("/livez", Need::Open, health::livez),
        Route::get("/readyz", Need::Open, health::readyz),
        Route::get("/metrics", Need::Read, metrics::metrics),
    ]
}

fn of_rows() -> Vec<Route> {
    vec![
        Route::get(SERVICE, Need::Read, catalog::service),
        Route::get(CATALOG, Need::Read, catalog::catalog),
        Route::get(CATALOG_OF_SOURCE, Need::Read, catalog::catalog_of_source),
        Route::get(LIST, Need::Read, records::list),
        Route::get(ONE, Need::Read, records::one),
        Route::get(SCHEMA, Need::Read, records::schema),
        Route::get(CHANGES, Need::Read, changes::changes),
        Route::get(EXPORT, Need::Read, export::export),
        Route::get(FACETS, Need::Read, records::facets::facets),
        Route::get(RANDOM, Need::Read, records::random::random),
        Route::get(CHILDREN, Need::Read, records::children),
        Route::get(HISTORY, Need::Read, records::history::history),
        Route::get("/mirror/{source}", Need::Read, mirror::mirror),
        Route::get("/mirror/{source}/", Need::Read, mirror::mirror),
        Route::get(MIRROR, Need::Read, mirror::mirror),
    ]
}

fn of_directory() -> Vec<Route> {
    vec![
        Route::get(USERS, Need::Admin, directory::list),
        Route::post(USERS, Need::Admin, directory::create),
        Route::get(USER, Need::Known, directory::one),
        Route::patch(USER, Need::Admin, directory::change),
        Route::delete(USER, Need::Admin, directory::remove),
        Route::get(ME, Need::Login, directory::me),
        Route::put(ME, Need::Login, directory::change_me),
        Route::get(AUDIT, Need::Admin, directory::audit),
    ]
}

/// The rows of resources that callers write.
fn of_local() -> Vec<Route> {
    vec![
        Route::post(LIST, Need::Write, writing::create),
        Route::put(ONE, Need::Write, writing::replace),
        Route::patch(ONE, Need::Write, writing::change),
        Route::delete(ONE, Need::Write, writing::delete),
        Route::post(IMPORT, Need::Write, writing::import),
    ]
}

fn of_login() -> Vec<Route> {
    let route = |method, path, need, handler| Route {
        method,
        path,
        need,
        handler,
    };
    let open = |path, handler| route(Method::POST, path, Need::Open, handler);
    let of_user = |method, path, handler| route(method, path, Need::Login, handler);
    vec![
        Route::get("/.well-known/jwks.json", Need::Open, auth::jwks),
        open("/api/v1/auth/login", post(auth::login)),
        open("/api/v1/auth/refresh", post(auth::refresh)),
        open("/api/v1/auth/register", post(auth::register)),
        open("/api/v1/auth/setup", post(auth::setup)),
        of_user(Method::POST, "/api/v1/auth/logout", post(auth::logout)),
        of_user(
            Method::POST,
            "/api/v1/auth/password",
            post(auth::change_password),
        ),
        of_user(Method::GET, "/api/v1/keys", get(auth::list_keys)),
        of_user(Method::POST, "/api/v1/keys", post(auth::create_key)),
        of_user(
            Method::DELETE,
            "/api/v1/keys/{id}",
            delete(auth::revoke_key),
        ),
    ]
}

fn routes() -> Router<AppState> {
    let routes = table().into_iter();
    routes.fold(Router::new(), |router, route| {
        router.route(route.path, route.handler)
    })
}

/// What the callers of each method of each path have to be. A method that is not listed is not allowed; `HEAD` is `GET`.
pub fn needs() -> Vec<(Method, &'static str, Need)> {
    let routes = table().into_iter();
    routes
        .map(|route| (route.method, route.path, route.need))
        .collect()
}

/// What a caller has to be, by path and method: asked for each request.
#[derive(Debug)]
pub(crate) struct Needs(HashMap<&'static str, Vec<(Method, Need)>>);

impl Needs {
    pub(crate) fn new() -> Self {
        let mut by_path: HashMap<_, Vec<_>> = HashMap::new();
        for (method, path, need) in needs() {
            by_path.entry(path).or_default().push((method, need));
        }
        Self(by_path)
    }

    /// What the callers of that route have to be; `None`: there is none, and nobody is kept from hearing so.
    pub(crate) fn of(&self, method: &Method, route: &str) -> Option<Need> {
        let method = match *method {
            Method::HEAD => &Method::GET,
            _ => method,
        };
        let methods = self.0.get(route)?;
        let found = methods.iter().find(|(of, _)| of == method);
        found.map(|(_, need)| *need)
    }
}

/// Whether a route answers with rows, or what is counted of them: the same for all who ask the same.
pub(crate) fn is_of_rows(route: &str) -> bool {
    matches!(route, LIST | ONE | CHILDREN | FACETS)
}

/// Whether a route asks the database.
pub(crate) fn asks_database(route: &str) -> bool {
    let is_tap = route.starts_with(SYNC);
    is_of_rows(route) || is_tap || matches!(route, RANDOM | CHANGES | EXPORT | HISTORY | MIRROR)
}

/// Whether a route has answers that are kept here.
pub(crate) fn may_be_kept(route: &str) -> bool {
    is_of_rows(route) || matches!(route, HISTORY | MIRROR)
}

/// Whether a caller may say how long it waits for the database.
pub(crate) fn takes_timeout(route: &str) -> bool {
    is_of_rows(route) || matches!(route, RANDOM | HISTORY)
}

/// The forms in which a route answers, beside plain JSON, which most of them are; none: whoever asks there takes what comes.
pub(crate) fn forms(route: &str) -> &'static [&'static str] {
    match route {
        SERVICE | CATALOG | CATALOG_OF_SOURCE | RANDOM | HISTORY | IMPORT => &accept::JSON,
        SYNC_EVENTS => &sync::events::FORMS,
        route if route.starts_with(SYNC) => &accept::JSON,
        SCHEMA => &["application/schema+json"],
        CHANGES => &changes::FORMS,
        EXPORT => &export::FORMS,
        route if is_of_rows(route) => &accept::JSON,
        _ => &[],
    }
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
