//! What upstreams call the parameters and members that paging is about.

/// A name without case and signs: `next_page`, `nextPage` and `next-page` are one.
pub(crate) fn plain(name: &str) -> String {
    let signs = name.chars().filter(|c| c.is_alphanumeric());
    signs.flat_map(char::to_lowercase).collect()
}

/// What lists are called, the likeliest first.
const LISTS: [&str; 17] = [
    "data",
    "items",
    "results",
    "records",
    "entries",
    "rows",
    "values",
    "value",
    "content",
    "elements",
    "objects",
    "features",
    "hits",
    "docs",
    "list",
    "edges",
    "collection",
];

/// How much `name` is what the list of records is called, where they may be called `hint`; the lower, the more.
pub(crate) fn list_rank(name: &str, hint: &str) -> usize {
    let name = plain(name);
    if name == plain(hint) {
        return 0;
    }
    let known = LISTS.iter().position(|known| *known == name);
    known.map_or(LISTS.len() + 1, |at| at + 1)
}

/// Rank from which on a name says nothing of an id.
pub(crate) const UNLIKE: usize = 10;

/// How much `name` looks like that of an id of `resource`; the lower, the more.
pub(crate) fn id_rank(name: &str, resource: &str) -> usize {
    let resource = plain(resource);
    let singular = resource.strip_suffix('s').unwrap_or(&resource);
    match plain(name).as_str() {
        "id" => 0,
        id if id == format!("{singular}id") || id == format!("{resource}id") => 1,
        "uuid" | "guid" | "uid" | "key" | "pk" | "identifier" | "objectid" | "gid" => 2,
        "code" | "slug" | "sku" | "isbn" | "ean" | "handle" | "symbol" | "login" | "username" => 3,
        _ if name.ends_with("_id") || name.ends_with("Id") || name.ends_with("ID") => 4,
        _ => UNLIKE,
    }
}

/// What a member beside the records is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The next page's cursor, or its URL.
    Next,
    /// Whether there is more.
    More,
    /// How many pages there are.
    Pages,
}

/// What the last member on `path` is for, if it is about paging.
pub(crate) fn sign(path: &[String]) -> Option<Sign> {
    let name = path.last().map(|name| plain(name))?;
    let above = path.iter().rev().nth(1).map(|name| plain(name));
    if above.as_deref() == Some("next") && (name == "href" || name == "url") {
        return Some(Sign::Next);
    }
    let sign = match name.as_str() {
        "next" | "nextcursor" | "nexttoken" | "nextpagetoken" | "nextpage" | "nextmarker"
        | "nextoffset" | "nexturl" | "nextlink" | "nextpageurl" | "nexthref" | "odatanextlink"
        | "nextstartingafter" | "cursor" | "continuation" | "continuationtoken" | "after"
        | "endcursor" | "marker" | "scrollid" => Sign::Next,
        "hasmore" | "hasnext" | "hasnextpage" | "more" | "moreavailable" | "ismore" => Sign::More,
        "totalpages" | "pages" | "lastpage" | "numpages" | "nbpages" | "pagecount" => Sign::Pages,
        _ => return None,
    };
    Some(sign)
}

/// Headers that tell the number of all records, the likeliest first.
pub(crate) const TOTAL_HEADERS: [&str; 7] = [
    "x-total-count",
    "pagination-count",
    "x-total",
    "total-count",
    "x-wp-total",
    "x-pagination-total-count",
    "x-pagination-total",
];

/// How much a member of that name tells the number of all records; the lower, the more.
pub(crate) fn total_rank(name: &str) -> Option<usize> {
    const NAMES: [&str; 13] = [
        "total",
        "totalcount",
        "totalresults",
        "totalrecords",
        "totalitems",
        "totalelements",
        "totalsize",
        "totalhits",
        "numfound",
        "recordcount",
        "itemcount",
        "nbhits",
        "count",
    ];
    let name = plain(name);
    NAMES.iter().position(|known| *known == name)
}

/// The parameters that a cursor from the member `name` may go into, the likeliest first.
pub(crate) fn cursor_params(name: &str) -> Vec<String> {
    let rest = name
        .trim_start_matches("next")
        .trim_start_matches(['_', '-']);
    let mut rest = rest.to_owned();
    if let Some(first) = rest.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let params: &[&str] = match rest.as_str() {
        "" | "cursor" => &["cursor", "after"],
        "endCursor" | "end_cursor" => &["after", "cursor"],
        other => &[other, name, "cursor"],
    };
    params.iter().map(|&param| param.to_owned()).collect()
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
