//! What a request says about paging before anything is found out.

use crate::draft::{Page, PageKind, Role, role};

/// Parameters about paging that the URL or the definition has already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) page: Option<(String, u64)>,
    pub(crate) offset: Option<(String, u64)>,
    pub(crate) size: Option<(String, u64)>,
    pub(crate) cursor: Option<String>,
}

impl Asked {
    /// Takes a parameter in, if it is about paging.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> bool {
        let number = value.parse::<u64>().ok();
        let (place, number) = match (role(name), number) {
            (Some(Role::Cursor), _) => {
                self.cursor = Some(name.to_owned());
                return true;
            }
            (Some(Role::Page), Some(number)) => (&mut self.page, number),
            (Some(Role::Offset), Some(number)) => (&mut self.offset, number),
            (Some(Role::Size), Some(number)) if number > 0 => (&mut self.size, number),
            _ => return false,
        };
        let is_free = place.is_none();
        if is_free {
            *place = Some((name.to_owned(), number));
        }
        is_free
    }

    /// A page of that kind, asked for with the size at hand.
    pub(super) fn of(&self, kind: PageKind) -> Page {
        Page {
            size_param: self.size.as_ref().map(|(name, _)| name.clone()),
            size: self.size.as_ref().map(|(_, size)| *size),
            ..Page::new(kind)
        }
    }
}
