//! A definition as a tree that knows where each of its values was written, so that a fault found late still has a line.

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At {
    /// The path of keys as written: `resource.breeds.page`.
    pub(crate) key: String,
    /// Line and column, from 1; `None`: a setting.
    pub(crate) position: Option<(usize, usize)>,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// A date or time that is not in quotes.
    Time,
    Array(Vec<Node>),
    /// In the order of the file.
    Table(Vec<Entry>),
    /// Already reported: it is there, and of no more use.
    Faulty,
}

/// A key of a table with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) at: At,
    pub(crate) node: Node,
}

impl Node {
    /// Settings as if they stood under `key` of a file.
    pub(crate) fn of_settings(key: &str, table: &toml::Table) -> Self {
        let at = At {
            key: key.to_owned(),
            position: None,
        };
        let entries = table.iter().map(|(name, value)| {
            let node = of_setting(&join(key, name), value);
            Entry {
                name: name.clone(),
                at: node.at.clone(),
                node,
            }
        });
        Self {
            at,
            value: Value::Table(entries.collect()),
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| &entry.node)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What is at `path`, or the innermost that is there of what leads to it.
    pub(crate) fn nearest(&self, path: &[&str]) -> &Self {
        let Some((first, rest)) = path.split_first() else {
            return self;
        };
        let child = match &self.value {
            Value::Array(items) => first.parse().ok().and_then(|index: usize| items.get(index)),
            _ => self.get(first),
        };
        child.map_or(self, |child| child.nearest(rest))
    }

    /// The entry of the last key of `path`.
    pub(crate) fn entry(&self, path: &[&str]) -> Option<&Entry> {
        let (last, outer) = path.split_last()?;
        let table = outer.iter().try_fold(self, |node, name| node.get(name))?;
        table.entries().iter().find(|entry| entry.name == *last)
    }

    /// Whether there is anything at `path`, faulty or not.
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        matches!(self.nearest(path).value, Value::Faulty) || self.entry(path).is_some()
    }

    /// `over` merged over this: tables deeply, everything else replaced.
    /// A page of another kind has other keys, so it replaces the page as a whole.
    pub(crate) fn under(&self, over: Self) -> Self {
        let (Value::Table(base), Value::Table(_)) = (&self.value, &over.value) else {
            return over;
        };
        let Self {
            at,
            value: Value::Table(mut entries),
        } = over
        else {
            return self.clone();
        };
        // What a table of settings lacks is missing from the file.
        let at = if at.position.is_none() {
            self.at.clone()
        } else {
            at
        };
        for below in base {
            match entries.iter_mut().find(|entry| entry.name == below.name) {
                Some(entry) if entry.name == "page" && other_kind(&below.node, &entry.node) => {}
                Some(entry) => entry.node = below.node.under(entry.node.clone()),
                None => entries.push(below.clone()),
            }
        }
        Self {
            at,
            value: Value::Table(entries),
        }
    }

    /// The value without places and without what is faulty.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) => text.clone().into(),
            Value::Integer(integer) => (*integer).into(),
            Value::Float(float) => (*float).into(),
            Value::Boolean(boolean) => (*boolean).into(),
            Value::Array(items) => items
                .iter()
                .filter(|item| item.is_sound())
                .map(Self::to_json)
                .collect(),
            Value::Table(entries) => entries
                .iter()
                .filter(|entry| entry.node.is_sound())
                .map(|entry| (entry.name.clone(), entry.node.to_json()))
                .collect(),
            Value::Time | Value::Faulty => serde_json::Value::Null,
        }
    }

    fn is_sound(&self) -> bool {
        !matches!(self.value, Value::Faulty | Value::Time)
    }
}

fn other_kind(base: &Node, over: &Node) -> bool {
    over.get("kind")
        .is_some_and(|kind| base.get("kind").and_then(Node::text) != kind.text())
}

/// The path of the key `name` in the table at `path`.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn of_setting(key: &str, value: &toml::Value) -> Node {
    let at = At {
        key: key.to_owned(),
        position: None,
    };
    let value = match value {
        toml::Value::String(text) => Value::Text(text.clone()),
        toml::Value::Integer(integer) => Value::Integer(*integer),
        toml::Value::Float(float) => Value::Float(*float),
        toml::Value::Boolean(boolean) => Value::Boolean(*boolean),
        toml::Value::Datetime(_) => Value::Time,
        toml::Value::Array(items) => {
            Value::Array(items.iter().map(|item| of_setting(key, item)).collect())
        }
        toml::Value::Table(table) => return Node::of_settings(key, table),
    };
    Node { at, value }
}

#[cfg(test)]
mod tests {
    use super::Node;
    use crate::source::reading;

    fn tree(text: &str) -> Node {
        reading::tree("a.toml", text, &mut Vec::new()).expect("TOML")
    }

    #[test]
    fn each_value_knows_its_line_and_column() {
        let text = "[source]\nname = \"é\"; ".replace("; ", " # c\n")
            + "auth = { kind = 'x' }\n[resource.b.page]\nsize = 5\n";
        let tree = tree(&text);
        let check = |path: &[&str], key: &str, position| {
            let at = &tree.nearest(path).at;
            assert_eq!(
                (at.key.as_str(), at.position),
                (key, Some(position)),
                "{path:?}"
            );
        };
        check(&["source"], "source", (1, 2));
        check(&["source", "name"], "source.name", (2, 8));
        check(&["source", "auth"], "source.auth", (3, 1));
        check(&["source", "auth", "kind"], "source.auth.kind", (3, 17));
        check(
            &["resource", "b", "page", "size"],
            "resource.b.page.size",
            (5, 8),
        );
        check(&["resource", "b", "path"], "resource.b", (4, 11));
    }

    #[test]
    fn columns_count_characters() {
        let tree = tree("a = { \"é\" = 1, b = 2 }");
        assert_eq!(tree.nearest(&["a", "b"]).at.position, Some((1, 20)));
    }

    #[test]
    fn tables_merge_deeply_and_a_page_of_another_kind_replaces() {
        let check = |base: &str, over: &str, expected: serde_json::Value| {
            assert_eq!(tree(base).under(tree(over)).to_json(), expected, "{over}");
        };
        let base = "mode = 'mirror'\npage = { kind = 'page', size = 100 }";
        check(
            base,
            "",
            serde_json::json!({"mode": "mirror", "page": {"kind": "page", "size": 100}}),
        );
        check(
            base,
            "page = { size = 5 }",
            serde_json::json!({"mode": "mirror", "page": {"kind": "page", "size": 5}}),
        );
        check(
            base,
            "page = { kind = 'none' }",
            serde_json::json!({"mode": "mirror", "page": {"kind": "none"}}),
        );
        check("a = [1, 2]", "a = [3]", serde_json::json!({"a": [3]}));
        check("a = 1", "a = { b = 2 }", serde_json::json!({"a": {"b": 2}}));
    }
}
