//! Users, profiles and the audit, as the document tells them.

use entity::audit;

use super::{act::Act, tables};
use crate::identity::Need;

const TAG: &str = "directory";

pub(super) fn acts() -> Vec<(String, Act<'static>)> {
    vec![("/api/v1/audit".to_owned(), of_audit())]
}

fn of_audit() -> Act<'static> {
    let listing = audit::Entity::listing();
    let answer = "What was done with the rights of a user or key, the newest first.";
    Act {
        method: "get",
        tag: TAG,
        id: "audit",
        summary: "Who did what, and from where",
        need: Need::Admin,
        parameters: tables::parameters(&listing),
        body: None,
        answers: vec![(200, answer, tables::body(&tables::row(&listing)))],
        problems: &["BadList", "QueryTimeout"],
    }
}
