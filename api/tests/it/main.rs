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
mod embed;
mod facets;
mod filters;
mod health;
mod limits;
mod metrics;
mod openapi;
mod paging;
mod problems;
mod protection;
mod random;
mod records;
mod swagger;
mod world;
