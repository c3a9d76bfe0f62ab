//! What reading a page would do, and what the database itself says of it.

use sea_orm::{DbBackend, entity::prelude::*, sea_query::SelectStatement};

use super::{
    Selection, Window, few,
    page::{Walker, What},
    stretch::Part,
    walk::Walk,
    wanted::Wanted,
    way::{FAR, Few, Way},
};
use crate::dialect::{self, Dialect};

/// One thing that reading a page does.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub does: Does,
    /// The fields of the index that is used; none: the rows' numbers.
    pub index: Vec<String>,
    /// The part of the list that it brings.
    pub part: Part,
    /// Most entries that are looked at.
    pub at_most: u64,
    /// How many rows the database thinks that there are; `None` if it does not say.
    pub estimated_rows: Option<u64>,
    /// What the database says that it would do, in its own words.
    pub plan: Vec<String>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// Goes along an index that has the rows in the list's order, from where the page begins.
    Walk,
    /// Looks up all rows of a range of an index, few as they are.
    Seek,
    /// Puts them in order.
    Sort,
}

/// The steps that reading `window` takes at first. None: it is known that no row can fit.
///
/// # Errors
/// The database does not answer, or no index has that order.
pub async fn explain(
    db: &impl ConnectionTrait,
    selection: Selection<'_>,
    window: Window<'_>,
) -> Result<Vec<Step>, DbErr> {
    let Some(wanted) = Wanted::of(db, selection).await? else {
        return Ok(Vec::new());
    };
    match Way::of(db, &wanted, window).await? {
        Way::Few(few) => of_few(db, &wanted, (window, &few)).await,
        Way::Walk(walk) => {
            let walker = Walker {
                wanted: &wanted,
                walk: &walk,
                window,
                backend: db.get_database_backend(),
            };
            of_walk(db, &walker).await
        }
    }
}

async fn of_walk(db: &impl ConnectionTrait, walker: &Walker<'_>) -> Result<Vec<Step>, DbErr> {
    let enough = walker.window.limit.saturating_add(1);
    let dialect = Dialect::of(db).await?;
    let index = names(&walker.walk.fields());
    let mut steps = Vec::new();
    for stretch in walker.stretches(walker.window.from) {
        let select = walker.select(&stretch, What::Payloads, enough);
        let told = dialect::explain(db, dialect, &select).await?;
        steps.push(Step {
            does: Does::Walk,
            index: index.clone(),
            part: stretch.part,
            at_most: if walker.passes_by() {
                FAR.max(enough)
            } else {
                enough
            },
            estimated_rows: told.estimated_rows,
            plan: told.lines,
        });
    }
    Ok(steps)
}

async fn of_few(
    db: &impl ConnectionTrait,
    wanted: &Wanted<'_>,
    (window, few): (Window<'_>, &Few<'_>),
) -> Result<Vec<Step>, DbErr> {
    let backend: DbBackend = db.get_database_backend();
    let dialect = Dialect::of(db).await?;
    let rows = few.rownos.len() as u64;
    let mut steps = Vec::new();
    let step = |does, index, told: dialect::Told| Step {
        does,
        index,
        part: Part::Rows,
        at_most: rows,
        estimated_rows: told.estimated_rows,
        plan: told.lines,
    };
    for select in &few.asked {
        let told = dialect::explain(db, dialect, select).await?;
        steps.push(step(Does::Seek, names(&[&few.field.name]), told));
    }
    let select: SelectStatement = few::select(backend, wanted, (window, few));
    let told = dialect::explain(db, dialect, &select).await?;
    steps.push(step(Does::Sort, Vec::new(), told));
    Ok(steps)
}

fn names(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|&field| field.to_owned()).collect()
}

impl Walker<'_> {
    /// Whether the walk meets rows that do not fit, beside those that are deleted.
    fn passes_by(&self) -> bool {
        let walk: &Walk<'_> = self.walk;
        let mut columns = self.wanted.columns.iter();
        let mut lists = self.wanted.lists.iter();
        !columns.all(|(field, allowed)| walk.sees_to(field, allowed))
            || !lists.all(|(field, items)| walk.sees_to_list(field, items))
    }
}
