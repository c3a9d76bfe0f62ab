//! From where a request comes, for the throttle and the audit.

use std::{convert::Infallible, net::IpAddr};

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{AppState, protection};

/// The caller's address, or its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) IpAddr);

impl FromRequestParts<AppState> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let trusted = state.settings.client_header.as_ref();
        let of = (&parts.headers, &parts.extensions);
        Ok(Self(protection::caller(of, trusted)))
    }
}
