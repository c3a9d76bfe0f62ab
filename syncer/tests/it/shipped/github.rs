//! GitHub: `Link` headers, `since`, budgets told by 403, moved repositories, and answers that did not change.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Duration};
use entity::run::Outcome;

use super::{asked, children, complete, fields, items, shipped, with, writes_nothing};
use crate::{
    upstream::{Reply, Request},
    world::on_each_database,
};

/// What the repository holds: the collection, the record's number, when it changed, and the record.
#[derive(Clone, Debug, Default)]
struct Repository {
    records: Vec<(&'static str, u64, String, String)>,
    /// Answers in place of the next ones.
    refusals: Vec<Reply>,
}

impl Repository {
    fn put(&mut self, of: &'static str, number: u64, updated_at: &str, more: &str) {
        self.records
            .retain(|(other, known, ..)| (*other, *known) != (of, number));
        let id = 10_000 + number;
        let record = format!(
            r#"{{"id":{id},"node_id":"I_{id}","number":{number},"created_at":"2026-01-01T00:{:02}:{:02}Z","updated_at":"{updated_at}",{more}}}"#,
            number / 60,
            number % 60
        );
        self.records
            .push((of, number, updated_at.to_owned(), record));
        self.records.sort();
    }
}

const TOO_MANY: &str = r#"{"message":"API rate limit exceeded for user ID 1.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api","status":"403"}"#;
const FORBIDDEN: &str = r#"{"message":"Resource not accessible by personal access token","documentation_url":"https://docs.github.com/rest","status":"403"}"#;
const SECONDARY: &str = r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}"#;

fn replay(
    repository: &Arc<Mutex<Repository>>,
    url: &str,
) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let (repository, url) = (Arc::clone(repository), url.to_owned());
    move |request| {
        let mut repository = repository.lock().expect("no test panicked here");
        assert_eq!(
            request.header("authorization"),
            Some("Bearer made-up-token")
        );
        assert_eq!(
            request.header("accept"),
            Some("application/vnd.github+json")
        );
        assert_eq!(request.header("x-github-api-version"), Some("2022-11-28"));
        assert!(
            request.header("user-agent").is_some(),
            "without one it is a 403"
        );
        if let Some(refusal) = repository.refusals.pop() {
            return refusal;
        }
        // It was renamed: its old name leads to its number, where the links of pages lead as well.
        let Some(below) = request.path.strip_prefix("/repositories/42") else {
            let below = request.path.strip_prefix("/repos/octo/hello");
            return match below {
                Some("") => {
                    let to = format!("{url}/repositories/42");
                    let moved = format!(r#"{{"message":"Moved Permanently","url":"{to}"}}"#);
                    Reply::status(301, moved).with("location", to)
                }
                Some(below) => page(&repository, request, below, &url),
                None => Reply::status(404, r#"{"message":"Not Found","status":"404"}"#),
            };
        };
        match below {
            "" => Reply::json(
                r#"{"id":42,"full_name":"octo/hello","private":false,"visibility":"public","archived":false,"default_branch":"main","language":"Rust","license":{"key":"mit","spdx_id":"MIT"},"topics":["sync","mirror"],"stargazers_count":7,"forks_count":2,"open_issues_count":3,"created_at":"2020-01-01T00:00:00Z","pushed_at":"2026-11-20T10:00:00Z"}"#,
            ),
            below => page(&repository, request, below, &url),
        }
    }
}

/// The page of a collection, oldest first, with its links and its `ETag`.
fn page(repository: &Repository, request: &Request, below: &str, url: &str) -> Reply {
    let since = request.parameter("since").unwrap_or("");
    let of = |(path, _, updated_at, _): &&(&str, u64, String, String)| {
        *path == below && updated_at.as_str() >= since
    };
    let all: Vec<&str> = repository
        .records
        .iter()
        .filter(of)
        .map(|record| record.3.as_str())
        .collect();
    let size = request.number_in("per_page").clamp(1, 100);
    let page = request.number_in("page").max(1);
    let shown: Vec<&str> = all
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .copied()
        .collect();
    let body = format!("[{}]", shown.join(","));
    let sum = body
        .bytes()
        .fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    let tag = format!("W/\"{sum:x}\"");
    let mut reply = match request.header("if-none-match") == Some(&tag) {
        true => Reply::status(304, ""),
        false => Reply::json(body),
    };
    if page * size < all.len() {
        let to = |page: usize| {
            let mut link =
                url::Url::parse(&format!("{url}/repositories/42{below}")).expect("a URL");
            let query = request.query.iter().filter(|(name, _)| *name != "page");
            link.query_pairs_mut()
                .extend_pairs(query)
                .append_pair("page", &page.to_string());
            link
        };
        let last = all.len().div_ceil(size);
        let link = format!(
            "<{}>; rel=\"next\", <{}>; rel=\"last\"",
            to(page + 1),
            to(last)
        );
        reply = reply.with("link", link);
    }
    with(
        reply.with("etag", tag),
        &[
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "4987"),
            ("x-ratelimit-reset", "1795251600"),
            ("x-ratelimit-used", "13"),
            ("x-ratelimit-resource", "core"),
        ],
    )
}

const BUG: &str = r#""title":"It halts","body":"Every time.","state":"open","state_reason":null,"locked":false,"user":{"login":"ida","id":1},"author_association":"NONE","labels":[{"id":1,"name":"bug","color":"d73a4a"},{"id":2,"name":"urgent","color":"ff0000"}],"assignees":[{"login":"tom","id":2}],"milestone":{"title":"1.0"},"comments":2,"reactions":{"total_count":5},"closed_at":null,"html_url":"https://github.com/octo/hello/issues/1""#;
const PULL: &str = r#""title":"Make it go on","body":null,"state":"closed","locked":false,"draft":false,"user":null,"labels":[],"assignees":[],"milestone":null,"comments":0,"closed_at":"2026-11-02T12:00:00Z","pull_request":{"html_url":"https://github.com/octo/hello/pull/2"},"html_url":"https://github.com/octo/hello/pull/2""#;

fn repository() -> Repository {
    let mut repository = Repository::default();
    repository.put("/issues", 1, "2026-11-05T00:00:00Z", BUG);
    repository.put("/issues", 2, "2026-11-02T12:00:00Z", PULL);
    for number in 3..=130 {
        let more = format!(r#""title":"Issue {number}","state":"open","labels":[],"assignees":[]"#);
        repository.put("/issues", number, "2026-02-01T00:00:00Z", &more);
    }
    repository
}

#[tokio::test]
async fn issues() {
    on_each_database(&shipped("github"), async |world| {
        let repository = Arc::new(Mutex::new(repository()));
        world.upstream.answers(replay(&repository, &world.upstream.url));
        let counts = complete(&world, "issues").await.counts;
        assert_eq!((counts.inserted, counts.pages), (130, 2));
        let page = "direction=asc&per_page=100&since=2008-01-01T00:00:00Z&sort=created&state=all";
        let second = page.replace("asc&", "asc&page=2&");
        assert_eq!(asked(&world), [format!("/repos/octo/hello/issues?{page}"), format!("/repositories/42/issues?{second}")]);
        let names = ["number", "title", "state", "author", "draft", "milestone", "comment_count", "reaction_count", "pull_request_url", "created_at", "closed_at"];
        let rows = fields(&world, "issues", &names).await;
        assert_eq!(rows[0], "1 | It halts | open | ida | - | 1.0 | 2 | 5 | - | 2026-01-01T00:00:01Z | -");
        assert_eq!(rows[1], "2 | Make it go on | closed | - | false | - | 0 | - | https://github.com/octo/hello/pull/2 | 2026-01-01T00:00:02Z | 2026-11-02T12:00:00Z");
        assert_eq!(items(&world, "issues", "label_names").await, ["1 | bug", "1 | urgent"]);
        assert_eq!(children(&world, "issues", "labels", &["id", "name", "color"]).await, ["1 | 1 | bug | d73a4a", "1 | 2 | urgent | ff0000"]);
        assert_eq!(children(&world, "issues", "assignees", &["login"]).await, ["1 | tom"]);

        // From the last change on, and a little before it.
        writes_nothing(&world, "issues").await;
        let since = |time: &str| {
            let page = page.replace("2008-01-01T00:00:00Z", time);
            format!("/repos/octo/hello/issues?{page}")
        };
        assert_eq!(asked(&world), [since("2026-11-04T23:55:00Z")]);
        let change = |by: &dyn Fn(&mut Repository)| by(&mut repository.lock().expect("no test panicked here"));
        change(&|all| all.put("/issues", 2, "2026-11-06T01:00:00Z", &PULL.replace("go on", "go")));
        change(&|all| all.put("/issues", 131, "2026-11-06T02:00:00Z", BUG));
        // Transferred away: only what is whole can tell.
        change(&|all| all.records.retain(|(_, number, ..)| *number != 7));
        let counts = complete(&world, "issues").await.counts;
        assert_eq!((counts.inserted, counts.updated, counts.deleted), (1, 1, 0));
        assert_eq!(fields(&world, "issues", &["title"]).await[1], "Make it go");
        world.upstream.asked();
        world.pass(Duration::days(8));
        let counts = complete(&world, "issues").await.counts;
        assert_eq!((counts.inserted, counts.updated, counts.deleted), (0, 0, 1));
        assert_eq!(asked(&world)[0], since("2008-01-01T00:00:00Z"));
        assert!(!world.live("issues").await.contains(&"10007".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn budgets() {
    on_each_database(&shipped("github"), async |world| {
        let repository = Arc::new(Mutex::new(repository()));
        world
            .upstream
            .answers(replay(&repository, &world.upstream.url));
        let refuse = |reply: Reply| {
            let mut repository = repository.lock().expect("no test panicked here");
            repository.refusals.push(reply);
        };
        // The hour's budget is spent: a 403, and when it is whole again.
        let spent = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795251600"),
        ];
        refuse(with(Reply::status(403, TOO_MANY), &spent));
        let report = world.sync("issues").await;
        assert_eq!(report.outcome, Outcome::Deferred);
        let until = DateTime::parse_from_rfc3339("2026-11-21T09:00:00Z").expect("a time");
        assert_eq!(report.deferred_until, Some(until.to_utc()));
        assert_eq!(
            world.sync("comments").await.outcome,
            Outcome::Deferred,
            "it is one budget"
        );
        assert_eq!(world.upstream.asked().len(), 1);
        world.pass(Duration::hours(1));
        // Too fast: a 403 that says how long to wait, and nothing of the budget.
        refuse(Reply::status(403, SECONDARY).with("retry-after", 1));
        let counts = complete(&world, "issues").await.counts;
        assert_eq!(
            (counts.inserted, counts.requests),
            (130, 3),
            "the run goes on"
        );
        // Not allowed at all: that will not pass.
        refuse(with(
            Reply::status(403, FORBIDDEN),
            &[
                ("x-ratelimit-remaining", "4987"),
                ("x-ratelimit-reset", "1795251600"),
            ],
        ));
        let report = world.sync("labels").await;
        assert_eq!(
            (report.outcome, report.counts.requests),
            (Outcome::Failed, 1)
        );
        let reason = report.error.expect("a reason");
        assert!(reason.contains("not accessible"), "{reason}");
    })
    .await;
}

#[tokio::test]
async fn what_is_beside_the_issues() {
    on_each_database(&shipped("github"), async |world| {
        let repository = Arc::new(Mutex::new(repository()));
        world.upstream.answers(replay(&repository, &world.upstream.url));
        let change = |by: &dyn Fn(&mut Repository)| by(&mut repository.lock().expect("no test panicked here"));
        change(&|all| {
            let said = r#""body":"Here too.","user":{"login":"tom"},"issue_url":"https://api.github.com/repos/octo/hello/issues/1","html_url":"x""#;
            all.put("/issues/comments", 1, "2026-11-05T00:00:00Z", said);
            all.put("/labels", 1, "", r#""name":"bug","color":"d73a4a","description":null"#);
            all.put("/labels", 2, "", r#""name":"urgent","color":"ff0000","description":"Now""#);
            let due = r#""title":"1.0","state":"open","open_issues":1,"closed_issues":4,"due_on":"2026-12-24T08:00:00Z","closed_at":null"#;
            all.put("/milestones", 1, "", due);
        });
        complete(&world, "repository").await;
        assert_eq!(asked(&world), ["/repos/octo/hello", "/repositories/42"]);
        let names = ["id", "full_name", "archived", "license", "stars", "pushed_at"];
        assert_eq!(fields(&world, "repository", &names).await, ["42 | octo/hello | false | MIT | 7 | 2026-11-20T10:00:00Z"]);
        assert_eq!(items(&world, "repository", "topics").await, ["1 | sync", "1 | mirror"]);
        complete(&world, "comments").await;
        assert_eq!(fields(&world, "comments", &["issue_number", "author", "body"]).await, ["1 | tom | Here too."]);
        complete(&world, "milestones").await;
        assert_eq!(fields(&world, "milestones", &["number", "title", "closed_issues", "due_on"]).await, ["1 | 1.0 | 4 | 2026-12-24T08:00:00Z"]);
        complete(&world, "labels").await;
        writes_nothing(&world, "labels").await;
        let report = complete(&world, "labels").await;
        // A 304 says nothing of a way on, so that the last page is read all the same.
        assert_eq!((report.counts.fetched, report.counts.requests), (2, 2));
        change(&|all| all.records.retain(|(of, number, ..)| (*of, *number) != ("/labels", 2)));
        assert_eq!(complete(&world, "labels").await.counts.deleted, 1);
        assert_eq!(fields(&world, "labels", &["name"]).await, ["bug"]);
    })
    .await;
}
