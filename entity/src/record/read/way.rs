//! How a list is read: its index walked from where the page begins, or few rows fetched and sorted.
//!
//! An index that has the rows in order and no others is walked, and a page costs the same however deep it is. Where there
//! are further conditions, their own indexes are asked first, up to a bound: if one of them leaves few rows, these are
//! fetched and sorted. Otherwise what does not fit is passed by, and the walk ends at a bound, with a page that is not
//! full. So no request reads more than some thousand entries, whatever it asks for.

use sea_orm::{
    DbBackend,
    entity::prelude::*,
    sea_query::{Alias, Query, SelectStatement, SimpleExpr},
};

use super::{
    Window, aliased,
    allowed::Allowed,
    column, condition,
    walk::Walk,
    wanted::{Items, Wanted},
};
use crate::{definition::Field, dialect};

/// Most rows that are fetched and sorted.
pub(super) const FEW: u64 = 4096;
/// Most entries of an index that one page walks.
pub(super) const FAR: u64 = 10_000;
/// Most ranges of an index that are asked how much they have.
const MOST_RANGES: usize = 8;
/// Most fields whose index is asked.
const MOST_FIELDS: usize = 8;

/// How a list is read.
pub(super) enum Way<'a> {
    Walk(Walk<'a>),
    /// The only rows that can fit, by the index that told.
    Few(Few<'a>),
}

/// Rows that meet one condition, of which there are at most [`FEW`].
pub(super) struct Few<'a> {
    pub(super) field: &'a Field,
    pub(super) rownos: Vec<i64>,
    /// What found them, to be explained.
    pub(super) asked: Vec<SelectStatement>,
}

impl<'a> Way<'a> {
    /// Decides it.
    ///
    /// # Errors
    /// The database does not answer, or no index has that order.
    pub(super) async fn of(
        db: &impl ConnectionTrait,
        wanted: &Wanted<'a>,
        window: Window<'a>,
    ) -> Result<Self, DbErr> {
        let walk = Walk::of(wanted, window.sort)?;
        let few = few(db, wanted, |probe| !probe.is_walked(&walk)).await?;
        Ok(few.map_or(Self::Walk(walk), Self::Few))
    }
}

/// The rows that meet one of the conditions for which `asked` holds, if they are few.
pub(super) async fn few<'a>(
    db: &impl ConnectionTrait,
    wanted: &Wanted<'a>,
    asked: impl Fn(&Probe<'a>) -> bool,
) -> Result<Option<Few<'a>>, DbErr> {
    let probes = probes(db.get_database_backend(), wanted).into_iter();
    for probe in probes.filter(asked).take(MOST_FIELDS) {
        if let Some(few) = probe.few(db).await? {
            return Ok(Some(few));
        }
    }
    Ok(None)
}

/// A condition whose index can tell how many rows meet it.
pub(super) struct Probe<'a> {
    field: &'a Field,
    of: Of,
    /// One for each range of the index: the numbers of its rows.
    selects: Vec<SelectStatement>,
}

enum Of {
    Column(Allowed),
    List(Items),
}

fn probes<'a>(backend: DbBackend, wanted: &Wanted<'a>) -> Vec<Probe<'a>> {
    let definition = wanted.definition;
    let indexed = wanted.columns.iter().filter(|(field, _)| field.index);
    let columns = indexed.map(|&(field, ref allowed)| {
        let ranges = condition::ranges(backend, field, allowed).into_iter();
        let selects = ranges.map(|range| {
            let mut select = Query::select();
            select
                .expr(column("rowno"))
                .from(aliased(&definition.table))
                .and_where(range);
            dialect::walk_index(&mut select, &definition.index_name(field));
            select
        });
        Probe {
            field,
            of: Of::Column(allowed.clone()),
            selects: selects.collect(),
        }
    });
    let lists = wanted.lists.iter().filter_map(|&(field, ref items)| {
        let is_item = items.is_item()?;
        let item = Alias::new("item");
        let mut select = Query::select();
        select
            .column((item.clone(), Alias::new("rowno")))
            .from_as(Alias::new(definition.list_table(field)), item)
            .and_where(is_item);
        dialect::walk_index(&mut select, &definition.list_index_name(field));
        Some(Probe {
            field,
            of: Of::List(items.clone()),
            selects: vec![select],
        })
    });
    columns
        .chain(lists)
        .filter(|probe| probe.selects.len() <= MOST_RANGES)
        .collect()
}

impl<'a> Probe<'a> {
    fn is_walked(&self, walk: &Walk<'a>) -> bool {
        match &self.of {
            Of::Column(allowed) => walk.sees_to(self.field, allowed),
            Of::List(items) => walk.sees_to_list(self.field, items),
        }
    }

    async fn few(self, db: &impl ConnectionTrait) -> Result<Option<Few<'a>>, DbErr> {
        let mut found = 0;
        for select in &self.selects {
            found += at_most(db, select, FEW + 1 - found).await?;
            if found > FEW {
                return Ok(None);
            }
        }
        let mut rownos = Vec::new();
        let mut asked = self.selects;
        for select in &mut asked {
            // It may have become more since.
            select.limit(FEW);
            for row in db.query_all(select).await? {
                rownos.push(row.try_get_by_index(0)?);
            }
        }
        rownos.sort_unstable();
        // A list may have an item twice.
        rownos.dedup();
        let field = self.field;
        Ok(Some(Few {
            field,
            rownos,
            asked,
        }))
    }
}

/// How many rows `select` has, counted up to `most`.
pub(crate) async fn at_most(
    db: &impl ConnectionTrait,
    select: &SelectStatement,
    most: u64,
) -> Result<u64, DbErr> {
    let mut counted = Query::select();
    let some = select.clone().limit(most).to_owned();
    counted
        .expr(counting())
        .from_subquery(some, Alias::new("some"));
    let row = db.query_one(&counted).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

pub(crate) fn counting() -> SimpleExpr {
    Expr::cust("COUNT(*)")
}
