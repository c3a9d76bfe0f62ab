//! JSON lines: one record a line, its members by the names of the fields.

use std::io::{BufRead, Read};

use entity::local::{Unfit, Why};
use serde_json::value::RawValue;

use super::read::{Came, Item, LONGEST, Stop};

/// Gives each record of `file`, until nobody wants more. Lines without anything are none.
///
/// # Errors
/// A line is too long, or the file cannot be read.
pub(super) fn read(mut file: impl BufRead, give: &mut dyn FnMut(Came) -> bool) -> Result<(), Stop> {
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let mut bounded = (&mut file).take(LONGEST as u64 + 1);
        let read = bounded.read_until(b'\n', &mut bytes);
        let read = read.map_err(|error| Stop::at(line, error.to_string()))?;
        if read == 0 {
            break;
        }
        if bytes.len() > LONGEST {
            return Err(Stop::at(
                line,
                format!("the line has more than {LONGEST} bytes"),
            ));
        }
        if let Some(record) = record(&bytes)
            && !give(Ok(Item { line, record }))
        {
            break;
        }
    }
    Ok(())
}

fn record(bytes: &[u8]) -> Option<Result<String, Vec<Unfit>>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return None;
    }
    let record: Result<&RawValue, _> = serde_json::from_slice(bytes);
    Some(match record {
        Ok(record) => Ok(record.get().to_owned()),
        Err(error) => {
            let reason = format!("the line is no JSON: {error}");
            Err(vec![Unfit::new("", Why::Value, reason)])
        }
    })
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::writing::import::read::{Came, LONGEST};

    fn told(text: &str) -> (Vec<String>, bool) {
        let mut found = Vec::new();
        let mut give = |came: Came| {
            let item = came.expect("a record");
            let record = item.record.unwrap_or_else(|unfit| unfit[0].reason.clone());
            found.push(format!("{} {record}", item.line));
            true
        };
        let stopped = read(text.as_bytes(), &mut give).is_err();
        (found, stopped)
    }

    #[test]
    fn each_line_is_a_record_with_its_bytes() {
        let (found, stopped) = told("\u{feff}{\"a\": 1.10}\r\n\n  {\"b\":2}\nno\n{\"c\":3}");
        assert_eq!(found[0], r#"1 {"a": 1.10}"#);
        assert_eq!(found[1], r#"3 {"b":2}"#);
        assert!(found[2].starts_with("4 the line is no JSON"), "{found:?}");
        assert_eq!(found[3], r#"5 {"c":3}"#);
        assert!(!stopped);
    }

    #[test]
    fn a_line_without_end_is_not_taken_into_memory() {
        let (found, stopped) = told(&format!("{{}}\n{}", "x".repeat(LONGEST + 1)));
        assert_eq!(found, ["1 {}"]);
        assert!(stopped);
    }
}
