//! Takes a file out of a zip archive without unpacking it: both zip and gzip hold a raw deflate stream.
//!
//! Only what the archive of Swagger UI needs: no zip64, no encryption.

/// A file of an archive, still compressed.
pub(super) struct Entry<'a> {
    /// CRC-32 of the plain bytes.
    pub(super) checksum: u32,
    plain_length: u32,
    is_stored: bool,
    data: &'a [u8],
}

impl Entry<'_> {
    /// The file as a gzip stream (RFC 1952).
    pub(super) fn gzip(&self) -> Vec<u8> {
        let mut gzip = Vec::with_capacity(self.data.len() + 32);
        gzip.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
        if self.is_stored {
            // One deflate block "not compressed" (RFC 1951, 3.2.4); what a zip stores plainly is small.
            let length = u16::try_from(self.data.len()).unwrap_or(u16::MAX);
            gzip.push(1);
            gzip.extend_from_slice(&length.to_le_bytes());
            gzip.extend_from_slice(&(!length).to_le_bytes());
        }
        gzip.extend_from_slice(self.data);
        gzip.extend_from_slice(&self.checksum.to_le_bytes());
        gzip.extend_from_slice(&self.plain_length.to_le_bytes());
        gzip
    }
}

/// The first file whose path ends in `suffix`.
pub(super) fn find<'a>(archive: &'a [u8], suffix: &str) -> Option<Entry<'a>> {
    let end = archive.windows(4).rposition(|four| four == b"PK\x05\x06")?;
    let mut at = number(archive, end + 16)?;
    loop {
        if archive.get(at..at + 4)? != b"PK\x01\x02" {
            return None;
        }
        let name = at + 46;
        let after_name = name + short(archive, at + 28)?;
        if archive.get(name..after_name)?.ends_with(suffix.as_bytes()) {
            return entry(archive, at);
        }
        at = after_name + short(archive, at + 30)? + short(archive, at + 32)?;
    }
}

/// The file that the directory describes at `at`.
fn entry(archive: &[u8], at: usize) -> Option<Entry<'_>> {
    let is_stored = match short(archive, at + 10)? {
        0 => true,
        8 => false,
        _ => return None,
    };
    let length = number(archive, at + 20)?;
    // The file's own head has a name and an extra field again, not always those of the directory.
    let head = number(archive, at + 42)?;
    let data = head + 30 + short(archive, head + 26)? + short(archive, head + 28)?;
    Some(Entry {
        checksum: u32::try_from(number(archive, at + 16)?).ok()?,
        plain_length: u32::try_from(number(archive, at + 24)?).ok()?,
        is_stored,
        data: archive.get(data..data + length)?,
    })
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    let two = bytes.get(at..at + 2)?;
    Some(usize::from(u16::from_le_bytes(two.try_into().ok()?)))
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at + 4)?;
    usize::try_from(u32::from_le_bytes(four.try_into().ok()?)).ok()
}
