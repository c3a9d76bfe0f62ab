//! One field of a draft, and whether databases can hold all of them.

use entity::definition::{KEY_BYTES, Kind, TEXT_CHARS};

use super::{Line, array, inline, quoted};
use crate::source::plan::Pointer;

/// MySQL's widest row in bytes and its most indexes a table, as `source/column.rs` counts them.
const ROW_BYTES: usize = 60_000;
const INDEXES: usize = 60;
/// The most fields that are drafted; a table has some room above them in each database.
const FIELDS: usize = 300;

/// A field as it is proposed.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// The members on the way to its value.
    pub(crate) path: Vec<String>,
    pub(crate) kind: Kind,
    /// Whether the type was only assumed: it stands in a comment.
    pub(crate) is_unknown: bool,
    pub(crate) split: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) values: Vec<String>,
    pub(crate) min: Option<String>,
    pub(crate) max: Option<String>,
    /// Whether it is worth an index.
    pub(crate) index: bool,
    pub(crate) notes: Vec<String>,
}

impl Field {
    pub(crate) fn new(name: String, path: Vec<String>, kind: Kind) -> Self {
        Self {
            name,
            path,
            kind,
            is_unknown: false,
            split: None,
            format: None,
            values: Vec::new(),
            min: None,
            max: None,
            index: true,
            notes: Vec::new(),
        }
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    fn line(&self) -> Line {
        let value = self.value();
        let notes = self.notes.join("; ");
        if self.is_unknown {
            return Line::off(&self.name, &value, &notes);
        }
        Line::noted(&self.name, value, notes)
    }

    fn value(&self) -> String {
        let kind = quoted(&self.kind.to_string());
        let mut entries = vec![("type", kind.clone())];
        if self.path != [self.name.as_str()] {
            let from = Pointer(self.path.clone()).to_string();
            entries.push(("from", quoted(&from)));
        }
        let texts = [("split", &self.split), ("format", &self.format)];
        for (key, text) in texts {
            entries.extend(text.as_ref().map(|text| (key, quoted(text))));
        }
        if !self.values.is_empty() {
            let values = self.values.iter().map(String::as_str);
            entries.push(("values", array(values)));
        }
        for (key, number) in [("min", &self.min), ("max", &self.max)] {
            entries.extend(number.as_ref().map(|number| (key, number.clone())));
        }
        if !self.index && self.kind.filterable() {
            entries.push(("index", "false".to_owned()));
        }
        match entries.as_slice() {
            [_] => kind,
            _ => inline(&entries),
        }
    }
}

/// The lines of `[resource.<name>.fields]`.
pub(crate) fn lines(fields: &[Field]) -> Vec<Line> {
    fields.iter().map(Field::line).collect()
}

/// Takes indexes away from what databases cannot hold, the last fields first.
pub(crate) fn fit(fields: &mut [Field], key: &[String]) {
    let mut bytes = (4 * KEY_BYTES + 2) * (1 + key.len().max(1));
    let mut indexes = key.len().max(1);
    for (number, field) in fields.iter_mut().enumerate() {
        if number >= FIELDS && !key.contains(&field.name) {
            field.is_unknown = true;
            field.note(format!("one of more than {FIELDS} fields"));
            continue;
        }
        let is_column = field.kind != Kind::List;
        if field.is_unknown
            || !field.index
            || !field.kind.filterable()
            || !is_column
            || key.contains(&field.name)
        {
            continue;
        }
        let text = if field.kind == Kind::Text {
            4 * TEXT_CHARS + 2
        } else {
            0
        };
        if bytes + text > ROW_BYTES || indexes == INDEXES {
            field.index = false;
            field.note("no index: a table of MySQL takes no more");
            continue;
        }
        bytes += text;
        indexes += 1;
    }
}

#[cfg(test)]
mod tests {
    use entity::definition::Kind;

    use super::{Field, Line};

    #[test]
    fn a_field_says_no_more_than_needed() {
        let check = |field: &Field, expected: &str| match field.line() {
            Line::Entry { value, .. } => assert_eq!(value, expected),
            Line::Remark(remark) => assert_eq!(remark, expected),
        };
        let field = |path: &[&str], kind| {
            let path = path.iter().map(|&name| name.to_owned()).collect();
            Field::new("a".to_owned(), path, kind)
        };
        check(&field(&["a"], Kind::Integer), r#""integer""#);
        let mut long = field(&["x/y", "a"], Kind::Text);
        long.index = false;
        check(
            &long,
            r#"{ type = "text", from = "/x~1y/a", index = false }"#,
        );
        long.is_unknown = true;
        long.note("always null");
        check(
            &long,
            r#"a = { type = "text", from = "/x~1y/a", index = false }  (always null)"#,
        );
        check(&field(&["a"], Kind::Json), r#""json""#);
    }
}
