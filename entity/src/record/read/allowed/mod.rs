//! Which values a field may have: what all conditions on it leave, as ranges of its index.
//!
//! Conditions on one field are put together here, and contradictions cost no query.

mod span;

use std::ops::Bound;

use super::Test;
use crate::definition::Cell;

use self::span::ordered;
pub(super) use self::span::{Span, behind_all};

/// A set of values, and whether it may be none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Allowed {
    pub(super) null: bool,
    /// Apart from each other, ascending.
    pub(super) spans: Vec<Span>,
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
            if our.ends_before(their) {
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
    fn decimals_are_compared_as_numbers() {
        let decimal = |text: &str| Cell::Decimal(text.to_owned());
        let at_most = Allowed::by(&Test::AtMost(decimal("9.00")));
        assert!(at_most.and(&Allowed::one(&decimal("10.00"))).is_empty());
        assert!(!at_most.and(&Allowed::one(&decimal("-10.00"))).is_empty());
    }
}
