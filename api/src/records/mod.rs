//! The rows of the resources: lists, single records, children, and the schema of a resource.

mod binding;
mod children;
mod cursor;
mod envelope;
mod explain;
mod list;
mod members;
mod one;
mod query;
mod schema;

pub(crate) use self::{
    children::children,
    cursor::{Signer, as_text},
    list::list,
    members::write_some,
    one::{one, with_key},
    query::{
        CONTROLS, ListQuery, MOST_VALUES, Operator, filter_names, is_sortable, limit, one_of,
        written,
    },
    schema::{description, properties, schema},
};
