//! Texts with places for values that are known when a request is made.

use std::{collections::BTreeMap, fmt};

use secrecy::{ExposeSecret, SecretString};

/// A text with places for values that are known when the request is made.
#[derive(Clone, Debug, Default)]
pub struct Template(pub Vec<Segment>);

/// A piece of a template.
#[derive(Clone)]
pub enum Segment {
    Text(String),
    Secret(SecretString),
    /// `{parent.<field>}`
    Parent(String),
    /// `{run.started}`, as RFC 3339.
    RunStarted,
    /// `{cursor}`: from where on records are asked for, inclusive.
    Cursor,
    /// `{cursor.until}`: up to where.
    CursorUntil,
}

/// A JSON body with templates for its texts. A text that is one place alone and its whole value stays a text.
#[derive(Clone, Debug)]
pub enum JsonTemplate {
    /// What needs no filling: a number, a boolean, null.
    Plain(serde_json::Value),
    Text(Template),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Secret(_) => f.write_str("[secret]"),
            Self::Parent(field) => write!(f, "{{parent.{field}}}"),
            Self::RunStarted => f.write_str("{run.started}"),
            Self::Cursor => f.write_str("{cursor}"),
            Self::CursorUntil => f.write_str("{cursor.until}"),
        }
    }
}

/// The values that a template's places take.
#[derive(Clone, Debug, Default)]
pub struct Values {
    pub parent: BTreeMap<String, String>,
    pub run_started: String,
    /// From where on records are asked for, as the plan's cursor writes it.
    pub cursor: Option<String>,
    /// Up to where.
    pub cursor_until: Option<String>,
}

impl Template {
    /// Whether it says the same in every run.
    pub fn is_repeatable(&self) -> bool {
        let moves = |segment: &Segment| {
            matches!(
                segment,
                Segment::RunStarted | Segment::Cursor | Segment::CursorUntil
            )
        };
        !self.0.iter().any(moves)
    }

    /// The text, each value passed through `escape`. The plan's check has made sure that each is known.
    pub fn fill(&self, values: &Values, escape: impl Fn(&str) -> String) -> String {
        let mut text = String::new();
        for segment in &self.0 {
            match segment {
                Segment::Text(plain) => text.push_str(plain),
                Segment::Secret(secret) => text.push_str(secret.expose_secret()),
                Segment::Parent(field) => {
                    text.push_str(&escape(values.parent.get(field).map_or("", String::as_str)));
                }
                Segment::RunStarted => text.push_str(&escape(&values.run_started)),
                Segment::Cursor => text.push_str(&escape(values.cursor.as_deref().unwrap_or(""))),
                Segment::CursorUntil => {
                    text.push_str(&escape(values.cursor_until.as_deref().unwrap_or("")));
                }
            }
        }
        text
    }
}

impl JsonTemplate {
    /// The JSON that is sent.
    pub fn fill(&self, values: &Values) -> serde_json::Value {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Text(template) => template.fill(values, str::to_owned).into(),
            Self::Array(items) => items.iter().map(|item| item.fill(values)).collect(),
            Self::Object(members) => members
                .iter()
                .map(|(name, member)| (name.clone(), member.fill(values)))
                .collect(),
        }
    }

    /// The templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Text(template) => vec![template],
            Self::Array(items) => items.iter().flat_map(Self::templates).collect(),
            Self::Object(members) => members
                .iter()
                .flat_map(|(_, member)| member.templates())
                .collect(),
        }
    }
}
