//! This decoder turns text of another encoding into UTF-8, a piece at a time. Which encoding that is, `block` finds out.

use encoding_rs::{Decoder, DecoderResult};

use crate::data::TextEncoding;

/// Stands for bytes that cannot be decoded. No UTF-8 text has this byte, so whatever proves a row refuses it, and no
/// character is ever put in the place of another one.
const UNDECODABLE: u8 = 0xFF;

/// What is said of a text that is not in its encoding, which is UTF-8 where nobody has said another.
pub(super) fn not_in(encoding: Option<TextEncoding>) -> String {
    match encoding {
        Some(encoding) => format!("not {}", encoding.name()),
        None => {
            "not UTF-8; if it is in another encoding, say that, such as `encoding: windows-1252`".to_owned()
        }
    }
}

/// What is wrong with a row: that the text is not in its encoding, if that is so, else `message`.
pub(super) fn blamed(text: &[u8], encoding: Option<TextEncoding>, message: String) -> String {
    match encoding {
        Some(encoding) if text.contains(&UNDECODABLE) => format!("the text is {}", not_in(Some(encoding))),
        _ => message,
    }
}

/// A text that is being decoded.
pub(super) struct Decoding {
    encoding: TextEncoding,
    decoder: Decoder,
    /// Bytes of decoded text so far.
    written: u64,
}

impl Decoding {
    /// Nothing is decoded yet.
    pub(super) fn new(encoding: TextEncoding) -> Self {
        Self { encoding, decoder: encoding.decoder(), written: 0 }
    }

    /// The encoding.
    pub(super) fn encoding(&self) -> TextEncoding {
        self.encoding
    }

    /// Bytes of decoded text so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Adds the text that the next bytes stand for to `out`. `last` says that no more come.
    pub(super) fn decode(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) {
        let (begin, mut end, mut rest) = (out.len(), out.len(), bytes);
        loop {
            // Each byte that cannot be decoded takes the room of what it might have been.
            let room = self.decoder.max_utf8_buffer_length_without_replacement(rest.len());
            let room = end.saturating_add(room.expect("a block is far smaller than memory"));
            if out.len() < room {
                out.resize(room, 0);
            }
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(rest, &mut out[end..], last);
            rest = &rest[read..];
            end += written;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    out.resize(out.len().max(end + 1), 0);
                    out[end] = UNDECODABLE;
                    end += 1;
                }
            }
        }
        out.truncate(end);
        self.written += (end - begin) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(label: &str, bytes: &[u8], expect: &[u8]) {
        let encoding = TextEncoding::of_label(label).expect("a label");
        for size in [1, 2, 3, 100] {
            let (mut decoding, mut out) = (Decoding::new(encoding), Vec::new());
            for piece in bytes.chunks(size) {
                decoding.decode(piece, false, &mut out);
            }
            decoding.decode(b"", true, &mut out);
            assert_eq!(out, expect, "{label} by {size}");
            assert_eq!(decoding.written(), out.len() as u64);
        }
    }

    #[test]
    fn characters_may_be_cut_in_two() {
        check("latin1", b"caf\xE9 \x80", "café €".as_bytes());
        check("utf-16le", b"a\0\xE4\0\x3D\xD8\x00\xDE", "aä😀".as_bytes());
        check("shift_jis", b"\x93\xFA\x96\x7B", "日本".as_bytes());
        check("iso-2022-jp", b"\x1B$B\x46\x7C\x1B(Bx", "日x".as_bytes());
    }

    #[test]
    fn what_cannot_be_decoded_is_marked_and_the_rest_is_read() {
        check("utf-16le", b"a\0\x00\xDCb\0", b"a\xFFb");
        check("shift_jis", b"a\x81\nb", b"a\xFF\nb");
        check("utf-16be", b"\0a\0", b"a\xFF");
        check("windows-1253", b"\xAA\xAA\xAAx", b"\xFF\xFF\xFFx");
    }
}
