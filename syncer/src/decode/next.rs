//! What a page says of the way on: where the next one is, whether there is one, and how many records there are in all.

use entity::raw::at;

use super::{Record, json::Body};
use crate::{
    error::SyncError,
    fetch::{Page, page::Answer},
    source::plan::{Place, Plan, Way},
};

/// What of a page was read.
#[derive(Debug, Default)]
pub(super) struct Context<'c, 'a> {
    /// Where it is JSON as a whole.
    pub(super) body: Option<&'c Body<'c, 'a>>,
    pub(super) records: &'c [Record<'a>],
}

/// What the page says of the way on.
///
/// # Errors
/// Its `Link` header breaks off.
pub(super) fn answer(
    plan: &Plan,
    page: &Page,
    context: &Context<'_, '_>,
) -> Result<Answer, SyncError> {
    let said = |place: &Place| said(place, page, context);
    let next = match &plan.page.way {
        Way::Link => page.link()?,
        Way::Url { next, .. } => said(next)
            .filter(|link| !link.is_empty())
            .map(|link| page.links.resolve(&link)),
        Way::Cursor { next, .. } => said(next),
        Way::None | Way::Number { .. } | Way::Offset { .. } => None,
    };
    let more = plan.page.more.as_ref().and_then(said);
    Ok(Answer {
        records: context.records.len() as u64,
        total: plan.page.total.as_ref().and_then(said).and_then(number),
        more: more.map(|more| !["", "false", "0", "no"].contains(&more.as_str())),
        // It is stored, and the upstream may repeat in it what it was asked with.
        next: next.map(|next| page.secrets.name(&next)),
        rest: page.rest,
    })
}

fn number(text: impl AsRef<str>) -> Option<u64> {
    text.as_ref().trim().parse().ok()
}

/// The value at `place` as a plain text; `None`: absent or null.
fn said(place: &Place, page: &Page, context: &Context<'_, '_>) -> Option<String> {
    let found = match place {
        Place::Header(name) => return page.headers.get(name)?.to_str().ok().map(str::to_owned),
        Place::Body(pointer) => context.body?.at(pointer)?,
        Place::Last(pointer) => {
            let mut records = context.records.iter().rev();
            let last = records.find_map(|record| record.as_deref().ok())?;
            at(serde_json::from_str(last).ok()?, pointer)?
        }
    };
    match found.get() {
        "null" => None,
        text => Some(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())),
    }
}
