//! Some of the selected rows, whichever: their numbers are drawn, and asked for by the table's own key.
//!
//! Numbers are given out one after the other, so a drawn one is most likely that of a row, and each row is as likely as
//! any other. Only where a table has hardly any of the rows that it once had, or a filter leaves few rows of very many,
//! the next row behind a drawn number is taken, and rows behind a gap come more often.

use sea_orm::{
    QueryResult,
    entity::prelude::*,
    sea_query::{Condition, ExprTrait, Order, Query, SelectStatement, SimpleExpr},
};

use super::{Model, Selection, aliased, column, numbered, wanted::Wanted};

/// Rows that filters leave are counted as few up to here: then all of their numbers are read.
const FEW: u64 = 10_000;
/// Most numbers that are drawn at once.
const DRAWN: usize = 1_000;
/// A table that never had more rows is read as if it were filtered.
const MANY: i64 = 1_000;

/// Hands out one number after the other, as evenly as any of `u64` (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The high half of the product is below `end`, and as even as 64 bits can be.
        let product = u128::from(mixed) * u128::from(end);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// A number that a row may have, where the last one has `last`.
    fn rowno(&mut self, last: u64) -> i64 {
        i64::try_from(self.below(last)).map_or(1, |number| number + 1)
    }

    /// Moves some `count` of `numbers` to their front, in any order, and leaves only those.
    fn choose(&mut self, numbers: &mut Vec<i64>, count: usize) {
        let count = count.min(numbers.len());
        for place in 0..count {
            let left = numbers.len() - place;
            let other = place + usize::try_from(self.below(left as u64)).unwrap_or_default();
            numbers.swap(place, other);
        }
        numbers.truncate(count);
    }
}

/// At most `count` of the selected rows, all different: fewer only if there are no more.
///
/// # Errors
/// The database does not answer.
pub async fn random(
    db: &impl ConnectionTrait,
    selection: Selection<'_>,
    count: usize,
    dice: &mut Dice,
) -> Result<Vec<Model>, DbErr> {
    let Some(wanted) = Wanted::of(db, selection).await? else {
        return Ok(Vec::new());
    };
    let condition = wanted.condition(db.get_database_backend());
    let table = &selection.definition.table;
    let selected = Selected { table, condition };
    // All of them are named, so that a selection that can say more cannot be taken for all rows.
    let Selection {
        definition: _,
        filters,
        of,
    } = selection;
    let is_filtered = !filters.is_empty() || of.is_some();
    let last = super::super::last_rowno(db, table).await?;
    let few = match is_filtered || last <= MANY {
        true => selected.if_few(db).await?,
        false => None,
    };
    let chosen = match few {
        Some(mut few) => {
            dice.choose(&mut few, count);
            few
        }
        None => selected.drawn(db, (count, last), dice).await?,
    };
    let mut rows = numbered(db, table, &chosen).await?;
    rows.retain(|row| row.deleted_at.is_none());
    Ok(rows)
}

/// The rows to draw from.
struct Selected<'a> {
    table: &'a str,
    condition: Condition,
}

impl Selected<'_> {
    /// The numbers of all of them in their order, if these are few.
    async fn if_few(&self, db: &impl ConnectionTrait) -> Result<Option<Vec<i64>>, DbErr> {
        let mut select = self.rownos(Condition::all());
        select.limit(FEW + 1);
        let rows = db.query_all(&select).await?;
        if rows.len() as u64 > FEW {
            return Ok(None);
        }
        let mut numbers = read(&rows)?;
        // Which index they came from is the database's choice.
        numbers.sort_unstable();
        Ok(Some(numbers))
    }

    /// Draws numbers, and takes those that are a row's; then the next rows behind a number.
    async fn drawn(
        &self,
        db: &impl ConnectionTrait,
        (count, last): (usize, i64),
        dice: &mut Dice,
    ) -> Result<Vec<i64>, DbErr> {
        let end = u64::try_from(last).unwrap_or_default();
        let mut chosen = Vec::new();
        // Most tables have most of the rows that they ever had: a few numbers will do.
        for draws in [4 * count + 16, DRAWN] {
            let numbers = (0..draws).map(|_| dice.rowno(end));
            let among = Condition::all()
                .add(column("rowno").is_in(numbers))
                .add(other_than(&chosen));
            let mut select = self.rownos(among);
            select.order_by_expr(column("rowno"), Order::Asc);
            let mut found = read(&db.query_all(&select).await?)?;
            dice.choose(&mut found, count - chosen.len());
            chosen.append(&mut found);
            if chosen.len() == count {
                return Ok(chosen);
            }
        }
        // From a number on to the end, and then from the beginning up to it.
        let from = dice.rowno(end);
        for part in [column("rowno").gte(from), column("rowno").lt(from)] {
            let among = Condition::all().add(part).add(other_than(&chosen));
            let mut select = self.rownos(among);
            select
                .order_by_expr(column("rowno"), Order::Asc)
                .limit((count - chosen.len()) as u64);
            chosen.append(&mut read(&db.query_all(&select).await?)?);
        }
        Ok(chosen)
    }

    fn rownos(&self, among: Condition) -> SelectStatement {
        let mut select = Query::select();
        select
            .expr(column("rowno"))
            .from(aliased(self.table))
            .cond_where(self.condition.clone())
            .cond_where(among);
        select
    }
}

fn other_than(chosen: &[i64]) -> SimpleExpr {
    // An empty list is no SQL; no row has this number.
    let nobody = std::iter::once(0);
    column("rowno").is_not_in(chosen.iter().copied().chain(nobody))
}

fn read(rows: &[QueryResult]) -> Result<Vec<i64>, DbErr> {
    let numbers = rows.iter().map(|row| row.try_get_by_index(0));
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn each_number_is_about_as_likely() {
        let mut dice = Dice::new(7);
        let mut counts = [0_u32; 10];
        for _ in 0..10_000 {
            counts[usize::try_from(dice.below(10)).expect("below ten")] += 1;
        }
        assert!(
            counts.iter().all(|count| (900..1100).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn what_is_chosen_is_different_and_each_as_likely() {
        let mut dice = Dice::new(1);
        let mut counts = [0_u32; 10];
        for _ in 0..10_000 {
            let mut numbers: Vec<i64> = (0..10).collect();
            dice.choose(&mut numbers, 3);
            assert!(
                numbers[0] != numbers[1] && numbers[1] != numbers[2] && numbers[0] != numbers[2]
            );
            for number in numbers {
                counts[usize::try_from(number).expect("below ten")] += 1;
            }
        }
        assert!(
            counts.iter().all(|count| (2850..3150).contains(count)),
            "{counts:?}"
        );
        let mut two = vec![1, 2];
        dice.choose(&mut two, 3);
        assert_eq!(two.len(), 2);
    }
}
