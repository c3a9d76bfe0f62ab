//! Tells whoever started the api how the first admin is made, while there is no user.

use std::{convert::Infallible, future::pending, time::Duration};

use entity::Clock;
use sea_orm::DatabaseConnection;
use tokio::time::interval;

use crate::print;

/// How often it looks whether the schema is there.
const LOOK: Duration = Duration::from_secs(1);

/// Prints a token for the first admin as soon as the schema is there, if there is no user, and never ends.
///
/// It goes to stderr: the log, which is kept and sent elsewhere, goes to stdout and to files.
pub(super) async fn tell(db: DatabaseConnection, clock: Clock) -> Infallible {
    let mut look = interval(LOOK);
    loop {
        look.tick().await;
        if let Ok(token) = api::setup_token(&db, clock.now()).await {
            if let Some(token) = token {
                print::note(&text(&token));
            }
            return pending().await;
        }
    }
}

fn text(token: &str) -> String {
    format!(
        "there is no user yet; `catchment user add NAME --role admin` makes one, or, once, this token:\n  \
         POST /api/v1/auth/setup {{\"token\": \"{token}\", \"name\": ..., \"password\": ...}}"
    )
}
