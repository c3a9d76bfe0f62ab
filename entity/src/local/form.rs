//! Which JSON a caller writes for a field: what is stored is served again, so that a number is a number.

use serde_json::value::RawValue;

use crate::{
    definition::{Kind, Rule, TimeFormat},
    raw,
};

/// What a caller writes for a field of type `kind`, in words.
pub fn accepted(kind: Kind, rule: &Rule) -> String {
    let is_epoch = matches!(
        rule.format,
        TimeFormat::EpochSeconds | TimeFormat::EpochMillis
    );
    let bounds = match (&rule.min, &rule.max) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" of at least {min}"),
        (None, Some(max)) => format!(" of at most {max}"),
        (None, None) => String::new(),
    };
    match kind {
        Kind::Text => match &rule.pattern {
            Some(pattern) => format!("a text that matches `{pattern}`"),
            None => "a text".to_owned(),
        },
        Kind::Integer => format!("an integer of 64 bits{bounds}"),
        Kind::Decimal { precision, scale } => {
            let whole = precision - scale;
            format!(
                "a number{bounds}, with at most {whole} digits before the point and {scale} after it"
            )
        }
        Kind::Float => format!("a number{bounds}"),
        Kind::Boolean => "true or false".to_owned(),
        Kind::Timestamp if is_epoch => "a time as a number since 1970".to_owned(),
        Kind::Timestamp => match &rule.format {
            TimeFormat::Pattern(pattern) => format!("a time of the form `{pattern}`"),
            _ => "an RFC 3339 time such as `2026-11-21T08:00:00Z`".to_owned(),
        },
        Kind::Date => match &rule.format {
            TimeFormat::Pattern(pattern) => format!("a date of the form `{pattern}`"),
            _ => "a date such as `2026-11-21`".to_owned(),
        },
        Kind::List => "an array of texts".to_owned(),
        Kind::Json => "any JSON".to_owned(),
    }
}

/// Whether `value`, which is not null, is of the form in which a field of type `kind` is written.
pub(super) fn is_in_form(kind: Kind, rule: &Rule, value: &RawValue) -> bool {
    let is = raw::kind(value);
    match kind {
        Kind::Text => is == "a text",
        Kind::Integer => is == "a number" && !value.get().contains(['.', 'e', 'E']),
        Kind::Decimal { .. } | Kind::Float => is == "a number",
        Kind::Boolean => is == "a boolean",
        Kind::Timestamp | Kind::Date => match rule.format {
            TimeFormat::EpochSeconds | TimeFormat::EpochMillis => is == "a number",
            TimeFormat::Standard | TimeFormat::Pattern(_) => is == "a text",
        },
        Kind::List => {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            is == "an array" && items.iter().all(|item| raw::kind(item) == "a text")
        }
        Kind::Json => true,
    }
}
