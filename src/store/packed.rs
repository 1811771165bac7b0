//! Text is packed as one zstd frame that says how long it will be and whose end proves the rest. This module packs and
//! unpacks; it does not know what the text means.

use std::io;

/// Fast enough to keep up with a million items a second; slower levels save little, and faster ones take half as much
/// room again.
const LEVEL: i32 = 1;

/// How every such frame begins.
const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

/// A frame without content. Readers that tell files by their first bytes know the magic of this one, not that of blocks
/// to be skipped.
pub(super) const EMPTY: [u8; 9] = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 0x00, 0x01, 0x00, 0x00];

/// The bit of a frame's fifth byte which says that a checksum of the content is its end.
const HAS_CHECKSUM: u8 = 4;

/// Bytes of that checksum.
const CHECKSUM_BYTES: usize = 4;

/// Bytes of a frame that are unpacked at most, whatever it says of itself: no commit comes near.
pub(super) const BYTES_MAX: u64 = 8 << 30;

/// Packs texts, one after the other, in the same working space.
#[derive(Default)]
pub(super) struct Compressor(Option<zstd::bulk::Compressor<'static>>);

impl Compressor {
    /// A text as one frame.
    pub(super) fn pack(&mut self, text: &[u8]) -> io::Result<Vec<u8>> {
        let zstd = match &mut self.0 {
            Some(zstd) => zstd,
            None => self.0.insert(compressor()?),
        };
        zstd.compress(text)
    }
}

fn compressor() -> io::Result<zstd::bulk::Compressor<'static>> {
    let mut zstd = zstd::bulk::Compressor::new(LEVEL)?;
    zstd.include_checksum(true)?;
    zstd.include_contentsize(true)?;
    Ok(zstd)
}

/// Whether a frame begins here.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The checksum of a frame's content, as the frame says it; 0 for nothing.
pub(super) fn checksum(packed: &[u8]) -> u32 {
    packed.last_chunk().map_or(0, |bytes: &[u8; CHECKSUM_BYTES]| u32::from_le_bytes(*bytes))
}

/// The text of a frame; `None`: it is damaged. Nothing is the frame of an empty text.
pub(super) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    if packed.is_empty() {
        return Some(Vec::new());
    }
    // Every frame says how long it will be and has a checksum; a frame that does not is none of ours.
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten()?;
    let has_checksum = packed.get(MAGIC.len())? & HAS_CHECKSUM != 0;
    // A damaged length must not ask for more memory than such a frame can fill.
    let possible = size <= BYTES_MAX && size <= (packed.len() as u64).saturating_mul(1 << 15) + (1 << 17);
    if !begins(packed) || !has_checksum || !possible {
        return None;
    }
    let text = zstd::bulk::decompress(packed, size as usize).ok()?;
    (text.len() as u64 == size).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_their_frames_end_with_their_checksums() {
        let mut compressor = Compressor::default();
        for text in ["", "a", &"{\"i\":1}\n".repeat(1000)] {
            let packed = compressor.pack(text.as_bytes()).expect("room");
            assert_eq!(unpack(&packed).as_deref(), Some(text.as_bytes()));
            let end = packed[packed.len() - CHECKSUM_BYTES..].try_into().expect("four bytes");
            assert_eq!(checksum(&packed), u32::from_le_bytes(end));
        }
        assert_eq!((checksum(b""), unpack(b"")), (0, Some(Vec::new())));
    }

    #[test]
    fn the_empty_frame_is_one_to_everybody_and_never_a_result() {
        assert_eq!(zstd::stream::decode_all(&EMPTY[..]).expect("a frame"), b"");
        assert!(begins(&EMPTY));
        assert_eq!(unpack(&EMPTY), None, "it has no checksum");
    }
}
