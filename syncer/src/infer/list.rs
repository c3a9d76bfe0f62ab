//! Values of which some are arrays or objects: lists of scalars, or JSON as it is.

use entity::definition::{Kind, TEXT_CHARS};

use super::json::Json;
use crate::draft::Field;

/// Decides the type of `field`, some of whose values are arrays or objects.
pub(super) fn decide(field: &mut Field, values: &[&Json]) {
    let arrays: Option<Vec<&Vec<Json>>> = values.iter().map(|value| as_array(value)).collect();
    let Some(arrays) = arrays else {
        field.kind = Kind::Json;
        let objects = values.iter().filter(|value| value.is_object()).count();
        field.note(if objects == values.len() {
            "objects with many or no members"
        } else {
            "objects, arrays or single values were seen"
        });
        return;
    };
    let objects = arrays.iter().copied().flatten().all(Json::is_object);
    let what = if objects {
        "arrays of objects"
    } else {
        "arrays of which some hold objects, arrays, nulls or long texts"
    };
    let mut items = arrays.into_iter().flatten().peekable();
    if items.peek().is_none() {
        field.kind = Kind::List;
        field.is_unknown = true;
        field.note("only empty arrays were seen");
    } else if items.all(is_item) {
        field.kind = Kind::List;
    } else {
        field.kind = Kind::Json;
        field.note(what);
    }
}

fn as_array(value: &Json) -> Option<&Vec<Json>> {
    match value {
        Json::Array(items) => Some(items),
        _ => None,
    }
}

/// Whether a list can hold `item`.
fn is_item(item: &Json) -> bool {
    match item {
        Json::Text(text) | Json::Number(text) => text.chars().count() <= TEXT_CHARS,
        Json::Boolean(_) => true,
        _ => false,
    }
}
