//! From the text of a file to its tree.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    fault::{Fault, Wrong},
    tree::{At, Entry, Node, Value, join},
};

/// Reads `text`, the file at `path`. What is no TOML is reported; the rest of that file is then not looked at.
pub(crate) fn tree(path: &str, text: &str, faults: &mut Vec<Fault>) -> Option<Node> {
    let lines = Lines::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let at = |position| At {
        key: String::new(),
        position: Some(position),
    };
    for error in &errors {
        let position = lines.position(error.span().map_or(0, |span| span.start));
        faults.push(
            Wrong::new(format!("this is no TOML: {}", error.message())).at(path, &at(position)),
        );
    }
    let mut reading = Reading {
        path,
        lines,
        faults,
    };
    let root = reading.table(root.into_inner(), at((1, 1)));
    errors.is_empty().then_some(root)
}

/// From spans to lines.
struct Reading<'a> {
    path: &'a str,
    lines: Lines<'a>,
    faults: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn table(&mut self, table: DeTable<'_>, at: At) -> Node {
        let mut entries: Vec<(usize, Entry)> = Vec::new();
        for (name, value) in table {
            let start = name.span().start;
            let name = name.into_inner().into_owned();
            let at = At {
                key: join(&at.key, &name),
                position: Some(self.lines.position(start)),
            };
            let node = self.value(value, &at);
            entries.push((start, Entry { name, at, node }));
        }
        entries.sort_by_key(|(start, _)| *start);
        Node {
            at,
            value: Value::Table(entries.into_iter().map(|(_, entry)| entry).collect()),
        }
    }

    fn value(&mut self, value: Spanned<DeValue<'_>>, key: &At) -> Node {
        let at = At {
            key: key.key.clone(),
            position: Some(self.lines.position(value.span().start)),
        };
        let value = match value.into_inner() {
            // The span of a table with a header of its own says less than its key.
            DeValue::Table(table) => return self.table(table, key.clone()),
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Boolean(boolean) => Value::Boolean(boolean),
            DeValue::Datetime(_) => Value::Time,
            DeValue::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.value(item.clone(), key))
                    .collect(),
            ),
            DeValue::Integer(integer) => {
                match i64::from_str_radix(integer.as_str(), integer.radix()) {
                    Ok(integer) => Value::Integer(integer),
                    Err(_) => self.too_large(&at),
                }
            }
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(float) if float.is_finite() => Value::Float(float),
                _ => self.too_large(&at),
            },
        };
        Node { at, value }
    }

    fn too_large(&mut self, at: &At) -> Value {
        self.faults.push(
            Wrong::accepts(
                "the number is too large, or none",
                "a finite number of 64 bits",
            )
            .at(self.path, at),
        );
        Value::Faulty
    }
}

/// Finds the line and column of an offset.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        let before = self
            .text
            .get(start..offset.min(self.text.len()))
            .unwrap_or("");
        (line, before.chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::tree;

    #[test]
    fn all_that_is_no_toml_is_told() {
        let mut faults = Vec::new();
        assert!(tree("a.toml", "a = 1\nb = \nc = 1\nc = 2", &mut faults).is_none());
        let lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [Some(2), Some(4)]);
    }
}
