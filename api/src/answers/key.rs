//! What an answer is kept by, and what equal requests are told by: what is asked, and what the caller sees.

use quick_cache::Equivalent;

/// The URL that is asked, by somebody who sees what that class of callers sees; text that is looked for is borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key<Url = String> {
    pub(super) class: u64,
    pub(super) url: Url,
}

impl Key<&str> {
    pub(super) fn owned(&self) -> Key {
        Key {
            class: self.class,
            url: self.url.to_owned(),
        }
    }
}

impl Equivalent<Key> for Key<&str> {
    fn equivalent(&self, key: &Key) -> bool {
        self.class == key.class && self.url == key.url
    }
}
