//! A stand-in for The Cat API, so that the demo needs neither network nor key.
//!
//! It keeps to the upstream's paths, paging, headers and quirks; its texts and pictures are its own.
//! It checks no key, stores nothing and takes no votes.

mod data;

mod routes;

mod answer;
mod budget;
mod dice;
mod picture;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;

use budget::Budget;
use data::Data;
use dice::Dice;

/// Requests that it grants in a minute: announced and counted as upstream (where it is 120), but out
/// of reach.
const REQUESTS_PER_MINUTE: u32 = 100_000;

/// What every handler may read.
struct Upstream {
    data: Data,
    budget: Budget,
    dice: Dice,
}

/// Answers on `listener` until `stop` resolves, then ends with the requests in flight.
pub(crate) async fn serve(
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let data = Data::load(&base_url(listener.local_addr()?))?;
    let upstream = Upstream {
        data,
        budget: Budget::per_minute(REQUESTS_PER_MINUTE),
        dice: Dice::new(),
    };
    axum::serve(listener, routes::router(Arc::new(upstream)))
        .with_graceful_shutdown(stop)
        .await
}

/// The address under which a browser on this machine finds the pictures: that of a listener on all
/// interfaces is not one.
fn base_url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("http://{address}")
}
