//! What a list of a platform table is asked for.

use entity::{listing::Listing, record::SortKey};

use crate::{
    AppState,
    fault::{Code, Fault},
    parameters::Parameters,
    patience::TIMEOUT,
    problem::{Problem, both},
    records::{Binding, Cursor, ListQuery, Paging, Terms, cursor_of},
};

/// The parameters that are no filters.
pub(crate) const CONTROLS: [&str; 6] = ["sort", "fields", "limit", "cursor", "count", TIMEOUT];

/// The member that every row has, whatever `fields` says.
pub(super) const ID: &str = "id";

/// A list that was asked for, checked.
pub(super) struct Wanted {
    pub(super) parameters: Parameters,
    pub(super) query: ListQuery,
    binding: Binding,
    cursor: Option<Cursor>,
}

impl Wanted {
    /// Checks what is asked.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(super) fn of(
        state: &AppState,
        listing: &Listing,
        query: Option<&str>,
    ) -> Result<Self, Problem> {
        let parameters = Parameters::decode(query)?;
        let terms = Terms {
            controls: &CONTROLS,
            sortable: Some(listing.sortable()),
        };
        let query = ListQuery::on((listing.definition(), terms), &parameters, &state.settings);
        let (mut query, ()) = both(query, are_known(listing, &parameters))?;
        if query.sort.is_empty() {
            query.sort = first(listing);
        }
        let binding = Binding::of_listing(listing, &query);
        let cursor = cursor_of(&state.signer, &binding, &query)?;
        Ok(Self {
            parameters,
            query,
            binding,
            cursor,
        })
    }

    pub(super) fn paging(&self) -> Paging<'_> {
        Paging {
            binding: &self.binding,
            cursor: self.cursor.as_ref(),
            query: &self.query,
        }
    }
}

/// The order of a list that is asked for without one.
fn first(listing: &Listing) -> Vec<SortKey> {
    let id = listing.definition().field(ID);
    let id = id.filter(|_| listing.is_newest_first());
    let newest = id.map(|id| SortKey {
        field: id.clone(),
        descending: true,
    });
    newest.into_iter().collect()
}

/// Whether the members that `fields` names are members of the rows: unlike those of records they are known.
fn are_known(listing: &Listing, parameters: &Parameters) -> Result<(), Problem> {
    let names = parameters.iter().filter(|(name, _)| *name == "fields");
    let names = names.flat_map(|(_, value)| value.split(','));
    let known = || listing.fields().iter().map(|field| field.name.clone());
    // An empty name is told of already.
    let unknown = names.filter(|name| !name.is_empty() && !known().any(|known| known == *name));
    let faults: Vec<Fault> = unknown
        .map(|name| {
            let detail = format!("`{}` have no member `{name}`", listing.name());
            Fault::new("fields", Code::UnknownField, detail).or_one_of(name, known().collect())
        })
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Problem::refused(faults)),
    }
}
