//! The types that a field can have, and how a value of each is written as text.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDate, SubsecRound, Timelike, Utc};
use serde::{Deserialize, Serialize};

use super::{Cell, Decimal};

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Kind {
    Text,
    /// 64 bits, signed.
    Integer,
    /// Exact: `precision` digits, `scale` of them after the point.
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// IEEE 754 double.
    Float,
    Boolean,
    /// An instant, kept in UTC to the microsecond.
    Timestamp,
    Date,
    /// Texts in order, in a table of their own.
    List,
    /// Any JSON value, kept as text.
    Json,
}

/// Why a text is no type, or no value of a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KindError(pub String);

/// What a definition may write as a type.
pub const KINDS: [&str; 9] = [
    "text",
    "integer",
    "decimal(p,s)",
    "float",
    "boolean",
    "timestamp",
    "date",
    "list",
    "json",
];

impl Kind {
    /// Reads a value in its plain text form, as the api's callers write it.
    ///
    /// # Errors
    /// Says what the type accepts.
    pub fn parse(self, text: &str) -> Result<Cell, KindError> {
        let wanted = |what: &str| KindError(format!("expected {what}"));
        match self {
            Self::Text | Self::List => Ok(Cell::Text(text.to_owned())),
            Self::Integer => text.parse().map(Cell::Integer).map_err(|_| {
                wanted("an integer between -9223372036854775808 and 9223372036854775807")
            }),
            Self::Decimal { precision, scale } => Decimal::parse(text)
                .and_then(|decimal| decimal.fixed(precision, scale))
                .map(Cell::Decimal)
                .map_err(|error| KindError(error.to_string())),
            Self::Float => match text.parse::<f64>() {
                Ok(float) if float.is_finite() => Ok(Cell::Float(float)),
                _ => Err(wanted("a number")),
            },
            Self::Boolean => match text {
                "true" => Ok(Cell::Boolean(true)),
                "false" => Ok(Cell::Boolean(false)),
                _ => Err(wanted("`true` or `false`")),
            },
            Self::Timestamp => DateTime::parse_from_rfc3339(text)
                .ok()
                .and_then(|instant| Self::timestamp(instant.to_utc()))
                .ok_or_else(|| wanted("an RFC 3339 time such as `2026-11-21T08:00:00Z`")),
            Self::Date => NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()
                .and_then(Self::date)
                .ok_or_else(|| wanted("a date such as `2026-11-21`")),
            Self::Json => Err(wanted(
                "no value: a field of type `json` cannot be compared",
            )),
        }
    }

    /// An instant as every database stores it: microseconds, and a year that all of them can hold.
    pub fn timestamp(instant: DateTime<Utc>) -> Option<Cell> {
        // A leap second is a fraction beyond one second to chrono, and an error to MySQL.
        let leap = instant.nanosecond() >= 1_000_000_000;
        let instant = if leap {
            instant.with_nanosecond(999_999_000)?
        } else {
            instant
        };
        (1000..=9999)
            .contains(&instant.year())
            .then(|| Cell::Timestamp(instant.trunc_subsecs(6)))
    }

    /// A date that all databases can hold.
    pub fn date(date: NaiveDate) -> Option<Cell> {
        (1000..=9999)
            .contains(&date.year())
            .then_some(Cell::Date(date))
    }

    /// Whether rows can be filtered by it at all.
    pub fn filterable(self) -> bool {
        self != Self::Json
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Integer => f.write_str("integer"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Float => f.write_str("float"),
            Self::Boolean => f.write_str("boolean"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Date => f.write_str("date"),
            Self::List => f.write_str("list"),
            Self::Json => f.write_str("json"),
        }
    }
}

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        match text {
            "text" => Ok(Self::Text),
            "integer" => Ok(Self::Integer),
            "float" => Ok(Self::Float),
            "boolean" => Ok(Self::Boolean),
            "timestamp" => Ok(Self::Timestamp),
            "date" => Ok(Self::Date),
            "list" => Ok(Self::List),
            "json" => Ok(Self::Json),
            _ => decimal(text),
        }
    }
}

fn decimal(text: &str) -> Result<Kind, KindError> {
    let sizes = text
        .strip_prefix("decimal(")
        .and_then(|rest| rest.strip_suffix(')'));
    let Some((precision, scale)) = sizes.and_then(|sizes| sizes.split_once(',')) else {
        return Err(KindError(format!(
            "`{text}` is no type; the types are {}",
            KINDS.join(", ")
        )));
    };
    // The bounds are MySQL's: https://dev.mysql.com/doc/refman/en/precision-math-decimal-characteristics.html
    match (precision.trim().parse(), scale.trim().parse()) {
        (Ok(precision @ 1..=65), Ok(scale @ 0..=30)) if scale <= precision => {
            Ok(Kind::Decimal { precision, scale })
        }
        _ => Err(KindError(format!(
            "`{text}` is no type; in decimal(p,s) p is 1 to 65 digits and s, at most p, is 0 to 30 of them after the point"
        ))),
    }
}

impl TryFrom<String> for Kind {
    type Error = KindError;

    fn try_from(text: String) -> Result<Self, KindError> {
        text.parse()
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn a_kind_reads_back_as_it_is_written() {
        for text in [
            "text",
            "integer",
            "decimal(5,2)",
            "float",
            "boolean",
            "timestamp",
            "date",
            "list",
            "json",
        ] {
            assert_eq!(
                text.parse::<Kind>().map(|kind| kind.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn a_wrong_kind_says_what_is_right() {
        let check = |text: &str, part: &str| {
            let error = text.parse::<Kind>().expect_err(text).to_string();
            assert!(error.contains(part), "{error}");
        };
        check("string", "the types are text, integer");
        check("decimal(66,2)", "p is 1 to 65");
        check("decimal(5,6)", "at most p");
        check("decimal", "the types are");
    }

    #[test]
    fn values_are_checked_by_type() {
        let ok = |kind: &str, text: &str| kind.parse::<Kind>().expect("a kind").parse(text).is_ok();
        assert!(ok("integer", "-9223372036854775808"));
        assert!(!ok("integer", "9223372036854775808"));
        assert!(!ok("integer", "1.0"));
        assert!(ok("decimal(5,2)", "123.40"));
        assert!(!ok("decimal(5,2)", "1234.5"));
        assert!(!ok("float", "inf"));
        assert!(!ok("boolean", "1"));
        assert!(ok("timestamp", "2026-11-21T08:00:00.5+02:00"));
        assert!(!ok("timestamp", "2026-11-21"));
        assert!(ok("date", "2024-02-29"));
        assert!(!ok("date", "2023-02-29"));
        assert!(!ok("json", "{}"));
    }
}
