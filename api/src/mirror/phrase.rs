//! Reads the values out of a text that the upstream's definition makes by putting values into a phrase.

use std::borrow::Cow;

use entity::definition::face::{Part, Phrase};
use percent_encoding::percent_decode_str;

/// A place of a phrase, and what stands there in a text.
pub(super) type Read<'a> = (&'a Part, String);

/// What stands at the places of `phrase` in `text`; `None`: it was not made from it.
pub(super) fn read<'a>(phrase: &'a Phrase, text: &str) -> Option<Vec<Read<'a>>> {
    let parts: Vec<Cow<'_, Part>> = phrase.iter().map(Cow::Borrowed).collect();
    Some(places(phrase).zip(values(&parts, text)?).collect())
}

/// The same for a path as it was sent: no value goes beyond its segment.
pub(super) fn read_path<'a>(phrase: &'a Phrase, path: &str) -> Option<Vec<Read<'a>>> {
    let wanted = segments(phrase);
    let given: Vec<&str> = path.split('/').collect();
    if wanted.len() != given.len() {
        return None;
    }
    let mut found = Vec::new();
    for (wanted, given) in wanted.iter().zip(given) {
        let decoded = percent_decode_str(given).decode_utf8().ok()?;
        found.extend(values(wanted, &decoded)?);
    }
    Some(places(phrase).zip(found).collect())
}

fn places(phrase: &Phrase) -> impl Iterator<Item = &Part> {
    let is_place = |part: &&Part| !matches!(part, Part::Text(_));
    phrase.iter().filter(is_place)
}

/// What stands at the places, in order.
fn values(parts: &[Cow<'_, Part>], text: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let mut rest = text;
    for (at, part) in parts.iter().enumerate() {
        if let Part::Text(text) = part.as_ref() {
            rest = rest.strip_prefix(text.as_str())?;
            continue;
        }
        let behind: Vec<&Part> = parts[at + 1..].iter().map(Cow::as_ref).take(2).collect();
        let end = match behind.as_slice() {
            [] => rest.len(),
            [Part::Text(text)] => rest.strip_suffix(text.as_str())?.len(),
            [Part::Text(text), _] => rest.find(text.as_str())?,
            _ => return None,
        };
        // A value of the upstream's is never empty: nobody asks with a hole.
        if end == 0 {
            return None;
        }
        values.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    rest.is_empty().then_some(values)
}

/// The phrase of a path, decoded, segment by segment.
fn segments(phrase: &Phrase) -> Vec<Vec<Cow<'_, Part>>> {
    let mut segments = Vec::new();
    let mut segment = Vec::new();
    for part in phrase {
        let Part::Text(text) = part else {
            segment.push(Cow::Borrowed(part));
            continue;
        };
        for (at, piece) in text.split('/').enumerate() {
            if at > 0 {
                segments.push(std::mem::take(&mut segment));
            }
            if !piece.is_empty() {
                let decoded = percent_decode_str(piece).decode_utf8_lossy();
                segment.push(Cow::Owned(Part::Text(decoded.into_owned())));
            }
        }
    }
    segments.push(segment);
    segments
}

/// The phrase as people read it, with `{field}` for the parent's value.
pub(crate) fn shown(phrase: &Phrase) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Parent(field) => format!("{{{field}}}"),
        Part::From => "{from}".to_owned(),
        Part::Until => "{until}".to_owned(),
    };
    phrase.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn parent() -> Part {
        Part::Parent("id".to_owned())
    }

    fn texts(read: Option<Vec<Read<'_>>>) -> Option<Vec<String>> {
        Some(read?.into_iter().map(|(_, value)| value).collect())
    }

    fn owned(texts: Option<&[&str]>) -> Option<Vec<String>> {
        Some(texts?.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn a_value_stands_between_the_texts() {
        let check = |phrase: &[Part], given: &str, expected: Option<&[&str]>| {
            assert_eq!(
                texts(read(&phrase.to_vec(), given)),
                owned(expected),
                "{given}"
            );
        };
        check(&[parent()], "a b", Some(&["a b"]));
        check(&[parent()], "", None);
        check(&[text(">="), Part::From], ">=2026", Some(&["2026"]));
        check(&[text(">="), Part::From], "2026", None);
        check(
            &[Part::From, text(".."), Part::Until],
            "1..2",
            Some(&["1", "2"]),
        );
        check(&[parent(), text(".json")], "a.json.json", Some(&["a.json"]));
        check(&[text("x")], "x", Some(&[]));
        check(&[text("x")], "xy", None);
    }

    #[test]
    fn a_value_of_a_path_stays_in_its_segment() {
        let check = |given: &str, expected: Option<&[&str]>| {
            let phrase = vec![text("/a%20b/"), parent(), text("/images")];
            assert_eq!(texts(read_path(&phrase, given)), owned(expected), "{given}");
        };
        check("/a%20b/x/images", Some(&["x"]));
        check("/a b/x/images", Some(&["x"]));
        check("/a%20b/x%2Fy/images", Some(&["x/y"]));
        check("/a%20b/x/y/images", None);
        check("/a%20b//images", None);
        check("/a%20b/%FF/images", None);
    }
}
