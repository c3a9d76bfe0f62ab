//! Which values a field may have: what all conditions on it leave, as ranges of its index.
//!
//! Values are compared as every database compares them: texts by their bytes, numbers as numbers. So conditions on one
//! field are put together here, and contradictions cost no query.

use std::{cmp::Ordering, ops::Bound};

use super::Test;
use crate::definition::{Cell, Decimal};

/// A set of values, and whether it may be none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Allowed {
    pub(super) null: bool,
    /// Apart from each other, ascending.
    pub(super) spans: Vec<Span>,
}

/// All values between two bounds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) low: Bound<Cell>,
    pub(super) high: Bound<Cell>,
}

impl Allowed {
    /// Any value, or none.
    pub(super) fn anything() -> Self {
        Self {
            null: true,
            spans: vec![Span::whole()],
        }
    }

    /// What `test` leaves of a field that is a column.
    pub(super) fn by(test: &Test) -> Self {
        match test {
            Test::Equals(value) => Self::one(value),
            Test::Among(values) => Self::points(values),
            Test::NotAmong(values) => Self::between(values),
            Test::Above(value) => Self::range(Bound::Excluded(value.clone()), Bound::Unbounded),
            Test::AtLeast(value) => Self::range(Bound::Included(value.clone()), Bound::Unbounded),
            Test::Below(value) => Self::range(Bound::Unbounded, Bound::Excluded(value.clone())),
            Test::AtMost(value) => Self::range(Bound::Unbounded, Bound::Included(value.clone())),
            Test::NoneOrBetween(low, high) => {
                let bound =
                    |end: &Option<Cell>| end.clone().map_or(Bound::Unbounded, Bound::Included);
                Self {
                    null: true,
                    ..Self::range(bound(low), bound(high))
                }
            }
            Test::StartsWith(prefix) => {
                let low = Bound::Included(Cell::Text(prefix.clone()));
                Self::range(low, behind_all(prefix))
            }
            Test::IsNull(true) => Self::one(&Cell::Null),
            Test::IsNull(false) => Self::range(Bound::Unbounded, Bound::Unbounded),
            Test::Has(item) => Self::one(&Cell::Text(item.clone())),
            Test::HasAny(items) => {
                let items: Vec<Cell> = items.iter().cloned().map(Cell::Text).collect();
                Self::points(&items)
            }
        }
    }

    /// That value, or its absence, and nothing else.
    pub(super) fn one(value: &Cell) -> Self {
        match value {
            Cell::Null => Self {
                null: true,
                spans: Vec::new(),
            },
            value => Self::range(
                Bound::Included(value.clone()),
                Bound::Included(value.clone()),
            ),
        }
    }

    /// Every value between the bounds.
    pub(super) fn range(low: Bound<Cell>, high: Bound<Cell>) -> Self {
        let span = Span { low, high };
        Self {
            null: false,
            spans: Some(span)
                .filter(|span| !span.is_empty())
                .into_iter()
                .collect(),
        }
    }

    fn points(values: &[Cell]) -> Self {
        let spans = ordered(values).into_iter().map(|value| Span {
            low: Bound::Included(value.clone()),
            high: Bound::Included(value.clone()),
        });
        Self {
            null: false,
            spans: spans.collect(),
        }
    }

    /// Every value but these.
    fn between(values: &[Cell]) -> Self {
        let mut spans = Vec::new();
        let mut low = Bound::Unbounded;
        for value in ordered(values) {
            let high = Bound::Excluded(value.clone());
            spans.push(Span { low, high });
            low = Bound::Excluded(value.clone());
        }
        let high = Bound::Unbounded;
        spans.push(Span { low, high });
        Self { null: false, spans }
    }

    /// What both allow.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut spans = Vec::new();
        let (mut ours, mut theirs) = (self.spans.as_slice(), other.spans.as_slice());
        while let ([our, our_rest @ ..], [their, their_rest @ ..]) = (ours, theirs) {
            spans.extend(our.and(their));
            if high(&our.high, &their.high) == Ordering::Less {
                ours = our_rest;
            } else {
                theirs = their_rest;
            }
        }
        Self {
            null: self.null && other.null,
            spans,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.null && self.spans.is_empty()
    }

    /// The only value that is allowed, [`Cell::Null`] if it is none.
    pub(super) fn pin(&self) -> Option<&Cell> {
        match (self.null, self.spans.as_slice()) {
            (true, []) => Some(&Cell::Null),
            (false, [span]) => span.point(),
            _ => None,
        }
    }

    /// One range with all of it, and whatever lies between.
    pub(super) fn hull(&self) -> Self {
        let ends = self.spans.first().zip(self.spans.last());
        let spans = ends.map(|(first, last)| Span {
            low: first.low.clone(),
            high: last.high.clone(),
        });
        Self {
            null: self.null,
            spans: spans.into_iter().collect(),
        }
    }
}

impl Span {
    fn whole() -> Self {
        Self {
            low: Bound::Unbounded,
            high: Bound::Unbounded,
        }
    }

    /// The value, if there is but one.
    pub(super) fn point(&self) -> Option<&Cell> {
        match (&self.low, &self.high) {
            (Bound::Included(low), Bound::Included(high)) => {
                (compare(low, high) == Ordering::Equal).then_some(low)
            }
            _ => None,
        }
    }

    fn and(&self, other: &Self) -> Option<Self> {
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

    fn is_empty(&self) -> bool {
        match (&self.low, &self.high) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(low), Bound::Included(high)) => compare(low, high).is_gt(),
            (Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high))
            | (Bound::Included(low), Bound::Excluded(high)) => compare(low, high).is_ge(),
        }
    }
}

fn ordered(values: &[Cell]) -> Vec<&Cell> {
    let mut values: Vec<&Cell> = values.iter().collect();
    values.sort_by(|a, b| compare(a, b));
    values.dedup_by(|a, b| compare(a, b) == Ordering::Equal);
    values
}

/// The end of all texts that begin with `prefix`.
pub(super) fn behind_all(prefix: &str) -> Bound<Cell> {
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
    use proptest::prelude::*;

    use super::*;

    fn numbers(values: &[i64]) -> Vec<Cell> {
        values.iter().copied().map(Cell::Integer).collect()
    }

    fn test() -> impl Strategy<Value = Test> {
        let value = || (-4..=4_i64).prop_map(Cell::Integer);
        let values = || proptest::collection::vec(-4..=4_i64, 1..4).prop_map(|v| numbers(&v));
        prop_oneof![
            value().prop_map(Test::Equals),
            values().prop_map(Test::Among),
            values().prop_map(Test::NotAmong),
            value().prop_map(Test::Above),
            value().prop_map(Test::AtLeast),
            value().prop_map(Test::Below),
            value().prop_map(Test::AtMost),
            (proptest::option::of(value()), proptest::option::of(value()))
                .prop_map(|(low, high)| Test::NoneOrBetween(low, high)),
            any::<bool>().prop_map(Test::IsNull),
        ]
    }

    /// What the test means, said in another way.
    fn holds(test: &Test, value: Option<i64>) -> bool {
        let number = |cell: &Cell| match cell {
            Cell::Integer(number) => *number,
            other => panic!("{other:?}"),
        };
        let Some(value) = value else {
            return matches!(test, Test::IsNull(true) | Test::NoneOrBetween(..));
        };
        match test {
            Test::Equals(cell) => value == number(cell),
            Test::Among(cells) => cells.iter().any(|cell| number(cell) == value),
            Test::NotAmong(cells) => cells.iter().all(|cell| number(cell) != value),
            Test::Above(cell) => value > number(cell),
            Test::AtLeast(cell) => value >= number(cell),
            Test::Below(cell) => value < number(cell),
            Test::AtMost(cell) => value <= number(cell),
            Test::NoneOrBetween(low, high) => {
                low.as_ref().is_none_or(|low| value >= number(low))
                    && high.as_ref().is_none_or(|high| value <= number(high))
            }
            Test::IsNull(null) => !null,
            other => panic!("{other:?}"),
        }
    }

    fn has(allowed: &Allowed, value: Option<i64>) -> bool {
        match value {
            None => allowed.null,
            Some(value) => !allowed.and(&Allowed::one(&Cell::Integer(value))).is_empty(),
        }
    }

    proptest! {
        #[test]
        fn together_they_allow_what_each_allows(tests in proptest::collection::vec(test(), 0..5)) {
            let all = tests.iter().map(Allowed::by);
            let all = all.fold(Allowed::anything(), |all, one| all.and(&one));
            for value in (-6..=6).map(Some).chain([None]) {
                let expected = tests.iter().all(|test| holds(test, value));
                prop_assert_eq!(has(&all, value), expected, "{:?} in {:?}", value, &all);
                prop_assert!(!expected || has(&all.hull(), value));
            }
        }

        #[test]
        fn a_prefix_is_a_range(prefix in ".{0,3}", text in ".{0,5}") {
            let allowed = Allowed::by(&Test::StartsWith(prefix.clone()));
            for text in [text.clone(), format!("{prefix}{text}")] {
                let one = Allowed::one(&Cell::Text(text.clone()));
                prop_assert_eq!(!allowed.and(&one).is_empty(), text.starts_with(&prefix));
            }
        }
    }

    #[test]
    fn the_last_characters_have_no_next_one() {
        let check = |prefix: &str, expected| assert_eq!(behind_all(prefix), expected);
        let below = |text: &str| Bound::Excluded(Cell::Text(text.to_owned()));
        check("", Bound::Unbounded);
        check("\u{10ffff}", Bound::Unbounded);
        check("a\u{10ffff}", below("b"));
        check("\u{d7ff}", below("\u{e000}"));
    }

    #[test]
    fn decimals_are_compared_as_numbers() {
        let decimal = |text: &str| Cell::Decimal(text.to_owned());
        let at_most = Allowed::by(&Test::AtMost(decimal("9.00")));
        assert!(at_most.and(&Allowed::one(&decimal("10.00"))).is_empty());
        assert!(!at_most.and(&Allowed::one(&decimal("-10.00"))).is_empty());
    }
}
