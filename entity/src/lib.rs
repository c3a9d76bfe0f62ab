//! The tables of Catchment, their named queries, and the parts of a definition that the database holds.
//!
//! The database is all that the syncer and the api share, so whatever both must agree on lives here:
//! the platform tables, the shared `record` entity that describes every resource's table, the typed
//! fields of a definition, and what differs between databases. How to *fetch* a resource does not.

/// Where the time comes from.
pub mod clock;
/// Opening a database.
pub mod connect;
/// What differs between SQLite, MySQL and MariaDB.
pub mod dialect;
/// A JSON object as it came.
mod members;
/// What a misspelt name may have meant.
mod nearest;
/// JSON without conversion.
pub mod raw;
/// What of a text rows are found by.
pub mod search;

/// Who may do what.
pub mod access;
/// What a definition says about a resource's rows.
pub mod definition;
/// The rows of every mirrored resource.
pub mod record;
/// Members of a record to values of fields.
pub mod value;

/// Rows that callers write.
pub mod local;
/// What was answered to a request that may come again.
pub mod once;

/// Lists of the tables that follow.
pub mod listing;

/// How far reading came.
pub mod cursor;
/// Who may write a resource now.
pub mod lease;
/// What is known of the upstream's pages.
pub mod page;
/// Records and values that did not fit.
pub mod reject;
/// What brought the rows of each version of a resource.
pub mod request;
/// One collection of a source.
pub mod resource;
/// One pull of one resource.
pub mod run;
/// An upstream HTTP API.
pub mod source;
/// Who committed each version of a resource, and when.
pub mod version;

/// What an operator asked the syncers for.
pub mod command;
/// The lists of runs, commands and rejects.
mod listed;
/// How far a run under way has come.
pub mod progress;
/// How every resource fares, for whoever steers.
pub mod status;
/// The syncers that are there.
pub mod syncer;

/// A key with which a program asks.
pub mod api_key;
/// What was done, and by whom.
pub mod audit;
/// A token that renews a login.
pub mod refresh_token;
/// A token with which the first admin is made.
pub mod setup_token;
/// A key that signs access tokens.
pub mod signing_key;
/// A person who may log in.
pub mod user;

/// What of a user is changed.
pub mod profile;

pub use clock::Clock;
pub use members::Members;
pub use nearest::nearest;
