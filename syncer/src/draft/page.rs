//! How a draft says that pages are asked for.

use super::{inline, quoted};

/// A kind of paging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    None,
    Page,
    Offset,
    Cursor,
    Link,
    Url,
}

/// The `page` of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) kind: Kind,
    pub(crate) param: Option<String>,
    /// The first page's number.
    pub(crate) start: Option<u64>,
    pub(crate) size_param: Option<String>,
    pub(crate) size: Option<u64>,
    /// Place of the next cursor or URL.
    pub(crate) next: Option<String>,
    /// Place of the flag that there is more.
    pub(crate) more: Option<String>,
    /// Place of the number of all records.
    pub(crate) total: Option<String>,
}

impl Page {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            param: None,
            start: None,
            size_param: None,
            size: None,
            next: None,
            more: None,
            total: None,
        }
    }

    pub(crate) fn to_toml(&self) -> String {
        let kind = match self.kind {
            Kind::None => "none",
            Kind::Page => "page",
            Kind::Offset => "offset",
            Kind::Cursor => "cursor",
            Kind::Link => "link",
            Kind::Url => "url",
        };
        let mut entries = vec![("kind", quoted(kind))];
        let mut text = |key, text: &Option<String>| {
            entries.extend(text.as_deref().map(|text| (key, quoted(text))));
        };
        text("param", &self.param);
        text("next", &self.next);
        text("more", &self.more);
        entries.extend(self.start.map(|start| ("start", start.to_string())));
        if let (Some(param), Some(size)) = (&self.size_param, self.size) {
            entries.push(("size_param", quoted(param)));
            entries.push(("size", size.to_string()));
        }
        entries.extend(self.total.as_deref().map(|total| ("total", quoted(total))));
        inline(&entries)
    }
}
