//! Passwords: which may be one, and how they are kept.
//!
//! The rules are those of NIST SP 800-63B: length, and what everybody tries first; not which characters are in it.

mod hasher;

use std::{collections::HashSet, sync::LazyLock};

pub use self::hasher::{Busy, Cost, Hasher};
pub(crate) use self::hasher::{Lane, Verdict};

/// Fewest characters.
pub const SHORTEST: usize = 12;
/// Most bytes: nobody types more, and all of them are hashed.
pub const LONGEST: usize = 512;

/// What everybody tries first, a line each.
static COMMONEST: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("commonest.txt").lines().collect());

/// All that is wrong with a password for a user of that name and e-mail address.
pub fn faults(password: &str, name: &str, email: Option<&str>) -> Vec<String> {
    let plain = password.to_lowercase();
    let chars = password.chars().count();
    let mut faults = Vec::new();
    if chars < SHORTEST {
        faults.push(format!(
            "the password has {chars} characters; it must have at least {SHORTEST}"
        ));
    }
    if password.len() > LONGEST {
        let bytes = password.len();
        faults.push(format!(
            "the password has {bytes} bytes; it may have at most {LONGEST}"
        ));
    }
    if is_common(&plain) {
        faults.push("the password is one of those that everybody tries first".to_owned());
    }
    if is_of(&plain, name) {
        faults.push("the password is the user's name, with little else".to_owned());
    }
    let mailbox = email.and_then(|email| email.split('@').next());
    let mailbox = mailbox.filter(|mailbox| *mailbox != name);
    if email.is_some_and(|email| is_of(&plain, email))
        || mailbox.is_some_and(|name| is_of(&plain, name))
    {
        faults.push("the password is the user's e-mail address, with little else".to_owned());
    }
    faults
}

/// Whether it is common, also behind some digits and signs, or if it is one character or word again and again.
fn is_common(plain: &str) -> bool {
    let bare = plain.trim_end_matches(|c: char| !c.is_alphabetic());
    let is_known = |text: &str| COMMONEST.contains(text);
    let is_repeated = |length: usize| {
        let Some((word, _)) = plain.split_at_checked(length) else {
            return false;
        };
        plain.len() >= 2 * length && word.repeat(plain.len() / length + 1).starts_with(plain)
    };
    is_known(plain) || is_known(bare) || (1..=4).any(is_repeated)
}

/// Whether it is `name` with at most three characters beside it, or that again and again.
fn is_of(plain: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    if name.is_empty() {
        return false;
    }
    let rest = plain.replace(&name, "");
    rest.len() < plain.len() && rest.chars().count() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_of_different_words_in_small_letters() {
        let lines = include_str!("commonest.txt").lines();
        assert_eq!(lines.clone().count(), COMMONEST.len());
        for line in lines {
            assert_eq!(line, line.to_lowercase());
        }
    }

    #[test]
    fn a_password_is_long_and_nothing_that_is_tried_first() {
        let check = |password: &str, expected: &[&str]| {
            let faults = faults(password, "anna", Some("a.berg@example.org"));
            let is_told = |word: &&str| faults.iter().any(|fault| fault.contains(*word));
            assert!(expected.iter().all(is_told), "{password}: {faults:?}");
            assert_eq!(faults.len(), expected.len(), "{password}: {faults:?}");
        };
        check("walrus on a bicycle", &[]);
        check("ünïcödé öäü gut", &[]);
        check("short", &["has 5 characters"]);
        check("", &["has 0 characters"]);
        check(&"long and ".repeat(100), &["has 900 bytes"]);
        check("password", &["has 8 characters", "tries first"]);
        check("PassWord1234", &["tries first"]);
        check("correcthorsebatterystaple", &["tries first"]);
        check("iloveyouforever2026!!", &["tries first"]);
        check("xyxyxyxyxyxyxyxyxy", &["tries first"]);
        check("ééééééééééééé", &["tries first"]);
        check("annaannaanna", &["tries first", "name"]);
        check("a.berg@example.org1", &["e-mail"]);
        check("anna likes walruses", &[]);
    }
}
