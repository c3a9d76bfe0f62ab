//! A request's JSON body: any value that JSON has too, its texts templates.

use super::{
    fault::Wrong,
    plan::JsonTemplate,
    report::Report,
    template::{self, Scope},
    tree::{Node, Value},
};

/// The body that stands at `node`.
pub(crate) fn body(report: &mut Report<'_>, node: &Node, scope: &Scope<'_>) -> JsonTemplate {
    match &node.value {
        Value::Text(text) => {
            let template = template::template(text, scope).unwrap_or_else(|wrong| {
                report.faults.push(wrong.at(report.file, &node.at));
                Default::default()
            });
            JsonTemplate::Text(template)
        }
        Value::Integer(integer) => JsonTemplate::Plain((*integer).into()),
        Value::Float(float) => JsonTemplate::Plain((*float).into()),
        Value::Boolean(boolean) => JsonTemplate::Plain((*boolean).into()),
        Value::Array(items) => {
            let items = items.iter().map(|item| body(report, item, scope));
            JsonTemplate::Array(items.collect())
        }
        Value::Table(entries) => {
            let members = entries.iter();
            let member =
                |entry: &super::tree::Entry| (entry.name.clone(), body(report, &entry.node, scope));
            JsonTemplate::Object(members.map(member).collect())
        }
        Value::Time => {
            let wrong = Wrong::accepts("JSON has no dates and times", "a text, in quotes");
            report.faults.push(wrong.at(report.file, &node.at));
            JsonTemplate::Plain(serde_json::Value::Null)
        }
        Value::Faulty => JsonTemplate::Plain(serde_json::Value::Null),
    }
}

/// All texts in `body`.
pub(crate) fn texts(body: &serde_json::Value) -> Vec<&str> {
    match body {
        serde_json::Value::String(text) => vec![text],
        serde_json::Value::Array(items) => items.iter().flat_map(texts).collect(),
        serde_json::Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
