//! What records were: the versions of one, and one or all of them as they were at a version.

mod moment;
mod one;
mod past;
mod told;

pub(crate) use self::{moment::AS_OF, told::history};
pub(super) use self::{one::one, past::list};

use crate::{
    fault::{Code, Fault},
    problem::{Kind, Problem},
    registry::Resource,
};

/// Enough payload for one answer.
const ENOUGH_BYTES: usize = 4 << 20;

/// Where the history of a resource begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Since {
    version: i64,
    at: Option<chrono::DateTime<chrono::Utc>>,
}

impl Since {
    /// # Errors
    /// The resource has no history, or not yet.
    fn of(resource: &Resource) -> Result<Self, Problem> {
        if !resource.definition.history {
            return Err(Problem::not_found(none_kept(resource, "resource")));
        }
        let model = &resource.model;
        let Some(version) = model.history_version else {
            let detail = format!(
                "the history of resource `{}` is being begun; try again shortly",
                model.name
            );
            return Err(Problem::new(Kind::NotReady, detail));
        };
        let at = model.history_at;
        Ok(Self { version, at })
    }
}

fn none_kept(resource: &Resource, parameter: &str) -> Fault {
    let name = &resource.model.name;
    let detail = format!(
        "resource `{name}` keeps no history: `history = true` in its definition has each version of its records kept"
    );
    Fault::new(parameter, Code::NoHistory, detail)
}

/// For the routes that know of the present only.
pub(crate) fn not_here() -> Fault {
    let detail = "`as_of` is for the lists of a resource with a history, without filters, and for its single records: a \
                  history has no indexes of fields";
    Fault::new(AS_OF, Code::NotWithAsOf, detail)
}
