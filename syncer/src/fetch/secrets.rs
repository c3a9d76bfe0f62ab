//! What must not show, nor be stored: upstreams repeat keys in their errors and in their links.

use std::{borrow::Cow, cmp::Reverse};

use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::byte_serialize;

use super::{page::At, target::percent_encoded};
use crate::source::plan::{Auth, Grant, JsonTemplate, Plan, Segment, Source, Template};

/// Every secret that a request is made with, in the order of the definition: by its place a stored text names it.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<SecretString>);

/// What a name begins with, and what it ends with. No URL has these characters; where a token has the first, an empty
/// name stands for it.
const NAME: (char, char) = ('‹', '›');

/// A part of a text.
enum Piece<'a> {
    Text(&'a str),
    Secret {
        place: usize,
        /// As it stands there.
        written: &'a str,
    },
}

impl Secrets {
    pub(super) fn of(source: &Source, plan: &Plan) -> Self {
        let named = source.query.iter().chain(&source.headers);
        let named = named.chain(&plan.query).chain(&plan.headers);
        let mut templates: Vec<&Template> = named.map(|(_, template)| template).collect();
        templates.push(&plan.path);
        templates.extend(plan.body.iter().flat_map(JsonTemplate::templates));
        if let Auth::Login { path, body, .. } = &source.auth {
            templates.push(path);
            templates.extend(body.iter().flat_map(JsonTemplate::templates));
        }
        let in_templates = templates.into_iter().flat_map(in_template);
        // A credential may be optional, and comes last: the places of the others do not hang on it.
        let credentials = source.proxy.iter().chain(in_auth(&source.auth));
        Self::default().and(in_templates.chain(credentials))
    }

    /// These, and `more`.
    pub(super) fn and<'a>(mut self, more: impl IntoIterator<Item = &'a SecretString>) -> Self {
        self.0.extend(more.into_iter().cloned());
        self
    }

    /// `text` with stars in their place.
    pub fn hide(&self, text: &str) -> String {
        let shown = |piece| match piece {
            Piece::Text(text) => text,
            Piece::Secret { .. } => "***",
        };
        self.pieces(text).into_iter().map(shown).collect()
    }

    pub(super) fn are_in(&self, text: &str) -> bool {
        let mut pieces = self.pieces(text).into_iter();
        pieces.any(|piece| matches!(piece, Piece::Secret { .. }))
    }

    /// `text` with a name in the place of each, as it may be stored: [`Secrets::place`] puts them back.
    ///
    /// Even one of a letter is named, for nothing is lost by it: what is put back is what stood there.
    pub fn name(&self, text: &str) -> String {
        let (open, close) = NAME;
        let named = |piece| match piece {
            Piece::Text(text) => Cow::from(text.replace(open, &format!("{open}{close}"))),
            Piece::Secret { place, written } => {
                let forms = forms(self.0[place].expose_secret());
                let form = forms.iter().position(|form| form == written);
                let form = form.unwrap_or(ESCAPED);
                Cow::from(format!("{open}secret {place}.{form}{close}"))
            }
        };
        self.pieces(text).into_iter().map(named).collect()
    }

    /// `at` with the secrets of today where [`Secrets::name`] named those of then; `None`: there is no such secret.
    pub(super) fn place(&self, at: &At) -> Option<At> {
        Some(match at {
            At::Token(token) => At::Token(self.filled(token)?),
            At::Url(url) => At::Url(self.filled(url)?),
            At::Only | At::Number(_) | At::Offset(_) | At::First | At::Part(_) => at.clone(),
        })
    }

    fn filled(&self, text: &str) -> Option<String> {
        let (open, close) = NAME;
        let mut parts = text.split(open);
        let mut filled = parts.next()?.to_owned();
        for part in parts {
            let (name, rest) = part.split_once(close)?;
            if name.is_empty() {
                filled.push(open);
            } else {
                let (place, form) = name.strip_prefix("secret ")?.split_once('.')?;
                let secret = self.0.get(place.parse::<usize>().ok()?)?;
                let forms = forms(secret.expose_secret());
                filled.push_str(forms.get(form.parse::<usize>().ok()?)?);
            }
            filled.push_str(rest);
        }
        Some(filled)
    }

    /// The longest secrets are found first, so that none is left over where a part of it is another.
    fn pieces<'a>(&self, text: &'a str) -> Vec<Piece<'a>> {
        let all = self.0.iter().map(ExposeSecret::expose_secret).enumerate();
        let mut all: Vec<(usize, &str)> = all.filter(|(_, secret)| !secret.is_empty()).collect();
        all.sort_by_key(|(_, secret)| Reverse(secret.len()));
        let cut = |pieces: Vec<Piece<'a>>, secret| {
            let pieces = pieces.into_iter().flat_map(|piece| match piece {
                Piece::Text(text) => cut(text, secret),
                found @ Piece::Secret { .. } => vec![found],
            });
            pieces.collect()
        };
        all.into_iter().fold(vec![Piece::Text(text)], cut)
    }
}

/// How URLs and forms write `secret`: plain, escaped, and with the escapes in small letters.
fn forms(secret: &str) -> [String; 5] {
    let form: String = byte_serialize(secret.as_bytes()).collect();
    let url = percent_encoded(secret);
    let (small_form, small_url) = (in_small_letters(&form), in_small_letters(&url));
    [secret.to_owned(), url, form, small_url, small_form]
}

/// The one of [`forms`] that says the same in any URL, however it was written there.
const ESCAPED: usize = 1;

fn in_small_letters(escaped: &str) -> String {
    let mut parts = escaped.split('%');
    let mut small = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at(part.len().min(2));
        small.push_str(&format!("%{}{rest}", escape.to_ascii_lowercase()));
    }
    small
}

/// `text` in pieces, with `secret` wherever it stands.
fn cut<'a>(text: &'a str, (place, secret): (usize, &str)) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < text.len() {
        let Some(length) = length(&text.as_bytes()[at..], secret.as_bytes()) else {
            at += 1;
            continue;
        };
        pieces.push(Piece::Text(&text[from..at]));
        let written = &text[at..at + length];
        pieces.push(Piece::Secret { place, written });
        at += length;
        from = at;
    }
    pieces.push(Piece::Text(&text[from..]));
    pieces
}

/// How many bytes `secret` takes at the start of `text`, if it stands there: as it is, or escaped as in a URL or in JSON.
fn length(text: &[u8], secret: &[u8]) -> Option<usize> {
    let plain = text.starts_with(secret).then_some(secret.len());
    let escaped = secret.iter().try_fold(0, |length, byte| {
        Some(length + length_of(&text[length..], *byte)?)
    });
    plain.max(escaped)
}

fn length_of(text: &[u8], byte: u8) -> Option<usize> {
    let hex =
        |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits.get(..2)?).ok()?, 16).ok();
    match text {
        [b'%', digits @ ..] if hex(digits) == Some(byte) => Some(3),
        [b'\\', b'u', b'0', b'0', digits @ ..] if hex(digits) == Some(byte) => Some(6),
        [b'\\', b'n', ..] if byte == b'\n' => Some(2),
        [b'\\', escaped, ..] if *escaped == byte && b"\"\\/".contains(escaped) => Some(2),
        [b'+', ..] if byte == b' ' => Some(1),
        [same, ..] if *same == byte => Some(1),
        _ => None,
    }
}

/// The query parameters whose values hold a secret.
pub(super) fn parameters<'a>(
    source: &'a Source,
    plan: &'a Plan,
) -> impl Iterator<Item = &'a (String, Template)> {
    let all = source.query.iter().chain(&plan.query);
    all.filter(move |(_, template)| in_template(template).next().is_some())
}

pub(super) fn in_template(template: &Template) -> impl Iterator<Item = &SecretString> {
    template.0.iter().filter_map(|segment| match segment {
        Segment::Secret(secret) => Some(secret),
        _ => None,
    })
}

fn in_auth(auth: &Auth) -> Vec<&SecretString> {
    match auth {
        Auth::None | Auth::Login { .. } => Vec::new(),
        Auth::Header { value, .. } | Auth::Query { value, .. } => vec![value],
        Auth::Bearer { token } => vec![token],
        // A user's name that stands alone is hidden by its proof.
        Auth::Basic { password, .. } => vec![password],
        Auth::Oauth2 {
            client_id,
            client_secret,
            grant,
            ..
        } => match grant {
            Grant::ClientCredentials => vec![client_id, client_secret],
            Grant::RefreshToken { token, .. } => vec![client_id, client_secret, token],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(all: &[&str]) -> Secrets {
        Secrets(all.iter().map(|secret| (*secret).into()).collect())
    }

    #[test]
    fn a_secret_is_hidden_however_it_is_written() {
        let check = |secret: &str, text: &str, expected: &str| {
            assert_eq!(
                secrets(&[secret]).hide(text),
                expected,
                "{secret} in {text}"
            );
        };
        check(
            "a/b+c",
            "a/b+c a%2Fb%2Bc a%2fb%2bc a\\/b+c",
            "*** *** *** ***",
        );
        check(
            "two words",
            "two+words two%20words two words",
            "*** *** ***",
        );
        check("ü\"\n", r#"ü\"\n %C3%BC%22%0A"#, "*** ***");
        check("50%25", "50%25 50%2525 50%2", "*** *** 50%2");
        check("/%", "100/% 100%2F%", "100*** 100***");
        check("", "as it was %", "as it was %");
    }

    #[test]
    fn the_longest_secret_is_hidden_whole() {
        let secrets = secrets(&["key", "", "key-of-all"]);
        assert_eq!(secrets.hide("key-of-all, key"), "***, ***");
    }

    #[test]
    fn a_named_secret_is_put_back_as_it_stood() {
        let secrets = secrets(&["1", "a/b c", "a"]);
        for text in [
            "https://x.example/a/b c/1?k=a%2Fb%20c&l=a%2Fb+c&m=a%2fb%20c&n=a%2fb+c&page=11",
            "‹secret 1.0› and ‹›",
            "nothing",
            "",
        ] {
            let named = secrets.name(text);
            assert!(
                !named.contains("a/b c") && !named.contains("a%2"),
                "{named}"
            );
            assert_eq!(secrets.filled(&named).as_deref(), Some(text), "{named}");
        }
    }

    #[test]
    fn another_secret_takes_the_place_of_the_one_that_was_named() {
        let named = secrets(&["old", "o d"]).name("/old?k=o%20d&l=o+%64");
        let now = secrets(&["new", "n&w"]);
        assert_eq!(
            now.filled(&named).as_deref(),
            Some("/new?k=n%26w&l=n%26w"),
            "{named}"
        );
        assert_eq!(secrets(&["new"]).filled(&named), None);
    }
}
