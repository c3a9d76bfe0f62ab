//! What of a caller's record does not fit, as the caller is told.

use entity::local::{Unfit, Why};

use crate::{
    fault::{Code, Fault},
    problem::Problem,
};

/// A fault of a member of the body.
pub(super) fn fault(unfit: Unfit) -> Fault {
    let code = match unfit.why {
        Why::Unknown => Code::UnknownMember,
        Why::Missing => Code::MissingMember,
        Why::Repeated => Code::RepeatedMember,
        Why::Value => Code::InvalidValue,
    };
    Fault {
        allowed: unfit.accepted,
        did_you_mean: unfit.nearest,
        ..Fault::new(&unfit.member, code, unfit.reason)
    }
}

/// All that does not fit.
pub(super) fn problem(unfit: Vec<Unfit>) -> Problem {
    Problem::of_body(unfit.into_iter().map(fault).collect())
}
