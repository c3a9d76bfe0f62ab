//! A resource's record, as the document tells it: an object, of which all else is told without being asked of any.

use serde_json::{Map, Value, json};

use super::{Described, tag};
use crate::records::{self, embed};

/// The name and the schema of the resource's records.
pub(super) fn schema(of: &Described<'_>, all: &[Described<'_>]) -> (String, Value) {
    let mut properties = of.sample.properties(of.definition);
    for (name, ours) in ours(of, all) {
        // Without `embed` it is the upstream's own.
        properties.entry(name).or_insert(ours);
    }
    let mut schema = json!({
        "type": "object",
        "description": records::description(of.definition),
        "properties": properties,
        "additionalProperties": true,
    });
    if let Some(example) = &of.sample.example {
        schema["examples"] = json!([example.record]);
    }
    (tag(of.definition), schema)
}

/// What a record carries besides itself where that is asked for.
fn ours(of: &Described<'_>, all: &[Described<'_>]) -> Map<String, Value> {
    let text = |description: &str| json!({ "description": description });
    let children = all.iter().filter(|child| child.is_child_of(of));
    let children = children.filter(|child| embed::is_embeddable(child.definition));
    let embedded = children.map(|child| {
        let records = format!("#/components/schemas/{}", tag(child.definition));
        let rows = json!({
            "description": format!("At most {} of its rows.", embed::MOST),
            "properties": {
                "data": { "items": { "$ref": records } },
                "more": text("Whether there are more."),
                "href": text("Where all of them are."),
            },
        });
        (child.definition.resource.clone(), rows)
    });
    let embedded: Map<String, Value> = embedded.collect();
    let mut ours = Map::new();
    if !embedded.is_empty() {
        let schema = json!({ "description": "With `embed`: rows of child resources.", "properties": embedded });
        ours.insert("_embedded".to_owned(), schema);
    }
    let provenance = json!({
        "description": format!("With `embed={}`: where the record comes from.", embed::PROVENANCE),
        "properties": {
            "first_seen_at": text("When it was stored first."),
            "changed_at": text("When it changed last."),
            "version": text("The version at the commit that changed it last."),
            "run": text("The run that made that commit. Null: it is not known."),
            "actor": text("Who wrote it, of a local resource. Absent: it is not known."),
            "request": text(
                "The URL, without secrets, of the page that brought the record as it is; of a POST with the method before it, \
                 of a file its name. Null: it is not known.",
            ),
            "hash": text("The first 16 bytes of its SHA-256, in hexadecimal digits."),
        },
    });
    ours.insert("_provenance".to_owned(), provenance);
    ours
}
