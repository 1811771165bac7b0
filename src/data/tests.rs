//! These tests enter sources at positions: what is read there is what one reading gives from there on.

mod misfits;
mod positions;
pub(super) mod sources;

use super::*;
use crate::value::Chunk;

/// Rows and bytes that are read at once.
pub(super) type Sizes = (usize, usize);

pub(super) const LARGE: Sizes = (1000, 1 << 16);

/// What reading gives: items with their indices, and with their lines where they are unproved; bad rows with all that is
/// told of them; the error that ends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) items: Vec<String>,
    pub(super) bad: Vec<String>,
    pub(super) error: Option<String>,
}

impl Seen {
    /// Reads on to the end; the reader is there again, to be asked where it stands.
    pub(super) fn read(
        &mut self,
        reader: Result<Box<dyn Reader>, DataError>,
        sizes: Sizes,
    ) -> Option<Box<dyn Reader>> {
        match reader {
            Ok(mut reader) => {
                while self.read_chunk(&mut *reader, sizes) {}
                Some(reader)
            }
            Err(error) => {
                self.error = Some(error.to_string());
                None
            }
        }
    }

    /// Reads a chunk; false when it was the last one.
    fn read_chunk(&mut self, reader: &mut dyn Reader, (max_items, max_bytes): Sizes) -> bool {
        let before = reader.position();
        let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
        let more = match reader.read(max_items, max_bytes, &mut chunk, &mut bad) {
            Ok(more) => more,
            Err(error) => {
                self.error = Some(error.to_string());
                return false;
            }
        };
        let before = before.expect("only an error comes behind a place that cannot be entered");
        if let Some(after) = reader.position() {
            assert_eq!(after.items(), before.items() + chunk.len() as u64);
            assert_eq!((after.bad, after.rows), (before.bad + bad.len() as u64, reader.rows()));
        }
        for at in 0..chunk.len() {
            let index = before.items() + at as u64 + 1;
            let line = chunk.origin.as_ref().map(|origin| origin.line_of(at));
            self.items.push(format!("{index} {line:?} {}", String::from_utf8_lossy(chunk.item(at))));
        }
        self.bad.extend(bad.iter().map(|row| format!("{row:?}")));
        more
    }
}

/// What one reading gives.
pub(super) fn whole(options: &ReadOptions) -> Seen {
    let mut seen = Seen::default();
    seen.read(open(options), LARGE);
    seen
}

/// The position as another process gets it.
pub(super) fn sent(position: &Position) -> Position {
    let text = serde_json::to_string(position).expect("positions are plain data");
    let position_again = serde_json::from_str(&text).expect("they come back");
    assert_eq!(&position_again, position);
    position_again
}

/// Enters the source wherever a chunk ends.
pub(super) fn check_positions(options: &ReadOptions, sizes: Sizes) {
    let whole = whole(options);
    let mut seen = Seen::default();
    let Ok(mut reader) = open(options) else { return };
    loop {
        if let Some(position) = reader.position() {
            let mut rest = seen.clone();
            rest.read(open_at(options, &sent(&position)), sizes);
            assert_eq!(rest, whole, "{position:?}");
        }
        if !seen.read_chunk(&mut *reader, sizes) {
            return;
        }
    }
}
