//! Parents and children: which resource is fetched before which, and what a child takes from its parent.

use std::collections::BTreeMap;

use entity::definition::{Kind, Parent};

use super::{
    document::Resource,
    fault::Wrong,
    plan::{ForEach, Plan},
    report::Report,
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
    let mut values = BTreeMap::new();
    let mut copy = Vec::new();
    for (name, field) in &spec.copy {
        let path = ["for_each", "copy", name];
        let known = fields(parent);
        if !known.contains(field) {
            let message = format!("`{}` has no field `{field}`", parent.name);
            report.wrong(
                &path,
                Wrong::choice(message, field, known.iter().map(String::as_str)),
            );
        }
        copy.push((name.clone(), field.clone()));
    }
    for field in copy.iter().map(|(_, field)| field).chain(&named(resource)) {
        let at = parent
            .definition
            .fields
            .iter()
            .position(|one| one.name == *field);
        if let Some(rule) = at.and_then(|at| parent.rules.get(at)) {
            values.insert(field.clone(), rule.from.clone());
        }
    }
    Some(ForEach {
        resource: parent.name.clone(),
        table: parent.definition.table.clone(),
        values,
        copy,
        only: Vec::new(),
        batch: 1,
        changed_only: false,
    })
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
    templates(resource)
        .flat_map(|text| parents_in(&text))
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

fn templates(resource: &Resource) -> impl Iterator<Item = String> {
    let parameters = resource
        .spec
        .query
        .values()
        .chain(resource.spec.headers.values());
    resource
        .spec
        .path
        .iter()
        .cloned()
        .chain(parameters.map(super::spec::Scalar::to_text))
}

/// The fields that `{parent.…}` names in `text`.
fn parents_in(text: &str) -> Vec<String> {
    let after = text.split("{parent.").skip(1);
    after
        .filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
        .collect()
}
