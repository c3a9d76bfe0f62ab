//! The syncer against a scripted upstream at the socket and real databases.

/// What a complete run writes, and what the next one does not.
mod changes;
/// Children of parent rows.
mod children;
/// A changed definition alters the table.
mod definitions;
/// Keys, rejects and bad values.
mod records;
/// How pages are asked for.
mod requests;
/// Interrupted runs, leases and the schedule.
mod service;
/// A scripted upstream.
mod upstream;
/// Upstreams that lie or break off.
mod verdicts;
/// A syncer, its upstream and its database.
mod world;
