//! A local file as pages. One of lines is read by parts, each of whole records, so that its size costs no memory.

use std::{
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Seek, SeekFrom},
    path::{Component, Path, PathBuf},
};

use bytes::Bytes;
use entity::run::Counts;
use flate2::read::MultiGzDecoder;
use reqwest::header::HeaderMap;
use url::Url;

use super::{
    Ask, Got, Links, Page, Validators,
    page::{At, Part},
    secrets::Secrets,
    target,
};
use crate::{Ctx, decode, error::SyncError, source::plan::Format};

/// Bytes in a part, but for what is missing of its last record.
const PART: u64 = 4 << 20;
/// As many are looked at first for a header line.
const HEADER: u64 = 64 << 10;

/// The page at `ask.at` of the file that the plan's path names below the source's folder.
///
/// # Errors
/// The file cannot be read, is too large, changed since its first part was read, or it is time to stop.
pub(super) async fn page(ctx: &Ctx, ask: Ask<'_>, counts: &mut Counts) -> Result<Got, SyncError> {
    if ctx.stop.is_asked() {
        return Err(SyncError::Stopped);
    }
    let secrets = Secrets::of(ask.source, ask.plan);
    let url = target::target(ask, &secrets)?.url;
    let path = path(&ask.source.base_url, &url)?;
    let shown = secrets.hide(&path.to_string_lossy());
    let wanted = Wanted {
        path,
        format: ask.plan.format,
        most: ask.source.max_body,
        part: match ask.at {
            At::Part(part) => *part,
            _ => Part::default(),
        },
    };
    let read = tokio::task::spawn_blocking(move || wanted.read()).await;
    let read = read.unwrap_or_else(|broken| Err(Unread::Io(io::Error::other(broken))));
    let (body, rest) = read.map_err(|unread| match unread {
        Unread::Io(source) => SyncError::File {
            path: shown.clone(),
            source,
        },
        Unread::Changed => SyncError::FileChanged {
            path: shown.clone(),
        },
        Unread::TooLarge => SyncError::TooLarge {
            url: shown.clone(),
            limit: ask.source.max_body,
        },
        Unread::Endless(byte) => SyncError::Decode {
            url: shown.clone(),
            why: format!(
                "its record from byte {byte} on is larger than max_body, {} bytes; if none is so large, \
                 a quote is never closed, or `delimiter` is another",
                ask.source.max_body
            ),
        },
    })?;
    counts.bytes += i64::try_from(body.len()).unwrap_or(i64::MAX);
    Ok(Got::Page(Box::new(Page {
        links: Links::of(ask, &url),
        url: shown,
        status: None,
        body: Some(Bytes::from(body)),
        headers: HeaderMap::new(),
        validators: Validators::default(),
        rest,
        secrets,
    })))
}

/// The path that `url` is, which no value in it leads out of the folder `base`.
fn path(base: &Url, url: &Url) -> Result<PathBuf, SyncError> {
    let unaskable = |why: &str| SyncError::Unaskable {
        url: base.to_string(),
        why: why.to_owned(),
    };
    let local = |url: &Url| {
        url.to_file_path()
            .map_err(|()| unaskable("it is no folder of this machine; write file:///path/of/it"))
    };
    let (folder, path) = (local(base)?, local(url)?);
    let is_within = path.strip_prefix(&folder).is_ok_and(|below| {
        below
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
    });
    match is_within {
        true => Ok(path),
        false => Err(unaskable("a value in the path leads out of the folder")),
    }
}

/// What is read.
struct Wanted {
    path: PathBuf,
    format: Format,
    /// Most bytes.
    most: u64,
    part: Part,
}

/// Why it is not.
#[derive(Debug)]
enum Unread {
    Io(io::Error),
    Changed,
    TooLarge,
    /// The record that begins at that byte is larger than a page may be.
    Endless(u64),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Wanted {
    /// The bytes of the part, and where the next one begins.
    fn read(&self) -> Result<(Vec<u8>, Option<Part>), Unread> {
        if !self.path.metadata()?.is_file() {
            // To open a pipe would wait for whoever writes to it.
            let what = "it is no regular file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what).into());
        }
        let mut file = File::open(&self.path)?;
        let mark = mark(&file)?;
        if self.part.of.is_some_and(|of| of != mark) {
            return Err(Unread::Changed);
        }
        let (body, rest) = match self.format {
            _ if is_compressed(&self.path) => (self.whole(MultiGzDecoder::new(&file))?, None),
            Format::Json => (self.whole(&file)?, None),
            Format::Ndjson | Format::Csv { .. } => self.records(&mut file)?,
        };
        // What is written to while it is read is neither the old file nor the new one.
        if mark != self::mark(&file)? {
            return Err(Unread::Changed);
        }
        let rest = rest.map(|byte| Part {
            byte,
            of: Some(mark),
        });
        Ok((body, rest))
    }

    fn whole(&self, from: impl Read) -> Result<Vec<u8>, Unread> {
        let mut body = Vec::new();
        from.take(self.most.saturating_add(1))
            .read_to_end(&mut body)?;
        if body.len() as u64 > self.most {
            return Err(Unread::TooLarge);
        }
        Ok(body)
    }

    /// The records from the part's beginning on, a CSV's header before them, and where the rest begins.
    fn records(&self, file: &mut File) -> Result<(Vec<u8>, Option<u64>), Unread> {
        let mut body = match self.format {
            Format::Csv { delimiter } if self.part.byte > 0 => {
                let end = |body: &[u8]| decode::end_of_first(body, delimiter);
                self.some(file, Vec::new(), HEADER, end)?.0
            }
            _ => Vec::new(),
        };
        let header = body.len();
        file.seek(SeekFrom::Start(self.part.byte))?;
        let format = self.format;
        let end = move |body: &[u8]| {
            let end = match format {
                Format::Csv { delimiter } => decode::end_of_whole(body, delimiter),
                Format::Ndjson | Format::Json => decode::end_of_last(body),
            };
            (end > header).then_some(end)
        };
        let is_cut;
        (body, is_cut) = self.some(file, body, PART, end)?;
        let byte = self.part.byte + (body.len() - header) as u64;
        Ok((body, is_cut.then_some(byte)))
    }

    /// Reads on behind `body` until it has an `end`, and cuts it there; false: it is all up to the file's end.
    fn some(
        &self,
        file: &mut File,
        mut body: Vec<u8>,
        first: u64,
        end: impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<(Vec<u8>, bool), Unread> {
        let mut more = first.min(self.most);
        loop {
            let came = file.take(more).read_to_end(&mut body)?;
            if (came as u64) < more {
                return Ok((body, false));
            }
            if let Some(end) = end(&body) {
                body.truncate(end);
                return Ok((body, true));
            }
            // A record longer than a part; doubled, so that looking for its end stays cheap.
            more = body.len() as u64;
            if more.saturating_mul(2) > self.most {
                return Err(Unread::Endless(self.part.byte));
            }
        }
    }
}

fn is_compressed(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// A number that changes when a file does.
fn mark(file: &File) -> io::Result<u64> {
    let about = file.metadata()?;
    let mut hasher = DefaultHasher::new();
    about.len().hash(&mut hasher);
    about.modified().ok().hash(&mut hasher);
    #[cfg(unix)]
    std::os::unix::fs::MetadataExt::ino(&about).hash(&mut hasher);
    Ok(hasher.finish())
}
