//! What of a text rows are found by: its words, for full text search, and its ends, for a part of it.
//!
//! The databases' own engines disagree on what a word is, on which words are too short or too common to be one, and on
//! case and accents. So one set of rules makes the words of what is stored and of what is asked for, on every database.

use std::{cmp::Reverse, collections::BTreeSet};

use icu_normalizer::{
    ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed,
    properties::CanonicalCombiningClassMapBorrowed,
};

/// Longest word, in characters: what is longer is cut, in a text as in what is asked for.
pub const WORD_CHARS: usize = 64;
/// Longest part of a text that can be asked for, in characters.
pub const PART_CHARS: usize = 64;
/// Longest end of a text that is kept: one more than a part, so that a part which is an end is told from one which is not.
pub const END_CHARS: usize = PART_CHARS + 1;

/// A word that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    Whole(String),
    /// Any word that begins so.
    Beginning(String),
}

impl Word {
    fn text(&self) -> &str {
        match self {
            Self::Whole(text) | Self::Beginning(text) => text,
        }
    }
}

/// The words of a text in their order, each as often as it stands there: small letters without accents.
pub fn words(text: &str) -> Vec<String> {
    Words::of(text).found
}

/// The words that `text` asks for, each once, the longest first, which fewest texts have. A `*` right behind a word stands
/// for whatever follows.
pub fn wanted(text: &str) -> Vec<Word> {
    let mut wanted = BTreeSet::new();
    let mut parts = text.split('*').peekable();
    while let Some(part) = parts.next() {
        let Words {
            mut found, is_open, ..
        } = Words::of(part);
        if is_open && parts.peek().is_some() {
            wanted.extend(found.pop().map(Word::Beginning));
        }
        wanted.extend(found.into_iter().map(Word::Whole));
    }
    let mut wanted: Vec<Word> = wanted.into_iter().collect();
    wanted.sort_by_key(|word| Reverse(word.text().chars().count()));
    wanted
}

/// The ends of a text, each once: a text has a part if one of its ends begins with it, and ends with it if one is it.
pub fn ends(text: &str) -> BTreeSet<String> {
    let chars: Vec<char> = small(text).collect();
    let ends = (0..chars.len()).map(|from| chars[from..].iter().take(END_CHARS).collect());
    ends.collect()
}

/// A part of a text as the ends of one have it.
pub fn part(text: &str) -> String {
    small(text).collect()
}

/// Small letters, one by one: what a letter becomes does not depend on its neighbours, which a part may lack.
fn small(text: &str) -> impl Iterator<Item = char> {
    let small = text.chars().flat_map(char::to_lowercase);
    small.map(|c| if c == 'ς' { 'σ' } else { c })
}

/// Words on their way out of a text.
#[derive(Default)]
struct Words {
    found: Vec<String>,
    word: String,
    chars: usize,
    /// Whether the text ended in the midst of the last one.
    is_open: bool,
}

impl Words {
    fn of(text: &str) -> Self {
        let mut words = Self::default();
        for c in plain(text).chars() {
            words.take(c);
        }
        words.is_open = !words.word.is_empty();
        words.close();
        words
    }

    fn take(&mut self, c: char) {
        if stands_alone(c) && c.is_alphanumeric() {
            self.close();
            self.found.push(c.to_string());
        } else if c.is_alphanumeric() || (joins(c) && !self.word.is_empty()) {
            if self.chars < WORD_CHARS {
                self.word.push(c);
                self.chars += 1;
            }
        } else if !is_ignored(c) {
            self.close();
        }
    }

    fn close(&mut self) {
        if !self.word.is_empty() {
            self.found.push(std::mem::take(&mut self.word));
        }
        self.chars = 0;
    }
}

/// Small letters without accents, ligatures and other forms taken apart.
fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(text.chars());
    let mut plain = String::with_capacity(text.len());
    for c in apart
        .filter(|c| !is_accent(*c))
        .flat_map(char::to_lowercase)
    {
        match spelt(c) {
            Some(letters) => plain.push_str(letters),
            None => plain.push(c),
        }
    }
    // Syllables and the voiced kana, which are taken apart as well, are letters by themselves.
    let together = ComposingNormalizerBorrowed::new_nfc();
    together.normalize(&plain).into_owned()
}

/// Whether it is a mark above, below or through a letter. Those up to 9 make another letter, or none, of the one before.
fn is_accent(c: char) -> bool {
    class(c) > 9
}

/// Whether it belongs to the letter before it.
fn joins(c: char) -> bool {
    class(c) != 0
}

fn class(c: char) -> u8 {
    CanonicalCombiningClassMapBorrowed::new().get_u8(c)
}

/// Letters that Unicode does not take apart, as they are written without them.
fn spelt(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ł' => "l",
        'ŧ' => "t",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

/// The soft hyphen and the joiner of letters, which are not seen.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200d}')
}

/// Whether it is of a script that has no spaces between words: Thai, Lao, Burmese, Khmer, kana, Han.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_small_letters_and_digits_without_accents() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words(text), expected, "{text}");
        check(
            "The Grey-Cat's 2nd nap",
            &["the", "grey", "cat", "s", "2nd", "nap"],
        );
        check("", &[]);
        check(" -*- ", &[]);
        check("a a A", &["a", "a", "a"]);
        check("Éléphant e\u{301}te\u{301}", &["elephant", "ete"]);
        check("Straße STRASSE ẞ", &["strasse", "strasse", "ss"]);
        check(
            "Łódź Ærøskøbing İstanbul ısı",
            &["lodz", "aeroskobing", "istanbul", "isi"],
        );
        check("ΟΔΟΣ οδός", &["οδοσ", "οδοσ"]);
        check("ﬁne ﾈｺ Ⅳ x²", &["fine", "ネ", "コ", "iv", "x2"]);
        check("шла́ йод", &["шла", "иод"]);
        check("co\u{ad}op", &["coop"]);
    }

    #[test]
    fn scripts_keep_what_is_no_accent() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words(text), expected, "{text}");
        check("黒猫 and がぐ", &["黒", "猫", "and", "が", "ぐ"]);
        check("한국어 e", &["한국어", "e"]);
        check("हिन्दी में", &["हिन्दी", "में"]);
        check("שָׁלוֹם", &["שלום"]);
        check("แมว", &["แ", "ม", "ว"]);
    }

    #[test]
    fn a_long_word_is_cut_as_it_is_when_asked_for() {
        let long = "x".repeat(WORD_CHARS + 10);
        let cut = "x".repeat(WORD_CHARS);
        assert_eq!(words(&long), std::slice::from_ref(&cut));
        assert_eq!(wanted(&long), [Word::Whole(cut.clone())]);
        assert_eq!(wanted(&format!("{long}*")), [Word::Beginning(cut)]);
    }

    #[test]
    fn a_star_stands_for_the_rest_of_a_word() {
        let whole = |text: &str| Word::Whole(text.to_owned());
        let beginning = |text: &str| Word::Beginning(text.to_owned());
        let check = |text: &str, expected: &[Word]| assert_eq!(wanted(text), expected, "{text}");
        check("grey abys*", &[whole("grey"), beginning("abys")]);
        check("Á*", &[beginning("a")]);
        check("cat *", &[whole("cat")]);
        check("*cat", &[whole("cat")]);
        check("a* b", &[whole("b"), beginning("a")]);
        check("ca*t", &[beginning("ca"), whole("t")]);
        check("cat cat CAT", &[whole("cat")]);
        check(
            "a longest long",
            &[whole("longest"), whole("long"), whole("a")],
        );
        check("* -", &[]);
    }

    proptest! {
        #[test]
        fn words_are_made_of_words(text in ".{0,40}") {
            for word in words(&text) {
                prop_assert!(!word.is_empty() && word.chars().count() <= WORD_CHARS);
                prop_assert_eq!(words(&word), [word.clone()], "{:?}", text);
            }
        }

        #[test]
        fn ends_tell_the_parts_of_a_text(text in "[aAbÉéßΣς ]{0,9}", other in "[aAbÉéßΣς ]{1,3}") {
            let (small, other) = (part(&text), part(&other));
            let ends = ends(&text);
            prop_assert_eq!(ends.iter().any(|end| end.starts_with(&other)), small.contains(&other));
            prop_assert_eq!(ends.contains(&other), small.ends_with(&other));
        }
    }

    #[test]
    fn a_cut_end_is_no_part() {
        let long = "x".repeat(300);
        let ends = ends(&long);
        assert_eq!(ends.len(), END_CHARS);
        let part = "x".repeat(PART_CHARS);
        assert!(ends.contains(&part), "the text ends so");
        assert!(
            !super::ends(&format!("{long}y")).contains(&part),
            "and this one does not"
        );
    }
}
