//! Which parents are asked for, how many at once, and in which order.

use std::collections::BTreeSet;

use entity::run::Outcome;

use crate::{
    upstream::{Reply, Request},
    world::{World, assert_outcome, on_each_database},
};

const FAMILY: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 1 }

[defaults]
page    = { kind = "none" }
deletes = { max = "100%" }
key     = "id"

[resource.repos]
path = "/repos"
[resource.repos.fields]
archived = "boolean"

[resource.issues]
path     = "/repos/{parent.id}/issues"
for_each = { resource = "repos", copy = { repo = "id" } }
key      = ["repo", "id"]
"#;

/// Repositories as `id:revision`, each with one issue that tells the revision.
fn repos(all: &[&str]) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let all: Vec<(String, String)> = all
        .iter()
        .filter_map(|repo| repo.split_once(':'))
        .map(|(id, revision)| (id.to_owned(), revision.to_owned()))
        .collect();
    move |request| {
        let parts: Vec<&str> = request.path.split('/').collect();
        match parts.as_slice() {
            [_, "repos"] => {
                let records = all.iter().map(|(id, revision)| {
                    let archived = revision == "old";
                    format!(r#"{{"id":"{id}","revision":"{revision}","archived":{archived}}}"#)
                });
                Reply::json(format!("[{}]", records.collect::<Vec<_>>().join(",")))
            }
            [_, "repos", id, "issues"] => match all.iter().find(|(repo, _)| repo == id) {
                Some((_, revision)) if revision == "bad" => Reply::status(500, "broken"),
                Some((_, revision)) => Reply::json(format!(r#"[{{"id":"1","of":"{revision}"}}]"#)),
                None => Reply::status(404, "unknown"),
            },
            _ => Reply::status(404, "unknown"),
        }
    }
}

/// The repositories whose issues were asked for, in order.
fn asked(world: &World) -> Vec<String> {
    let asked = world.upstream.asked().into_iter();
    asked
        .filter_map(|request| {
            Some(
                request
                    .path
                    .strip_prefix("/repos/")?
                    .strip_suffix("/issues")?
                    .to_owned(),
            )
        })
        .collect()
}

#[tokio::test]
async fn only_the_parents_that_are_wanted_are_asked_for() {
    let toml = FAMILY.replace(
        "copy = { repo",
        "where = { archived = false }, copy = { repo",
    );
    on_each_database(&toml, async |world| {
        world.upstream.answers(repos(&["a:1", "b:old", "c:1"]));
        world.sync("repos").await;
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        assert_eq!(asked(&world), ["a", "c"]);
        // One that is archived now has no issues any more, as far as the definition goes.
        world.upstream.answers(repos(&["a:old", "b:old", "c:1"]));
        world.sync("repos").await;
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        assert_eq!(world.live("issues").await, ["c,1"]);
    })
    .await;
}

#[tokio::test]
async fn only_parents_that_changed_are_asked_for_and_the_others_keep_their_children() {
    let toml = FAMILY.replace("copy = { repo", "changed_only = true, copy = { repo");
    on_each_database(&toml, async |world| {
        world.upstream.answers(repos(&["a:1", "b:1", "c:1"]));
        world.sync("repos").await;
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        assert_eq!(asked(&world), ["a", "b", "c"]);
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        assert_eq!(asked(&world), Vec::<String>::new());
        assert_eq!(world.live("issues").await, ["a,1", "b,1", "c,1"]);
        // One changed, one is new, one is gone.
        world.upstream.answers(repos(&["a:1", "b:2", "d:1"]));
        world.sync("repos").await;
        let report = world.sync("issues").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(asked(&world), ["b", "d"]);
        let counts = report.counts;
        assert_eq!((counts.inserted, counts.updated, counts.deleted), (1, 1, 1));
        assert_eq!(world.live("issues").await, ["a,1", "b,1", "d,1"]);
    })
    .await;
}

#[tokio::test]
async fn a_parent_that_failed_is_asked_first_next_time() {
    on_each_database(FAMILY, async |world| {
        world.upstream.answers(repos(&["a:1", "b:1", "c:1"]));
        world.sync("repos").await;
        world.sync("issues").await;
        asked(&world);
        world.upstream.answers(repos(&["a:1", "b:1", "c:bad"]));
        let report = world.sync("issues").await;
        assert_outcome(&report, Outcome::Partial);
        assert_eq!(asked(&world), ["a", "b", "c"]);
        // Nothing of it is gone.
        assert_eq!(world.live("issues").await, ["a,1", "b,1", "c,1"]);
        world.upstream.answers(repos(&["a:1", "b:1", "c:1"]));
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        assert_eq!(asked(&world), ["c", "a", "b"]);
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        assert_eq!(asked(&world), ["a", "b", "c"]);
    })
    .await;
}

#[tokio::test]
async fn an_upstream_that_is_down_is_not_asked_for_every_parent() {
    on_each_database(FAMILY, async |world| {
        let all: Vec<String> = (0..50).map(|number| format!("r{number}:1")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        world.upstream.answers(repos(&all));
        world.sync("repos").await;
        world.sync("issues").await;
        asked(&world);
        world.upstream.answers(|_| Reply::Reset);
        let report = world.sync("issues").await;
        assert_outcome(&report, Outcome::Failed);
        assert!(world.upstream.asked().len() <= 10);
        assert_eq!(world.live("issues").await.len(), 50);
        world.upstream.answers(repos(&all));
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_taken_back_is_not_tried_for_every_parent() {
    on_each_database(FAMILY, async |world| {
        let all: Vec<String> = (0..50).map(|number| format!("r{number}:1")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        world.upstream.answers(repos(&all));
        world.sync("repos").await;
        world.sync("issues").await;
        // In the middle of the run.
        let well = repos(&all);
        world.upstream.asked();
        world.upstream.answers(move |request| match request.number {
            0..10 => well(request),
            _ => Reply::status(401, "revoked"),
        });
        let report = world.sync("issues").await;
        assert_outcome(&report, Outcome::Partial);
        let reason = report.error.expect("a reason");
        assert!(reason.contains("status 401: revoked"), "{reason}");
        assert_eq!(world.upstream.asked().len(), 15);
        assert_eq!(world.live("issues").await.len(), 50);
        world.upstream.answers(repos(&all));
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
    })
    .await;
}

#[tokio::test]
async fn several_parents_fit_into_one_request() {
    let toml = FAMILY
        .replace(
            "path     = \"/repos/{parent.id}/issues\"",
            "path = \"/issues\"\nquery = { of = \"{parent.id}\" }",
        )
        .replace("copy = { repo = \"id\" }", "batch = 2");
    on_each_database(&toml, async |world| {
        let issues = |request: &Request| {
            let of = request.parameter("of").unwrap_or("").split(',');
            let records: Vec<String> = of
                .map(|repo| format!(r#"{{"repo":"{repo}","id":1}}"#))
                .collect();
            Reply::json(format!("[{}]", records.join(",")))
        };
        let parents = repos(&["a:1", "b:1", "c:1"]);
        world
            .upstream
            .answers(move |request| match request.path.as_str() {
                "/issues" => issues(request),
                _ => parents(request),
            });
        world.sync("repos").await;
        world.upstream.asked();
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        let of: Vec<_> = world
            .upstream
            .asked()
            .into_iter()
            .map(|mut request| request.query.remove("of"))
            .collect();
        assert_eq!(of, [Some("a,b".to_owned()), Some("c".to_owned())]);
        assert_eq!(world.live("issues").await, ["a,1", "b,1", "c,1"]);
    })
    .await;
}

/// 230 repositories, and their issues in pages of 40 that links lead through.
fn linked_issues(request: &Request) -> Reply {
    let Some(of) = request.parameter("of") else {
        let all: Vec<String> = (0..230).map(|n| format!(r#"{{"id":"r{n}"}}"#)).collect();
        return Reply::json(format!("[{}]", all.join(",")));
    };
    let from = request.number_in("from");
    let ids: Vec<&str> = of.split(',').collect();
    let to = (from + 40).min(ids.len());
    let records: Vec<String> = (ids[from..to].iter())
        .map(|id| format!(r#"{{"repo":"{id}","id":1}}"#))
        .collect();
    let page = Reply::json(format!("[{}]", records.join(",")));
    match to < ids.len() {
        true => page.with("link", format!("</issues?of={of}&from={to}>; rel=\"next\"")),
        false => page,
    }
}

#[tokio::test]
async fn parents_that_were_asked_for_together_are_gone_on_with_together() {
    let toml = FAMILY
        .replace(
            "path     = \"/repos/{parent.id}/issues\"",
            "path = \"/issues\"\npage = { kind = \"link\" }\nquery = { of = \"{parent.id}\" }",
        )
        .replace("copy = { repo = \"id\" }", "batch = 150");
    on_each_database(&toml, async |world| {
        world.upstream.answers(linked_issues);
        assert_outcome(&world.sync("repos").await, Outcome::Complete);
        // In the middle of the second group, which ends where a read of parents ended.
        world.upstream.answers(|request| {
            let of = request.parameter("of").unwrap_or_default();
            match of.starts_with("r150,") && request.number_in("from") > 0 {
                true => Reply::status(429, "").with("retry-after", 3600),
                false => linked_issues(request),
            }
        });
        assert_outcome(&world.sync("issues").await, Outcome::Deferred);
        world.upstream.answers(linked_issues);
        world.upstream.asked();
        world.pass(chrono::Duration::hours(1));
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        assert_eq!(world.live("issues").await.len(), 230);
        let from = world.upstream.asked();
        let from: Vec<_> = (from.iter())
            .map(|request| request.number_in("from"))
            .collect();
        // What was left of the group, and one group of the rest.
        assert_eq!(from, [40, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_new_parent_is_read_from_the_start_and_the_others_from_the_mark() {
    let toml = FAMILY.replace(
        "for_each = {",
        "query = { since = \"{cursor}\" }\nmode = \"upsert\"\ncursor = { field = \"/at\", start = \"2026-01-01T00:00:00Z\" }\nfor_each = {",
    );
    on_each_database(&toml, async |world| {
        let answers = |all: &'static [&'static str]| {
            let parents = repos(all);
            move |request: &Request| match request.parameter("since") {
                Some(_) => Reply::json(r#"[{"id":"1","at":"2026-05-05T00:00:00Z"}]"#),
                None => parents(request),
            }
        };
        let asked = |world: &World| -> BTreeSet<(String, String)> {
            let asked = world.upstream.asked().into_iter();
            asked
                .filter_map(|request| {
                    Some((request.path.clone(), request.parameter("since")?.to_owned()))
                })
                .collect()
        };
        world.upstream.answers(answers(&["a:1"]));
        world.sync("repos").await;
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        asked(&world);
        world.upstream.answers(answers(&["a:1", "b:1"]));
        world.sync("repos").await;
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        let expected = [
            ("/repos/a/issues", "2026-05-05T00:00:00Z"),
            ("/repos/b/issues", "2026-01-01T00:00:00Z"),
        ];
        let expected = expected.map(|(path, since)| (path.to_owned(), since.to_owned()));
        assert_eq!(asked(&world), BTreeSet::from(expected));
    })
    .await;
}

#[tokio::test]
async fn a_new_parent_does_not_pass_for_one_that_was_removed() {
    let toml = FAMILY
        .replace(
            "for_each = {",
            "query = { since = \"{cursor}\" }\nmode = \"upsert\"\ncursor = { field = \"/at\", start = \"2026-01-01T00:00:00Z\" }\nfor_each = {",
        )
        .replace("path = \"/repos\"", "path = \"/repos\"\ndeletes = { how = \"hard\", max = \"100%\" }");
    on_each_database(&toml, async |world| {
        let has = |all: &'static [&'static str]| {
            let parents = repos(all);
            world
                .upstream
                .answers(move |request| match request.parameter("since") {
                    Some(since) if since < "2026-02-01" => {
                        Reply::json(r#"[{"id":"1","at":"2026-01-05T00:00:00Z"},{"id":"2","at":"2026-05-05T00:00:00Z"}]"#)
                    }
                    Some(_) => Reply::json(r#"[{"id":"2","at":"2026-05-05T00:00:00Z"}]"#),
                    None => parents(request),
                });
        };
        has(&["a:1", "b:1"]);
        assert_outcome(&world.sync("repos").await, Outcome::Complete);
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        has(&["a:1"]);
        assert_outcome(&world.sync("repos").await, Outcome::Complete);
        has(&["a:1", "c:1"]);
        assert_outcome(&world.sync("repos").await, Outcome::Complete);
        let rownos: Vec<i64> = (world.models("repos").await).iter().map(|row| row.rowno).collect();
        assert_eq!(rownos, [1, 3]);
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        assert_eq!(world.live("issues").await, ["a,1", "a,2", "b,1", "b,2", "c,1", "c,2"]);
    })
    .await;
}

#[tokio::test]
async fn children_have_children() {
    let toml = format!(
        "{FAMILY}\n[resource.comments]\npath = \"/repos/{{parent.repo}}/issues/{{parent.id}}/comments\"\nfor_each = {{ resource = \"issues\", copy = {{ repo = \"repo\", issue = \"id\" }} }}\nkey = [\"repo\", \"issue\", \"id\"]\n"
    );
    on_each_database(&toml, async |world| {
        let parents = repos(&["a:1", "b:1"]);
        world
            .upstream
            .answers(move |request| match request.path.ends_with("/comments") {
                true => Reply::json(r#"[{"id":"c"}]"#),
                false => parents(request),
            });
        for resource in ["repos", "issues", "comments"] {
            assert_outcome(&world.sync(resource).await, Outcome::Complete);
        }
        assert_eq!(world.live("comments").await, ["a,1,c", "b,1,c"]);
    })
    .await;
}
