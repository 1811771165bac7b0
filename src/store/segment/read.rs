//! This module reads frames in a segment and proves each before it is believed. The caller says which of them to look
//! for.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::store::endings::{self, BlockHead, BlockPlace, SKIPPABLE};
use crate::store::notes::Notes;
use crate::store::{Digest, StoreError, packed};

/// What `title` has made, from the front of a segment, and where the first commit begins. Segments of format 1 begin
/// with it, later ones with an empty frame.
pub(in crate::store) fn read_title(file: &mut impl Read) -> Option<(String, u64)> {
    let mut head = [0; 8];
    file.read_exact(&mut head).ok()?;
    let mut before = 0;
    if packed::EMPTY.starts_with(&head) {
        // Its ninth byte, then the head of the title.
        let mut rest = [0; 9];
        file.read_exact(&mut rest).ok()?;
        let (last, title) = rest.split_first()?;
        if packed::EMPTY.last() != Some(last) {
            return None;
        }
        head.copy_from_slice(title);
        before = packed::EMPTY.len() as u64;
    }
    let (magic, size) = head.split_at(4);
    let size = u32::from_le_bytes(size.try_into().ok()?);
    if magic != SKIPPABLE.to_le_bytes() || !(8..1 << 20).contains(&size) {
        return None;
    }
    let mut text = vec![0; size as usize];
    file.read_exact(&mut text).ok()?;
    let checksum = text.split_off(text.len() - 8);
    let right = xxhash_rust::xxh3::xxh3_64(&text).to_le_bytes() == checksum.as_slice();
    let text = String::from_utf8(text).ok().filter(|_| right)?;
    Some((text, before + u64::from(size) + 8))
}

/// A commit found in a segment without the help of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct FoundCommit {
    pub(in crate::store) place: BlockPlace,
    pub(in crate::store) head: BlockHead,
}

/// What a segment says without the help of the database.
#[derive(Debug, Default)]
pub(in crate::store) struct ScannedSegment {
    /// What `title` has made; `None`: it is damaged.
    pub(in crate::store) title: Option<String>,
    /// All commits from its front to the first byte that is none.
    pub(in crate::store) commits: Vec<FoundCommit>,
    /// Bytes from there on.
    pub(in crate::store) left: u64,
}

/// Reads a segment from its front. `place` says by its title under which tag and number its blocks stand.
pub(in crate::store) fn scan(
    path: &Path,
    place: impl FnOnce(&str) -> (u64, u32),
) -> Result<ScannedSegment, StoreError> {
    let failed = |error| StoreError::io("read", path, error);
    let mut file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let Some((title, mut offset)) = read_title(&mut file) else {
        return Ok(ScannedSegment { left: length, ..ScannedSegment::default() });
    };
    let (tag, segment) = place(&title);
    let mut found = Vec::new();
    while let Some(length) = results_length(&file, offset) {
        let place = BlockPlace { tag, segment, offset, length };
        let Some(head) = read_head(&file, place) else { break };
        offset += length + head.blocks_length();
        found.push(FoundCommit { place, head });
    }
    let left = length.saturating_sub(offset);
    Ok(ScannedSegment { title: Some(title), commits: found, left })
}

/// How long the zstd frame at `offset` is, if there is one; 0 where a block of endings begins at once.
fn results_length(file: &File, offset: u64) -> Option<u64> {
    let mut magic = [0; 4];
    file.read_exact_at(&mut magic, offset).ok()?;
    if u32::from_le_bytes(magic) == SKIPPABLE {
        return Some(0);
    }
    if !packed::begins(&magic) {
        return None;
    }
    let mut size = 256 << 10;
    loop {
        let mut bytes = vec![0; size];
        let count = read_at_most(file, &mut bytes, offset)?;
        if let Ok(length) = zstd::zstd_safe::find_frame_compressed_size(&bytes[..count]) {
            return Some(length as u64);
        }
        if count < size || size as u64 > packed::BYTES_MAX {
            return None;
        }
        size *= 4;
    }
}

fn read_at_most(file: &File, bytes: &mut [u8], offset: u64) -> Option<usize> {
    let mut count = 0;
    while count < bytes.len() {
        match file.read_at(&mut bytes[count..], offset + count as u64).ok()? {
            0 => break,
            more => count += more,
        }
    }
    Some(count)
}

/// The head of the block of endings behind the results at `place`.
pub(in crate::store) fn read_head(file: &File, place: BlockPlace) -> Option<BlockHead> {
    let at = place.offset.checked_add(place.length)?;
    // Most heads are one span of items.
    let mut bytes = vec![0; endings::HEAD_BYTES + 256];
    let count = read_at_most(file, &mut bytes, at)?;
    bytes.truncate(count);
    let length = endings::head_length(&bytes)?;
    if length > bytes.len() {
        // A damaged length must not ask for more memory than the file can fill.
        let left = file.metadata().ok()?.len().checked_sub(at)?;
        if length as u64 > left {
            return None;
        }
        bytes.resize(length, 0);
        file.read_exact_at(&mut bytes, at).ok()?;
    }
    BlockHead::decode(&bytes, place)
}

/// The digests of a block whose head has been read.
pub(in crate::store) fn read_digests(
    file: &File,
    place: BlockPlace,
    head: &BlockHead,
) -> Option<(Vec<Digest>, Vec<Digest>)> {
    let at = place.offset.checked_add(place.length)?.checked_add(head.length as u64)?;
    let body = read_bytes(file, at, head.body_length() as u64)?;
    head.digests(&body)
}

/// The notes of a commit; `None`: they are damaged. A commit of format 1 has none.
pub(in crate::store) fn read_notes(file: &File, place: BlockPlace, head: &BlockHead) -> Option<Notes> {
    let length = head.facts.map_or(0, |facts| facts.notes);
    if length == 0 {
        return head.facts.map(|_| Notes::default());
    }
    let at = place.offset.checked_add(place.length)?.checked_add(head.block_length())?;
    Notes::decode(&read_bytes(file, at, u64::from(length))?, place)
}

/// The unpacked results of a commit; `None`: they are damaged, or not those that its endings are about.
pub(in crate::store) fn read_results(file: &File, place: BlockPlace, head: &BlockHead) -> Option<Vec<u8>> {
    read_both(file, place, head).map(|(_, text)| text)
}

/// The results of a commit as they were packed; `None`: they are damaged, or not those that its endings are about.
pub(in crate::store) fn read_packed(file: &File, place: BlockPlace, head: &BlockHead) -> Option<Vec<u8>> {
    read_both(file, place, head).map(|(packed, _)| packed)
}

fn read_both(file: &File, place: BlockPlace, head: &BlockHead) -> Option<(Vec<u8>, Vec<u8>)> {
    let packed = read_bytes(file, place.offset, place.length)?;
    let theirs = head.facts.is_none_or(|facts| facts.checksum == packed::checksum(&packed));
    let text = packed::unpack(&packed).filter(|_| theirs)?;
    Some((packed, text))
}

/// So many bytes; a damaged length must not ask for more memory than the file can fill.
fn read_bytes(file: &File, at: u64, length: u64) -> Option<Vec<u8>> {
    let left = file.metadata().ok()?.len().checked_sub(at)?;
    if length > left {
        return None;
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}
