//! A record on one line, for forms in which a line's end means something.

/// Writes `json` onto `text` without its line breaks.
///
/// JSON has none within its strings, only between its tokens, where a blank does as well.
pub(crate) fn write_line(text: &mut String, json: &str) {
    let mut rest = json;
    while let Some(at) = rest.find(['\n', '\r']) {
        text.push_str(&rest[..at]);
        text.push(' ');
        rest = &rest[at + 1..];
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::write_line;

    #[test]
    fn a_line_break_becomes_a_blank() {
        let check = |json, expected| {
            let mut text = String::new();
            write_line(&mut text, json);
            assert_eq!(text, expected);
        };
        check(r#"{"a":"b\nc"}"#, r#"{"a":"b\nc"}"#);
        check("{\r\n \"é\":\n1\r}\n", "{   \"é\": 1 } ");
        check("", "");
    }
}
