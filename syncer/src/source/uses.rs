//! Which keys of a field mean something for its type, and for a field of the key.

use entity::definition::Kind;

use super::{
    fault::Wrong,
    spec::{FieldSpec, IndexSpec, OnBadSpec},
};

/// What is wrong, and with which key of the field; `None`: with the field as a whole.
type Found = (Option<&'static str>, Wrong);

/// What means nothing for a field of type `kind`.
pub(crate) fn of_type(spec: &FieldSpec, kind: Kind) -> Vec<Found> {
    let numeric = matches!(kind, Kind::Integer | Kind::Decimal { .. } | Kind::Float);
    let listable = matches!(kind, Kind::Text | Kind::Integer | Kind::List);
    let scalar = !matches!(kind, Kind::List | Kind::Json);
    let timely = matches!(kind, Kind::Timestamp | Kind::Date);
    let uses = [
        (
            "match",
            spec.pattern.is_some(),
            scalar,
            "any but list and json",
        ),
        ("split", spec.split.is_some(), kind == Kind::List, "list"),
        ("format", spec.format.is_some(), timely, "timestamp, date"),
        (
            "values",
            spec.values.is_some(),
            listable,
            "text, integer, list",
        ),
        (
            "min",
            spec.min.is_some(),
            numeric,
            "integer, decimal(p,s), float",
        ),
        (
            "max",
            spec.max.is_some(),
            numeric,
            "integer, decimal(p,s), float",
        ),
        (
            "index",
            spec.index == Some(IndexSpec::Whole(true)),
            kind.filterable(),
            "any but json",
        ),
    ];
    let parts = spec.index == Some(IndexSpec::CONTAINS) && kind != Kind::Text;
    let parts = parts.then(|| no_parts(kind));
    let misused = uses.into_iter().filter(|(_, used, fits, _)| *used && !fits);
    misused
        .map(|(key, _, _, types)| {
            let message = format!("`{key}` means nothing for the type `{kind}`");
            let wrong = Wrong::accepts(message, format!("types: {types}"));
            (Some(key), wrong)
        })
        .chain(parts)
        .collect()
}

fn no_parts(kind: Kind) -> Found {
    let message = format!("a field of type `{kind}` has no parts that rows could be found by");
    let wrong = Wrong::accepts(message, "types: text; for any other: true or false");
    (Some("index"), wrong)
}

/// What a field of the key cannot be or do.
pub(crate) fn of_key(spec: &FieldSpec, kind: Kind) -> Vec<Found> {
    let mut found = Vec::new();
    if matches!(kind, Kind::List | Kind::Json | Kind::Float) {
        let message = format!("a field of type `{kind}` cannot be part of the key");
        let wrong = Wrong::accepts(message, "types: any but list, json and float");
        found.push((None, wrong));
    }
    if spec.pattern.is_some() {
        let wrong = Wrong::new("a field of the key is taken as it stands; remove `match`");
        found.push((Some("match"), wrong));
    }
    if spec.required == Some(false) {
        let wrong = Wrong::accepts("a record without its key is always a reject", "true");
        found.push((Some("required"), wrong));
    }
    if spec.on_bad == Some(OnBadSpec::Null) {
        let wrong = Wrong::accepts("a record with a bad key is always a reject", "reject");
        found.push((Some("on_bad"), wrong));
    }
    found
}
