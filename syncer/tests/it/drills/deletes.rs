//! Records that are gone: some, many, all, and some that come back.

use syncer::How;

use super::{
    drill::{Act, Drill, Theme, complete, suspect},
    fact::{Fact::Count, What, column, live, only},
    script::{range, records, stating, well},
    things::Things,
};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Deletes",
        drills: [mass(), few()].into_iter().flatten().collect(),
    }
}

/// The same with `--accept-deletes`.
fn accepted(act: Act) -> Act {
    Act {
        how: How {
            accept_deletes: true,
            ..How::default()
        },
        ..act
    }
}

fn mass() -> Vec<Drill> {
    vec![
        Drill {
            name: "everything gone",
            upstream: "gives an empty first page and states 0, where it had 6",
            acts: vec![
                suspect(
                    "it would delete 6 of 6 rows where deletes.max is 50 %",
                    |_| stating(0, &[]),
                )
                .that([live(6)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a mass deletion",
            upstream: "has 2 of 6 records, and says so; the operator looks, and runs `--accept-deletes`",
            acts: vec![
                suspect(
                    "run `catchment sync fake.things --accept-deletes`",
                    well(records(2)),
                )
                .that([live(6), Count(What::Deleted, 0)]),
                accepted(complete(well(records(2)))).that([live(2), Count(What::Deleted, 4)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a mass deletion by number",
            upstream: "has 3 of 6 records, where `deletes.max` is 2 rows",
            definition: Things {
                deletes: "{ max = 2 }",
                ..Things::default()
            }
            .toml(),
            acts: vec![
                suspect(
                    "it would delete 3 of 6 rows where deletes.max is 2 rows",
                    well(records(3)),
                )
                .that([live(6)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "every key is another",
            upstream: "gives each of its 6 records a new key, and keeps their number",
            acts: vec![
                suspect("it would delete 6 of 12 rows", well(range(6, 12)))
                    .that([Count(What::Inserted, 6), Count(What::Deleted, 0)]),
                accepted(complete(well(records(6)))).that([live(6), Count(What::Deleted, 6)]),
            ],
            definition: Things {
                deletes: "{ max = \"20%\" }",
                ..Things::default()
            }
            .toml(),
            ..Drill::default()
        },
    ]
}

fn few() -> Vec<Drill> {
    vec![
        Drill {
            name: "a record that is gone",
            upstream: "has one record less, and says so",
            acts: vec![complete(well(records(5))).that([
                live(5),
                Count(What::Deleted, 1),
                column(
                    "its row is there, marked as deleted",
                    "SELECT record_key FROM fake_things WHERE deleted_at IS NOT NULL",
                    &[Some("k5")],
                ),
            ])],
            ..Drill::default()
        },
        Drill {
            name: "a record that is gone for good",
            upstream: "has one record less, where `deletes.how` is `hard`",
            definition: Things {
                deletes: r#"{ how = "hard", max = "50%" }"#,
                ..Things::default()
            }
            .toml(),
            acts: vec![complete(well(records(5))).that([
                live(5),
                Count(What::Deleted, 1),
                column(
                    "no row is left of it",
                    "SELECT record_key FROM fake_things WHERE record_key = 'k5'",
                    &[],
                ),
            ])],
            ..Drill::default()
        },
        Drill {
            name: "a record that comes back",
            upstream: "loses a record, and has it again a run later",
            acts: vec![
                complete(well(range(0, 5))).that([Count(What::Deleted, 1)]),
                complete(well(records(6))).that([
                    live(6),
                    Count(What::Inserted, 0),
                    Count(What::Updated, 1),
                ]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "absence that means nothing",
            upstream: "has one record of six, where `mode` is `upsert`",
            definition: Things {
                resource: "mode = \"upsert\"",
                ..Things::default()
            }
            .toml(),
            acts: vec![
                complete(well(range(0, 1))).that([live(6), Count(What::Deleted, 0)]),
                complete(well(vec![r#"{"id":"x"}"#.to_owned()]))
                    .that([only(&["k0", "k1", "k2", "k3", "k4", "k5", "x"])]),
            ],
            after: Vec::new(),
            ..Drill::default()
        },
    ]
}
