//! What a route beside a list takes of the list's parameters: the filters.

use entity::{definition::Definition, record::Filter};

use super::query::{CONTROLS, ListQuery, filter_parameters};
use crate::{
    fault::{Code, Fault},
    parameters::{Parameters, unknown_parameter},
    settings::Settings,
};

/// The filters among `parameters`, of which the route reads those in `own` itself.
///
/// # Errors
/// All that is wrong with the others: they are no filters, or wrong ones.
pub(super) fn filters(
    definition: &Definition,
    parameters: &Parameters,
    settings: &Settings,
    own: &[&str],
) -> Result<Vec<Filter>, Vec<Fault>> {
    let is_control = |name: &str| CONTROLS.contains(&name);
    let own_names = own.iter().map(|&name| name.to_owned());
    let known: Vec<String> = filter_parameters(definition).chain(own_names).collect();
    let others = parameters.only(|name| is_control(name) && !own.contains(&name));
    let of_lists = others
        .iter()
        .map(|(name, _)| unknown_parameter(name, known.clone()));
    let mut faults: Vec<Fault> = of_lists.collect();
    let filters = parameters.only(|name| !is_control(name) && !own.contains(&name));
    match ListQuery::parse(definition, &filters, settings) {
        Ok(query) if faults.is_empty() => return Ok(query.filters),
        Ok(_) => {}
        Err(problem) => {
            let told = problem.into_faults().into_iter();
            faults.extend(told.map(|fault| of_route(fault, &known)));
        }
    }
    Err(faults)
}

/// A list would offer its own parameters, which are not this route's.
fn of_route(fault: Fault, known: &[String]) -> Fault {
    let offers_all = fault.code == Code::UnknownParameter
        && fault
            .allowed
            .iter()
            .any(|name| CONTROLS.contains(&name.as_str()));
    if !offers_all {
        return fault;
    }
    let meant = fault
        .did_you_mean
        .clone()
        .filter(|name| known.contains(name));
    let given = fault.parameter.clone();
    let mut fault = fault.or_one_of(&given, known.to_vec());
    fault.did_you_mean = meant.or(fault.did_you_mean);
    fault
}

/// What `parse` makes of the one value of `name`; `None` if it has none.
///
/// # Errors
/// What is wrong with it.
pub(super) fn value<'a, T>(
    parameters: &'a Parameters,
    name: &str,
    parse: impl Fn(&'a str) -> Result<T, Vec<Fault>>,
) -> Result<Option<T>, Vec<Fault>> {
    match parameters.single(name) {
        Ok(text) => text.map(parse).transpose(),
        Err(fault) => Err(vec![fault]),
    }
}

/// What was asked for; or nothing, and what is wrong is kept, to be told with what else is.
pub(super) fn or_faults<T: Default>(asked: Result<T, Vec<Fault>>, faults: &mut Vec<Fault>) -> T {
    asked.unwrap_or_else(|wrong| {
        faults.extend(wrong);
        T::default()
    })
}
