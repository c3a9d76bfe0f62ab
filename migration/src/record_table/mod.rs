//! A resource's table: decides what must change for a definition, and changes it.
//!
//! SQLite takes all steps in one transaction. MySQL commits each one by itself, so a crash leaves some
//! of them done: every step may be repeated.
//! Filling new columns from the stored payloads is the syncer's.

mod change;
mod child;
mod history;
mod order;

use entity::{
    definition::{Definition, Field, Kind, Order, Table},
    dialect::{Dialect, begin_write},
};
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use sea_orm_migration::SchemaManager;

use self::change::Change;
pub(crate) use self::order::{drop_order, index_order};

/// One change of a resource's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Without the indexes of its fields: [`index`] makes them.
    CreateTable,
    DropColumn(Field),
    AddColumn(Field),
    DropList(Field),
    CreateList(Field),
    DropObjects(Table),
    CreateObjects(Table),
    /// The indexes of a list that is made of texts.
    IndexList(Field),
    DropIndex(Field),
    CreateIndex(Field),
    DropOrder(Order),
    CreateOrder(Order),
    /// The index by which the changes of the rows are read in their order.
    IndexChanges,
    /// The table of the records' versions, unless it is there.
    CreateHistory,
}

/// What must change so that a table made for `from` serves `to`, in order. `from` is `None` for a new table.
pub fn plan(from: Option<&Definition>, to: &Definition) -> Vec<Step> {
    let Some(from) = from else {
        return vec![Step::CreateTable];
    };
    let mut steps = drops(from, to);
    for new in &to.fields {
        let old = from
            .field(&new.name)
            .filter(|old| same_column(from, old, to, new));
        match (old, new.kind) {
            (None, Kind::List) => steps.push(Step::CreateList(new.clone())),
            (None, _) => steps.push(Step::AddColumn(new.clone())),
            (Some(_), Kind::List) => {}
            (Some(old), _) if old.index && !new.index => steps.push(Step::DropIndex(new.clone())),
            (Some(old), _) if new.index && !old.index => steps.push(Step::CreateIndex(new.clone())),
            (Some(_), _) => {}
        }
    }
    let is_new = |new: &Field| !from.derived().any(|old| old == *new);
    steps.extend(to.derived().filter(is_new).map(Step::CreateList));
    let is_new = |new: &&Table| !from.tables.iter().any(|old| same_columns(old, new));
    let new = to.tables.iter().filter(is_new);
    steps.extend(new.cloned().map(Step::CreateObjects));
    let orders = to
        .orders
        .iter()
        .filter(|order| !order_stays(from, to, order));
    steps.extend(orders.cloned().map(Step::CreateOrder));
    if to.history && !from.history {
        steps.push(Step::CreateHistory);
    }
    steps
}

fn drops(from: &Definition, to: &Definition) -> Vec<Step> {
    // First of all: SQLite refuses to drop a column that has an index.
    let orders = from
        .orders
        .iter()
        .filter(|order| !order_stays(from, to, order));
    let mut steps: Vec<Step> = orders.cloned().map(Step::DropOrder).collect();
    for old in &from.fields {
        let stays = to
            .field(&old.name)
            .is_some_and(|new| same_column(from, old, to, new));
        match old.kind {
            _ if stays => {}
            Kind::List => steps.push(Step::DropList(old.clone())),
            _ => steps.push(Step::DropColumn(old.clone())),
        }
    }
    let goes = |old: &Field| !to.derived().any(|new| new == *old);
    steps.extend(from.derived().filter(goes).map(Step::DropList));
    let goes = |old: &&Table| !to.tables.iter().any(|new| same_columns(old, new));
    let gone = from.tables.iter().filter(goes);
    steps.extend(gone.cloned().map(Step::DropObjects));
    steps
}

/// The fields of `from` whose columns stay as they are and hold what `to` wants: readers may use them meanwhile.
pub fn unchanged(from: &Definition, to: &Definition) -> Definition {
    let stays =
        |old: &&Field| to.fields.contains(old) && from.text_limit(old) == to.text_limit(old);
    Definition {
        fields: from.fields.iter().filter(stays).cloned().collect(),
        orders: (from.orders.iter())
            .filter(|order| order_stays(from, to, order))
            .filter(|order| {
                order
                    .iter()
                    .all(|key| from.field(&key.field).as_ref().is_some_and(stays))
            })
            .cloned()
            .collect(),
        search: (from.search.iter())
            .filter(|_| search_stays(from, to))
            .cloned()
            .collect(),
        tables: (from.tables.iter())
            .filter(|old| to.tables.contains(old))
            .cloned()
            .collect(),
        history: from.history && to.history,
        ..to.clone()
    }
}

/// Whether full text search reads the same fields in both, as before.
fn search_stays(from: &Definition, to: &Definition) -> bool {
    let same = |name: &String| from.field(name) == to.field(name);
    from.search == to.search && from.search.iter().all(same)
}

/// Whether both have the order, over columns that stay.
fn order_stays(from: &Definition, to: &Definition, order: &Order) -> bool {
    let stays = |name: &str| {
        let both = from.field(name).zip(to.field(name));
        both.is_some_and(|(old, new)| same_column(from, old, to, new))
    };
    from.orders.contains(order)
        && to.orders.contains(order)
        && order.iter().all(|key| stays(&key.field))
}

fn same_column(from: &Definition, old: &Field, to: &Definition, new: &Field) -> bool {
    old.kind == new.kind && from.text_limit(old) == to.text_limit(new)
}

/// Whether the objects of both have the same columns and indexes, wherever their values come from.
fn same_columns(old: &Table, new: &Table) -> bool {
    let columns = |objects: &Table| -> Vec<_> {
        let fields = objects.fields.iter();
        fields
            .map(|field| {
                (
                    field.name.clone(),
                    field.kind,
                    field.text_limit(),
                    field.index,
                )
            })
            .collect()
    };
    old.name == new.name && columns(old) == columns(new)
}

/// Takes `steps` on the table of `definition`.
///
/// # Errors
/// The database does not answer or refuses a statement, or a table of that name with rows in it
/// exists already and is not this resource's.
pub async fn apply(
    db: &DatabaseConnection,
    definition: &Definition,
    steps: &[Step],
) -> Result<(), DbErr> {
    if steps.is_empty() {
        return Ok(());
    }
    let dialect = Dialect::of(db).await?;
    // One connection for all steps: SQLite's others may answer from the schema as they last saw it.
    let transaction = begin_write(db).await?;
    let change = Change {
        dialect,
        manager: SchemaManager::new(&transaction),
        db: &transaction,
        definition,
    };
    match change.take(steps).await {
        Ok(()) => transaction.commit().await,
        Err(error) => {
            transaction.rollback().await?;
            Err(error)
        }
    }
}

/// Whether there is a table of the versions of the records, wanted or left by an earlier definition.
///
/// # Errors
/// The database does not answer.
pub async fn has_history(db: &DatabaseTransaction, definition: &Definition) -> Result<bool, DbErr> {
    let manager = SchemaManager::new(db);
    manager.has_table(definition.history_table()).await
}

/// Gives the table of `definition` the indexes that it does not have yet: of its fields, of what is made of its texts, and
/// of the order of changes.
///
/// A table is filled first and indexed then: rows come in the upstream's order, and each of them would have another
/// place in each index, more of them than any cache holds; sorting all values once takes a fraction of that.
///
/// # Errors
/// The database does not answer or refuses a statement.
pub async fn index(db: &DatabaseConnection, definition: &Definition) -> Result<(), DbErr> {
    let dialect = Dialect::of(db).await?;
    if dialect != Dialect::Sqlite {
        change::create_indexes(db, dialect, definition).await?;
        return index_derived(db, definition).await;
    }
    let fields = definition.columns().filter(|field| field.index);
    let fields = fields.map(|field| Step::CreateIndex(field.clone()));
    for step in fields.chain([Step::IndexChanges]) {
        // The lock that keeps all other writers out is held no longer than one index takes.
        apply(db, definition, &[step]).await?;
    }
    for order in &definition.orders {
        apply(db, definition, &[Step::CreateOrder(order.clone())]).await?;
    }
    index_derived(db, definition).await
}

async fn index_derived(db: &DatabaseConnection, definition: &Definition) -> Result<(), DbErr> {
    for list in definition.derived() {
        apply(db, definition, &[Step::IndexList(list)]).await?;
    }
    Ok(())
}
