//! The rows of the resources: lists, single records, children, and the schema of a resource.

mod binding;
mod children;
mod cursor;
pub(crate) mod embed;
mod envelope;
pub(crate) mod facets;
mod list;
mod members;
mod narrowed;
mod one;
mod query;
pub(crate) mod random;
mod schema;
mod tag;

pub(crate) use self::{
    children::children,
    cursor::Signer,
    list::list,
    one::one,
    query::{filter_name, is_sortable},
    schema::{description, properties, schema},
};
