//! A page asked for and checked without a run: its records in their order, and what it says of the way on.

use entity::run::Counts;

use crate::{
    Ctx, SyncError, decode,
    fetch::{
        Ask, Got, Page, page,
        page::{Answer, At},
    },
    parents::{Parent, is_wanted, parent},
    source::plan::{ForEach, Incremental, Plan, Source},
    validate::{self, Checked, Lead, Reject},
};

/// The first page of a resource.
#[derive(Debug)]
pub(super) struct Looked {
    /// In the order of the page.
    pub items: Vec<Item>,
    pub answer: Answer,
    /// How many records have a value of the plan's cursor.
    pub marked: usize,
    pub page: Box<Page>,
    pub at: At,
    /// Of a child resource: how many parents were asked for, the one of this page being the last.
    pub parents: Option<usize>,
}

/// Of so many parents children are asked for until one has some.
const MOST_PARENTS: usize = 5;

/// What became of a record.
#[derive(Debug)]
pub(super) enum Item {
    Row(Checked),
    Reject(Reject),
}

impl Item {
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Row(checked) => Some(&checked.row.record_key),
            Self::Reject(reject) => reject.key.as_deref(),
        }
    }
}

/// Asks for the first page of `plan`; of a child resource, for those of the first parents until one has records.
///
/// # Errors
/// It cannot be had or read.
pub(super) async fn look(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    counts: &mut Counts,
) -> Result<Looked, SyncError> {
    let Some(for_each) = &plan.for_each else {
        return of_parent(ctx, (source, plan), &Parent::default(), counts).await;
    };
    let parents = first_parents(ctx, source, (plan, for_each), counts).await?;
    let mut asked = 0;
    loop {
        let looked = of_parent(ctx, (source, plan), &parents[asked], counts).await?;
        asked += 1;
        if !looked.items.is_empty() || asked == parents.len() {
            return Ok(Looked {
                parents: Some(asked),
                ..looked
            });
        }
    }
}

async fn of_parent(
    ctx: &Ctx,
    (source, plan): (&Source, &Plan),
    parent: &Parent,
    counts: &mut Counts,
) -> Result<Looked, SyncError> {
    let at = page::first(&plan.page, source.is_folder());
    let ask = Ask {
        source,
        plan,
        values: &parent.values,
        at: &at,
        known: None,
    };
    let Got::Page(page) = page(ctx, ask, counts).await? else {
        return Err(SyncError::Unaskable {
            url: plan.name.clone(),
            why: "it says that nothing changed since an answer that it never gave".to_owned(),
        });
    };
    let came = decode::page(plan, &page)?;
    let mark = |cursor: &Incremental| {
        let marks = came.records.iter();
        let marks = marks.filter_map(|record| validate::mark(cursor, record.as_ref().ok()?));
        marks.count()
    };
    let marked = plan.cursor.as_ref().map_or(0, mark);
    let answer = came.answer;
    let records = came.records.into_iter().zip(0..);
    let items = records.map(|(record, before)| item(plan, parent, (record, before)));
    Ok(Looked {
        items: items.collect(),
        answer,
        marked,
        page,
        at,
        parents: None,
    })
}

fn item(plan: &Plan, parent: &Parent, (record, before): (decode::Record<'_>, u64)) -> Item {
    let lead = Lead {
        copies: &parent.copies,
        before,
    };
    let mut identities = validate::identities(plan, lead, vec![record]);
    let Some(record) = identities.records.pop() else {
        // It is one or the other.
        return Item::Reject(identities.rejects.remove(0));
    };
    match validate::row(plan, record) {
        Ok(checked) => Item::Row(checked),
        Err(reject) => Item::Reject(reject),
    }
}

/// The first records, never none, that the parent resource's upstream has now and whose children can be asked for:
/// the database may not know any yet.
///
/// # Errors
/// Its page cannot be had or read, or holds no such record.
pub(crate) async fn first_parents(
    ctx: &Ctx,
    source: &Source,
    (child, for_each): (&Plan, &ForEach),
    counts: &mut Counts,
) -> Result<Vec<Parent>, SyncError> {
    let Some(plan) = source.resource(&for_each.resource) else {
        return Ok(vec![Parent::default()]);
    };
    let looked = Box::pin(look(ctx, source, plan, counts)).await?;
    let rows = looked.items.iter().filter_map(|item| match item {
        Item::Row(checked) => Some(&checked.row),
        Item::Reject(_) => None,
    });
    let wanted = rows.filter(|row| is_wanted(for_each, &row.payload));
    let parents = wanted.map(|row| parent(for_each, 1, &row.payload, ""));
    let asked_for = parents.filter(|parent| parent.is_asked_for(child));
    let first: Vec<Parent> = asked_for.take(MOST_PARENTS).collect();
    if !first.is_empty() {
        return Ok(first);
    }
    Err(SyncError::Unaskable {
        url: child.name.clone(),
        why: format!(
            "no record on the first page of `{}` is wanted and has the values that its request is made with",
            for_each.resource
        ),
    })
}
