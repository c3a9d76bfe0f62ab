//! Who may do what: scopes, the roles of users that stand for some of them, and the rules of reading a resource.

mod rule;
mod scope;

use std::{fmt, str::FromStr};

pub use rule::Rule;
pub use scope::{Reach, Scope, ScopeError, Scopes};

use crate::nearest;

/// What a user is to the whole of Catchment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Reads what needs a login.
    Reader,
    /// And writes rows of local resources, and steers the syncer.
    Operator,
    /// And all else: users, keys, the audit.
    Admin,
}

/// A text that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no role; there are `reader`, `operator` and `admin`{}", hint(.nearest.as_ref()))]
pub struct RoleError {
    given: String,
    nearest: Option<String>,
}

fn hint(nearest: Option<&String>) -> String {
    nearest.map_or_else(String::new, |nearest| {
        format!(": did you mean `{nearest}`?")
    })
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Reader, Self::Operator, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// What the role stands for.
    pub fn scopes(self) -> Scopes {
        let scopes = match self {
            Self::Reader => vec![Scope::Read(Reach::All)],
            Self::Operator => vec![
                Scope::Read(Reach::All),
                Scope::Write(Reach::All),
                Scope::Sync,
            ],
            Self::Admin => vec![Scope::Admin],
        };
        scopes.into_iter().collect()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| RoleError {
            given: text.to_owned(),
            nearest: nearest(text, Self::ALL.map(Self::as_str)).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_reads_writes_and_steers_but_does_not_rule() {
        let operator = Role::Operator.scopes();
        let covers = |scope: &str| operator.cover(&scope.parse().expect("a scope"));
        assert!(covers("read") && covers("read:a") && covers("write:a/b") && covers("sync"));
        assert!(!covers("admin"));
    }

    #[test]
    fn no_role_is_told_with_the_nearest() {
        let error = "reder".parse::<Role>().expect_err("it is none");
        assert_eq!(
            error.to_string(),
            "`reder` is no role; there are `reader`, `operator` and `admin`: did you mean `reader`?"
        );
    }
}
