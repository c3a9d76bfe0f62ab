//! The type that texts clearly write: a time, a number, a yes and no, a list. In doubt they are texts.

use std::collections::HashMap;

use entity::definition::{Kind, TEXT_CHARS};

use super::{
    number,
    time::{self, Form},
};
use crate::{draft::Field, source::names::snake_case};

/// A text from this length on may soon be longer than an index takes.
const LONG: usize = 200;

/// Decides the type of `field`, all of whose values are `texts`.
pub(super) fn decide(field: &mut Field, texts: &[&str]) {
    let said: Vec<&str> = texts
        .iter()
        .copied()
        .filter(|text| !text.trim().is_empty())
        .collect();
    if said.is_empty() {
        field.note("only empty texts were seen");
        return;
    }
    let trimmed: Vec<&str> = said.iter().map(|text| text.trim()).collect();
    let name = field.path.last().cloned().unwrap_or_default();
    if let Some(form) = time::form(&said) {
        timely(field, &form, said[0]);
    } else if is_flag(&trimmed) {
        field.kind = Kind::Boolean;
        field.note(format!("written as texts, such as \"{}\"", trimmed[0]));
    } else if is_numeric(&trimmed) && !is_label(&name) {
        numeric(field, &name, &trimmed);
    } else if is_list(&said) {
        field.kind = Kind::List;
        field.split = Some(",".to_owned());
        field.note(format!("cut at commas, such as \"{}\"", beginning(said[0])));
    } else {
        plain(field, &name, &said);
    }
    if said.len() < texts.len() && field.kind != Kind::Text {
        field.note(format!(
            "empty in {} of {}",
            texts.len() - said.len(),
            texts.len()
        ));
    }
}

fn timely(field: &mut Field, form: &Form, example: &str) {
    match form {
        Form::Known { kind, format, note } => {
            field.kind = *kind;
            field.format = format.map(str::to_owned);
            field.notes.extend(note.map(str::to_owned));
        }
        Form::Ambiguous => field.note(format!(
            "a date such as {example}; whether day or month comes first cannot be told: \
             format = \"%d/%m/%Y\" or \"%m/%d/%Y\""
        )),
    }
}

/// Whether only two words were seen, and they are an answer and its contrary.
fn is_flag(texts: &[&str]) -> bool {
    let seen = |word: &str| texts.iter().any(|text| text.eq_ignore_ascii_case(word));
    let pairs = [("true", "false"), ("yes", "no")];
    pairs.iter().any(|(yes, no)| {
        let either = |text: &&str| text.eq_ignore_ascii_case(yes) || text.eq_ignore_ascii_case(no);
        seen(yes) && seen(no) && texts.iter().all(either)
    })
}

/// Whether all are numbers as a machine writes them: a leading zero or a plus is the sign of a label.
fn is_numeric(texts: &[&str]) -> bool {
    texts.iter().all(|text| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        plain(whole) && plain(fraction) && (whole == "0" || !whole.starts_with('0'))
    })
}

/// Whether numbers under this name are labels, which nobody adds up.
fn is_label(name: &str) -> bool {
    const WORDS: [&str; 18] = [
        "id", "ids", "code", "zip", "postcode", "postal", "phone", "mobile", "tel", "fax",
        "number", "no", "nr", "version", "sku", "isbn", "ean", "vat",
    ];
    snake_case(name)
        .split('_')
        .any(|word| WORDS.contains(&word))
}

fn numeric(field: &mut Field, name: &str, texts: &[&str]) {
    if let Some(format) = time::epoch(name, texts) {
        field.kind = Kind::Timestamp;
        field.format = Some(format.to_owned());
    } else if texts.iter().all(|text| number::is_whole(text)) {
        number::whole(field, texts);
    } else {
        number::fraction(field, name, texts);
    }
    field.note("written as a text");
}

/// Whether texts are lists cut at commas: most are cut, into few words each, and differing numbers of
/// items of which some come again.
fn is_list(texts: &[&str]) -> bool {
    let items = |text: &str| -> Vec<String> {
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        items.map(str::to_owned).collect()
    };
    let lists: Vec<Vec<String>> = texts.iter().map(|text| items(text)).collect();
    let cut = lists.iter().filter(|list| list.len() > 1).count();
    let lengths: std::collections::BTreeSet<usize> = lists.iter().map(Vec::len).collect();
    let short = |item: &String| item.chars().count() <= 32 && item.split_whitespace().count() <= 3;
    let mut times: HashMap<&str, usize> = HashMap::new();
    for item in lists.iter().flatten() {
        *times.entry(item).or_default() += 1;
    }
    let again = times.values().filter(|times| **times > 1).count();
    cut >= 3
        && cut * 2 > texts.len()
        && lengths.len() > 1
        && lists.iter().flatten().all(short)
        && again * 4 >= times.len()
}

fn plain(field: &mut Field, name: &str, texts: &[&str]) {
    let longest = texts
        .iter()
        .map(|text| text.chars().count())
        .max()
        .unwrap_or(0);
    let is_url = texts
        .iter()
        .all(|text| text.starts_with("http://") || text.starts_with("https://"));
    if longest > LONG {
        field.index = false;
        field.note(format!(
            "up to {longest} characters, and an index takes {TEXT_CHARS}"
        ));
    } else if is_url || is_prose(name) {
        field.index = false;
    }
}

fn is_prose(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "description",
        "body",
        "content",
        "summary",
        "text",
        "html",
        "markdown",
        "bio",
        "notes",
        "comment",
        "message",
        "excerpt",
        "abstract",
        "caption",
    ];
    snake_case(name)
        .split('_')
        .any(|word| WORDS.contains(&word))
}

fn beginning(text: &str) -> String {
    text.chars().take(40).collect()
}
