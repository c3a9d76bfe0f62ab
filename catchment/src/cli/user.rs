//! What `catchment user`, `key` and `signing-key` take.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use entity::access::{Role, Scope};

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum User {
    /// Make a user; asks for the password, or takes a line of stdin for it
    Add {
        /// Letters a to z, digits, `.`, `_` and `-`
        name: String,
        /// What the user may do: reader, operator or admin
        #[arg(long, default_value_t = Role::Reader)]
        role: Role,
        /// The user can log in with it, too
        #[arg(long)]
        email: Option<String>,
    },
    /// Give a user another password, and end all of its logins
    Passwd {
        /// The user's name or e-mail address
        name: String,
    },
    /// List the users
    List,
    /// Remove a user with its logins and keys
    Remove {
        /// The user's name or e-mail address
        name: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key for a program of a user; prints it once
    Create {
        /// By what it is told apart from the user's others
        name: String,
        /// The name or e-mail address of the user whose key it is
        #[arg(long)]
        user: String,
        /// What it may do: read, read:SOURCE, read:SOURCE/RESOURCE, the same with write, sync, admin
        #[arg(
            long = "scope",
            value_name = "SCOPE",
            required = true,
            value_delimiter = ','
        )]
        scopes: Vec<Scope>,
        /// When it is no longer good, like 2027-01-31T12:00:00Z [default: never]
        #[arg(long, value_name = "TIME")]
        expires: Option<DateTime<Utc>>,
    },
    /// List the keys of a user
    List {
        /// The user's name or e-mail address
        #[arg(long)]
        user: String,
    },
    /// End a key
    Revoke {
        /// Its beginning, as `key list` shows it: `ctm_1a2b3c4d`
        prefix: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum SigningKey {
    /// Make another key, which signs access tokens from now on
    ///
    /// What the last one has signed is good until it expires.
    Rotate {
        /// Believe nothing that the others have signed: for when one of them was stolen
        #[arg(long)]
        now: bool,
    },
}
