//! The real binary, as a shell, a service manager and an operator meet it.

#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot set up or read is a failure of the test"
)]

/// The binary, its folder, and an upstream.
mod world;

/// Processes that are killed at random, and syncers that take over from each other.
mod chaos;
/// `check`, `sample`, `openapi`: definitions and their upstreams.
mod check;
/// Syncers that are killed while they obey.
mod control;
/// Processes that are killed at each instant that can be named.
mod crash;
/// `migrate`, and runs on each kind of database.
mod database;
/// `demo`.
mod demo;
/// `infer`, `init`: definitions drafted.
mod draft;
/// `check`, `sample`, `plan`, `state`: upstreams looked at, reading foreseen and forgotten.
mod look;
/// One syncer behind another.
mod mirror;
/// `rejects`.
mod rejects;
/// `up`, `syncer`, `api`.
mod serve;
/// Settings and arguments.
mod settings;
/// `sync`, `status`, `runs`.
mod sync;
/// `status`, `stop`, `start`, `run`, `cancel`: the tap, from here and from afar.
mod tap;
/// `user`, `key`, `signing-key`.
mod user;
