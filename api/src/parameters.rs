//! The parameters of a URL's query, decoded, in their order.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    fault::{Code, Fault},
    patience::TIMEOUT,
    problem::Problem,
    records::history,
};

/// What needs no escaping in a query: RFC 3986's unreserved characters, and the comma of our lists.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b',');

/// Names and values as the caller wrote them, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Decodes a URL's query.
    ///
    /// # Errors
    /// A name or value is not UTF-8 when decoded.
    pub(crate) fn decode(query: Option<&str>) -> Result<Self, Problem> {
        let mut pairs = Vec::new();
        let mut faults = Vec::new();
        let given = query.unwrap_or_default().split('&');
        for pair in given.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decoded(name), decoded(value)) {
                (Some(name), Some(value)) => pairs.push((name, value)),
                _ => faults.push(Fault::new(
                    name,
                    Code::InvalidEncoding,
                    "its percent-encoding is not UTF-8",
                )),
            }
        }
        if faults.is_empty() {
            Ok(Self(pairs))
        } else {
            Err(Problem::refused(faults))
        }
    }

    /// Those whose name is among `names`, and the others.
    pub(crate) fn split(self, names: &[&str]) -> (Self, Self) {
        let pairs = self.0.into_iter();
        let (these, others) = pairs.partition(|(name, _)| names.contains(&name.as_str()));
        (Self(these), Self(others))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Those whose names are `wanted`.
    pub(crate) fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let kept = self.0.iter().filter(|(name, _)| wanted(name));
        Self(kept.cloned().collect())
    }

    /// The one value of `name`, if it has one.
    ///
    /// # Errors
    /// It is given more than once.
    pub(crate) fn single(&self, name: &str) -> Result<Option<&str>, Fault> {
        let mut values = self.iter().filter(|(other, _)| *other == name);
        let first = values.next().map(|(_, value)| value);
        match values.next() {
            None => Ok(first),
            Some(_) => {
                let detail = format!("`{name}` is given more than once");
                Err(Fault::new(name, Code::RepeatedParameter, detail))
            }
        }
    }

    /// The query again, with `name` set to `value`.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        written(self.linked(name).chain([(name, value)]))
    }

    /// The query again, without `name`.
    pub(crate) fn without(&self, name: &str) -> String {
        written(self.linked(name))
    }

    /// What a link repeats, beside `name`: an answer is kept for those, too, who wait for another time.
    fn linked(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        self.iter()
            .filter(move |(other, _)| *other != name && *other != TIMEOUT)
    }

    /// One fault for each parameter that is not among `known`.
    pub(crate) fn unknown(&self, known: &[&str]) -> Vec<Fault> {
        let strange = self.iter().filter(|(name, _)| !known.contains(name));
        strange
            .map(|(name, _)| unknown_parameter(name, known.iter().map(|&s| s.to_owned()).collect()))
            .collect()
    }

    /// For a route that takes none.
    ///
    /// # Errors
    /// There are some.
    pub(crate) fn refuse_all(&self) -> Result<(), Problem> {
        let faults = self.unknown(&[]);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::refused(faults))
        }
    }
}

/// A parameter that may be given only once.
pub(crate) fn repeated_parameter(name: &str) -> Fault {
    let detail = format!("`{name}` is given more than once");
    Fault::new(name, Code::RepeatedParameter, detail)
}

/// A parameter that nothing knows, with those that there are.
pub(crate) fn unknown_parameter(name: &str, known: Vec<String>) -> Fault {
    if name == history::AS_OF {
        return history::not_here();
    }
    let detail = format!("there is no parameter `{name}` here");
    Fault::new(name, Code::UnknownParameter, detail).or_one_of(name, known)
}

fn written<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = pairs.map(|(name, value)| {
        let name = utf8_percent_encode(name, ESCAPED);
        format!("{name}={}", utf8_percent_encode(value, ESCAPED))
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Parameters;

    #[test]
    fn a_query_is_decoded_in_its_order() {
        let check = |query, expected: &[(&str, &str)]| {
            let parameters = Parameters::decode(query).expect("it decodes");
            assert_eq!(parameters.iter().collect::<Vec<_>>(), expected);
        };
        check(None, &[]);
        check(Some(""), &[]);
        check(
            Some("a=1&b=%C3%A9+x&&c"),
            &[("a", "1"), ("b", "é x"), ("c", "")],
        );
        check(
            Some("a=b=c&a=100%25&x=%zz"),
            &[("a", "b=c"), ("a", "100%"), ("x", "%zz")],
        );
        assert!(Parameters::decode(Some("a=%FF")).is_err());
    }

    proptest! {
        #[test]
        fn a_query_reads_back(pairs in proptest::collection::vec((".+", ".*"), 0..5), cursor in ".*") {
            let parameters = Parameters(pairs.into_iter().filter(|(name, _)| name != "cursor").collect());
            let again = Parameters::decode(Some(&parameters.with("cursor", &cursor))).expect("it decodes");
            let expected = parameters.iter().chain([("cursor", cursor.as_str())]);
            prop_assert!(again.iter().eq(expected));
        }
    }
}
