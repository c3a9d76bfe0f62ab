//! A few real requests: the first page, a second one where there may be one, and some more of the same kind.

use super::{
    InferError,
    answer::Answer,
    ask::Asker,
    asked::Asked,
    paging,
    records::{self, Found},
    signs,
    step::{self, Brought},
};
use crate::{
    SyncError,
    draft::{self, Page, PageKind},
};

/// Most pages that are read.
const PAGES: usize = 3;

/// What a look at an upstream brought.
#[derive(Clone, Debug)]
pub(crate) struct Walked {
    pub(crate) answers: Vec<Answer>,
    pub(crate) found: Found,
    pub(crate) page: Page,
    /// Whether the last page came.
    pub(crate) is_all: bool,
    /// Whether the upstream answers 404 behind the last page.
    pub(crate) ends_in_404: bool,
    /// What speaks for the page, and what was tried in vain.
    pub(crate) notes: Vec<String>,
}

/// What the definition says already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    pub(crate) page: Option<Page>,
    pub(crate) records: Option<Found>,
}

/// Reads the first pages; `hint` is what the records may be called.
pub(crate) async fn walk(
    asker: &mut Asker<'_>,
    asked: &Asked,
    hint: &str,
    declared: &Declared,
) -> Result<Walked, InferError> {
    let begun = declared.page.clone().unwrap_or_else(|| start(asked));
    let (first, found) = loop {
        let first = asker.ask(&step::first(&begun)).await?;
        match found(declared, &first, hint) {
            Ok(found) => break (first, found),
            // Another parent may have some.
            Err(_) if asker.next_parent() => {}
            Err(why) => return Err(asker.of_parents(why)),
        }
    };
    let mut walked = Walked {
        answers: vec![first],
        found,
        page: begun,
        is_all: false,
        ends_in_404: false,
        notes: Vec::new(),
    };
    if declared.page.is_none() {
        second(asker, asked, &mut walked).await?;
    }
    while walked.answers.len() < PAGES && !walked.is_all {
        let Some(step) = step::after(&walked.page, &walked.answers, &walked.found) else {
            break;
        };
        match asker.ask(&step).await {
            Ok(answer) => {
                walked.is_all = walked.found.records(&answer.body).is_empty();
                walked.answers.push(answer);
            }
            Err(InferError::Upstream(SyncError::Status { status: 404, .. })) => {
                walked.is_all = true;
                walked.ends_in_404 = true;
            }
            Err(error) => return Err(error),
        }
    }
    walked.is_all |= step::after(&walked.page, &walked.answers, &walked.found).is_none();
    Ok(walked)
}

/// Where the records are in the first answer.
fn found(declared: &Declared, first: &Answer, hint: &str) -> Result<Found, String> {
    let found = match &declared.records {
        Some(found) => found.clone(),
        None => records::find(&first.body, hint)?,
    };
    let records = found.records(&first.body);
    if records.iter().any(|(_, record)| record.is_object()) {
        return Ok(found);
    }
    let place = draft::place(&found.path);
    Err(format!(
        "there is no object at `{place}` in the answer of {}",
        first.url
    ))
}

/// The page as the parameters at hand ask for it.
fn start(asked: &Asked) -> Page {
    let mut page = Page::new(PageKind::None);
    if let Some((param, size)) = &asked.size {
        page.size_param = Some(param.clone());
        page.size = Some(*size);
    }
    let numbered = [
        asked
            .page
            .as_ref()
            .map(|(param, number)| (param, (*number).min(1))),
        asked
            .offset
            .as_ref()
            .map(|(param, number)| (param, u64::from(*number == 1))),
    ];
    if let Some((param, start)) = numbered.into_iter().flatten().next() {
        page.param = Some(param.clone());
        page.start = Some(start);
    }
    page
}

/// Finds out how more pages are asked for: the first way that brings other records.
async fn second(
    asker: &mut Asker<'_>,
    asked: &Asked,
    walked: &mut Walked,
) -> Result<(), InferError> {
    let first = walked.answers[0].clone();
    let records = walked.found.records(&first.body).len();
    let signs = signs::read(&first, &walked.found, records);
    for page in paging::candidates(&first, &signs, asked, records) {
        let way = way(&page);
        let tried = match page.start {
            None if page.kind == PageKind::Page => unnumbered(asker, page, walked).await,
            _ => other(asker, page, walked).await,
        };
        match tried {
            Ok(Ok((page, answer))) => {
                walked.notes.push(format!(
                    "a second page was asked for by {way}: other records came"
                ));
                walked.page = page;
                walked.answers.push(answer);
                return before(asker, walked).await;
            }
            Ok(Err(why)) => walked.notes.push(format!("{way} was tried: {why}")),
            Err(error) => walked
                .notes
                .push(format!("{way} was tried: {}", passed(error)?)),
        }
    }
    walked.page.kind = PageKind::None;
    if let Some(promise) = signs.promise {
        walked.notes.push(format!(
            "WARNING: {promise}, so there are more pages; how to ask for them was not found out"
        ));
    } else if paging::is_round(records, asked) {
        walked.notes.push(format!(
            "exactly {records} records came, and nothing says that they are all: look whether there are more pages"
        ));
    }
    Ok(())
}

type Tried = Result<(Page, Answer), String>;

/// Asks for the second page as `page` says.
async fn other(asker: &mut Asker<'_>, page: Page, walked: &Walked) -> Result<Tried, InferError> {
    let Some(step) = step::after(&page, &walked.answers, &walked.found) else {
        return Ok(Err("it names no next page".to_owned()));
    };
    let answer = asker.ask(&step).await?;
    Ok(
        match step::brought(&walked.answers[0], &answer, &walked.found) {
            Brought::Others => Ok((page, answer)),
            Brought::TheSame => Err("the same records came".to_owned()),
            Brought::Nothing => Err("no records came".to_owned()),
        },
    )
}

/// The same where it is not known which number the first page has: page 1 tells it.
async fn unnumbered(
    asker: &mut Asker<'_>,
    page: Page,
    walked: &Walked,
) -> Result<Tried, InferError> {
    let one = Page {
        start: Some(1),
        ..page.clone()
    };
    let answer = asker.ask(&step::first(&one)).await?;
    match step::brought(&walked.answers[0], &answer, &walked.found) {
        Brought::TheSame => other(asker, one, walked).await,
        Brought::Others => Ok(Ok((
            Page {
                start: Some(0),
                ..page
            },
            answer,
        ))),
        Brought::Nothing => Ok(Err("no records came".to_owned())),
    }
}

/// Looks whether there is a page before the one that was taken for the first.
async fn before(asker: &mut Asker<'_>, walked: &mut Walked) -> Result<(), InferError> {
    if walked.page.kind != PageKind::Page || walked.page.start != Some(1) {
        return Ok(());
    }
    let zero = Page {
        start: Some(0),
        ..walked.page.clone()
    };
    match asker.ask(&step::first(&zero)).await {
        Ok(answer) => {
            let is_other =
                |other: &Answer| step::brought(other, &answer, &walked.found) == Brought::Others;
            if walked.answers.iter().all(is_other) {
                walked.page = zero;
                walked.answers.insert(0, answer);
            }
            Ok(())
        }
        // Most upstreams that count from 1 refuse a page 0.
        Err(error) => passed(error).map(drop),
    }
}

/// Why a try failed; an error if no other one can do better.
fn passed(error: InferError) -> Result<String, InferError> {
    match error {
        InferError::Upstream(error @ (SyncError::Deferred { .. } | SyncError::Stopped)) => {
            Err(InferError::Upstream(error))
        }
        InferError::Upstream(error) => Ok(error.chain()),
        other => Err(other),
    }
}

fn way(page: &Page) -> String {
    let param = page.param.as_deref().unwrap_or_default();
    let next = page.next.as_deref().unwrap_or_default();
    match page.kind {
        PageKind::Link => "the URL in the Link header".to_owned(),
        PageKind::Url => format!("the URL in `{next}`"),
        PageKind::Cursor => format!("parameter `{param}` with `{next}`"),
        PageKind::Page | PageKind::Offset | PageKind::None => format!("parameter `{param}`"),
    }
}

impl Walked {
    /// The request that the notes of a draft speak of.
    pub(crate) fn url(&self) -> &str {
        self.answers
            .first()
            .map_or("", |answer| answer.url.as_str())
    }
}
