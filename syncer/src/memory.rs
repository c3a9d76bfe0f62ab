//! What is known of the pages that came before: whether one is as it was, and what then came of it.

use std::collections::HashMap;

use entity::page::{Entity as Page, Model, New};
use roaring::RoaringTreemap;
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Ctx, How,
    decode::{self, Record},
    fetch::{
        Validators,
        page::{self, Answer, At},
    },
    parents::Parent,
    position,
    run::Run,
    source::plan::{Mode, Plan, Source},
};

/// The pages of a resource as they were when they came last.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Fingerprint of how pages are fetched and read; nothing: each run asks with other words, so none is remembered.
    print: Option<String>,
    /// Whether what is known is not to be relied on.
    distrusts: bool,
    /// Some read ahead, in the order in which they were written.
    ahead: HashMap<Vec<u8>, Model>,
    after: i64,
    at_end: bool,
}

/// A page as it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub id: i64,
    pub validators: Validators,
    /// Hash of its records.
    pub answer: Vec<u8>,
    pub came: Came,
    pub rows: RoaringTreemap,
    pub rejects: RoaringTreemap,
}

/// What came of a page.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Came {
    /// Short name of the place that it was asked for at: validators hold for no other.
    pub at: u64,
    pub answer: Answer,
    /// Rejects whose key could not be read.
    pub keyless: u64,
}

/// How many pages are read ahead.
const AHEAD: u64 = 64;
/// How many are kept that nobody asked for.
const MOST: usize = 512;

impl Memory {
    pub(crate) fn of(source: &Source, plan: &Plan, how: How) -> Self {
        let is_useful = source.is_repeatable(plan) && !source.is_folder();
        Self {
            print: is_useful.then(|| print(plan)),
            distrusts: how.full,
            ..Self::default()
        }
    }

    /// The name of the page number `ordinal` of a walk; `None`: pages are not remembered.
    pub(crate) fn request(&self, parent: &Parent, ordinal: u64) -> Option<Vec<u8>> {
        let mut hash = Sha256::new();
        hash.update(self.print.as_ref()?);
        for value in parent.values.parent.values() {
            hash.update(value);
            hash.update([0]);
        }
        for copied in &parent.copies {
            hash.update(&copied.value);
            hash.update([0]);
        }
        hash.update(ordinal.to_le_bytes());
        Some(hash.finalize()[..16].to_vec())
    }

    /// What is known of the page of that name.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn known(
        &mut self,
        ctx: &Ctx,
        resource_id: i32,
        request: &[u8],
    ) -> Result<Option<Known>, DbErr> {
        if let Some(page) = self.ahead.remove(request) {
            return Ok(Some(self.read(page)));
        }
        if self.at_end && self.after == 0 {
            return Ok(None);
        }
        if !self.at_end {
            let pages = Page::after(&ctx.db, resource_id, self.after, AHEAD).await?;
            self.at_end = pages.len() < usize::try_from(AHEAD).unwrap_or(usize::MAX);
            if self.ahead.len() > MOST {
                self.ahead.clear();
            }
            for page in pages {
                self.after = page.id;
                self.ahead.insert(page.request.clone(), page);
            }
        }
        let page = match self.ahead.remove(request) {
            Some(page) => Some(page),
            None => Page::by_request(&ctx.db, resource_id, request).await?,
        };
        Ok(page.map(|page| self.read(page)))
    }

    /// Of a page that came under another plan nothing is known but that it is there.
    fn read(&self, page: Model) -> Known {
        let id = page.id;
        let is_current = self.print.as_ref() == Some(&page.plan) && !self.distrusts;
        let known = is_current.then(|| known(page)).flatten();
        known.unwrap_or_else(|| Known {
            id,
            ..Known::default()
        })
    }

    /// The page to remember, unless nothing of it is new.
    pub(crate) fn remembered(&self, met: Met) -> Option<New> {
        let plan = self.print.clone()?;
        let request = met.request?;
        let same = met.known.as_ref().is_some_and(|known| {
            known.answer == met.answer
                && known.validators == met.validators
                && (known.came.at == met.came.at || known.validators == Validators::default())
                && known.rows == met.rows
                && known.rejects == met.rejects
        });
        if same {
            return None;
        }
        let (mut rows, mut rejects) = (met.rows, met.rejects);
        Some(New {
            request,
            plan,
            parent: met.parent,
            etag: met.validators.etag,
            last_modified: met.validators.last_modified,
            answer: met.answer,
            came: serde_json::to_string(&met.came).ok()?,
            seen: position::bytes([&mut rows, &mut rejects].into_iter()),
        })
    }
}

/// A page that came, written down with its rows.
#[derive(Debug)]
pub(crate) struct Met {
    pub request: Option<Vec<u8>>,
    pub known: Option<Known>,
    pub parent: i64,
    pub validators: Validators,
    pub answer: Vec<u8>,
    pub came: Came,
    pub rows: RoaringTreemap,
    pub rejects: RoaringTreemap,
}

impl Known {
    /// The validators to ask with: they hold for the very same request alone.
    pub(crate) fn validators(&self, at: &At) -> Option<&Validators> {
        let any = self.validators != Validators::default();
        (any && self.came.at == page::hash(at)).then_some(&self.validators)
    }
}

/// Forgets the pages that a complete run did not meet.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn forget_unseen(db: &impl ConnectionTrait, run: &Run) -> Result<(), DbErr> {
    let last = run.position.last_page;
    if last == 0 {
        return Ok(());
    }
    let mut unseen = Page::ids_until(db, run.resource.id, last).await?;
    unseen.retain(|id| !run.seen.pages.contains(id.cast_unsigned()));
    Page::forget(db, &unseen).await
}

/// Hash of a page's records: equal for two pages only if they hold the same ones.
pub(crate) fn hash(records: &[Record<'_>]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for record in records.iter().map(decode::text) {
        hash.update(record.len().to_le_bytes());
        hash.update(record.as_bytes());
    }
    hash.finalize()[..16].to_vec()
}

/// Takes the children of a parent that did not change as they are known; false: they are not.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn cover(
    ctx: &Ctx,
    plan: &Plan,
    run: &mut Run,
    parent: i64,
) -> Result<bool, DbErr> {
    // What only adds rows has nothing to lose by a parent that is left out.
    if plan.mode == Mode::Mirror && plan.cursor.is_none() {
        let print = print(plan);
        let pages = Page::of_parent(&ctx.db, run.resource.id, parent).await?;
        let pages: Option<Vec<Known>> = pages
            .into_iter()
            .map(|page| (page.plan == print).then(|| known(page)).flatten())
            .collect();
        let Some(pages) = pages.filter(|pages| !pages.is_empty()) else {
            return Ok(false);
        };
        for page in pages {
            run.seen.rows |= page.rows;
            run.seen.rejects |= page.rejects;
            run.seen.pages.insert(page.id.cast_unsigned());
            run.position.keyless += page.came.keyless;
        }
    }
    run.seen.parents.insert(parent.cast_unsigned());
    Ok(true)
}

/// Changes with everything that decides which pages are asked for and what becomes of their records.
pub(crate) fn print(plan: &Plan) -> String {
    let definition = serde_json::to_vec(&plan.definition).unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(&plan.fingerprint);
    hash.update(definition);
    let digits = hash.finalize();
    digits[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn known(page: Model) -> Option<Known> {
    let mut bitmaps = page.seen.as_slice();
    Some(Known {
        id: page.id,
        validators: Validators {
            etag: page.etag,
            last_modified: page.last_modified,
        },
        answer: page.answer,
        came: serde_json::from_str(&page.came).ok()?,
        rows: RoaringTreemap::deserialize_from(&mut bitmaps).ok()?,
        rejects: RoaringTreemap::deserialize_from(&mut bitmaps).ok()?,
    })
}
