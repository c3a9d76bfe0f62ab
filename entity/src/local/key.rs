//! The key of a caller's record: what the path says of it, and numbers for records that come without one.

use std::borrow::Cow;

use serde_json::Value;

use super::{Unfit, Why, patch::object};
use crate::{
    definition::{Decimal, Definition, Field, Kind},
    raw,
};

/// The field whose next number a record gets that comes without: the only field of the key, an integer.
pub fn counted(definition: &Definition) -> Option<&Field> {
    let [name] = definition.key.as_slice() else {
        return None;
    };
    definition
        .field(name)
        .filter(|field| field.kind == Kind::Integer)
}

/// The members that a record has whose key's canonical text is `key`: names, and values as JSON.
///
/// # Errors
/// No record has that key.
pub fn key_members(definition: &Definition, key: &str) -> Result<Vec<(String, String)>, Unfit> {
    let names = &definition.key;
    let parts: Vec<String> = match names.len() {
        1 => vec![key.to_owned()],
        _ => key
            .split(',')
            .map(|part| part.replace("%2C", ",").replace("%25", "%"))
            .collect(),
    };
    if parts.len() != names.len() {
        let first = names.first().map_or("", String::as_str);
        let reason = format!("the key is {} joined by commas", names.join(", "));
        return Err(Unfit::new(first, Why::Value, reason));
    }
    let fields = names.iter().zip(parts);
    let members = fields.map(|(name, part)| {
        let kind = definition
            .field(name)
            .map_or(Kind::Text, |field| field.kind);
        let is_number = |text: &str| {
            let number = Decimal::parse(text)
                .ok()
                .and_then(|number| number.canonical());
            number.as_deref() == Some(text)
        };
        let is_plain = match kind {
            Kind::Integer | Kind::Decimal { .. } | Kind::Float => is_number(&part),
            Kind::Boolean => matches!(part.as_str(), "true" | "false"),
            _ => return Ok((name.clone(), Value::from(part).to_string())),
        };
        match is_plain {
            true => Ok((name.clone(), part)),
            false => {
                let reason = format!("`{part}` is no value of `{name}`: {kind}");
                Err(Unfit::new(name, Why::Value, reason))
            }
        }
    });
    members.collect()
}

/// Whether the record `payload` has no member of that name, or has it as null. What is no object is told by its check.
pub fn lacks(payload: &str, name: &str) -> bool {
    let record = raw::members(payload);
    record.is_ok_and(|record| record.get(name).is_none_or(|value| value.get() == "null"))
}

/// The record `payload` with those of `members` in front that it lacks, or has as null.
///
/// # Errors
/// It is no object.
pub fn with_members(
    payload: &str,
    members: &[(String, String)],
) -> Result<String, serde_json::Error> {
    let record = raw::members(payload)?;
    let lacks = |name: &str| record.get(name).is_none_or(|value| value.get() == "null");
    let lacking: Vec<_> = members.iter().filter(|(name, _)| lacks(name)).collect();
    if lacking.is_empty() {
        return Ok(payload.to_owned());
    }
    let given = lacking
        .iter()
        .map(|(name, value)| (name.as_str(), Cow::from(value.as_str())));
    let own = record
        .iter()
        .filter(|(name, _)| !lacking.iter().any(|(of, _)| of == name));
    let own = own.map(|(name, value)| (name, Cow::from(value.get())));
    Ok(object(&given.chain(own).collect::<Vec<_>>()))
}
