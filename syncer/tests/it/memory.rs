//! Pages that are as they were cost no more than their request.

use entity::{page, run::Outcome};
use sea_orm::{EntityTrait, PaginatorTrait};
use syncer::How;

use crate::{
    upstream::{Reply, Request, paged},
    world::{THINGS, World, assert_outcome, on_each_database},
};

fn records(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!(r#"{{"id":"k{number:03}","size":{number}}}"#))
        .collect()
}

/// An upstream whose pages have an `ETag` of their content, and which answers 304 to who knows it.
fn tagged(records: Vec<String>) -> impl Fn(&Request) -> Reply {
    let total = records.len();
    let bare = tagged_without_total(records);
    move |request| match bare(request) {
        reply @ Reply::Answer { status: 304, .. } => reply.with("pagination-count", total),
        reply => reply,
    }
}

/// The same, but a 304 says nothing of the number of records.
fn tagged_without_total(records: Vec<String>) -> impl Fn(&Request) -> Reply {
    move |request| {
        let Reply::Answer { body, .. } = paged(&records, request) else {
            unreachable!("pages are answers");
        };
        let sum = body.iter().fold(7_u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
        let tag = format!("\"{sum:x}\"");
        if request.headers.get("if-none-match") == Some(&tag) {
            return Reply::status(304, "").with("etag", tag);
        }
        paged(&records, request).with("etag", tag)
    }
}

async fn pages(world: &World) -> u64 {
    page::Entity::find()
        .count(&world.db)
        .await
        .expect("the database answers")
}

#[tokio::test]
async fn a_304_counts_as_seen() {
    on_each_database(THINGS, async |world| {
        world.upstream.answers(tagged(records(5)));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(pages(&world).await, 3);
        let before = world.models("things").await;
        world.upstream.asked();
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert_eq!((counts.fetched, counts.unchanged, counts.bytes), (5, 5, 0));
        assert!(
            world
                .upstream
                .asked()
                .iter()
                .all(|request| request.headers.contains_key("if-none-match"))
        );
        assert_eq!(world.models("things").await, before);
        // Two records less: two pages are as they were, the rows of the third are gone.
        world.upstream.answers(tagged(records(3)));
        let report = world.sync("things").await;
        assert_eq!(
            (report.outcome, report.counts.deleted),
            (Outcome::Complete, 2)
        );
        assert_eq!(world.live("things").await, ["k000", "k001", "k002"]);
        assert_eq!(pages(&world).await, 2);
        // They come back with pages that were known once, and are not any more.
        world.upstream.answers(tagged(records(5)));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(world.live("things").await.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn who_asks_for_everything_gets_everything() {
    on_each_database(THINGS, async |world| {
        world.upstream.answers(tagged(records(4)));
        world.sync("things").await;
        world.upstream.asked();
        world
            .execute("UPDATE fake_things SET payload = '{}', payload_hash = ''")
            .await;
        let full = How {
            full: true,
            ..How::default()
        };
        let report = world.sync_how("things", full).await;
        assert_eq!(
            (report.outcome, report.counts.updated),
            (Outcome::Complete, 4)
        );
        assert!(
            world
                .upstream
                .asked()
                .iter()
                .all(|request| !request.headers.contains_key("if-none-match"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_definition_that_changed_reads_pages_anew() {
    on_each_database(THINGS, async |mut world| {
        world.upstream.answers(tagged(records(4)));
        world.sync("things").await;
        world
            .redefine(&THINGS.replace(
                "size = \"integer\"",
                "size = { type = \"integer\", max = 2, on_bad = \"reject\" }",
            ))
            .await;
        world.upstream.asked();
        let report = world.sync("things").await;
        assert_eq!(
            (report.outcome, report.counts.rejected),
            (Outcome::Complete, 1)
        );
        assert!(
            world
                .upstream
                .asked()
                .iter()
                .all(|request| !request.headers.contains_key("if-none-match"))
        );
        // A reject on a page that is as it was is still there.
        let report = world.sync("things").await;
        assert_eq!(
            (report.outcome, report.counts.rejected, report.counts.bytes),
            (Outcome::Complete, 1, 0)
        );
        let resource = world.resource("things").await;
        let rejects = entity::reject::Entity::count_of(&world.db, resource.id).await;
        assert_eq!(rejects.expect("the database answers"), 1);
        assert_eq!(resource.live_rows, 4);
    })
    .await;
}

#[tokio::test]
async fn pages_side_by_side_are_committed_in_order() {
    let toml = THINGS.replace("retry    =", "limits   = { concurrency = 4 }\nretry    =");
    on_each_database(&toml, async |world| {
        world.upstream.answers(tagged(records(25)));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.pages, report.counts.requests), (13, 13));
        let keys: Vec<String> = world
            .rows("things")
            .await
            .into_iter()
            .map(|row| row.key)
            .collect();
        let expected: Vec<String> = (0..25).map(|number| format!("k{number:03}")).collect();
        assert_eq!(keys, expected);
    })
    .await;
}

#[tokio::test]
async fn a_total_that_is_remembered_ends_nothing() {
    on_each_database(THINGS, async |world| {
        world.upstream.answers(tagged_without_total(records(6)));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        // Three full pages are as they were, and nobody says that there is a fourth by now.
        world.upstream.answers(tagged_without_total(records(7)));
        let report = world.sync("things").await;
        assert_eq!(
            (report.outcome, report.counts.inserted),
            (Outcome::Complete, 1)
        );
        assert_eq!(world.live("things").await.len(), 7);
    })
    .await;
}

#[tokio::test]
async fn a_last_page_that_is_as_it_was_may_not_be_the_last_any_more() {
    let toml = THINGS.replace(
        r#"page    = { kind = "page", param = "page", start = 0, size_param = "limit", size = 2, total = "header:pagination-count" }"#,
        r#"page    = { kind = "link" }"#,
    );
    on_each_database(&toml, async |world| {
        // The way on is in a header, of which the tag says nothing.
        let linked = |pages: usize| {
            move |request: &Request| {
                let page = request.number_in("page");
                let tag = format!("\"{page}\"");
                if request.headers.get("if-none-match") == Some(&tag) {
                    return Reply::status(304, "").with("etag", tag);
                }
                let reply = Reply::json(format!(r#"[{{"id":"k{page}"}}]"#)).with("etag", tag);
                match page + 1 < pages {
                    true => reply.with("link", format!("</things?page={}>; rel=next", page + 1)),
                    false => reply,
                }
            }
        };
        world.upstream.answers(linked(2));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        world.upstream.answers(linked(3));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(world.live("things").await, ["k0", "k1", "k2"]);
    })
    .await;
}
