//! What a definition says about a resource's rows: its table, key, typed fields and relations.
//!
//! The syncer registers these in the database; the api reads them there and needs no files.
//! How to fetch the resource is not part of it; what the upstream's answers look like is, so that the api can answer in
//! its place.

mod cell;
mod child;
mod decimal;
mod derived;
pub mod face;
mod kind;
mod order;
mod rule;

use serde::{Deserialize, Serialize};

use crate::access;

pub use cell::Cell;
pub use child::{Child, ChildColumn, Of};
pub use decimal::{Decimal, DecimalError};
pub(crate) use decimal::{from_sortable, sortable};
pub(crate) use derived::words;
pub use face::Face;
pub use kind::{KINDS, Kind, KindError};
pub use order::{Order, OrderKey, index_name, indexes_of};
pub use rule::{OnBad, Pattern, Pointer, Rule, TimeFormat};

/// Longest key of a record in bytes of its canonical text.
pub const KEY_BYTES: usize = 512;
/// Longest value of an indexed text field and of a list's item, in characters.
pub const TEXT_CHARS: usize = 255;

/// One resource, as far as its rows go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    pub source: String,
    pub resource: String,
    /// Name of the resource's table: `<source>_<resource>`.
    pub table: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The key's fields, in order; each is also among `fields`. None where a record is identified otherwise.
    pub key: Vec<String>,
    /// What a record is identified by.
    #[serde(default)]
    pub identity: Identity,
    /// The columns beside the envelope's, in the order of the definition: key and copied fields first.
    pub fields: Vec<Field>,
    /// Arrays of objects, each in a table of its own, one row an object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// The orders of several fields that lists may be sorted by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Order>,
    /// The fields that full text search reads; none: there is no such search.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search: Vec<String>,
    /// The resource of the same source from whose rows this one is fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Whether each version of each record is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub history: bool,
    /// How the upstream is asked for it and answers; `None`: not written down yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<Face>,
    /// Who may read it; `None`: who may read what says nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<access::Rule>,
    /// How the rows of callers are checked; `None`: it is mirrored, and no caller writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Local>,
}

/// What a resource has whose rows come from callers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Local {
    /// How each of the definition's fields is read from a record, in the same order.
    pub rules: Vec<Rule>,
    /// What else a column of an imported table may be called that holds the field, in the same order.
    pub headers: Vec<Option<String>>,
}

/// What a record is identified by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// The key's fields.
    #[default]
    Key,
    /// All of its bytes: the key is their hash, in hexadecimal digits.
    Hash,
    /// Its place among the records of its walk, the first is 1.
    Line,
}

/// A table of the objects in one of a record's arrays, replaced with the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    /// The columns beside `rowno` and `position`.
    pub fields: Vec<Field>,
    /// Fingerprint of where the array stands.
    pub rule: String,
}

/// A typed column of a resource's table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whether it can be filtered and sorted by.
    pub index: bool,
    /// Whether it is a text by whose parts rows can be found, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contains: bool,
    /// Fingerprint of how the value is taken from a record: when it changes, stored rows are read again.
    pub rule: String,
    /// The only values that it takes; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Whether a record without it is a reject.
    #[serde(default)]
    pub required: bool,
}

/// A relation to the rows of a parent resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    pub resource: String,
    /// Pairs of a field of this resource and the parent's field that it copies.
    pub copy: Vec<(String, String)>,
}

impl Definition {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields that are columns of the resource's own table.
    pub fn columns(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.kind != Kind::List)
    }

    /// The fields that have a table of their own, one row an item.
    pub fn lists(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.kind == Kind::List)
    }

    /// Name of the table that holds the items of `field`.
    pub fn list_table(&self, field: &Field) -> String {
        format!("{}__{}", self.table, field.name)
    }

    /// Name of the index of a column.
    pub fn index_name(&self, field: &Field) -> String {
        format!("ix_{}__{}", self.table, field.name)
    }

    /// Name of the index of a list's items.
    pub fn list_index_name(&self, field: &Field) -> String {
        format!("ix_{}", self.list_table(field))
    }

    /// Name of the table that holds the objects of `table`.
    pub fn child_table(&self, table: &Table) -> String {
        format!("{}__{}", self.table, table.name)
    }

    /// Name of the table that holds the versions of the records, where they are kept.
    pub fn history_table(&self) -> String {
        format!("{}__history", self.table)
    }

    /// The tables beside the resource's own: of lists, of arrays of objects, and of what is made of texts.
    pub fn children(&self) -> impl Iterator<Item = Child<'_>> {
        let fields = self.fields.iter().enumerate();
        let lists = fields.filter(|(_, field)| field.kind == Kind::List);
        let lists = lists.map(|(at, field)| Child::of_list(self.list_table(field), at));
        let tables = self.tables.iter().enumerate();
        let tables = tables.map(|(at, table)| Child::of_table(self.child_table(table), at, table));
        lists.chain(tables).chain(self.derived_children())
    }

    /// Longest value of a text `field` in characters; `None`: no limit.
    pub fn text_limit(&self, field: &Field) -> Option<usize> {
        match field.kind {
            Kind::Text if self.key.contains(&field.name) => Some(KEY_BYTES),
            _ => field.text_limit(),
        }
    }
}

impl Field {
    /// Longest value of a text outside of a key, in characters; `None`: no limit.
    pub fn text_limit(&self) -> Option<usize> {
        match self.kind {
            Kind::Text if self.index => Some(TEXT_CHARS),
            Kind::List => Some(TEXT_CHARS),
            _ => None,
        }
    }
}
