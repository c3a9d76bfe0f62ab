//! What a reason says apart from the value it speaks of: rejects with the same one have the same cause.

use std::borrow::Cow;

/// `reason` with the value that it begins with left out: "`large` is not an integer" is "`…` is not an integer".
pub fn gist(reason: &str) -> String {
    let (lead, rest) = led(reason);
    match without_value(rest) {
        Some(rest) => format!("{lead}`…`{rest}"),
        None => reason.to_owned(),
    }
}

/// Cuts off what stands before the value: "field `size`: ", or "key ".
fn led(reason: &str) -> (Cow<'_, str>, &str) {
    if let Some(rest) = reason.strip_prefix("field `")
        && let Some((name, rest)) = rest.split_once("`: ")
    {
        return (Cow::Owned(format!("field `{name}`: ")), rest);
    }
    match reason.strip_prefix("key ") {
        Some(rest) => (Cow::Borrowed("key "), rest),
        None => (Cow::Borrowed(""), reason),
    }
}

/// What stands behind the quoted value that `text` begins with.
fn without_value(text: &str) -> Option<&str> {
    let quoted = text.strip_prefix('`')?;
    // A value may hold a quotation mark, but seldom one before a space or a colon.
    let ends = ["` ", "`: "].map(|end| quoted.find(end));
    let end = ends.into_iter().flatten().min()?;
    quoted.get(end + 1..)
}

#[cfg(test)]
mod tests {
    use super::gist;

    #[test]
    fn only_the_value_goes() {
        let check = |reason: &str, expected: &str| assert_eq!(gist(reason), expected);
        check(
            "`large` is not an integer of 64 bits",
            "`…` is not an integer of 64 bits",
        );
        check("`a b`c` is none of x, y", "`…` is none of x, y");
        check(
            "field `size`: `x` is below the least, 5",
            "field `size`: `…` is below the least, 5",
        );
        check(
            "field `size`: is required, and absent or null",
            "field `size`: is required, and absent or null",
        );
        check(
            "key field `id` is absent or null",
            "key field `id` is absent or null",
        );
        check(
            "key `a` came twice in one page",
            "key `…` came twice in one page",
        );
        check(
            "`1.5`: more than 0 digits after the point",
            "`…`: more than 0 digits after the point",
        );
        check(
            "an object where a single value was expected",
            "an object where a single value was expected",
        );
        check("`", "`");
    }
}
