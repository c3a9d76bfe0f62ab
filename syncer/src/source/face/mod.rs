//! What the upstream is asked and answers, for who answers in its place: the part of a plan without secrets.

mod pages;

use entity::definition::{
    Definition, Face, Kind,
    face::{Format as Layout, MarkField, MarkFormat, MarkOrder, Part, Phrase, Shape},
};

use self::pages::{check_order, check_spots, pages};
use super::{
    plan::{
        CursorKind, Format, Incremental, Method, Order, Plan, Pointer, Segment, Source, Template,
        TimeFormat,
    },
    spec::{AuthSpec, SourceSpec},
};

/// The face that the upstream shows of `plan`, or why nobody else can show it.
pub(crate) fn face((source, spec): (&Source, &SourceSpec), plan: &Plan) -> Face {
    match shape((source, spec), plan) {
        Ok(shape) => Face::Open(Box::new(shape)),
        Err(why) => Face::Closed(why),
    }
}

fn shape((source, spec): (&Source, &SourceSpec), plan: &Plan) -> Result<Shape, String> {
    if source.is_folder() {
        return Err("it is read from files of the syncer's machine".to_owned());
    }
    if plan.method == Method::Post {
        return Err("it is asked for with `POST`, whose body says what is wanted".to_owned());
    }
    let headers = source.headers.iter().chain(&plan.headers);
    if let Some((name, _)) = headers.clone().find(|(_, value)| has_values(value)) {
        return Err(format!(
            "the header `{name}` of its requests says what is wanted"
        ));
    }
    if has_secret(&plan.path) {
        return Err("its path holds a secret".to_owned());
    }
    let own = source.query.iter().chain(&plan.query);
    let (secrets, query): (Vec<_>, Vec<_>) = own.partition(|(_, value)| has_secret(value));
    let query = query
        .into_iter()
        .map(|(name, value)| Ok((name.clone(), phrase(plan, value)?)));
    let secrets = secrets.into_iter().map(|(name, _)| name.clone());
    let shape = Shape {
        path: phrase(plan, &plan.path)?,
        query: query.collect::<Result<_, String>>()?,
        credentials: secrets.chain(credential(spec)).collect(),
        format: layout(plan),
        records: plan.records.0.clone(),
        pages: pages(plan)?,
        mark: mark(plan)?,
    };
    check_parent(plan, &shape)?;
    check_spots(&shape)?;
    check_order(&shape)?;
    Ok(shape)
}

fn has_secret(template: &Template) -> bool {
    let is_secret = |segment: &Segment| matches!(segment, Segment::Secret(_));
    template.0.iter().any(is_secret)
}

fn has_values(template: &Template) -> bool {
    let is_fixed = |segment: &Segment| matches!(segment, Segment::Secret(_) | Segment::Text(_));
    !template.0.iter().all(is_fixed)
}

fn credential(spec: &SourceSpec) -> Option<String> {
    match &spec.auth {
        Some(AuthSpec::Query { name, .. }) => Some(name.clone()),
        _ => None,
    }
}

fn phrase(plan: &Plan, template: &Template) -> Result<Phrase, String> {
    let part = |segment: &Segment| match segment {
        Segment::Text(text) => Ok(Part::Text(text.clone())),
        Segment::Secret(_) => Err("one of its parameters holds a secret".to_owned()),
        Segment::Parent(field) => copied(plan, field).map(Part::Parent),
        Segment::RunStarted => Err("its requests name the time of the run".to_owned()),
        Segment::Cursor => Ok(Part::From),
        Segment::CursorUntil => Ok(Part::Until),
    };
    template.0.iter().map(part).collect()
}

/// The indexed field of each record that holds `field` of its parent.
fn copied(plan: &Plan, field: &str) -> Result<String, String> {
    let copies = plan.for_each.iter().flat_map(|for_each| &for_each.copy);
    let mut copies = copies.filter(|(_, from)| from == field);
    let own = copies.find(|(own, _)| is_indexed(&plan.definition, own));
    own.map(|(own, _)| own.clone()).ok_or_else(|| {
        format!(
            "its requests name `{field}` of the parent, which no indexed field of its records has; \
             `for_each.copy` would give it one"
        )
    })
}

fn is_indexed(definition: &Definition, name: &str) -> bool {
    definition.field(name).is_some_and(|field| field.index)
}

fn layout(plan: &Plan) -> Layout {
    match (plan.format, &plan.keyed_by) {
        (Format::Json, _) if plan.single => Layout::Single,
        (Format::Json, Some(key)) => Layout::Members(key.clone()),
        (Format::Json, None) => Layout::Array,
        (Format::Ndjson, _) => Layout::Lines,
        (Format::Csv { delimiter }, _) => Layout::Csv {
            delimiter: char::from(delimiter),
            columns: columns(plan),
        },
    }
}

/// The columns that fields are taken from, those of the parent aside.
fn columns(plan: &Plan) -> Vec<String> {
    let copies = plan.for_each.iter().flat_map(|for_each| &for_each.copy);
    let copies: Vec<&str> = copies.map(|(own, _)| own.as_str()).collect();
    let mut columns: Vec<String> = Vec::new();
    for rule in &plan.rules {
        if let [name] = rule.from.0.as_slice()
            && !copies.contains(&name.as_str())
            && !columns.contains(name)
        {
            columns.push(name.clone());
        }
    }
    columns
}

/// The indexed field that has the value at `pointer` as it stands.
fn field_at(plan: &Plan, pointer: &Pointer) -> Option<String> {
    let fields = plan.definition.fields.iter().zip(&plan.rules);
    let mut fields = fields.filter(|(field, rule)| {
        field.index && field.kind != Kind::List && rule.from == *pointer && rule.pattern.is_none()
    });
    fields.next().map(|(field, _)| field.name.clone())
}

/// By what changed records are asked for, if that can be or they are sorted by it.
fn mark(plan: &Plan) -> Result<Option<MarkField>, String> {
    let Some(cursor) = &plan.cursor else {
        return Ok(None);
    };
    let format = mark_format(cursor);
    let wanted: &[Kind] = match format {
        MarkFormat::Integer => &[Kind::Integer],
        _ => &[Kind::Timestamp, Kind::Date],
    };
    let field = field_at(plan, &cursor.field);
    let field = field.filter(|name| {
        let field = plan.definition.field(name);
        field.is_some_and(|field| wanted.contains(&field.kind))
    });
    let field = field.ok_or_else(|| {
        let pointer = &cursor.field;
        format!(
            "what changed is asked for by `{pointer}`, which no indexed field of that type holds"
        )
    })?;
    let order = match cursor.order {
        Order::Any => MarkOrder::Any,
        Order::Ascending => MarkOrder::Ascending,
        Order::Descending => MarkOrder::Descending,
    };
    Ok(Some(MarkField {
        field,
        format,
        order,
    }))
}

fn mark_format(cursor: &Incremental) -> MarkFormat {
    match (&cursor.kind, &cursor.request_format) {
        (CursorKind::Integer, _) => MarkFormat::Integer,
        (_, TimeFormat::Standard) => MarkFormat::Standard,
        (_, TimeFormat::EpochSeconds) => MarkFormat::EpochSeconds,
        (_, TimeFormat::EpochMillis) => MarkFormat::EpochMillis,
        (_, TimeFormat::Pattern(pattern)) => MarkFormat::Pattern(pattern.clone()),
    }
}

/// Checks that a request says which parent's records it asks for.
fn check_parent(plan: &Plan, shape: &Shape) -> Result<(), String> {
    let phrases = shape.query.iter().map(|(_, phrase)| phrase);
    let mut parts = phrases.chain([&shape.path]).flatten();
    let is_said = parts.any(|part| matches!(part, Part::Parent(_)));
    if plan.for_each.is_some() && !is_said {
        return Err("its requests do not say which parent's records they ask for".to_owned());
    }
    Ok(())
}
