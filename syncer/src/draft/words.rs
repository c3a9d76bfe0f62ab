//! What upstreams call the parameters and members that paging is about.

/// A name without case and signs: `next_page`, `nextPage` and `next-page` are one.
pub(crate) fn plain(name: &str) -> String {
    let signs = name.chars().filter(|c| c.is_alphanumeric());
    signs.flat_map(char::to_lowercase).collect()
}

/// What a query parameter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Page,
    Offset,
    Size,
    Cursor,
    Credential,
}

/// What a query parameter of that name is for, if it is about paging or proves who asks.
pub(crate) fn role(name: &str) -> Option<Role> {
    let role = match plain(name).as_str() {
        "page" | "p" | "pagenumber" | "pageno" | "pagenum" | "pageindex" | "currentpage" => {
            Role::Page
        }
        "offset" | "skip" | "start" | "startindex" | "pageoffset" | "from" => Role::Offset,
        "limit" | "perpage" | "pagesize" | "pagelimit" | "size" | "count" | "take" | "rows"
        | "top" | "max" | "maxresults" | "itemsperpage" | "pagecount" => Role::Size,
        "cursor" | "after" | "pagetoken" | "startingafter" | "nexttoken" | "nextcursor"
        | "continuation" | "continuationtoken" | "startcursor" | "marker" | "pagecursor"
        | "pageafter" => Role::Cursor,
        "apikey" | "key" | "token" | "accesstoken" | "authtoken" | "auth" | "secret" | "appid"
        | "apitoken" | "clientsecret" | "password" | "signature" | "sig" => Role::Credential,
        _ => return None,
    };
    Some(role)
}
