//! The definition that most drills run under, and what each changes of it.

/// One resource `things`, two records a page, at most half of whose rows one run may delete.
pub(super) struct Things {
    /// Further keys of the source.
    pub(super) source: &'static str,
    pub(super) retry: &'static str,
    pub(super) page: &'static str,
    /// Further keys of the resource.
    pub(super) resource: &'static str,
    pub(super) deletes: &'static str,
    pub(super) fields: &'static str,
}

/// Pages by number, and their total in a header.
pub(super) const TOLD: &str = r#"{ kind = "page", param = "page", start = 0, size_param = "limit", size = 2, total = "header:pagination-count" }"#;
/// Pages by number, and no total.
pub(super) const UNTOLD: &str =
    r#"{ kind = "page", param = "page", start = 0, size_param = "limit", size = 2 }"#;
pub(super) const LINKS: &str = r#"{ kind = "link", size_param = "limit", size = 2 }"#;
/// One sending of each request, however it fails.
pub(super) const ONCE: &str = "{ attempts = 1 }";
pub(super) const TWICE: &str = r#"{ attempts = 2, max_wait = "5s" }"#;

impl Default for Things {
    fn default() -> Self {
        Self {
            source: "",
            retry: ONCE,
            page: TOLD,
            resource: "",
            deletes: r#"{ how = "soft", max = "50%" }"#,
            fields: "name = \"text\"\ntags = \"list\"\nsize = \"integer\"",
        }
    }
}

impl Things {
    pub(super) fn toml(&self) -> String {
        let Self {
            source,
            retry,
            page,
            resource,
            deletes,
            fields,
        } = self;
        format!(
            r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = {retry}
{source}

[resource.things]
path    = "/things"
key     = ["id"]
page    = {page}
deletes = {deletes}
{resource}

[resource.things.fields]
{fields}
"#
        )
    }
}
