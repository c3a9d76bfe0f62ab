//! The tables beside a resource's own, one row an item: a list is a table of one column.

use super::{Kind, TEXT_CHARS, Table};

/// A table of the items of one member of each record: `rowno`, `position`, and its columns. What is derived has no
/// `position`, and each value once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child<'a> {
    pub table: String,
    pub of: Of,
    pub columns: Vec<ChildColumn<'a>>,
}

/// Where a row of the resource has the items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// In the cell of the field at this place.
    Field(usize),
    /// In the table at this place.
    Table(usize),
    /// They are the words of the fields at these places.
    Words(Vec<usize>),
    /// They are the ends of the text of the field at this place.
    Ends(usize),
}

/// A column of such a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildColumn<'a> {
    pub name: &'a str,
    pub kind: Kind,
    /// Longest text, in characters.
    pub limit: Option<usize>,
    /// The name of its index.
    pub index: Option<String>,
    pub nullable: bool,
}

impl<'a> Child<'a> {
    pub(super) fn of_list(table: String, at: usize) -> Self {
        let value = ChildColumn {
            name: "value",
            kind: Kind::List,
            limit: Some(TEXT_CHARS),
            index: Some(format!("ix_{table}")),
            nullable: false,
        };
        Self {
            table,
            of: Of::Field(at),
            columns: vec![value],
        }
    }

    pub(super) fn derived(table: String, chars: usize, of: Of) -> Self {
        let value = ChildColumn {
            name: "value",
            kind: Kind::Text,
            limit: Some(chars),
            index: Some(format!("ix_{table}")),
            nullable: false,
        };
        Self {
            table,
            of,
            columns: vec![value],
        }
    }

    /// Whether its rows are made of a record's texts, and not the record's own.
    pub fn is_derived(&self) -> bool {
        matches!(self.of, Of::Words(_) | Of::Ends(_))
    }

    pub(super) fn of_table(name: String, at: usize, table: &'a Table) -> Self {
        let columns = table.fields.iter().map(|field| ChildColumn {
            name: &field.name,
            kind: field.kind,
            limit: field.text_limit(),
            index: field.index.then(|| format!("ix_{name}__{}", field.name)),
            nullable: true,
        });
        Self {
            columns: columns.collect(),
            of: Of::Table(at),
            table: name,
        }
    }
}
