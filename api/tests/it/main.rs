//! The api at its socket, over real databases.
#![expect(
    clippy::expect_used,
    reason = "a test whose world is not as expected cannot go on"
)]

mod caching;
mod catalog;
mod cats;
mod children;
mod depth;
mod explain;
mod filters;
mod health;
mod metrics;
mod openapi;
mod operators;
mod orders;
mod paging;
mod plans;
mod problems;
mod records;
mod swagger;
mod world;
