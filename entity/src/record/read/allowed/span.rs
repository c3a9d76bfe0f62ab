//! All values between two, as each database orders them: texts by their bytes, numbers as numbers.

use std::{cmp::Ordering, ops::Bound};

use crate::definition::{Cell, Decimal};

/// All values between two bounds.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::record::read) struct Span {
    pub(in crate::record::read) low: Bound<Cell>,
    pub(in crate::record::read) high: Bound<Cell>,
}

impl Span {
    pub(super) fn whole() -> Self {
        Self {
            low: Bound::Unbounded,
            high: Bound::Unbounded,
        }
    }

    /// The value, if there is but one.
    pub(in crate::record::read) fn point(&self) -> Option<&Cell> {
        match (&self.low, &self.high) {
            (Bound::Included(low), Bound::Included(high)) => {
                (compare(low, high) == Ordering::Equal).then_some(low)
            }
            _ => None,
        }
    }

    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        let lowest = match low(&self.low, &other.low) {
            Ordering::Less => &other.low,
            _ => &self.low,
        };
        let highest = match high(&self.high, &other.high) {
            Ordering::Less => &self.high,
            _ => &other.high,
        };
        let both = Self {
            low: lowest.clone(),
            high: highest.clone(),
        };
        (!both.is_empty()).then_some(both)
    }

    pub(super) fn is_empty(&self) -> bool {
        match (&self.low, &self.high) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(low), Bound::Included(high)) => compare(low, high).is_gt(),
            (Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high))
            | (Bound::Included(low), Bound::Excluded(high)) => compare(low, high).is_ge(),
        }
    }

    pub(super) fn ends_before(&self, other: &Self) -> bool {
        high(&self.high, &other.high).is_lt()
    }
}

/// Each once, ascending.
pub(super) fn ordered(values: &[Cell]) -> Vec<&Cell> {
    let mut values: Vec<&Cell> = values.iter().collect();
    values.sort_by(|a, b| compare(a, b));
    values.dedup_by(|a, b| compare(a, b) == Ordering::Equal);
    values
}

/// The end of all texts that begin with `prefix`.
pub(in crate::record::read) fn behind_all(prefix: &str) -> Bound<Cell> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The range leaves the surrogates out, which are no characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Bound::Excluded(Cell::Text(chars.into_iter().collect()));
        }
    }
    Bound::Unbounded
}

fn low(a: &Bound<Cell>, b: &Bound<Cell>) -> Ordering {
    match (a, b) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Less,
        (_, Bound::Unbounded) => Ordering::Greater,
        (Bound::Included(a), Bound::Excluded(b)) => compare(a, b).then(Ordering::Less),
        (Bound::Excluded(a), Bound::Included(b)) => compare(a, b).then(Ordering::Greater),
        (Bound::Included(a), Bound::Included(b)) | (Bound::Excluded(a), Bound::Excluded(b)) => {
            compare(a, b)
        }
    }
}

fn high(a: &Bound<Cell>, b: &Bound<Cell>) -> Ordering {
    match (a, b) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Greater,
        (_, Bound::Unbounded) => Ordering::Less,
        (Bound::Included(a), Bound::Excluded(b)) => compare(a, b).then(Ordering::Greater),
        (Bound::Excluded(a), Bound::Included(b)) => compare(a, b).then(Ordering::Less),
        (Bound::Included(a), Bound::Included(b)) | (Bound::Excluded(a), Bound::Excluded(b)) => {
            compare(a, b)
        }
    }
}

/// Two values of one type, as each database orders them.
fn compare(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
        (Cell::Integer(a), Cell::Integer(b)) => a.cmp(b),
        (Cell::Decimal(a), Cell::Decimal(b)) => match (Decimal::parse(a), Decimal::parse(b)) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => a.cmp(b),
        },
        // Only finite numbers are values.
        (Cell::Float(a), Cell::Float(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
        (Cell::Boolean(a), Cell::Boolean(b)) => a.cmp(b),
        (Cell::Timestamp(a), Cell::Timestamp(b)) => a.cmp(b),
        (Cell::Date(a), Cell::Date(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_characters_have_no_next_one() {
        let check = |prefix: &str, expected| assert_eq!(behind_all(prefix), expected);
        let below = |text: &str| Bound::Excluded(Cell::Text(text.to_owned()));
        check("", Bound::Unbounded);
        check("\u{10ffff}", Bound::Unbounded);
        check("a\u{10ffff}", below("b"));
        check("\u{d7ff}", below("\u{e000}"));
    }
}
