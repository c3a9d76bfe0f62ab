//! Who asks, as far as limits go: an address, or the network that one of the sixth version belongs to.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, HeaderName},
};

/// The header in which a proxy of ours tells whom it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHeader(HeaderName);

impl FromStr for ClientHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| "write the name of a header, like x-forwarded-for".to_owned();
        text.parse().map(Self).map_err(wrong)
    }
}

/// The caller's address. Only what the proxy itself wrote is believed: the last part of its header; what stands before
/// that the caller may have written.
pub(crate) fn caller(
    (headers, extensions): (&HeaderMap, &Extensions),
    trusted: Option<&ClientHeader>,
) -> IpAddr {
    let told = trusted.and_then(|header| told(headers, header));
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = || peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |info| info.0.ip());
    network(told.unwrap_or_else(peer))
}

fn told(headers: &HeaderMap, ClientHeader(name): &ClientHeader) -> Option<IpAddr> {
    let last = headers.get_all(name).iter().next_back()?;
    let last = last.to_str().ok()?.rsplit(',').next()?.trim();
    let with_port = || last.parse().map(|address: SocketAddr| address.ip());
    last.parse().or_else(|_| with_port()).ok()
}

/// Whoever has one address of the sixth version has all of its network's, more than could be counted.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};

    use super::*;

    #[test]
    fn only_the_last_part_of_the_trusted_header_counts() {
        let check = |sent: &[(&str, &str)], trusted: Option<&str>, expected: &str| {
            let mut request = Request::get("/");
            for (name, value) in sent {
                request = request.header(*name, *value);
            }
            let mut request = request.body(Body::empty()).expect("a request");
            let peer: SocketAddr = "192.0.2.9:4000".parse().expect("an address");
            request.extensions_mut().insert(ConnectInfo(peer));
            let trusted = trusted.map(|name| name.parse().expect("a header's name"));
            let parts = (request.headers(), request.extensions());
            let found = caller(parts, trusted.as_ref());
            assert_eq!(found.to_string(), expected, "{sent:?}");
        };
        let forwarded = "x-forwarded-for";
        check(&[], None, "192.0.2.9");
        check(&[(forwarded, "198.51.100.1")], None, "192.0.2.9");
        let trusted = Some(forwarded);
        check(&[], trusted, "192.0.2.9");
        check(&[(forwarded, "198.51.100.1")], trusted, "198.51.100.1");
        let several = (forwarded, "203.0.113.7, 198.51.100.1");
        check(&[several], trusted, "198.51.100.1");
        check(
            &[several, (forwarded, "198.51.100.2")],
            trusted,
            "198.51.100.2",
        );
        check(&[(forwarded, "198.51.100.1:99")], trusted, "198.51.100.1");
        check(&[(forwarded, "unknown")], trusted, "192.0.2.9");
        check(
            &[(forwarded, "2001:db8:1:2:3:4:5:6")],
            trusted,
            "2001:db8:1:2::",
        );
        check(
            &[(forwarded, "[2001:db8:1:2::1]:9")],
            trusted,
            "2001:db8:1:2::",
        );
        check(
            &[(forwarded, "::ffff:198.51.100.1")],
            trusted,
            "198.51.100.1",
        );
    }

    #[test]
    fn a_header_has_a_name() {
        assert!("x-real-ip".parse::<ClientHeader>().is_ok());
        assert!("X-Real-IP".parse::<ClientHeader>().is_ok());
        assert!("x real ip".parse::<ClientHeader>().is_err());
    }
}
