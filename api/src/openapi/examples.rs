//! Real rows as examples, laid over the operations of their resource, so that what the document shows can be tried as it is.

use serde_json::{Map, Value, json};

use super::{Described, paths::parameter};
use crate::sample::Example;

/// Gives each operation of the resource an example of its answer and of its key, if there is a row.
pub(super) fn lay(paths: &mut Map<String, Value>, described: &[Described<'_>]) {
    for of in described {
        let base = of.path();
        for (path, item) in paths.iter_mut() {
            let Some(rest) = path.strip_prefix(&base) else {
                continue;
            };
            let rest = rest.to_owned();
            if rest.starts_with("/{key}") {
                name_key(item, of);
            }
            if let Some(example) = &of.sample.example {
                lay_answer(item, of, (&rest, example));
            }
        }
    }
    for of in described {
        for child in described.iter().filter(|child| child.is_child_of(of)) {
            let path = format!("{}/{{key}}/{}", of.path(), child.definition.resource);
            if let (Some(item), Some(example)) = (paths.get_mut(&path), &child.sample.example) {
                let example = list(child, example);
                set(item, ("application/json", example));
            }
        }
    }
}

/// The key of each resource as a parameter of its own: its example is a key that is there.
pub(super) fn keys(described: &[Described<'_>], key: &Value) -> Map<String, Value> {
    let keys = described.iter().map(|of| {
        let mut parameter = key.clone();
        if let Some(example) = &of.sample.example {
            parameter["example"] = json!(example.key);
        }
        (of.key_name(), parameter)
    });
    keys.collect()
}

fn name_key(item: &mut Value, of: &Described<'_>) {
    let any = parameter("Key");
    let parameters = item["get"]["parameters"].as_array_mut();
    for given in parameters
        .into_iter()
        .flatten()
        .filter(|given| **given == any)
    {
        *given = parameter(&of.key_name());
    }
}

fn lay_answer(item: &mut Value, of: &Described<'_>, (rest, example): (&str, &Example)) {
    let record = &example.record;
    let answer = match rest {
        "" => list(of, example),
        "/{key}" => json!({ "data": record, "meta": meta(of, example) }),
        "/-/random" => {
            json!({ "data": [record], "limit": 1, "seed": 1, "meta": meta(of, example) })
        }
        "/-/changes" => changes(example),
        "/-/facets" => {
            let Some((field, facet)) = &example.facet else {
                return;
            };
            for parameter in item["get"]["parameters"]
                .as_array_mut()
                .into_iter()
                .flatten()
            {
                if parameter["name"] == "facet" {
                    parameter["example"] = json!([field]);
                }
            }
            json!({ "data": { field: facet }, "timed_out": [], "meta": meta(of, example) })
        }
        "/-/export" => {
            let end = json!(["catchment-export", { "rows": 1, "complete": true, "version": example.version }]);
            return set(
                item,
                ("application/x-ndjson", json!(format!("{record}\n{end}\n"))),
            );
        }
        _ => return,
    };
    set(item, ("application/json", answer));
}

fn set(item: &mut Value, (media_type, example): (&str, Value)) {
    let content = &mut item["get"]["responses"]["200"]["content"];
    if let Some(media_type) = content.get_mut(media_type) {
        media_type["example"] = example;
    }
}

fn list(of: &Described<'_>, example: &Example) -> Value {
    json!({
        "data": [example.record],
        "page": { "limit": 1, "next": null, "prev": null },
        "count": { "value": 1, "exact": true },
        "meta": meta(of, example),
    })
}

fn changes(example: &Example) -> Value {
    json!({
        "data": [{
            "seq": example.seq,
            "version": example.version,
            "op": if example.is_new { "insert" } else { "update" },
            "key": example.key,
            "at": example.at,
            "data": example.record,
        }],
        "last_seq": example.seq,
        "more": false,
        "version": example.version,
    })
}

/// Of the time when the row was written: what is said of freshness moves without the rows, and the document must not.
fn meta(of: &Described<'_>, example: &Example) -> Value {
    json!({
        "source": of.definition.source,
        "resource": of.definition.resource,
        "version": example.version,
        "synced_at": example.at,
        "complete": true,
        "stale": false,
    })
}
