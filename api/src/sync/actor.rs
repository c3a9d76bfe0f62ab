//! Who turns the tap, as the audit names it, and from where.

use std::net::IpAddr;

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use entity::audit::{Entity as Audit, Entry};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    AppState,
    identity::{Address, Caller},
    problem::Problem,
};

/// Somebody known.
pub(crate) struct Actor {
    pub(super) name: String,
    address: Option<IpAddr>,
}

impl Actor {
    /// Writes down that it did `action` to `target`.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn did(
        &self,
        db: &impl ConnectionTrait,
        (action, target): (&str, &str),
        detail: Option<String>,
        at: DateTime<Utc>,
    ) -> Result<(), DbErr> {
        let entry = Entry {
            actor: Some(self.name.clone()),
            action: action.to_owned(),
            target: Some(target.to_owned()),
            address: self.address.map(|address| address.to_string()),
            detail,
        };
        Audit::add(db, entry, at).await
    }
}

impl FromRequestParts<AppState> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let name = caller.unwrap_or_default().identity()?.name.clone();
        // Who is on the machine itself comes from no address.
        let Ok(Address(address)) = Address::from_request_parts(parts, state).await;
        let address = Some(address).filter(|address| !address.is_unspecified());
        Ok(Self { name, address })
    }
}
