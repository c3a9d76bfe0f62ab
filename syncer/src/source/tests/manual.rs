//! The manual, `doc/definition.md`: its examples load and show every kind, and no key is missing from it.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::{Environment, environment, file};
use crate::source::{
    load,
    plan::{Auth, Format, Plan, Source, Way},
    schema,
};

/// The manual.
const MANUAL: &str = include_str!("../../../../doc/definition.md");

/// The examples of the manual, each a whole definition.
pub(super) fn examples() -> Vec<String> {
    let blocks = MANUAL.split("```toml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    blocks.map(whole).collect()
}

/// What an example leaves out because it is not about it.
fn whole(example: &str) -> String {
    let source = "[source]\nname = \"shop\"\nbase_url = \"https://api.shop.example/v2\"\n";
    let resource = "[resource.any]\npath = \"/any\"\nkey = \"id\"\npage = { kind = \"none\" }\n";
    let before = match example.contains("[source]") {
        true => "",
        false => source,
    };
    let after = match example.contains("[resource.") {
        true => "",
        false => resource,
    };
    [before, example, after].concat()
}

/// The sources of the examples.
fn sources() -> Vec<Arc<Source>> {
    let secret = |_: &str| Ok(Some("secret".into()));
    let environment = Environment {
        secret: &secret,
        ..environment()
    };
    let load = |text: String| {
        let catalog = load(&[file("example.toml", &text)], &environment);
        let catalog = catalog.unwrap_or_else(|faults| panic!("{faults}\nin\n{text}"));
        catalog.sources[0].clone()
    };
    examples().into_iter().map(load).collect()
}

#[test]
fn its_examples_show_every_kind() {
    let sources = sources();
    let plans: Vec<&Plan> = sources
        .iter()
        .flat_map(|source| &source.resources)
        .map(Arc::as_ref)
        .collect();
    let shown = |names: &mut dyn Iterator<Item = &'static str>| {
        names
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let pages = shown(&mut plans.iter().map(|plan| way(&plan.page.way)));
    assert_eq!(pages, "cursor link none offset page url");
    let formats = shown(&mut plans.iter().map(|plan| format(plan.format)));
    assert_eq!(formats, "csv json ndjson");
    let auths = shown(&mut sources.iter().map(|source| auth(&source.auth)));
    assert_eq!(auths, "login none oauth2 simple");
}

fn way(way: &Way) -> &'static str {
    match way {
        Way::None => "none",
        Way::Number { .. } => "page",
        Way::Offset { .. } => "offset",
        Way::Cursor { .. } => "cursor",
        Way::Link => "link",
        Way::Url { .. } => "url",
    }
}

fn format(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Ndjson => "ndjson",
        Format::Csv { .. } => "csv",
    }
}

fn auth(auth: &Auth) -> &'static str {
    match auth {
        Auth::None => "none",
        Auth::Header { .. } | Auth::Query { .. } | Auth::Basic { .. } | Auth::Bearer { .. } => {
            "simple"
        }
        Auth::Oauth2 { .. } => "oauth2",
        Auth::Login { .. } => "login",
    }
}

#[test]
fn it_tells_of_every_key() {
    // What an example shows is not yet told.
    let prose = MANUAL.split("```").step_by(2);
    let spans = prose.flat_map(|text| text.split('`').skip(1).step_by(2));
    let told: BTreeSet<&str> = spans
        .flat_map(|span| span.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    for key in keys(&schema()) {
        assert!(
            told.contains(key.as_str()),
            "`{key}` is not in doc/definition.md"
        );
    }
}

/// The names of all properties in a schema.
fn keys(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(object) => {
            let own = object.get("properties").and_then(Value::as_object);
            let own = own
                .into_iter()
                .flat_map(|properties| properties.keys().cloned());
            own.chain(object.values().flat_map(keys)).collect()
        }
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}
