//! A file to records, one after the other, on a thread of its own: reading a file waits.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    sync::Arc,
};

use entity::{
    definition::Definition,
    local::{Unfit, Why},
};
use tokio::sync::mpsc;

use super::{asked::Form, csv, ndjson};

/// Longest record.
pub(super) const LONGEST: usize = 1 << 20;
/// Records that wait to be written.
const AHEAD: usize = 256;

/// A record as it came, or why it is none.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Where it begins, the first line is 1.
    pub(super) line: u64,
    pub(super) record: Result<String, Vec<Unfit>>,
}

/// What came of reading on.
pub(super) type Came = Result<Item, Stop>;

/// Why nothing behind it can be read.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    pub(super) line: u64,
    pub(super) unfit: Vec<Unfit>,
}

impl Stop {
    pub(super) fn at(line: u64, reason: impl Into<String>) -> Self {
        Self {
            line,
            unfit: vec![Unfit::new("", Why::Value, reason)],
        }
    }
}

/// Reads `file`; whoever takes the records may leave at any time.
pub(super) fn items(file: File, form: Form, definition: Arc<Definition>) -> mpsc::Receiver<Came> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        // Nobody wants the rest.
        let mut give = |came: Came| sender.blocking_send(came).is_ok();
        let file = BufReader::new(file);
        let read = match form {
            Form::Csv => csv::read(file, &definition, &mut give),
            Form::Ndjson => ndjson::read(file, &mut give),
        };
        if let Err(stop) = read {
            give(Err(stop));
        }
    });
    receiver
}

/// A reader that gives up when a record is too long, as it is when a quote is never closed.
#[derive(Debug)]
pub(super) struct Bounded<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            left: LONGEST,
        }
    }

    /// A record is whole.
    pub(super) fn begin(&mut self) {
        self.left = LONGEST;
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other(format!(
                "a record has more than {LONGEST} bytes, or a quote is never closed"
            )));
        }
        let most = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read;
        Ok(read)
    }
}
