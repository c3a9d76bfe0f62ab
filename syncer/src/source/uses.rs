//! Which keys of a field mean something for its type, and for a field of the key.

use entity::definition::Kind;

use super::{
    fault::Wrong,
    report::Report,
    spec::{FieldSpec, OnBadSpec},
};

/// Reports what means nothing for the field `name` of type `kind`.
pub(crate) fn of_type(report: &mut Report<'_>, name: &str, spec: &FieldSpec, kind: Kind) {
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
            spec.index == Some(true),
            kind.filterable(),
            "any but json",
        ),
    ];
    for (key, used, fits, types) in uses {
        if used && !fits {
            let message = format!("`{key}` means nothing for the type `{kind}`");
            report.wrong(
                &["fields", name, key],
                Wrong::accepts(message, format!("types: {types}")),
            );
        }
    }
}

/// Reports what a field of the key cannot be or do.
pub(crate) fn of_key(report: &mut Report<'_>, name: &str, spec: &FieldSpec, kind: Kind) {
    if matches!(kind, Kind::List | Kind::Json | Kind::Float) {
        let message = format!("a field of type `{kind}` cannot be part of the key");
        report.wrong(
            &["fields", name],
            Wrong::accepts(message, "types: any but list, json and float"),
        );
    }
    let mut wrong = |key: &str, wrong: Wrong| report.wrong(&["fields", name, key], wrong);
    if spec.pattern.is_some() {
        wrong(
            "match",
            Wrong::new("a field of the key is taken as it stands; remove `match`"),
        );
    }
    if spec.required == Some(false) {
        wrong(
            "required",
            Wrong::accepts("a record without its key is always a reject", "true"),
        );
    }
    if spec.on_bad == Some(OnBadSpec::Null) {
        wrong(
            "on_bad",
            Wrong::accepts("a record with a bad key is always a reject", "reject"),
        );
    }
}
