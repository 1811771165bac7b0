//! This module reads frames in a segment and proves each before it is believed. The caller says which of them to look
//! for.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::store::endings::{self, BlockPlace, SKIPPABLE};
use crate::store::{Digest, StoreError};

/// How every zstd frame of ours begins.
const ZSTD: u32 = 0xFD2F_B528;

/// Bytes of a frame that are unpacked at most, whatever it says of itself: no commit comes near.
const FRAME_BYTES_MAX: u64 = 8 << 30;

/// What `title` has made, from the front of a segment, and its length in the file.
pub(in crate::store) fn read_title(file: &mut impl Read) -> Option<(String, u64)> {
    let mut head = [0; 8];
    file.read_exact(&mut head).ok()?;
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
    Some((text, u64::from(size) + 8))
}

/// Unpacks the results of one commit; `None`: they are damaged.
pub(in crate::store) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    if packed.is_empty() {
        return Some(Vec::new());
    }
    if packed.get(..4)? != ZSTD.to_le_bytes() {
        return None;
    }
    // Every frame says how long it will be and has a checksum; a frame that does not is none of ours.
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten()?;
    let has_checksum = packed.get(4)? & 4 != 0;
    // A damaged length must not ask for more memory than such a frame can fill.
    let possible =
        size <= FRAME_BYTES_MAX && size <= (packed.len() as u64).saturating_mul(1 << 15) + (1 << 17);
    if !has_checksum || !possible {
        return None;
    }
    let unpacked = zstd::bulk::decompress(packed, size as usize).ok()?;
    (unpacked.len() as u64 == size).then_some(unpacked)
}

/// A commit found in a segment without the help of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct FoundCommit {
    pub(in crate::store) place: BlockPlace,
    pub(in crate::store) endings: u64,
    pub(in crate::store) head: endings::BlockHead,
}

/// All commits from the front of a segment to the first byte that is none, with how their results may be read.
pub(in crate::store) fn scan(
    path: &Path,
    tag: u64,
    segment: u32,
) -> Result<(Option<String>, Vec<FoundCommit>), StoreError> {
    let failed = |error| StoreError::io("read", path, error);
    let mut file = File::open(path).map_err(failed)?;
    let Some((title, mut offset)) = read_title(&mut file) else { return Ok((None, Vec::new())) };
    let mut found = Vec::new();
    loop {
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let Some(length) = results_length(&file, offset) else { break };
        let place = BlockPlace { tag, segment, offset, length };
        let Some((head, endings)) = read_head(&file, place) else { break };
        found.push(FoundCommit { place, endings, head });
        offset += length + endings;
    }
    Ok((Some(title), found))
}

/// How long the zstd frame at `offset` is, if there is one; 0 where a block of endings begins at once.
fn results_length(file: &File, offset: u64) -> Option<u64> {
    let mut magic = [0; 4];
    file.read_exact_at(&mut magic, offset).ok()?;
    if u32::from_le_bytes(magic) == SKIPPABLE {
        return Some(0);
    }
    if u32::from_le_bytes(magic) != ZSTD {
        return None;
    }
    let mut size = 256 << 10;
    loop {
        let mut bytes = vec![0; size];
        let count = read_at_most(file, &mut bytes, offset)?;
        if let Ok(length) = zstd::zstd_safe::find_frame_compressed_size(&bytes[..count]) {
            return Some(length as u64);
        }
        if count < size || size as u64 > FRAME_BYTES_MAX {
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

/// The head of the block of endings behind the results at `place`, and how long the block is.
pub(in crate::store) fn read_head(file: &File, place: BlockPlace) -> Option<(endings::BlockHead, u64)> {
    let at = place.offset.checked_add(place.length)?;
    // Most heads are one run of items.
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
    let head = endings::BlockHead::decode(&bytes, place)?;
    let whole = (length + head.body_length()) as u64;
    Some((head, whole))
}

/// The digests of a block whose head has been read.
pub(in crate::store) fn read_digests(
    file: &File,
    place: BlockPlace,
    head: &endings::BlockHead,
    endings: u64,
) -> Option<(Vec<Digest>, Vec<Digest>)> {
    let mut body = vec![0; head.body_length()];
    let at = (place.offset + place.length + endings).checked_sub(body.len() as u64)?;
    file.read_exact_at(&mut body, at).ok()?;
    head.digests(&body)
}

/// The unpacked results of a commit.
pub(in crate::store) fn read_results(file: &File, place: BlockPlace) -> Option<Vec<u8>> {
    let left = file.metadata().ok()?.len().checked_sub(place.offset)?;
    if place.length > left {
        return None;
    }
    let mut packed = vec![0; place.length as usize];
    file.read_exact_at(&mut packed, place.offset).ok()?;
    unpack(&packed)
}
