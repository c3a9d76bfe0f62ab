//! `If-Match` and `If-None-Match`: what the caller knows of the record already. What it does not, it does not overwrite.

use axum::http::{
    HeaderMap,
    header::{AsHeaderName, IF_MATCH, IF_NONE_MATCH},
};
use entity::record;

use crate::{
    caching::hexadecimal,
    problem::{Kind, Problem},
};

/// Checks that `row`, the record as it is now, is one that the caller expects.
///
/// # Errors
/// It is another.
pub(super) fn holds(request: &HeaderMap, row: Option<&record::Model>) -> Result<(), Problem> {
    let hash = row.map(|row| hexadecimal(&row.payload_hash));
    let hash = hash.as_deref();
    let failed = |detail: &str| Err(Problem::new(Kind::PreconditionFailed, detail));
    if request.contains_key(IF_MATCH) && !names(request, IF_MATCH, hash) {
        return failed(match hash {
            Some(_) => "the record is another by now: read it again, and decide anew",
            None => "there is no such record",
        });
    }
    if request.contains_key(IF_NONE_MATCH) && names(request, IF_NONE_MATCH, hash) {
        return failed("there is such a record already");
    }
    Ok(())
}

/// Whether a list of tags names the record with that hash; `*` names any that is there.
///
/// A record's tag begins with the hash of its bytes; what follows tells of how fresh it is, which no writer depends on.
fn names(request: &HeaderMap, header: impl AsHeaderName, hash: Option<&str>) -> bool {
    let lists = request.get_all(header).iter();
    let lists = lists.filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|tag| match (hash, tag) {
        (Some(_), "*") => true,
        (Some(hash), tag) => {
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            let opaque = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            opaque.is_some_and(|tag| tag.split('.').next() == Some(hash))
        }
        (None, _) => false,
    })
}
