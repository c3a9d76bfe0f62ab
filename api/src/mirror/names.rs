//! What the parameters of an upstream are called, and how large its pages are.

use entity::definition::face::{PageWay, Shape};

use crate::settings::Settings;

/// Records of a page where neither the caller nor the definition says how many.
const USUAL: u64 = 100;

/// The parameter by which the next page is asked for where the upstream hands out a URL: a name that it does not have.
pub(crate) fn token_name(shape: &Shape) -> String {
    let mut name = "cursor".to_owned();
    while own_names(shape).any(|own| own == name) {
        name.insert(0, '_');
    }
    name
}

/// Records of a page whose size is not asked for.
pub(crate) fn usual(shape: &Shape) -> u64 {
    shape.pages.size.unwrap_or(USUAL)
}

/// Most records of a page.
pub(crate) fn most(shape: &Shape, settings: &Settings) -> u64 {
    usual(shape).max(settings.max_limit)
}

/// The parameters that the definition knows.
pub(super) fn names(shape: &Shape) -> Vec<String> {
    let token = match shape.pages.way {
        PageWay::Link | PageWay::Url { .. } => Some(token_name(shape)),
        _ => None,
    };
    let own = own_names(shape).map(str::to_owned);
    own.chain(token).collect()
}

fn own_names(shape: &Shape) -> impl Iterator<Item = &str> {
    let query = shape.query.iter().map(|(name, _)| name.as_str());
    let credentials = shape.credentials.iter().map(String::as_str);
    let size = shape.pages.size_param.as_deref();
    let way = match &shape.pages.way {
        PageWay::Page { param, .. }
        | PageWay::Offset { param, .. }
        | PageWay::Token { param, .. }
        | PageWay::Last { param, .. } => Some(param.as_str()),
        PageWay::None | PageWay::Link | PageWay::Url { .. } => None,
    };
    query.chain(way).chain(size).chain(credentials)
}
