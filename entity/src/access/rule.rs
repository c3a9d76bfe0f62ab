//! Who may read a resource, as its definition says.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Scope, ScopeError, Scopes};

/// Who may read a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Everybody.
    Public,
    /// Every user, and the keys whose scopes name it.
    Authenticated,
    /// Who has one of these.
    Scopes(Scopes),
}

const PUBLIC: &str = "public";
const AUTHENTICATED: &str = "authenticated";

impl Rule {
    /// The words that stand alone.
    pub const WORDS: [&str; 2] = [PUBLIC, AUTHENTICATED];

    /// Whether who has `scopes` may read that resource; `None`: nobody knows who it is.
    pub fn admits(&self, scopes: Option<&Scopes>, source: &str, resource: &str) -> bool {
        match (self, scopes) {
            (Self::Public, _) => true,
            (_, None) => false,
            (Self::Authenticated, Some(scopes)) => scopes.cover(&Scope::read(source, resource)),
            (Self::Scopes(wanted), Some(scopes)) => scopes.cover_any(wanted),
        }
    }

    /// Reads one word, or scopes.
    ///
    /// # Errors
    /// A scope is none.
    pub fn of(words: &[String]) -> Result<Self, ScopeError> {
        match words {
            [word] if word == PUBLIC => Ok(Self::Public),
            [word] if word == AUTHENTICATED => Ok(Self::Authenticated),
            scopes => scopes
                .iter()
                .map(|scope| scope.parse())
                .collect::<Result<_, _>>()
                .map(Self::Scopes),
        }
    }

    /// As it is read.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Public => vec![PUBLIC.to_owned()],
            Self::Authenticated => vec![AUTHENTICATED.to_owned()],
            Self::Scopes(scopes) => scopes.iter().map(Scope::to_string).collect(),
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.words().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Vec::<String>::deserialize(deserializer)?;
        Self::of(&words).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    #[test]
    fn a_rule_admits_whom_it_names() {
        let check = |rule: &[&str], scopes: Option<&str>, expected: bool| {
            let words: Vec<String> = rule.iter().map(ToString::to_string).collect();
            let rule = Rule::of(&words).expect("a rule");
            let scopes: Option<Scopes> = scopes.map(|text| text.parse().expect("scopes"));
            let admits = rule.admits(scopes.as_ref(), "cats", "breeds");
            assert_eq!(admits, expected, "{rule:?} {scopes:?}");
        };
        check(&["public"], None, true);
        check(&["public"], Some(""), true);
        check(&["authenticated"], None, false);
        check(&["authenticated"], Some("read"), true);
        check(&["authenticated"], Some("read:cats"), true);
        check(&["authenticated"], Some("read:dogs"), false);
        check(&["authenticated"], Some("sync"), false);
        check(&["read:cats"], Some("read:cats/breeds"), false);
        check(&["read:cats"], Some("read"), true);
        check(&["sync", "read:cats/breeds"], Some("sync"), true);
        check(&["sync", "read:cats/breeds"], Some("read:cats"), true);
        check(&["admin"], Some("read write sync"), false);
        check(&["admin"], Some("admin"), true);
        check(&[], Some("admin"), false);
    }

    #[test]
    fn every_role_reads_what_needs_a_login() {
        for role in Role::ALL {
            assert!(Rule::Authenticated.admits(Some(&role.scopes()), "cats", "breeds"));
        }
    }
}
