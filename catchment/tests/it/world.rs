//! A folder to work in, the binary with nothing but the variables that a test gives it, and an upstream at a socket.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Into what file a program writes which of its lines ran, if it was built to.
pub(crate) const PROFILE: &str = "LLVM_PROFILE_FILE";
/// Longer than anything takes on a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A process that runs until it is stopped.
pub(crate) struct Process {
    child: Child,
    lines: mpsc::Receiver<String>,
    stderr: Option<thread::JoinHandle<String>>,
}

impl World {
    /// All ports are free ones.
    pub(crate) fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        };
        world
            .with("CATCHMENT__API__LISTEN", "127.0.0.1:0")
            .with("CATCHMENT__SYNCER__LISTEN", "127.0.0.1:0")
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The value of a variable that the commands get.
    pub(crate) fn variable(&self, name: &str) -> &str {
        let found = self.variables.iter().find(|(known, _)| known == name);
        &found.unwrap().1
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &str) -> Output {
        let output = self.command(arguments).output().unwrap();
        Output {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts a command that runs until it is stopped.
    pub(crate) fn start(&self, arguments: &str) -> Process {
        Process::start(&mut self.command(arguments))
    }

    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_catchment"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            // Where .ci/coverage wants to be told what ran.
            .envs(env::vars_os().filter(|(name, _)| name == PROFILE))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Output {
    /// The one document on stdout, of a command that succeeded or told how it did not.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("{error}\n{}\n{}", self.stdout, self.stderr);
        })
    }
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (told, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            let lines = stdout.lines().map_while(Result::ok);
            lines.for_each(|line| drop(told.send(line)));
        });
        let mut stderr = child.stderr.take().unwrap();
        let stderr = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        Self {
            child,
            lines,
            stderr: Some(stderr),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first line of stdout, from here on, that holds `text`.
    pub(crate) fn line(&self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("no line with `{text}`: {error}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// What is on stdout until the line that holds `last`.
    pub(crate) fn text(&self, last: &str) -> String {
        let mut text = String::new();
        while !text.contains(last) {
            text.push_str(&self.lines.recv_timeout(PATIENCE).unwrap());
            text.push('\n');
        }
        text
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// The exit code, and what was printed since the last line that was asked for.
    pub(crate) fn end(mut self) -> Output {
        let mut stdout = String::new();
        // Stdout ends with the process.
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => stdout.push_str(&format!("{line}\n")),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("it does not end: {error}"),
            }
        }
        Output {
            code: self.child.wait().unwrap().code(),
            stdout,
            stderr: self.stderr.take().unwrap().join().unwrap(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended, except where a test failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An upstream in which each way that a run can end has a resource of its own.
pub(crate) struct Shop {
    pub(crate) base_url: String,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let items = || async {
            (
                [("content-type", "application/json")],
                r#"[{"id":1},{"id":2},{"id":3}]"#,
            )
        };
        let broken = || async { StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let later = || async {
            (
                StatusCode::TOO_MANY_REQUESTS,
                [("retry-after", "Fri, 01 Jan 2100 00:00:00 GMT")],
            )
                .into_response()
        };
        let parts = |axum::extract::Path(id): axum::extract::Path<u8>| async move {
            let parts: Response = match id {
                2 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                _ => axum::Json(serde_json::json!([{ "part": 1 }])).into_response(),
            };
            parts
        };
        let router = Router::new()
            .route("/items", get(items))
            .route("/broken", get(broken))
            .route("/later", get(later))
            .route("/items/{id}/parts", get(parts));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { base_url }
    }

    pub(crate) fn definition(&self) -> String {
        let base_url = &self.base_url;
        format!(
            r#"
[source]
name = "shop"
base_url = "{base_url}"
schedule = "every 1h"
retry = {{ attempts = 2 }}

[defaults]
key = "id"
page = {{ kind = "none" }}

[resource.items]
path = "/items"
fields = {{ id = "integer" }}

[resource.parts]
path = "/items/{{parent.id}}/parts"
for_each = {{ resource = "items", copy = {{ item_id = "id" }} }}
key = ["item_id", "part"]
fields = {{ part = "integer" }}

[resource.few]
path = "/items"
expect = {{ min = 10 }}
fields = {{ id = "integer" }}

[resource.later]
path = "/later"
fields = {{ id = "integer" }}

[resource.broken]
path = "/broken"
fields = {{ id = "integer" }}
"#
        )
    }
}

/// A world whose operator has the shop's definition and a schema.
pub(crate) async fn with_shop() -> World {
    let shop = Shop::open().await;
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    world.file("sources/shop.toml", &shop.definition());
    assert_eq!(world.run("migrate up").code, Some(0));
    world
}
