//! The rows of the resources: lists, single records, children, and the schema of a resource.

mod binding;
mod children;
mod cursor;
mod envelope;
mod list;
mod members;
mod one;
mod query;
mod schema;

pub(crate) use self::{
    children::children,
    cursor::Signer,
    list::list,
    one::one,
    query::{filter_name, is_sortable},
    schema::{description, properties, schema},
};
