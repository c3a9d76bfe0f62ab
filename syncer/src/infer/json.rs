//! A JSON value with what deciding needs and other readers lose: the order of members, and numbers as they are written.

use entity::Members;
use serde_json::value::RawValue;

/// How deep values are looked into. What is below is `Deep`.
const DEPTH: usize = 8;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Json {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
    /// Too deep to be looked into, or no Unicode.
    Deep,
}

impl Json {
    /// # Errors
    /// It is no JSON.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(value(serde_json::from_slice(bytes)?, DEPTH))
    }

    /// A record whose members are the cells of a line: all texts, of which those that look like it are numbers, yes or
    /// no, or nothing.
    pub(crate) fn of_cells(self) -> Self {
        let Self::Object(members) = self else {
            return self;
        };
        let cell = |value: Self| match value {
            Self::Text(text) if text.is_empty() => Self::Null,
            Self::Text(text) => match Self::parse(text.as_bytes()) {
                Ok(plain @ (Self::Number(_) | Self::Boolean(_))) => plain,
                _ => Self::Text(text),
            },
            other => other,
        };
        let members = members.into_iter();
        Self::Object(members.map(|(name, value)| (name, cell(value))).collect())
    }

    /// A member; of two with one name the last counts.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let mut members = members.iter().rev();
        Some(&members.find(|(member, _)| member == name)?.1)
    }

    /// The value below the members of `path`.
    pub(crate) fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.get(name))
    }

    /// The number of a count: whole, in digits, quoted or not.
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            Self::Number(text) | Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The plain text of a text or number that says something.
    pub(crate) fn plain(&self) -> Option<&str> {
        match self {
            Self::Number(text) | Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    pub(crate) fn is_structure(&self) -> bool {
        matches!(self, Self::Object(_) | Self::Array(_) | Self::Deep)
    }
}

fn value(raw: &RawValue, depth: usize) -> Json {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'n') => Json::Null,
        Some(b't') => Json::Boolean(true),
        Some(b'f') => Json::Boolean(false),
        Some(b'"') => serde_json::from_str(text).map_or(Json::Deep, Json::Text),
        Some(b'[' | b'{') if depth == 0 => Json::Deep,
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(items) => Json::Array(items.iter().map(|item| value(item, depth - 1)).collect()),
            Err(_) => Json::Deep,
        },
        Some(b'{') => match serde_json::from_str(text) {
            Ok(Members(members)) => {
                let read = |(name, raw): (String, &RawValue)| (name, value(raw, depth - 1));
                Json::Object(members.into_iter().map(read).collect())
            }
            Err(_) => Json::Deep,
        },
        _ => Json::Number(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn numbers_and_order_are_kept() {
        let json = Json::parse(br#"{"z": 12.50, "a": [1e400, null], "z": "x"}"#).expect("JSON");
        let number = |text: &str| Json::Number(text.to_owned());
        let Json::Object(members) = &json else {
            panic!("{json:?}");
        };
        assert_eq!(members[0], ("z".to_owned(), number("12.50")));
        let expected = Json::Array(vec![number("1e400"), Json::Null]);
        assert_eq!(json.get("a"), Some(&expected));
        assert_eq!(json.get("z"), Some(&Json::Text("x".to_owned())));
        assert!(Json::parse(b"{} {}").is_err());
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        assert!(Json::parse(deep.as_bytes()).is_ok());
    }
}
