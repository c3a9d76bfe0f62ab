//! Lists that no upstream wrote: they are made of a record's texts, so that rows are found by parts of them.
//!
//! To whoever asks they are lists as others are, with a table and an index of their own; no record shows them.

use std::collections::BTreeSet;

use super::{Cell, Child, Definition, Field, Kind, Of};
use crate::search;

/// The parameter of full text search, after which its list is called: no field may be called so.
const WORDS: &str = "q";

impl Definition {
    /// The list of the words of all fields that full text search reads; `None`: it reads none.
    pub fn words(&self) -> Option<Field> {
        (!self.search.is_empty()).then(|| derived(WORDS.to_owned()))
    }

    /// The list of the ends of a text field; `None`: rows are not found by its parts.
    pub fn ends(&self, field: &Field) -> Option<Field> {
        field
            .contains
            .then(|| derived(format!("{}__contains", field.name)))
    }

    /// All of these lists.
    pub fn derived(&self) -> impl Iterator<Item = Field> {
        let fields = self.fields.iter();
        let ends = fields.filter_map(|field| self.ends(field));
        self.words().into_iter().chain(ends)
    }

    /// Their tables.
    pub(super) fn derived_children(&self) -> impl Iterator<Item = Child<'_>> {
        let words = self.words().map(|list| {
            let read = |name: &String| self.fields.iter().position(|field| field.name == *name);
            let places = self.search.iter().filter_map(read).collect();
            let chars = search::WORD_CHARS;
            Child::derived(self.list_table(&list), chars, Of::Words(places))
        });
        let fields = self.fields.iter().enumerate();
        let ends = fields.filter_map(|(at, field)| {
            let list = self.ends(field)?;
            let chars = search::END_CHARS;
            Some(Child::derived(self.list_table(&list), chars, Of::Ends(at)))
        });
        words.into_iter().chain(ends)
    }
}

/// The words of the texts and lists among `cells` that stand at `places`, each once.
pub(crate) fn words(cells: &[Cell], places: &[usize]) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for cell in places.iter().filter_map(|at| cells.get(*at)) {
        match cell {
            Cell::Text(text) => words.extend(search::words(text)),
            Cell::List(items) => words.extend(items.iter().flat_map(|item| search::words(item))),
            _ => {}
        }
    }
    words
}

fn derived(name: String) -> Field {
    Field {
        name,
        kind: Kind::List,
        index: true,
        contains: false,
        rule: String::new(),
        values: Vec::new(),
        required: false,
    }
}
