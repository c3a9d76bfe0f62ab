//! What a caller may do, as keys and rules write it: `read`, `read:{source}`, `read:{source}/{resource}`, the same with
//! `write`, `sync`, `admin`.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// One thing that a caller may do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Reads rows.
    Read(Reach),
    /// Writes rows of local resources.
    Write(Reach),
    /// Sees how the syncer fares, and steers it.
    Sync,
    /// Everything.
    Admin,
}

/// Of which resources.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    All,
    Source(String),
    Resource(String, String),
}

/// What a caller may do, or one of which it must be able to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scopes(BTreeSet<Scope>);

/// A text that is no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no scope; there are `read`, `read:SOURCE`, `read:SOURCE/RESOURCE`, `write`, `write:SOURCE`, \
     `write:SOURCE/RESOURCE`, `sync` and `admin`"
)]
pub struct ScopeError(String);

impl Scope {
    /// To read one resource.
    pub fn read(source: &str, resource: &str) -> Self {
        Self::Read(Reach::Resource(source.to_owned(), resource.to_owned()))
    }

    /// To write one resource.
    pub fn write(source: &str, resource: &str) -> Self {
        Self::Write(Reach::Resource(source.to_owned(), resource.to_owned()))
    }

    /// Whether who has this one has `other`.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Admin, _) | (Self::Sync, Self::Sync) => true,
            (Self::Read(mine), Self::Read(other)) | (Self::Write(mine), Self::Write(other)) => {
                mine.covers(other)
            }
            _ => false,
        }
    }
}

impl Reach {
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Source(mine), Self::Source(source) | Self::Resource(source, _)) => {
                mine == source
            }
            (mine, other) => mine == other,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let is_name = |name: &str| {
            let mut letters = name.bytes();
            !name.is_empty() && letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        match text.split_once('/') {
            None => is_name(text).then(|| Self::Source(text.to_owned())),
            Some((source, resource)) => (is_name(source) && is_name(resource))
                .then(|| Self::Resource(source.to_owned(), resource.to_owned())),
        }
    }

    /// Behind the word for what is done.
    fn suffix(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Source(source) => format!(":{source}"),
            Self::Resource(source, resource) => format!(":{source}/{resource}"),
        }
    }
}

impl Scopes {
    /// Whether who has these has `scope`.
    pub fn cover(&self, scope: &Scope) -> bool {
        self.0.iter().any(|mine| mine.covers(scope))
    }

    /// Whether who has these has one of `others`.
    pub fn cover_any(&self, others: &Self) -> bool {
        others.iter().any(|other| self.cover(other))
    }

    /// Whether who has these has all of `others`.
    pub fn cover_all(&self, others: &Self) -> bool {
        others.iter().all(|other| self.cover(other))
    }

    /// What both these and `others` allow.
    #[must_use]
    pub fn narrowed_to(&self, others: &Self) -> Self {
        let mine = self.iter().filter(|scope| others.cover(scope));
        let theirs = others.iter().filter(|scope| self.cover(scope));
        mine.chain(theirs).cloned().collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(reach) => write!(f, "read{}", reach.suffix()),
            Self::Write(reach) => write!(f, "write{}", reach.suffix()),
            Self::Sync => f.write_str("sync"),
            Self::Admin => f.write_str("admin"),
        }
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let scope = match text.split_once(':') {
            None => match text {
                "read" => Some(Self::Read(Reach::All)),
                "write" => Some(Self::Write(Reach::All)),
                "sync" => Some(Self::Sync),
                "admin" => Some(Self::Admin),
                _ => None,
            },
            Some(("read", reach)) => Reach::parse(reach).map(Self::Read),
            Some(("write", reach)) => Reach::parse(reach).map(Self::Write),
            Some(_) => None,
        };
        scope.ok_or_else(|| ScopeError(text.to_owned()))
    }
}

impl fmt::Display for Scopes {
    /// Separated by blanks, as RFC 6749 section 3.3 writes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes: Vec<String> = self.iter().map(Scope::to_string).collect();
        f.write_str(&scopes.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        text.split_whitespace().map(str::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_scope_covers_a_narrower() {
        let check = |mine: &str, other: &str, expected: bool| {
            let scopes: Scopes = mine.parse().expect("scopes");
            let other: Scope = other.parse().expect("a scope");
            assert_eq!(scopes.cover(&other), expected, "{mine} {other}");
        };
        check("read", "read", true);
        check("read", "read:cats", true);
        check("read", "read:cats/breeds", true);
        check("read:cats", "read", false);
        check("read:cats", "read:cats/breeds", true);
        check("read:cats", "read:dogs/breeds", false);
        check("read:cats/breeds", "read:cats", false);
        check("read:cats/breeds", "read:cats/images", false);
        check("read:dogs read:cats", "read:cats/images", true);
        check("read", "write", false);
        check("write", "read", false);
        check("write:cats", "write:cats/breeds", true);
        check("sync", "sync", true);
        check("sync", "read:cats", false);
        check("admin", "write:cats/breeds", true);
        check("admin", "sync", true);
        check("read write sync", "admin", false);
        check("", "read:cats/breeds", false);
    }

    #[test]
    fn what_is_narrowed_allows_no_more_than_either() {
        let check = |mine: &str, other: &str, expected: &str| {
            let (mine, other): (Scopes, Scopes) = (
                mine.parse().expect("scopes"),
                other.parse().expect("scopes"),
            );
            assert_eq!(mine.narrowed_to(&other).to_string(), expected);
            assert_eq!(other.narrowed_to(&mine).to_string(), expected);
        };
        check("admin", "read write sync", "read write sync");
        check("read:cats sync", "read", "read:cats");
        check("read:cats/breeds", "read:cats", "read:cats/breeds");
        check("read:cats", "read:dogs", "");
        check("", "admin", "");
    }

    #[test]
    fn a_scope_is_written_as_it_is_read() {
        for text in ["read", "read:cats", "write:cats/breeds", "sync", "admin"] {
            let scope: Scope = text.parse().expect("a scope");
            assert_eq!(scope.to_string(), text);
        }
        for text in [
            "",
            "reads",
            "read:",
            "read:/a",
            "read:a/",
            "read:a/b/c",
            "sync:a",
            "admin:a",
            "read:a b",
        ] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
    }
}
