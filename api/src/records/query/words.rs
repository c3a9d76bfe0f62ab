//! Full text search: `q=grey abys*`.

use entity::{
    definition::Definition,
    record::{Filter, Test},
    search::{self, Word},
};

use crate::fault::{Code, Fault};

/// The parameter.
pub(crate) const Q: &str = "q";
/// Longest text that is searched for, in characters.
pub(crate) const MOST_CHARS: usize = 256;
/// Most words of it: each is looked up for each row that is looked at.
pub(crate) const MOST_WORDS: usize = 16;

/// The filters by which a row has all words of `value`.
///
/// # Errors
/// The resource has no words, or there is no word in `value`, or too much.
pub(super) fn filters(definition: &Definition, value: &str) -> Result<Vec<Filter>, Vec<Fault>> {
    let fault = |code, detail: String| vec![Fault::new(Q, code, detail)];
    let Some(list) = definition.words() else {
        let name = &definition.resource;
        let detail = format!(
            "`{name}` has no words to search: its definition names no field with `search`, or they are being indexed"
        );
        return Err(fault(Code::NotSearchable, detail));
    };
    let wrong = |detail: String| Err(fault(Code::InvalidValue, detail));
    if value.chars().count() > MOST_CHARS {
        return wrong(format!(
            "expected at most {MOST_CHARS} characters for `{Q}`"
        ));
    }
    let words = search::wanted(value);
    match words.len() {
        0 => wrong(format!(
            "expected a word for `{Q}`, of letters and digits; `*` only stands behind one"
        )),
        1..=MOST_WORDS => Ok(words
            .into_iter()
            .map(|word| Filter {
                field: list.clone(),
                test: match word {
                    Word::Whole(word) => Test::Has(word),
                    Word::Beginning(beginning) => Test::StartsWith(beginning),
                },
            })
            .collect()),
        many => wrong(format!(
            "expected at most {MOST_WORDS} words for `{Q}`, not {many}"
        )),
    }
}
