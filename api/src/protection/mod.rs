//! What keeps one caller, or too many of them, from harming the others; and what browsers are told of our answers.

mod buckets;
mod caller;
mod cors;
mod cost;
mod headers;
mod load;
mod quota;
mod table;

pub(crate) use self::{
    buckets::Buckets,
    caller::caller,
    cors::cors,
    cost::Cost,
    headers::secure,
    load::{Load, shed},
    quota::{Quota, rate},
};
pub use self::{caller::ClientHeader, cors::Origin, quota::Rate};

/// The paths by which others see how we are: they are answered whatever happens.
fn is_watched(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz" | "/healthz" | "/metrics")
}
