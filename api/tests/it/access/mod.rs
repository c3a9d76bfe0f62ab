//! Who may read what: rules, the caches between callers who see different things, and who may do what at each route.

mod caches;
mod flights;
mod following;
mod hidden;
mod rules;
mod table;
pub(crate) mod world;
