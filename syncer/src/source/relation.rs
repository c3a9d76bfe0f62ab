//! Parents and children: which resource is fetched before which, and what a child takes from its parent.

use std::collections::BTreeMap;

use entity::definition::{Field, Kind, Parent};

use super::{
    document::Resource,
    fault::Wrong,
    plan::{ForEach, Mode, Plan, Pointer, Rule, Source},
    report::Report,
    request,
    spec::ForEachSpec,
    template,
};

/// The resources as indexes, parents before their children, each with its parent's.
///
/// A `for_each` that points nowhere or in a circle counts as none: its own report says so.
pub(crate) fn order(resources: &[Resource]) -> Vec<(usize, Option<usize>)> {
    let mut ordered: Vec<(usize, Option<usize>, usize)> = Vec::new();
    for index in 0..resources.len() {
        let parent = parent(resources, index).filter(|_| circle(resources, index).is_none());
        let depth = std::iter::successors(parent, |above| self::parent(resources, *above))
            .take(resources.len())
            .count();
        ordered.push((index, parent, depth));
    }
    ordered.sort_by_key(|(_, _, depth)| *depth);
    ordered
        .into_iter()
        .map(|(index, parent, _)| (index, parent))
        .collect()
}

/// Checks where the `for_each` of the resource at `index` points.
pub(crate) fn check(report: &mut Report<'_>, resources: &[Resource], index: usize, known: &[&str]) {
    let Some(for_each) = &resources[index].spec.for_each else {
        return;
    };
    let path = ["for_each", "resource"];
    if let Some(circle) = circle(resources, index) {
        report.wrong(
            &path,
            Wrong::new(format!(
                "a circle: {}; one of them must do without a parent",
                circle.join(" -> ")
            )),
        );
    } else if !known.contains(&for_each.resource.as_str()) {
        let others = known
            .iter()
            .copied()
            .filter(|name| *name != resources[index].name);
        let message = format!("this source has no resource `{}`", for_each.resource);
        report.wrong(&path, Wrong::choice(message, &for_each.resource, others));
    }
}

/// What is taken from the rows of `parent`: copies, and the fields that templates use.
pub(crate) fn for_each(
    report: &mut Report<'_>,
    resource: &Resource,
    parent: &Plan,
) -> Option<ForEach> {
    let spec = resource.spec.for_each.as_ref()?;
    let copy = copies(report, spec, parent);
    let only = only(report, spec, parent);
    check_batch(report, resource, spec);
    let mut values = BTreeMap::new();
    for field in copy.iter().map(|(_, field)| field).chain(&named(resource)) {
        if let Some((_, rule)) = find(parent, field) {
            values.insert(field.clone(), rule.from.clone());
        }
    }
    Some(ForEach {
        resource: parent.name.clone(),
        table: parent.definition.table.clone(),
        values,
        copy,
        only,
        batch: spec.batch.unwrap_or(1),
        changed_only: spec.changed_only.unwrap_or(false),
    })
}

fn copies(report: &mut Report<'_>, spec: &ForEachSpec, parent: &Plan) -> Vec<(String, String)> {
    for (name, field) in &spec.copy {
        if find(parent, field).is_none() {
            let known = fields(parent);
            let message = format!("`{}` has no field `{field}`", parent.name);
            report.wrong(
                &["for_each", "copy", name],
                Wrong::choice(message, field, known.iter().map(String::as_str)),
            );
        }
    }
    spec.copy.clone().into_iter().collect()
}

/// Where the parent's payload holds the values of `where`, and which they must be.
fn only(report: &mut Report<'_>, spec: &ForEachSpec, parent: &Plan) -> Vec<(Pointer, String)> {
    let usable = usable(parent);
    let mut only = Vec::new();
    for (name, value) in &spec.only {
        let text = value.to_text();
        let found = find(parent, name).filter(|_| usable.contains(name));
        let Some((field, rule)) = found else {
            let message = match find(parent, name) {
                Some(_) => format!("`{name}` is not a member of the parent's records as it stands"),
                None => format!("`{}` has no field `{name}`", parent.name),
            };
            let wrong = Wrong::choice(message, name, usable.iter().map(String::as_str));
            report.wrong_key(&["for_each", "where", name], wrong);
            continue;
        };
        if let Err(wrong) = value_of(field, &text) {
            report.wrong(&["for_each", "where", name], wrong);
        }
        only.push((rule.from.clone(), text));
    }
    only
}

/// Whether a row's `field` can have that value.
fn value_of(field: &Field, text: &str) -> Result<(), Wrong> {
    if !field.values.is_empty() && !field.values.iter().any(|value| value == text) {
        let message = format!("`{}` is never `{text}`", field.name);
        let values = field.values.iter().map(String::as_str);
        return Err(Wrong::choice(message, text, values));
    }
    match field.kind {
        // An upstream may write it as 0 and 1, or otherwise, and times in its own form.
        Kind::Boolean | Kind::Timestamp | Kind::Date => Ok(()),
        kind => kind.parse(text).map(|_| ()).map_err(|error| {
            Wrong::accepts(
                format!("`{text}` is no value of `{}`: {error}", field.name),
                format!("a value of the type `{kind}`"),
            )
        }),
    }
}

fn check_batch(report: &mut Report<'_>, resource: &Resource, spec: &ForEachSpec) {
    if spec.batch.is_none() {
        return;
    }
    if !spec.copy.is_empty() {
        let wrong = Wrong::accepts(
            "a record of a batch does not say which of its parents it is from",
            "no `copy`, or no `batch`",
        );
        report.wrong_key(&["for_each", "copy"], wrong);
    }
    if named(resource).is_empty() {
        let wrong = Wrong::accepts(
            "no request names a value of the parents",
            "`{parent.<field>}` in path, query, headers or body",
        );
        report.wrong(&["for_each", "batch"], wrong);
    }
}

/// Checks that the children of a parent that is left out can be told from those that are gone, if `plan` leaves any out.
///
/// A mirror knows them by the pages that they came on, so each page must be one parent's alone, and asked for again
/// with the same words.
pub(crate) fn check_changed_only(report: &mut Report<'_>, source: &Source, plan: &Plan) {
    let is_bare = plan.mode == Mode::Mirror && plan.cursor.is_none();
    let Some(for_each) = &plan.for_each else {
        return;
    };
    if !for_each.changed_only || !is_bare {
        return;
    }
    let (why, key) = if for_each.batch > 1 {
        (
            "a record of a batch does not say which of its parents it is from",
            "`for_each.batch`",
        )
    } else if !source.is_repeatable(plan) {
        (
            "each run asks with another `{run.started}`",
            "`{run.started}` in a request",
        )
    } else {
        return;
    };
    let message = format!(
        "`changed_only` leaves parents out, and with `mode = \"mirror\"` what is theirs would have to be known: {why}"
    );
    let accepted = format!(
        "no {key}, no `for_each.changed_only`, or `mode = \"upsert\"`, where absence means nothing"
    );
    report.wrong_key(
        &["for_each", "changed_only"],
        Wrong::accepts(message, accepted),
    );
}

/// A field of `plan` and its rule.
fn find<'a>(plan: &'a Plan, name: &str) -> Option<(&'a Field, &'a Rule)> {
    let mut fields = plan.definition.fields.iter().zip(&plan.rules);
    fields.find(|(field, _)| field.name == name)
}

/// The relation as the api knows it.
pub(crate) fn parent_of(for_each: &ForEach) -> Parent {
    Parent {
        resource: for_each.resource.clone(),
        copy: for_each.copy.clone(),
    }
}

/// The names of all fields of `plan`.
pub(crate) fn fields(plan: &Plan) -> Vec<String> {
    plan.definition
        .fields
        .iter()
        .map(|field| field.name.clone())
        .collect()
}

/// The fields of `plan` that may stand in a template: those whose member is the value itself.
pub(crate) fn usable(plan: &Plan) -> Vec<String> {
    let plain = plan
        .definition
        .fields
        .iter()
        .zip(&plan.rules)
        .filter(|(field, rule)| {
            rule.pattern.is_none() && !matches!(field.kind, Kind::List | Kind::Json)
        });
    plain.map(|(field, _)| field.name.clone()).collect()
}

/// The fields that the templates of `resource` name, whether the parent has them or not.
pub(crate) fn named(resource: &Resource) -> Vec<String> {
    let texts = request::texts(resource);
    texts
        .iter()
        .flat_map(|text| template::parents_in(text))
        .collect()
}

fn parent(resources: &[Resource], index: usize) -> Option<usize> {
    let for_each = resources[index].spec.for_each.as_ref()?;
    resources
        .iter()
        .position(|resource| resource.name == for_each.resource)
}

/// The names on the way from a resource back to itself.
fn circle(resources: &[Resource], index: usize) -> Option<Vec<&str>> {
    let mut names = vec![resources[index].name.as_str()];
    let mut above = parent(resources, index)?;
    while above != index && names.len() <= resources.len() {
        names.push(&resources[above].name);
        above = parent(resources, above)?;
    }
    names.push(&resources[index].name);
    (above == index).then_some(names)
}
