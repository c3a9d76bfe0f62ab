//! What requests are made of: names that there are, and values that some part of some parser or database may stumble over.
//!
//! Each is a text of words between blanks, as they stand in a URL; between two blanks is nothing.

pub(super) const ROUTES: &str = "/api/v1/cats/breeds /api/v1/cats/breeds /api/v1/cats/breeds /api/v1/cats/images /api/v1/cats/breeds/b00 \
    /api/v1/cats/images/b00,i%252C1%2525 /api/v1/cats/breeds/b00/images /api/v1/cats/breeds/-/schema \
    /api/v1/cats/breeds/-/facets /api/v1/cats/breeds/-/facets /api/v1/cats/breeds/-/random \
    /api/v1/cats/breeds/-/changes /api/v1/cats/breeds/-/export /api/v1/catalog /api/v1/catalog/cats \
    /api/openapi.json /api/swagger /problems/not-found /healthz /readyz /metrics /";

pub(super) const FIELDS: &str =
    " id name weight price mass rating hairless born seen temperament coat notes extra nope";

pub(super) const OPERATORS: &str = " __eq __ne __in __notin __gt __gte __lt __lte __startswith __has __hasany __isnull __contains __ ____gte";

pub(super) const CONTROLS: &str = "sort fields limit cursor count shape embed explain max_staleness facet facet_limit seed since wait format after \
    end q as_of timeout_ms SORT";

pub(super) const VALUES: &str = " 0 1 -1 3 1e3 -0 +1 %2B1 0x10 1.5 -99999.99 100000.00 1e400 -1e400 NaN inf 9223372036854775807 \
    9223372036854775808 -9223372036854775809 99999999999999999999999999999999999999999999999999999999999999999999 \
    0.00000000000000000000000000000000000000000000000000000000000000000000000001 true false TRUE null %00 a%00b \
    %FF %C3%28 %zz % %2 %F0%9F%98%BA %E7%8C%AB %CC%81 %E2%80%AE %EF%BB%BF %EF%BF%BF %F4%8F%BF%BF ' %22 \
    '%20OR%201=1-- %25 %25%25 _ %5C %5C%27 ` ; a,b , ,,, [ [] [1,2] [%22a%22,%22b%22] [[[[[[[[[[[[ [null] [1e999] \
    {} name -name -weight,name name,name - --name images -provenance images,-provenance 0000-00-00 9999-12-31 \
    10000-01-01 2024-02-30T25:61:61Z 9999-12-31T23:59:59.999999999Z 0001-01-01T00:00:00%2B14:00";

pub(super) const MORE_VALUES: &str = "-0001-01-01 1000-01-01T00:00:00Z 0999-12-31 +262142-12-31T23:59:59Z 1970-01-01 ndjson csv envelope array \
    exact capped none line b00 zzz 1.1 999 15m 0s 4294967295d";

pub(super) const SEGMENTS: &str = " - -- . .. %2e%2e %2F %5C %00 %FF %zz % cats breeds images b00 b00,b01 , %2C schema changes %F0%9F%98%BA \
    {source} : * b00;v=1";

/// Names of headers, each with values that make sense and values that do not.
pub(super) const HEADERS: [(&str, &str); 17] = [
    (
        "Accept",
        "*/*|application/json|text/event-stream|text/csv;q=0.1, */*;q=0|image/*|;;q=,",
    ),
    (
        "Accept-Encoding",
        "gzip|br, zstd|*;q=0|identity;q=0|gzip;q=9|,,;",
    ),
    ("If-None-Match", "*|W/\"x\"|\"|W/|,,,|W/\"breeds.1.0.0.c\""),
    (
        "If-Modified-Since",
        "Fri, 15 Jan 2027 08:00:00 GMT|Fri, 99 Jan 2027 08:00:00 GMT|0|x||Sun Nov  6 08:49:37 1994",
    ),
    ("Last-Event-ID", "1|1.2|999|x|-1|99999999999999999999999"),
    (
        "Range",
        "bytes=0-1|bytes=-1|bytes=9-0|rows=1-|x|bytes=0-0,1-1,2-2",
    ),
    (
        "Origin",
        "null|https://evil.example|*|x|https://a b|file://",
    ),
    ("X-Request-Id", "mine||a b|%0d%0aSet-Cookie: x|\"|<script>"),
    ("X-Forwarded-For", "1.2.3.4|::1|unknown|,,,|999.1.1.1|\""),
    ("Host", "|x|a:99999|[::1|a b|evil.example"),
    ("TE", "trailers|gzip||trailers, deflate|;|x"),
    ("Expect", "100-continue|200-ok||x|100-continue, x|0"),
    ("Upgrade", "h2c|websocket||x|TLS/1.0|HTTP/2.0"),
    ("Cookie", "a=b||;|=|\"|a"),
    ("Authorization", "Bearer x|Basic !!!||x|Bearer|Negotiate"),
    (
        "Content-Type",
        "application/json||x|multipart/form-data|text/plain; charset=|/",
    ),
    ("Access-Control-Request-Method", "GET|DELETE||x|get|*"),
];
