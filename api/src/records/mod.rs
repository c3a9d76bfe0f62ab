//! The rows of the resources: lists, single records, children, and the schema of a resource.

mod binding;
mod children;
mod cursor;
pub(crate) mod embed;
mod envelope;
mod explain;
pub(crate) mod facets;
pub(crate) mod history;
mod list;
mod members;
mod narrowed;
mod one;
mod paging;
mod query;
pub(crate) mod random;
mod schema;

pub(crate) use self::{
    binding::Binding,
    children::children,
    cursor::{Cursor, Signer, as_text},
    envelope::{Count, Page},
    list::{CAP, list},
    members::write_some,
    one::{no_record, one, with_key},
    paging::{Paging, Read, cursor_of},
    query::{
        CONTROLS, Counting, ListQuery, MOST_CHARS, MOST_VALUES, Operator, Q, Terms, filter_names,
        filter_parameters, is_sortable, number, one_of, written,
    },
    schema::{description, schema},
};
