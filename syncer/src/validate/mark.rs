//! How far incremental reading came: the value of a record that grows with each change.

use entity::{definition::Cell, value};

use crate::{
    decode,
    source::plan::{CursorKind, Incremental, Mark},
};

/// The value of `cursor` in a record. `None`: it is absent, null or of another form.
pub(crate) fn mark(cursor: &Incremental, record: &str) -> Option<Mark> {
    let (first, rest) = cursor.field.0.split_first()?;
    let found = decode::find(record, &[first]).ok()?;
    let value = decode::below((*found.first()?)?, rest)?;
    let text = value::text(value).ok()?;
    read(&cursor.kind, text.trim())
}

fn read(kind: &CursorKind, text: &str) -> Option<Mark> {
    match kind {
        CursorKind::Integer => value::integer(text).map(Mark::Number),
        CursorKind::Timestamp(format) => match value::timestamp(format, text) {
            Ok(Cell::Timestamp(instant)) => Some(Mark::Time(instant)),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use entity::definition::{Cell, Kind};

    use super::{CursorKind, Mark, read};
    use crate::source::plan::TimeFormat;

    #[test]
    fn a_mark_is_read_as_the_cursor_says() {
        let check = |kind: CursorKind, text: &str, expected: Option<Mark>| {
            assert_eq!(read(&kind, text), expected, "{text}");
        };
        let time = |text: &str| match Kind::Timestamp.parse(text) {
            Ok(Cell::Timestamp(instant)) => Some(Mark::Time(instant)),
            other => panic!("{other:?}"),
        };
        check(CursorKind::Integer, "12", Some(Mark::Number(12)));
        check(CursorKind::Integer, "1e2", Some(Mark::Number(100)));
        check(CursorKind::Integer, "12.5", None);
        check(CursorKind::Integer, "9223372036854775808", None);
        check(CursorKind::Integer, "null", None);
        check(CursorKind::Integer, "", None);
        let standard = CursorKind::Timestamp(TimeFormat::Standard);
        check(
            standard.clone(),
            "2026-11-21T10:00:00+02:00",
            time("2026-11-21T08:00:00Z"),
        );
        check(standard, "yesterday", None);
        check(
            CursorKind::Timestamp(TimeFormat::EpochSeconds),
            "1700000000.25",
            time("2023-11-14T22:13:20.25Z"),
        );
    }
}
