//! The opaque `cursor` of a list: a place in its order, which way to go from it, and whose list it is.
//!
//! It is signed, so that only what we handed out comes back, and bound to resource, filter and sort;
//! `limit` and `fields` may change from page to page. It grants nothing and never expires.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::{
    definition::{Cell, Kind},
    record::{Direction, Position},
};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::binding::Binding;
use crate::{
    fault::{Code, Fault},
    problem::Problem,
};

/// Length of the signature: 128 bits of HMAC-SHA256.
const TAG: usize = 16;

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cursor {
    pub(crate) direction: Direction,
    pub(crate) position: Position,
}

/// Signs cursors and reads them back.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

/// Why a cursor is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not ours, or changed on the way.
    Invalid,
    /// Ours, but of another list.
    Mismatch,
}

/// The signed part, as JSON.
#[derive(Serialize, Deserialize)]
struct Content(Binding, Backward, i64, Vec<Option<String>>);

/// Whether the cursor goes backward.
type Backward = bool;

impl Signer {
    /// Signs with `secret`, of any length.
    pub(crate) fn new(secret: &[u8]) -> Self {
        // A digest of the secret is a key of the one length that needs no error path.
        Self(Hmac::new(&key_of(secret)))
    }

    /// The cursor as text, for a list of that binding.
    pub(crate) fn encode(&self, binding: &Binding, cursor: &Cursor) -> String {
        let backward = cursor.direction == Direction::Backward;
        let values = cursor.position.values.iter().map(as_text).collect();
        let content = Content(binding.clone(), backward, cursor.position.rowno, values);
        let mut bytes = serde_json::to_vec(&content).unwrap_or_default();
        let tag = self.tag(&bytes);
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor of a list of that binding, sorted by fields of `kinds`.
    ///
    /// # Errors
    /// It is not one of ours, or belongs to another list.
    pub(crate) fn decode(
        &self,
        text: &str,
        binding: &Binding,
        kinds: &[Kind],
    ) -> Result<Cursor, Refusal> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Invalid)?;
        let length = bytes.len().checked_sub(TAG).ok_or(Refusal::Invalid)?;
        let (bytes, tag) = bytes.split_at(length);
        let mut mac = self.0.clone();
        mac.update(bytes);
        mac.verify_truncated_left(tag)
            .map_err(|_| Refusal::Invalid)?;
        let Content(bound_to, backward, rowno, values) =
            serde_json::from_slice(bytes).map_err(|_| Refusal::Invalid)?;
        if bound_to != *binding || values.len() != kinds.len() {
            return Err(Refusal::Mismatch);
        }
        let values = values.into_iter().zip(kinds);
        let values = values.map(|(text, kind)| match text {
            None => Ok(Cell::Null),
            // A field can have got another type since.
            Some(text) => kind.parse(&text).map_err(|_| Refusal::Mismatch),
        });
        Ok(Cursor {
            direction: if backward {
                Direction::Backward
            } else {
                Direction::Forward
            },
            position: Position {
                values: values.collect::<Result<_, _>>()?,
                rowno,
            },
        })
    }

    fn tag(&self, bytes: &[u8]) -> [u8; TAG] {
        let mut mac = self.0.clone();
        mac.update(bytes);
        let mut tag = [0; TAG];
        tag.copy_from_slice(&mac.finalize().into_bytes()[..TAG]);
        tag
    }
}

fn key_of(secret: &[u8]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
    let digest = Sha256::digest(secret);
    key[..digest.len()].copy_from_slice(&digest);
    key
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (code, detail) = match refusal {
            Refusal::Invalid => (
                Code::CursorInvalid,
                "the cursor is not one that this service gave out; begin without one",
            ),
            Refusal::Mismatch => (
                Code::CursorMismatch,
                "the cursor belongs to a list of another resource, filter or sort; \
                 keep them from page to page, or begin without a cursor",
            ),
        };
        Self::refused(vec![Fault::new("cursor", code, detail)])
    }
}

/// The form that [`Kind::parse`] reads.
pub(crate) fn as_text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null | Cell::List(_) => None,
        Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text) => Some(text.clone()),
        Cell::Integer(integer) => Some(integer.to_string()),
        Cell::Float(float) => Some(float.to_string()),
        Cell::Boolean(boolean) => Some(boolean.to_string()),
        Cell::Timestamp(instant) => Some(instant.to_rfc3339()),
        Cell::Date(date) => Some(date.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};
    use proptest::prelude::*;

    use super::*;

    const KINDS: [Kind; 7] = [
        Kind::Text,
        Kind::Integer,
        Kind::Decimal {
            precision: 65,
            scale: 10,
        },
        Kind::Float,
        Kind::Boolean,
        Kind::Timestamp,
        Kind::Date,
    ];

    fn value(kind: Kind) -> BoxedStrategy<Cell> {
        let some = match kind {
            Kind::Integer => any::<i64>().prop_map(Cell::Integer).boxed(),
            Kind::Decimal { .. } => any::<i64>()
                .prop_map(move |n| kind.parse(&format!("{n}e-10")).expect("a decimal"))
                .boxed(),
            Kind::Float => any::<f64>()
                .prop_filter("finite", |float| float.is_finite())
                .prop_map(Cell::Float)
                .boxed(),
            Kind::Boolean => any::<bool>().prop_map(Cell::Boolean).boxed(),
            Kind::Timestamp => (0..253_000_000_000_000_000_i64)
                .prop_map(|micros| {
                    Cell::Timestamp(DateTime::from_timestamp_micros(micros).expect("a time"))
                })
                .boxed(),
            Kind::Date => (1000..=9999_i32, 1..=366_u32)
                .prop_filter_map("a date", |(year, day)| NaiveDate::from_yo_opt(year, day))
                .prop_map(Cell::Date)
                .boxed(),
            _ => any::<String>().prop_map(Cell::Text).boxed(),
        };
        prop_oneof![1 => Just(Cell::Null), 4 => some].boxed()
    }

    fn cursor() -> impl Strategy<Value = (Vec<Kind>, Cursor)> {
        let kinds = proptest::collection::vec(proptest::sample::select(KINDS.to_vec()), 0..4);
        let with_values = kinds.prop_flat_map(|kinds| {
            let values: Vec<_> = kinds.iter().map(|kind| value(*kind)).collect();
            (Just(kinds), values, any::<i64>(), any::<bool>())
        });
        with_values.prop_map(|(kinds, values, rowno, forward)| {
            let direction = if forward {
                Direction::Forward
            } else {
                Direction::Backward
            };
            let position = Position { values, rowno };
            (
                kinds,
                Cursor {
                    direction,
                    position,
                },
            )
        })
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back_only_for_its_list_and_secret((kinds, cursor) in cursor()) {
            let (signer, binding) = (Signer::new(b"secret"), Binding::of(["cats", "breeds"]));
            let text = signer.encode(&binding, &cursor);
            prop_assert_eq!(signer.decode(&text, &binding, &kinds), Ok(cursor));
            let other = Binding::of(["cats", "dogs"]);
            prop_assert_eq!(signer.decode(&text, &other, &kinds), Err(Refusal::Mismatch));
            let stranger = Signer::new(b"other");
            prop_assert_eq!(stranger.decode(&text, &binding, &kinds), Err(Refusal::Invalid));
        }

        #[test]
        fn a_changed_cursor_is_refused((kinds, cursor) in cursor(), at in any::<prop::sample::Index>(), by in 1..=255_u8) {
            let (signer, binding) = (Signer::new(b"secret"), Binding::of(["cats", "breeds"]));
            let mut bytes = URL_SAFE_NO_PAD.decode(signer.encode(&binding, &cursor)).expect("base64");
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            let text = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert_eq!(signer.decode(&text, &binding, &kinds), Err(Refusal::Invalid));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let decoded = Signer::new(b"secret").decode(&text, &Binding::of([]), &[]);
            prop_assert_eq!(decoded, Err(Refusal::Invalid));
        }
    }
}
