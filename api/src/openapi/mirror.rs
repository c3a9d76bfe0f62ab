//! The paths of `/mirror`: what each upstream is asked, and the shape of what it answers.

use std::collections::BTreeMap;

use entity::definition::{
    Definition, Face,
    face::{Format, MarkFormat, PageWay, Part, Phrase, Shape, Spot},
};
use serde_json::{Map, Value, json};

use super::{
    Described,
    operation::Answers,
    paths::{Get, record},
};
use crate::{mirror, settings::Settings};

/// What the paths are grouped under.
pub(super) const TAG: &str = "mirror";

/// A resource whose upstream can be answered for.
type Open<'a> = (&'a Described<'a>, &'a Shape);

/// Every path that upstreams of `definitions` have. Several resources may share one.
pub(super) fn paths(described: &[Described<'_>], settings: &Settings) -> Map<String, Value> {
    let mut by_path: BTreeMap<String, Vec<Open<'_>>> = BTreeMap::new();
    for of in described {
        if let Some(Face::Open(shape)) = &of.definition.face {
            let path = mirror::shown(&shape.path);
            let path = format!("/mirror/{}{path}", of.definition.source);
            by_path.entry(path).or_default().push((of, shape));
        }
    }
    let items = by_path.into_iter();
    items
        .map(|(path, resources)| (path, path_item(&resources, settings)))
        .collect()
}

fn path_item(resources: &[Open<'_>], settings: &Settings) -> Value {
    let names: Vec<&str> = resources
        .iter()
        .map(|(of, _)| of.definition.resource.as_str())
        .collect();
    let get = Get {
        tag: TAG,
        id: &format!("mirror_{}", resources[0].0.definition.table),
        summary: &format!(
            "The {} as the upstream answers them",
            names.join(" or the ")
        ),
        parameters: parameters(resources, settings),
        answers: Answers::Mirrored,
        content: content(resources),
    };
    get.path_item()
}

fn parameters(resources: &[Open<'_>], settings: &Settings) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for (of, shape) in resources {
        for parameter in parameters_of((*of, shape), settings) {
            let known = all
                .iter_mut()
                .find(|known| known["name"] == parameter["name"]);
            match known {
                Some(known) => merge(known, &parameter),
                None => all.push(parameter),
            }
        }
    }
    let is_everywhere = |name: &Value| {
        let mut shapes = resources.iter();
        shapes.all(|open| {
            parameters_of(*open, settings)
                .iter()
                .any(|one| one["name"] == *name)
        })
    };
    for parameter in &mut all {
        if !is_everywhere(&parameter["name"]) {
            parameter["required"] = json!(false);
        }
    }
    all
}

/// Takes what another resource takes as the same parameter.
fn merge(known: &mut Value, other: &Value) {
    let both = (&known["schema"]["enum"], &other["schema"]["enum"]);
    let (Value::Array(own), Value::Array(others)) = both else {
        known["schema"] = json!({ "type": "string" });
        return;
    };
    let mut values = own.clone();
    values.extend(others.iter().filter(|value| !own.contains(value)).cloned());
    known["schema"]["enum"] = json!(values);
}

fn parameters_of((of, shape): Open<'_>, settings: &Settings) -> Vec<Value> {
    let in_path = shape.path.iter().filter_map(|part| match part {
        Part::Parent(field) => {
            let schema = json!({ "type": "string" });
            let parameter = parameter((field, "path", true), &schema);
            Some(with_example(parameter, of, field))
        }
        _ => None,
    });
    let query = shape.query.iter().map(|(name, phrase)| {
        let parent = phrase.iter().find_map(|part| match part {
            Part::Parent(field) => Some(field),
            _ => None,
        });
        let schema = schema_of(phrase, shape);
        let parameter = parameter((name, "query", parent.is_some()), &schema);
        match (parent, phrase.as_slice()) {
            (Some(field), [_]) => with_example(parameter, of, field),
            _ => parameter,
        }
    });
    let text = || json!({ "type": "string" });
    let pages = &shape.pages;
    let way = match &pages.way {
        PageWay::Page { param, start } | PageWay::Offset { param, start } => {
            let number = json!({ "type": "integer", "minimum": start, "default": start });
            Some((param.clone(), number))
        }
        PageWay::Token { param, .. } | PageWay::Last { param, .. } => Some((param.clone(), text())),
        PageWay::Link | PageWay::Url { .. } => Some((mirror::token_name(shape), text())),
        PageWay::None => None,
    };
    let size = pages.size_param.clone().map(|name| {
        let most = mirror::most(shape, settings);
        let usual = mirror::usual(shape);
        let size = json!({ "type": "integer", "minimum": 1, "maximum": most, "default": usual });
        (name, size)
    });
    let credentials = shape.credentials.iter().map(|name| (name.clone(), text()));
    let others = way.into_iter().chain(size).chain(credentials);
    let others = others.map(|(name, schema)| parameter((&name, "query", false), &schema));
    in_path.chain(query).chain(others).collect()
}

fn parameter((name, within, required): (&str, &str, bool), schema: &Value) -> Value {
    json!({ "name": name, "in": within, "required": required, "schema": schema })
}

/// What a record has of its parent is an example of the parent's value.
fn with_example(mut parameter: Value, of: &Described<'_>, field: &str) -> Value {
    let example = of.sample.example.as_ref();
    match example.map(|example| &example.record[field]) {
        Some(Value::String(value)) => parameter["example"] = json!(value),
        Some(value @ Value::Number(_)) => parameter["example"] = json!(value.to_string()),
        _ => {}
    }
    parameter
}

fn schema_of(phrase: &Phrase, shape: &Shape) -> Value {
    let format = shape.mark.as_ref().map(|mark| &mark.format);
    match (phrase.as_slice(), format) {
        ([], _) => json!({ "type": "string", "enum": [""] }),
        ([Part::Text(text)], _) => json!({ "type": "string", "enum": [text] }),
        ([Part::From | Part::Until], Some(MarkFormat::Standard)) => {
            json!({ "type": "string", "format": "date-time" })
        }
        (
            [Part::From | Part::Until],
            Some(MarkFormat::Integer | MarkFormat::EpochSeconds | MarkFormat::EpochMillis),
        ) => json!({ "type": "integer" }),
        _ => json!({ "type": "string", "description": mirror::shown(phrase) }),
    }
}

fn content(resources: &[Open<'_>]) -> Value {
    let mut content = Map::new();
    for (of, shape) in resources {
        let schema = body(of.definition, shape);
        let media_type = content
            .entry(mirror::media_type(&shape.format))
            .or_insert_with(|| json!({ "schema": { "anyOf": [] } }));
        if let Some(bodies) = media_type["schema"]["anyOf"].as_array_mut() {
            bodies.push(schema);
        }
    }
    for media_type in content.values_mut() {
        if let Some([only]) = media_type["schema"]["anyOf"].as_array().map(Vec::as_slice) {
            media_type["schema"] = only.clone();
        }
    }
    Value::Object(content)
}

fn body(definition: &Definition, shape: &Shape) -> Value {
    let record = record(definition);
    let records = match shape.format {
        Format::Array => json!({ "type": "array", "items": record }),
        Format::Members(_) => json!({ "type": "object", "additionalProperties": record }),
        Format::Single => record,
        Format::Lines | Format::Csv { .. } => return json!({ "type": "string" }),
    };
    let pages = &shape.pages;
    let next = match &pages.way {
        PageWay::Token { next, .. } | PageWay::Url { next } => Some(next),
        _ => None,
    };
    let told = [
        (next, json!({ "type": ["string", "null"] })),
        (pages.more.as_ref(), json!({ "type": "boolean" })),
        (pages.total.as_ref(), json!({ "type": "integer" })),
    ];
    let mut schema = at(&shape.records, records);
    for (spot, value) in told {
        if let Some(Spot::Body(tokens)) = spot {
            join(&mut schema, at(tokens, value));
        }
    }
    schema
}

/// A document that has `value` at the pointer. Whether a number names a member or an item is not said.
fn at(tokens: &[String], value: Value) -> Value {
    let mut schema = value;
    for token in tokens.iter().rev() {
        schema = match token.parse::<u8>() {
            Ok(_) => json!({}),
            Err(_) => {
                json!({ "type": "object", "required": [token], "properties": { token: schema } })
            }
        };
    }
    schema
}

fn join(schema: &mut Value, other: Value) {
    let (Value::Object(own), Value::Object(other)) = (schema, other) else {
        return;
    };
    for (name, value) in other {
        match own.get_mut(&name) {
            Some(Value::Array(known)) => {
                let new = value.as_array().into_iter().flatten();
                let new: Vec<Value> = new.filter(|name| !known.contains(name)).cloned().collect();
                known.extend(new);
            }
            Some(known) => join(known, value),
            None => {
                own.insert(name, value);
            }
        }
    }
}
