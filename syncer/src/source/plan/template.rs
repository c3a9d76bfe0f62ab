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
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Secret(_) => f.write_str("[secret]"),
            Self::Parent(field) => write!(f, "{{parent.{field}}}"),
            Self::RunStarted => f.write_str("{run.started}"),
        }
    }
}

/// The values that a template's places take.
#[derive(Clone, Debug, Default)]
pub struct Values {
    pub parent: BTreeMap<String, String>,
    pub run_started: String,
}

impl Template {
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
            }
        }
        text
    }
}
