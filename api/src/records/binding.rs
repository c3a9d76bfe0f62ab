//! Whose cursor it is: a digest of the list that it was given out for.

use entity::{
    definition::Cell,
    listing::Listing,
    record::{Filter, Test},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{cursor::as_text, list::Parent, query::ListQuery};
use crate::registry::Resource;

/// What a cursor belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Binding(u64);

impl Binding {
    /// Resource, parent, sort, and filters in any order: from page to page these stay.
    pub(super) fn of_list(resource: &Resource, of: Option<Parent<'_>>, query: &ListQuery) -> Self {
        let mut parts = vec![resource.source.name.clone(), resource.model.name.clone()];
        parts.extend(of.map(|parent| format!("{}/{}", parent.resource.model.name, parent.key)));
        parts.extend(order_and_filters(query));
        Self::of(parts.iter().map(String::as_str))
    }

    /// The same of a list of a platform table: no source is called so.
    pub(crate) fn of_listing(listing: &Listing, query: &ListQuery) -> Self {
        let name = format!("/{}", listing.name());
        let parts: Vec<String> = [name].into_iter().chain(order_and_filters(query)).collect();
        Self::of(parts.iter().map(String::as_str))
    }

    /// Resource and filters of what is answered in the upstream's place.
    pub(crate) fn of_mirrored(resource: &Resource, selected: &[Filter]) -> Self {
        let name = [&resource.source.name, &resource.model.name].map(String::clone);
        let parts: Vec<String> = name.into_iter().chain(filters(selected)).collect();
        Self::of(
            ["mirror"]
                .into_iter()
                .chain(parts.iter().map(String::as_str)),
        )
    }

    /// The digest of `parts`, each told apart from its neighbours.
    pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut short = [0; 8];
        short.copy_from_slice(&digest.finalize()[..8]);
        Self(u64::from_be_bytes(short))
    }
}

fn order_and_filters(query: &ListQuery) -> Vec<String> {
    let sort = query.sort.iter().map(|key| {
        let sign = if key.descending { "-" } else { "" };
        format!("{sign}{}", key.field.name)
    });
    let mut parts = vec!["sort".to_owned()];
    parts.extend(sort);
    parts.push("filter".to_owned());
    parts.extend(filters(&query.filters));
    parts
}

/// The filters as texts, in any order.
fn filters(filters: &[Filter]) -> Vec<String> {
    let texts = filters.iter().map(|filter| {
        let (operator, values) = test(&filter.test);
        let name = &filter.field.name;
        match values.as_slice() {
            [value] => format!("{name}{operator}={value}"),
            // Quoted, so that values with commas are told apart.
            values => format!("{name}{operator}:{values:?}"),
        }
    });
    let mut texts: Vec<String> = texts.collect();
    texts.sort_unstable();
    texts
}

/// The operator and the values, in their plain form.
fn test(test: &Test) -> (&'static str, Vec<String>) {
    let one = |cell: &Cell| vec![as_text(cell).unwrap_or_default()];
    let all = |cells: &[Cell]| cells.iter().flat_map(one).collect();
    match test {
        Test::Equals(cell) => ("", one(cell)),
        Test::Among(cells) => ("__in", all(cells)),
        Test::NotAmong(cells) => ("__notin", all(cells)),
        Test::Above(cell) => ("__gt", one(cell)),
        Test::AtLeast(cell) => ("__gte", one(cell)),
        Test::Below(cell) => ("__lt", one(cell)),
        Test::AtMost(cell) => ("__lte", one(cell)),
        Test::NoneOrBetween(low, high) => {
            let ends = [low, high].map(|end| end.as_ref().and_then(as_text).unwrap_or_default());
            ("__within", ends.to_vec())
        }
        Test::StartsWith(prefix) => ("__startswith", vec![prefix.clone()]),
        Test::IsNull(is) => ("__isnull", vec![is.to_string()]),
        Test::Has(item) => ("__has", vec![item.clone()]),
        Test::HasAny(items) => ("__hasany", items.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::Binding;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Binding::of(["ab", "c"]), Binding::of(["a", "bc"]));
    }
}
