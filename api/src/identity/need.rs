//! What a caller must be to use a route.

use entity::access::Scope;

use super::Caller;
use crate::problem::Problem;

/// What a caller must be to use a route. Beyond that, what it may not read is not there for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Anybody.
    Open,
    /// Anybody whom the resource's rule of reading admits.
    Read,
    /// Who may write rows of the local resource in the path, and read them.
    Write,
    /// Anybody who is known; what is another's is not there for it.
    Known,
    /// A user who has logged in; a key is none.
    Login,
    /// Scope `sync`.
    Sync,
    /// Scope `admin`.
    Admin,
}

impl Need {
    /// # Errors
    /// `caller` is not what is needed. Of what depends on the resource in the path, the handler decides.
    pub(crate) fn is_met_by(self, caller: &Caller) -> Result<(), Problem> {
        match self {
            Self::Open | Self::Read => Ok(()),
            Self::Known | Self::Write => caller.identity().map(drop),
            Self::Login => caller.user().map(drop),
            Self::Sync => caller.with(&Scope::Sync).map(drop),
            Self::Admin => caller.with(&Scope::Admin).map(drop),
        }
    }
}
