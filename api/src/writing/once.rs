//! `Idempotency-Key`: a request that comes again, because nobody knows what became of it, is answered as it was the first
//! time, and nothing is done twice.

use axum::http::{HeaderMap, HeaderName};
use entity::once::{self, Entity as Once, MOST};
use sea_orm::DatabaseTransaction;
use sha2::{Digest, Sha256};

use super::{place::Place, told::Told};
use crate::{
    AppState,
    fault::{Code, Fault},
    problem::{Kind, Problem},
};

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key.
const LONGEST: usize = 255;

/// A request that may come again.
#[derive(Clone, Debug)]
pub(super) struct Again {
    caller: String,
    asked: Vec<u8>,
    sent: Vec<u8>,
}

impl Again {
    /// What a request says of it; `None`: it does not come again.
    ///
    /// # Errors
    /// Its key is none.
    pub(super) fn of(
        place: &Place,
        request: &HeaderMap,
        body: &str,
    ) -> Result<Option<Self>, Problem> {
        let Some(key) = request.get(HEADER) else {
            return Ok(None);
        };
        let key = key.as_bytes();
        if !(1..=LONGEST).contains(&key.len()) || !key.iter().all(u8::is_ascii_graphic) {
            let detail = format!(
                "`Idempotency-Key` is 1 to {LONGEST} visible ASCII characters, such as a UUID"
            );
            let fault = Fault::new("Idempotency-Key", Code::InvalidValue, detail);
            return Err(Problem::refused(vec![fault]));
        }
        let mut asked = Sha256::new();
        for part in [
            place.actor.as_bytes(),
            &place.resource.model.id.to_be_bytes(),
            key,
        ] {
            asked.update((part.len() as u64).to_be_bytes());
            asked.update(part);
        }
        Ok(Some(Self {
            caller: place.actor.clone(),
            asked: asked.finalize().to_vec(),
            sent: Sha256::digest(body.as_bytes()).to_vec(),
        }))
    }

    /// What was answered the first time; `None`: this is it.
    ///
    /// # Errors
    /// Something else was sent under the same key, or the caller has had too many keys.
    pub(super) async fn answer(
        &self,
        state: &AppState,
        db: &DatabaseTransaction,
    ) -> Result<Option<Told>, Problem> {
        let now = state.clock.now();
        if let Some(kept) = Once::of(db, &self.asked, now).await? {
            if kept.sent != self.sent {
                let detail =
                    "another body was sent under this key before; a key is for one request";
                let fault = Fault::new("Idempotency-Key", Code::InvalidValue, detail);
                return Err(Problem::of_body(vec![fault]));
            }
            let told = serde_json::from_str(&kept.answer).map_err(Problem::internal)?;
            return Ok(Some(told));
        }
        if Once::count_of(db, &self.caller, now).await? >= MOST {
            let detail = format!(
                "{MOST} keys were given within the last 24 hours; send this without `Idempotency-Key`, or later"
            );
            return Err(Problem::new(Kind::Conflict, detail));
        }
        Ok(None)
    }

    /// Keeps what is answered, if what it tells of is committed.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn keep(
        self,
        state: &AppState,
        db: &DatabaseTransaction,
        told: &Told,
    ) -> Result<(), Problem> {
        let answer = once::Model {
            asked: self.asked,
            caller: self.caller,
            sent: self.sent,
            answer: serde_json::to_string(told).map_err(Problem::internal)?,
            at: state.clock.now(),
        };
        Ok(Once::keep(db, answer).await?)
    }
}
