//! Settings that are texts with a meaning: addresses, durations, folders, secrets.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use entity::{access::Rule, nearest};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};

/// Finds out what `${reference}` stands for; `None`: it is not there.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Result<Option<SecretString>, String>;

/// A setting with a secret's value for each `${...}`.
pub(crate) fn expand(
    text: &str,
    lookup: Lookup<'_>,
    escape: fn(&str) -> String,
) -> Result<SecretString, String> {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (reference, after) = after
            .split_once('}')
            .ok_or_else(|| "a `${` has no `}`".to_owned())?;
        whole.push_str(before);
        let secret = lookup(reference).map_err(|why| format!("`${{{reference}}}`: {why}"))?;
        let secret = secret.ok_or_else(|| format!("`${{{reference}}}` is not set"))?;
        whole.push_str(&escape(secret.expose_secret()));
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole.into())
}

pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

pub(super) fn folder<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let text = String::deserialize(from)?;
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
}

pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || format!("`{text}`: write an address and a port, like 127.0.0.1:8000");
    text.parse().map_err(|_| de::Error::custom(wrong()))
}

pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || format!("`{text}`: write a number and a unit: ms, s, m or h, like 30s");
    span(&text).ok_or_else(|| de::Error::custom(wrong()))
}

pub(super) fn span(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u32 = number.parse().ok()?;
    let unit = match unit.trim_start() {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        _ => return None,
    };
    Some(unit * number)
}

pub(super) fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    from: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    text.parse()
        .map_err(|error| de::Error::custom(format!("`{text}`: {error}")))
}

/// One word, or scopes as a list or, in a variable, with commas.
pub(super) fn rule<'de, D: Deserializer<'de>>(from: D) -> Result<Rule, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        One(String),
        Many(Vec<String>),
    }
    let words: Vec<String> = match Words::deserialize(from)? {
        Words::One(text) => {
            let words = text.split(',').map(str::trim);
            let words = words.filter(|word| !word.is_empty());
            words.map(str::to_owned).collect()
        }
        Words::Many(words) => words,
    };
    let wrong = |why: String| {
        de::Error::custom(format!(
            "{why}; write `public`, `authenticated`, or scopes, like `read`"
        ))
    };
    let alone = |word: &&String| Rule::WORDS.contains(&word.as_str());
    match (words.as_slice(), words.iter().find(alone)) {
        ([], _) => Err(wrong("nobody could read anything".to_owned())),
        ([_, _, ..], Some(word)) => Err(wrong(format!("`{word}` stands alone"))),
        _ => Rule::of(&words).map_err(|error| {
            let near = words.iter().find_map(|word| nearest(word, Rule::WORDS));
            let hint = near.map(|near| format!("; did you mean `{near}`?"));
            de::Error::custom(format!("{error}{}", hint.unwrap_or_default()))
        }),
    }
}

/// `None` if it is empty.
pub(super) fn parsed_if_any<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(from)?;
    let parsed = || text.parse();
    let parsed = (!text.is_empty()).then(parsed).transpose();
    parsed.map_err(|error| de::Error::custom(format!("`{text}`: {error}")))
}

pub(super) fn all_parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let parsed = texts
        .iter()
        .map(|text| text.parse().map_err(de::Error::custom));
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::expand;

    #[test]
    fn a_secret_stands_where_it_is_named() {
        let lookup = |name: &str| match name {
            "A" => Ok(Some("secret".into())),
            "file:/x" => Err("permission denied".to_owned()),
            _ => Ok(None),
        };
        let check = |text, expected: Result<&str, &str>| {
            let found = expand(text, &lookup, str::to_uppercase);
            let found = found.as_ref().map(ExposeSecret::expose_secret);
            assert_eq!(found.map_err(String::as_str), expected);
        };
        check("plain", Ok("plain"));
        check("u:${A}@h ${A}", Ok("u:SECRET@h SECRET"));
        check("${B}", Err("`${B}` is not set"));
        check("${file:/x}", Err("`${file:/x}`: permission denied"));
        check("u:${A@h", Err("a `${` has no `}`"));
    }
}
