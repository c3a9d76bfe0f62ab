//! Faults of the `[source]` table.

use super::{cats, check, in_source};

#[test]
fn times_and_sizes() {
    in_source(
        "schedule = ¦'*/30 * * * *'",
        "has five fields … did you mean `0 */30 * * * *`?",
    );
    in_source(
        "schedule = ¦'0 61 * * * *'",
        "source.schedule: `0 61 * * * *` is no cron expression",
    );
    in_source("schedule = ¦'0 0 0 30 2 *'", "is never due");
    in_source(
        "schedule = ¦'every 5'",
        "`5` is no duration … 30s, 5m, 1h30m",
    );
    in_source("timeout = ¦'5'", "is no duration");
    in_source("max_body = ¦'10'", "is no size … 10MB");
}

#[test]
fn limits_and_retries() {
    in_source(
        "limits.rate = ¦'120'",
        "source.limits.rate: `120` is no rate … 120/min",
    );
    in_source("limits.concurrency = ¦0", "0 is out of range … 1 to 256");
    in_source(
        "limits.reset = ¦'ratelimit-reset'",
        "is no place … header:name",
    );
    in_source(
        "limits.reset = ¦'headr:x'",
        "`headr:` is no kind of place … did you mean `header`?",
    );
    in_source("retry.attempts = ¦0", "0 is out of range … 1 to 100");
    in_source(
        "retry.on = [500, ¦200]",
        "200 is no status of a failure … 400 to 599",
    );
}

#[test]
fn headers_and_parameters() {
    in_source("headers = { ¦'a b' = 'x' }", "`a b` is no name of a header");
    in_source("headers = { ¦host = 'x' }", "the client itself sets `host`");
    in_source(
        "headers = { a = ¦\"x\\ny\" }",
        "a line break or another control character",
    );
    in_source(
        "query = { a = ¦'{parent.id}' }",
        "`{parent.id}` needs a parent",
    );
}

#[test]
fn secrets() {
    in_source(
        "query = { a = ¦'${NONE}' }",
        "the variable `NONE` is missing or empty; set it",
    );
    in_source(
        "auth = { kind = 'bearer', token = ¦'${NONE}' }",
        "source.auth.token: the variable `NONE` is missing",
    );
    in_source(
        "auth = { kind = 'bearer', token = ¦'${file:/none}' }",
        "the secret file `/none` is missing",
    );
    in_source(
        "auth = { kind = 'bearer', token = ¦'{parent.id}' }",
        "cannot be used here",
    );
    in_source(
        "auth = { kind = 'bearer', token = ¦'${A-B}' }",
        "is no secret … `${NAME}` for a variable",
    );
    in_source(
        "auth = { kind = 'basic', username = 'x', password = ¦'a}' }",
        "single brace",
    );
}

#[test]
fn base_urls() {
    let check_url = |url: &str, said: &str| {
        check(
            &cats("").replace("\"https://cats.example/v1\"", &format!("¦\"{url}\"")),
            said,
        );
    };
    check_url("cats.example", "source.base_url: `cats.example` is no URL");
    check_url("ftp://cats.example", "`ftp:` is no scheme");
    check_url(
        "https://me:pw@cats.example",
        "a user's name or password … basic",
    );
    check_url("https://cats.example?a=1", "holds parameters … `query`");
    check_url("https://${KEY}.example", "secrets cannot stand in it");
}

#[test]
fn names() {
    let check_name =
        |name: &str, said: &str| check(&cats("").replace("\"cats\"", &format!("¦'{name}'")), said);
    check_name(
        "Cats",
        "source.name: `Cats` cannot be a name … did you mean `cats`?",
    );
    check_name("users", "`users` is a reserved name");
}
