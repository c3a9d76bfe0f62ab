//! A definition as a text to paste: tables, lines, and the comments that say what rests on little.
//!
//! The only place that writes TOML. Whoever drafts decides what stands in it, and never writes syntax.

mod field;
mod naming;
mod page;
mod words;

/// What the check of definitions says of a draft.
#[cfg(test)]
pub(crate) mod checked;

pub(crate) use field::{Field, fit, lines};
pub(crate) use naming::{Names, resource_name, source_name, unescaped};
pub(crate) use page::{Kind as PageKind, Page};
pub(crate) use words::{
    Role, Sign, TOTAL_HEADERS, UNLIKE, cursor_params, id_rank, list_rank, role, sign, total_rank,
};

use crate::source::plan::Pointer;

/// Widest line, a comment included; a longer comment stands above its line.
const WIDTH: usize = 120;
/// Widest key that others are aligned with.
const ALIGNED: usize = 28;

/// The text of a definition, or of a part of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// Comments at the top.
    pub(crate) head: Vec<String>,
    pub(crate) tables: Vec<Table>,
}

/// `[name]`, and what is in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) lines: Vec<Line>,
}

/// A line of a table.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    /// `key = value  # note`
    Entry {
        key: String,
        /// As TOML.
        value: String,
        note: String,
    },
    /// A comment of its own.
    Remark(String),
}

impl Line {
    /// `value` as TOML.
    pub(crate) fn entry(key: &str, value: impl Into<String>) -> Self {
        Self::noted(key, value, "")
    }

    pub(crate) fn noted(key: &str, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self::Entry {
            key: key.to_owned(),
            value: value.into(),
            note: note.into(),
        }
    }

    /// An entry that is not in force: a comment, with the reason.
    pub(crate) fn off(key: &str, value: &str, why: &str) -> Self {
        Self::Remark(format!("{} = {value}  ({why})", bare(key)))
    }

    pub(crate) fn remark(text: impl Into<String>) -> Self {
        Self::Remark(text.into())
    }

    fn width(&self) -> usize {
        match self {
            Self::Entry { key, .. } => bare(key).chars().count(),
            Self::Remark(_) => 0,
        }
    }

    fn write(&self, width: usize, text: &mut String) {
        match self {
            Self::Remark(remark) => comment(remark, text),
            Self::Entry { key, value, note } => {
                let line = format!("{:<width$} = {value}", bare(key));
                let noted = format!("{line}  # {}", tame(note));
                if note.is_empty() {
                    text.push_str(&line);
                } else if noted.chars().count() <= WIDTH {
                    text.push_str(&noted);
                } else {
                    comment(note, text);
                    text.push_str(&line);
                }
                text.push('\n');
            }
        }
    }
}

impl Draft {
    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::new();
        for line in &self.head {
            comment(line, &mut text);
        }
        for Table { name, lines } in &self.tables {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&format!("[{name}]\n"));
            let widths = lines.iter().map(Line::width);
            let width = widths.filter(|width| *width <= ALIGNED).max().unwrap_or(0);
            for line in lines {
                line.write(width, &mut text);
            }
        }
        text
    }
}

/// A text as TOML: JSON's escapes are TOML's, except that DEL needs one, too.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007F")
}

/// `{ key = value, … }`
pub(crate) fn inline<K: AsRef<str>>(entries: &[(K, String)]) -> String {
    let entries = entries.iter();
    let entries = entries.map(|(key, value)| format!("{} = {value}", bare(key.as_ref())));
    let entries = entries.collect::<Vec<_>>().join(", ");
    if entries.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {entries} }}")
    }
}

/// `["a", "b"]`
pub(crate) fn array<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", quoted.join(", "))
}

/// A name or a list of names: `"id"`, `["a", "b"]`.
pub(crate) fn names(names: &[String]) -> String {
    match names {
        [one] => quoted(one),
        several => array(several.iter().map(String::as_str)),
    }
}

/// The place of the member of a body at `path`.
pub(crate) fn place(path: &[String]) -> String {
    format!("body:{}", Pointer(path.to_vec()))
}

/// A text whose braces stand for themselves in a template.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

fn bare(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !key.is_empty() && key.bytes().all(plain) {
        key.to_owned()
    } else {
        quoted(key)
    }
}

fn comment(text: &str, into: &mut String) {
    let mut line = "#".to_owned();
    for word in tame(text).split(' ').filter(|word| !word.is_empty()) {
        if line.len() > 1 && line.chars().count() + word.chars().count() >= WIDTH {
            into.push_str(&line);
            into.push('\n');
            line = "#".to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    into.push_str(&line);
    into.push('\n');
}

/// What an upstream or a document says, on one line and not too long.
fn tame(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut plain: String = plain.take(600).collect();
    if plain.len() < text.len() {
        plain.push('…');
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Draft, Line, Table, inline, quoted};

    proptest! {
        #[test]
        fn whatever_stands_in_it_is_toml(key in "\\PC{0,8}", value in any::<String>(), note in any::<String>()) {
            let draft = Draft {
                head: vec![note.clone()],
                tables: vec![Table {
                    name: "t".to_owned(),
                    lines: vec![
                        Line::noted(&key, inline(&[(&value, quoted(&value))]), note.clone()),
                        Line::remark(note),
                    ],
                }],
            };
            let table: toml::Table = draft.to_toml().parse().expect("TOML");
            prop_assert_eq!(table["t"][&key][&value].as_str(), Some(value.as_str()));
        }
    }

    #[test]
    fn a_long_note_stands_above_its_line() {
        let long = "word ".repeat(30);
        let lines = vec![
            Line::noted("a", "1", "short"),
            Line::noted("long_key", "2", long.trim()),
        ];
        let table = Table {
            name: "t".to_owned(),
            lines,
        };
        let draft = Draft {
            head: Vec::new(),
            tables: vec![table],
        };
        insta::assert_snapshot!(draft.to_toml(), @r"
        [t]
        a        = 1  # short
        # word word word word word word word word word word word word word word word word word word word word word word word
        # word word word word word word word
        long_key = 2
        ");
    }
}
