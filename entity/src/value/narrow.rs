//! What a field's rule narrows beyond its type: how long a text may be, which values there are, and from where to where.

use super::{Bad, bad, shown};
use crate::definition::{Decimal, Rule};

pub(super) fn fits(text: &str, limit: Option<usize>) -> Result<(), Bad> {
    match limit {
        // Bytes are counted first: they are at hand, and never fewer than the characters.
        Some(limit) if text.len() > limit && text.chars().count() > limit => bad(format!(
            "longer than {limit} characters; `index = false` keeps texts of any length"
        )),
        _ => Ok(()),
    }
}

pub(super) fn is_listed(text: &str, rule: &Rule) -> Result<(), Bad> {
    if rule.values.is_empty() || rule.values.iter().any(|value| value == text) {
        return Ok(());
    }
    bad(format!(
        "{} is none of {}",
        shown(text),
        rule.values.join(", ")
    ))
}

pub(super) fn in_range(text: &str, rule: &Rule) -> Result<(), Bad> {
    if rule.min.is_none() && rule.max.is_none() {
        return Ok(());
    }
    let Ok(number) = Decimal::parse(text) else {
        return Ok(());
    };
    match (&rule.min, &rule.max) {
        (Some(min), _) if number < *min => {
            bad(format!("{} is below the least, {min}", shown(text)))
        }
        (_, Some(max)) if number > *max => bad(format!("{} is above the most, {max}", shown(text))),
        _ => Ok(()),
    }
}
