//! The records of a CSV body as they stand, with where they end. Nothing is made of them here.

use csv::{ByteRecord, Position, Reader, ReaderBuilder};

/// Where the first record of `body` ends, which is its header; nothing if it may go on behind the body.
pub(crate) fn end_of_first(body: &[u8], delimiter: u8) -> Option<usize> {
    let mut lines = Lines::of(body, delimiter);
    (lines.step() && lines.end < body.len()).then_some(lines.end)
}

/// Where the last record of `body` ends that is whole, whatever follows the body.
pub(crate) fn end_of_whole(body: &[u8], delimiter: u8) -> usize {
    let mut lines = Lines::of(body, delimiter);
    let mut end = 0;
    while lines.step() && lines.end < body.len() {
        end = lines.end;
    }
    end
}

/// The records of a body, one after the other.
pub(super) struct Lines<'b> {
    reader: Reader<&'b [u8]>,
    body: &'b [u8],
    delimiter: u8,
    cells: ByteRecord,
    end: usize,
}

impl<'b> Lines<'b> {
    pub(super) fn of(body: &'b [u8], delimiter: u8) -> Self {
        Self {
            reader: reader(body, delimiter),
            body,
            delimiter,
            cells: ByteRecord::new(),
            end: 0,
        }
    }

    /// Goes on to the next record, if there is one.
    pub(super) fn step(&mut self) -> bool {
        // Reading from memory with any number of cells a line cannot fail.
        let read = self.reader.read_byte_record(&mut self.cells);
        self.end = usize::try_from(self.reader.position().byte()).unwrap_or(self.body.len());
        read.unwrap_or(false)
    }

    /// The record's cells, without their quotes.
    pub(super) fn cells(&self) -> &ByteRecord {
        &self.cells
    }

    /// The record as it stands in the body.
    pub(super) fn bytes(&self) -> &'b [u8] {
        let start = self.cells.position().map_or(0, Position::byte);
        let start = usize::try_from(start).unwrap_or(self.end);
        let bytes = self.body.get(start..self.end).unwrap_or_default();
        let is_newline = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let first = bytes.iter().position(|byte| !is_newline(byte));
        let last = bytes.iter().rposition(|byte| !is_newline(byte));
        match (first, last) {
            (Some(first), Some(last)) => &bytes[first..=last],
            _ => &[],
        }
    }

    /// The number of the line that it begins on.
    pub(super) fn number(&self) -> u64 {
        self.cells.position().map_or(0, Position::line)
    }

    /// Whether it is the last record and not whole: without its last columns and the newline, or inside quotes.
    pub(super) fn is_cut_off(&self, columns: usize) -> bool {
        if self.end < self.body.len() {
            return false;
        }
        let ends = matches!(self.body.last(), Some(b'\r' | b'\n'));
        (!ends && self.cells.len() < columns) || self.is_open()
    }

    /// Whether a quote is open at its end: then one more newline is one more byte of a value.
    fn is_open(&self) -> bool {
        let start = self.cells.position().map_or(0, Position::byte);
        let start = usize::try_from(start).unwrap_or(self.end);
        let longer = [self.body.get(start..).unwrap_or_default(), b"\n"].concat();
        let mut again = ByteRecord::new();
        let read = reader(&longer, self.delimiter).read_byte_record(&mut again);
        read.is_ok() && again.as_slice().len() > self.cells.as_slice().len()
    }
}

fn reader(body: &[u8], delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(body)
}

#[cfg(test)]
mod tests {
    use super::{Lines, end_of_first, end_of_whole};

    /// The records of `body` as they stand, and whether the last one is cut off.
    fn read(body: &str, columns: usize) -> (Vec<String>, bool) {
        let mut lines = Lines::of(body.as_bytes(), b',');
        let (mut records, mut is_cut) = (Vec::new(), false);
        while lines.step() {
            records.push(String::from_utf8_lossy(lines.bytes()).into_owned());
            is_cut = lines.is_cut_off(columns);
        }
        (records, is_cut)
    }

    #[test]
    fn records_end_where_no_quote_is_open() {
        let check = |body: &str, expected: &[&str]| {
            assert_eq!(read(body, 2).0, expected, "{body:?}");
        };
        check("", &[]);
        check("a,b\r\n1,2\r\n", &["a,b", "1,2"]);
        check("a,b\n\n\n1,2", &["a,b", "1,2"]);
        check("a,\"b\nc\"\n1,2\n", &["a,\"b\nc\"", "1,2"]);
        check("a,\"b\"\"\n\"\n1,2\n", &["a,\"b\"\"\n\"", "1,2"]);
        check("5\" disk,b\n1,2\n", &["5\" disk,b", "1,2"]);
    }

    #[test]
    fn an_end_in_the_middle_of_a_record_is_seen() {
        let check = |body: &str, expected: bool| assert_eq!(read(body, 2).1, expected, "{body:?}");
        check("1,2\n", false);
        check("1,2", false);
        check("1,", false);
        check("1", true);
        check("1\n", false);
        check("1,\"2", true);
        check("1,\"2\n", true);
        check("1,\"2\n3,4\n", true);
        check("1,\"2\"", false);
        check("1,\"2\n\"", false);
        check("1,\"2\n\"\n", false);
        check("1,\"2\"\"", true);
    }

    #[test]
    fn a_part_ends_with_a_record() {
        let body = b"a,b\n1,\"x\n\"\n2,\"y\n";
        assert_eq!(end_of_first(body, b','), Some(4));
        assert_eq!(end_of_whole(body, b','), 11);
        assert_eq!(end_of_first(b"a,b", b','), None);
        assert_eq!(end_of_whole(b"a,b", b','), 0);
        assert_eq!(end_of_whole(b"a,b\n", b','), 0, "it may go on");
    }
}
