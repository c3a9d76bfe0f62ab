//! A changed definition alters the table and fills it from the stored payloads, without the upstream.

use entity::run::Outcome;

use crate::world::{THINGS, assert_outcome, on_each_database};

#[tokio::test]
async fn changed_fields_are_filled_from_what_is_stored() {
    on_each_database(THINGS, async |mut world| {
        world.upstream.has(&[
            r#"{"id":"a","name":"Anna","tags":["x"],"size":"12 kg","born":"2024-02-29"}"#,
            r#"{"id":"b","name":"Bert","tags":["y","z"],"size":7}"#,
        ]);
        world.sync("things").await;
        assert_eq!(
            world
                .column("SELECT CAST(size AS CHAR) FROM fake_things ORDER BY rowno")
                .await,
            [None, Some("7".into())]
        );
        let before = world.models("things").await;
        let asked = world.upstream.asked().len();
        let changed = THINGS
            .replace(
                "tags = \"list\"\n",
                "words = { from = \"/tags\", type = \"list\" }\nborn = \"date\"\n",
            )
            .replace(
                "size = \"integer\"",
                "size = { type = \"integer\", match = '^(\\d+)' }",
            )
            .replace(
                "name = \"text\"",
                "name = { type = \"text\", index = false }",
            );
        world.redefine(&changed).await;
        assert_eq!(world.upstream.asked().len(), 0, "{asked} requests before");
        assert_eq!(
            world.models("things").await,
            before,
            "the envelope is as it was"
        );
        assert_eq!(
            world
                .column("SELECT CAST(size AS CHAR) FROM fake_things ORDER BY rowno")
                .await,
            [Some("12".into()), Some("7".into())]
        );
        let born = world
            .column("SELECT CAST(born AS CHAR) FROM fake_things ORDER BY rowno")
            .await;
        assert_eq!(born, [Some("2024-02-29".into()), None]);
        let words = world
            .column("SELECT value FROM fake_things__words ORDER BY rowno, position")
            .await;
        assert_eq!(
            words,
            [Some("x".into()), Some("y".into()), Some("z".into())]
        );
        let resource = world.resource("things").await;
        assert_eq!(resource.definition, resource.projection);
        // The rows are as they were, and so a run has nothing to write.
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(report.counts.unchanged, 2);
        // And back again.
        world.redefine(THINGS).await;
        let tags = world
            .column("SELECT value FROM fake_things__tags ORDER BY rowno, position")
            .await;
        assert_eq!(tags.len(), 3);
        let missing = world.db_error("SELECT born FROM fake_things").await;
        assert!(missing.contains("born"), "{missing}");
    })
    .await;
}

#[tokio::test]
async fn a_table_that_is_not_ours_is_left_alone() {
    on_each_database(THINGS, async |mut world| {
        world
            .execute("CREATE TABLE fake_others (precious INTEGER)")
            .await;
        world.execute("INSERT INTO fake_others VALUES (1)").await;
        let error = world
            .try_redefine(&THINGS.replace("resource.things", "resource.others"))
            .await
            .expect_err("refused");
        assert!(
            error.contains(
                "table `fake_others` exists already and has rows that this resource did not write"
            ),
            "{error}"
        );
        assert_eq!(
            world
                .column("SELECT CAST(precious AS CHAR) FROM fake_others")
                .await,
            [Some("1".into())]
        );
    })
    .await;
}
