//! The api at its socket, over real databases.
#![expect(
    clippy::expect_used,
    reason = "a test whose world is not as expected cannot go on"
)]

mod access;
mod caching;
mod catalog;
mod cats;
mod chance;
mod changes;
mod children;
mod depth;
mod directory;
mod embed;
mod explain;
mod export;
mod facets;
mod filters;
mod fuzz;
mod handoff;
mod health;
mod history;
mod limits;
mod login;
mod metrics;
mod mirror;
mod names;
mod openapi;
mod operators;
mod orders;
mod paging;
mod plans;
mod problems;
mod protection;
mod random;
mod records;
mod search;
mod staleness;
mod streams;
mod swagger;
mod sync;
mod together;
mod walks;
mod world;
mod writer;
mod writing;
