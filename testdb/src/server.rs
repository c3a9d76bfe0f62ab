//! Finds a database server for the tests: the one that is named, else one started for this process.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
};

/// A server that tests may use, decided once per process.
pub(crate) struct Server {
    /// The script of `infra/test` that starts one.
    script: &'static str,
    /// The variable with the URL of a server whose user may create databases.
    url: &'static str,
    /// The variable that turns a skipped server into a failure.
    require: &'static str,
    /// Whether one that happens to be installed is started without being asked for.
    by_itself: bool,
    found: OnceLock<Option<String>>,
}

pub(crate) static MYSQL: Server = Server {
    script: "mysql",
    url: "CATCHMENT_TEST_MYSQL_URL",
    require: "CATCHMENT_TEST_REQUIRE_MYSQL",
    by_itself: true,
    found: OnceLock::new(),
};

pub(crate) static MARIADB: Server = Server {
    script: "mariadb",
    url: "CATCHMENT_TEST_MARIADB_URL",
    require: "CATCHMENT_TEST_REQUIRE_MARIADB",
    by_itself: false,
    found: OnceLock::new(),
};

impl Server {
    /// The server's URL; `None`: the test is to be skipped.
    pub(crate) fn url(&self) -> Option<String> {
        self.found.get_or_init(|| self.find()).clone()
    }

    #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
    fn find(&self) -> Option<String> {
        if let Some(url) = variable(self.url) {
            return Some(url);
        }
        let required = variable(self.require).is_some_and(|value| value == "1");
        if required || (self.by_itself && self.is_installed()) {
            return Some(self.start());
        }
        if self.by_itself {
            let Self { script, url, .. } = self;
            eprintln!("skipped on {script}: none is installed, and {url} is not set");
        }
        None
    }

    fn is_installed(&self) -> bool {
        let status = self.command("available").stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// Starts a server that ends, with its data, when this process does.
    #[expect(
        clippy::expect_used,
        reason = "a test without its database cannot go on"
    )]
    fn start(&self) -> String {
        let started = self
            .command("start")
            .arg("0")
            .env("CATCHMENT_TEST_OWNER", std::process::id().to_string())
            .stderr(Stdio::inherit())
            .output()
            .expect("the script that starts a test server runs");
        assert!(
            started.status.success(),
            "no {} server could be started; set {} to the URL of one",
            self.script,
            self.url
        );
        let url = String::from_utf8(started.stdout).expect("the script prints a URL");
        url.trim().to_owned()
    }

    fn command(&self, verb: &str) -> Command {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/test");
        let mut command = Command::new(scripts.join(self.script));
        command.arg(verb).stdin(Stdio::null());
        command
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no settings: which server they use is a matter of the machine"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
