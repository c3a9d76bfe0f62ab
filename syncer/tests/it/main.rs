//! The syncer against a scripted upstream at the socket and real databases.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails there")]
#![expect(
    clippy::disallowed_methods,
    reason = "a test asks the service as any client does"
)]
#![expect(
    clippy::excessive_nesting,
    reason = "a script stands inside its test, and that inside its loop over databases"
)]
#![expect(
    clippy::print_stderr,
    reason = "a failure says on which database it was"
)]
#![expect(clippy::too_many_lines, reason = "a story is told in one piece")]

/// What a complete run writes, and what the next one does not.
mod changes;
/// Children of parent rows.
mod children;
/// What is asked for through the database.
mod control;
/// Pages that the upstream itself leads through.
mod cursors;
/// A changed definition alters the table.
mod definitions;
/// What an upstream may do, one by one, and what must be true of it: the table in `doc/drills.md`.
mod drills;
/// Single pages: requests, tokens, redirects, budgets, bodies.
mod fetch;
/// Local files, read by parts.
mod files;
/// What the next runs will need, and where reading stands.
mod forecast;
/// Records that are lines, cells or members of an object.
mod formats;
/// Neighbours, databases and moments at their worst.
mod history;
mod hostile;
/// What identifies a record, and what marks one as deleted.
mod identity;
/// Reading only what changed.
mod incremental;
/// Real answers to a proposed definition.
mod infer;
/// Runs that go on where another one ended.
mod left;
/// Pages that are as they were.
mod memory;
/// Which parents are asked for, and how.
mod parents;
/// What brought each row.
mod provenance;
/// Keys, rejects and bad values.
mod records;
/// Rejects and bad values, kept and read again.
mod rejects;
/// How pages are asked for.
mod requests;
/// Which runs a service makes.
mod schedule;
/// Words and ends of texts.
mod search;
/// Interrupted runs, leases and the service itself.
mod service;
/// The shipped definitions, each against a replay of its API.
mod shipped;
/// Arrays of objects in tables of their own.
mod tables;
/// The shipped definition of a CSV file.
mod titanic;
/// Every type at its limits.
mod types;
/// A syncer, its upstream and its database.
mod world;

use testdb::upstream;
