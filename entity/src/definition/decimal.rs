//! Decimal numbers as exact text, of any length: no number on its way from the wire to a column is ever a float.

use std::{cmp::Ordering, fmt};

use serde::{Deserialize, Serialize};

/// A decimal number: `0.DIGITS × 10^exponent` with its sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Decimal {
    negative: bool,
    /// Without leading or trailing zeros; empty for zero.
    digits: String,
    exponent: i64,
}

/// Why a text is no decimal, or does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    #[error("expected a decimal number")]
    NotANumber,
    #[error("expected at most {whole} digits before the point and {scale} after it")]
    DoesNotFit { whole: u8, scale: u8 },
}

impl Decimal {
    /// Reads a number as JSON or a person writes it: sign, digits, point, exponent.
    ///
    /// # Errors
    /// The text is no number.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (number, exponent) = match rest.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, parse_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction)
        {
            return Err(DecimalError::NotANumber);
        }
        let joined = format!("{whole}{fraction}");
        let significant = joined.trim_start_matches('0');
        let point = i64::try_from(whole.len()).unwrap_or(i64::MAX);
        let leading = i64::try_from(joined.len() - significant.len()).unwrap_or(i64::MAX);
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Ok(Self {
                negative: false,
                digits,
                exponent: 0,
            });
        }
        Ok(Self {
            negative,
            digits,
            exponent: point.saturating_sub(leading).saturating_add(exponent),
        })
    }

    /// The number with exactly `scale` digits after the point, as a `DECIMAL(precision, scale)` column holds it.
    ///
    /// # Errors
    /// It has more digits on either side: nothing is ever rounded.
    pub fn fixed(&self, precision: u8, scale: u8) -> Result<String, DecimalError> {
        let whole = precision - scale;
        let length = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let after = length.saturating_sub(self.exponent).max(0);
        if self.exponent > i64::from(whole) || after > i64::from(scale) {
            return Err(DecimalError::DoesNotFit { whole, scale });
        }
        Ok(self.plain(usize::from(scale)))
    }

    /// Digits and a point, no exponent, at least `scale` digits after the point. The size is the caller's to bound.
    fn plain(&self, scale: usize) -> String {
        let mut whole = String::new();
        let mut fraction = String::new();
        if self.exponent <= 0 && !self.digits.is_empty() {
            fraction.push_str(&"0".repeat(usize::try_from(-self.exponent).unwrap_or(0)));
        }
        let before = usize::try_from(self.exponent).unwrap_or(0);
        for (index, digit) in self.digits.chars().enumerate() {
            if index < before {
                whole.push(digit);
            } else {
                fraction.push(digit);
            }
        }
        whole.push_str(&"0".repeat(before.saturating_sub(self.digits.len())));
        fraction.push_str(&"0".repeat(scale.saturating_sub(fraction.len())));
        let sign = if self.negative { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { &whole };
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }

    /// One text for equal numbers (`1`, `1.0` and `1e0` give `1`); `None` above 64 digits of either part.
    pub fn canonical(&self) -> Option<String> {
        let length = i64::try_from(self.digits.len()).ok()?;
        let bounded = self.exponent.abs() <= 64 && length <= 64;
        bounded.then(|| self.plain(0))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.sign(), other.sign()) {
            (1, 1) => self.size(other),
            (-1, -1) => other.size(self),
            (a, b) => a.cmp(&b),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<String> for Decimal {
    type Error = DecimalError;

    fn try_from(text: String) -> Result<Self, DecimalError> {
        Self::parse(&text)
    }
}

impl From<Decimal> for String {
    fn from(decimal: Decimal) -> Self {
        decimal.to_string()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.canonical() {
            Some(text) => f.write_str(&text),
            None => write!(
                f,
                "{}0.{}e{}",
                if self.negative { "-" } else { "" },
                self.digits,
                self.exponent
            ),
        }
    }
}

impl Decimal {
    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// Compares the sizes of two numbers that are not zero: both are `0.DIGITS`, so the digits compare as text.
    fn size(&self, other: &Self) -> Ordering {
        self.exponent
            .cmp(&other.exponent)
            .then_with(|| self.digits.cmp(&other.digits))
    }
}

fn parse_exponent(text: &str) -> Result<i64, DecimalError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::NotANumber);
    }
    // An exponent beyond 64 bits fits no column, whatever its size.
    let far = if text.starts_with('-') {
        -(1 << 40)
    } else {
        1 << 40
    };
    Ok(text
        .parse::<i64>()
        .unwrap_or(far)
        .clamp(-(1 << 40), 1 << 40))
}

/// `fixed` as text that sorts like the number: SQLite has no exact decimal beyond 15 digits.
///
/// Zero-padded to `precision` digits; a negative number is `-` and the nines' complement of its digits.
pub(crate) fn sortable(fixed: &str, precision: u8) -> String {
    let (negative, number) = match fixed.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, fixed),
    };
    let width = usize::from(precision) + usize::from(number.contains('.'));
    let padded = format!("{number:0>width$}");
    if !negative {
        return padded;
    }
    format!("-{}", complement(&padded))
}

/// The number that [`sortable`] wrote.
pub(crate) fn from_sortable(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", complement(digits)),
        None => ("", text.to_owned()),
    };
    let number = digits.trim_start_matches('0');
    // A number below one keeps the zero before its point, and zero itself keeps one digit.
    let zero = if number.is_empty() || number.starts_with('.') {
        "0"
    } else {
        ""
    };
    format!("{sign}{zero}{number}")
}

fn complement(digits: &str) -> String {
    let nines = digits.chars().map(|c| match c.to_digit(10) {
        Some(digit) => char::from_digit(9 - digit, 10).unwrap_or(c),
        None => c,
    });
    nines.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decimal, from_sortable, sortable};

    #[test]
    fn numbers_keep_every_digit() {
        let check = |text: &str, precision, scale, expected: Option<&str>| {
            let got = Decimal::parse(text).and_then(|decimal| decimal.fixed(precision, scale));
            assert_eq!(got.ok().as_deref(), expected, "{text}");
        };
        check("1", 5, 2, Some("1.00"));
        check("-0.50", 5, 2, Some("-0.50"));
        check("-0.000", 5, 2, Some("0.00"));
        check("123.456", 5, 2, None);
        check("123.450", 5, 2, Some("123.45"));
        check("1e2", 5, 2, Some("100.00"));
        check("12345e-2", 5, 2, Some("123.45"));
        check("1e99999999999999999999", 65, 30, None);
        check("1e-99999999999999999999", 65, 30, None);
        check(
            "1234567890123456789012345678901234567890",
            40,
            0,
            Some("1234567890123456789012345678901234567890"),
        );
        check(".5", 5, 2, Some("0.50"));
        check("0.05", 5, 2, Some("0.05"));
        for wrong in ["", "-", ".", "1.2.3", "1e", "0x10", "NaN", "1 2", "١"] {
            check(wrong, 65, 30, None);
        }
    }

    #[test]
    fn equal_numbers_have_one_canonical_text() {
        for text in ["1", "1.0", "1e0", "10e-1", "+1"] {
            assert_eq!(
                Decimal::parse(text).expect(text).canonical().as_deref(),
                Some("1")
            );
        }
        assert_eq!(Decimal::parse("1e999").expect("a number").canonical(), None);
    }

    proptest! {
        #[test]
        fn sortable_text_sorts_like_the_number(a in -99_999_999i64..=99_999_999, b in -99_999_999i64..=99_999_999) {
            let text = |n: i64| {
                let fixed = Decimal::parse(&format!("{n}e-3")).expect("a number").fixed(20, 3).expect("it fits");
                sortable(&fixed, 20)
            };
            prop_assert_eq!(text(a).cmp(&text(b)), a.cmp(&b));
        }

        #[test]
        fn sortable_text_reads_back(n in any::<i64>(), scale in 0u8..=10) {
            let fixed = Decimal::parse(&format!("{n}e-{scale}")).expect("a number").fixed(40, scale).expect("it fits");
            prop_assert_eq!(from_sortable(&sortable(&fixed, 40)), fixed);
        }

        #[test]
        fn numbers_compare_as_numbers(a in -99_999_999i64..=99_999_999, b in -99_999_999i64..=99_999_999) {
            let number = |n: i64| Decimal::parse(&format!("{n}e-5")).expect("a number");
            prop_assert_eq!(number(a).cmp(&number(b)), a.cmp(&b));
        }

        #[test]
        fn a_fixed_text_reads_back(n in any::<i64>(), scale in 0u8..=10) {
            let fixed = Decimal::parse(&format!("{n}e-{scale}")).expect("a number").fixed(40, scale).expect("it fits");
            prop_assert_eq!(Decimal::parse(&fixed), Decimal::parse(&format!("{n}e-{scale}")));
        }
    }
}
