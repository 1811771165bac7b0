//! This module writes TIFF files: one strip without compression, and one directory behind it.

use std::io::{self, Write};

use super::few::{Few, Shades};
use super::picture::{Layout, Size};

/// Bytes before the strip.
const HEAD_BYTES: usize = 8;
/// Kinds of values: two bytes, four bytes, and bytes that mean nothing to others.
const SHORT: u16 = 3;
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;

/// A picture as it is written.
pub(super) struct TiffFile<'a> {
    pub(super) size: Size,
    pub(super) layout: Layout,
    pub(super) pixels: &'a [u8],
    /// The colours, where they are few.
    pub(super) few: Option<&'a Few>,
    /// Empty for none.
    pub(super) icc: &'a [u8],
}

/// One tag and its values, lowest byte first.
struct Entry {
    id: u16,
    kind: u16,
    values: Vec<u8>,
}

impl Entry {
    fn shorts(id: u16, values: &[u16]) -> Self {
        Self { id, kind: SHORT, values: values.iter().flat_map(|value| value.to_le_bytes()).collect() }
    }

    fn long(id: u16, value: u32) -> Self {
        Self { id, kind: LONG, values: value.to_le_bytes().to_vec() }
    }

    fn count(&self) -> usize {
        self.values.len()
            / match self.kind {
                SHORT => 2,
                LONG => 4,
                _ => 1,
            }
    }
}

impl TiffFile<'_> {
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let packed = self.few.map(|few| few.packed(self.size));
        let strip = packed.as_deref().unwrap_or(self.pixels);
        // Places have 32 bits.
        let too_large = |_| io::Error::other("it would have more than 4 GB");
        let padding = strip.len() % 2;
        let directory_at = u32::try_from(HEAD_BYTES + strip.len() + padding).map_err(too_large)?;
        out.write_all(b"II*\0")?;
        out.write_all(&directory_at.to_le_bytes())?;
        out.write_all(strip)?;
        out.write_all(&[0][..padding])?;
        let entries = self.entries(strip.len() as u32);
        let mut beside = directory_at as usize + 2 + entries.len() * 12 + 4;
        out.write_all(&(entries.len() as u16).to_le_bytes())?;
        for entry in &entries {
            out.write_all(&entry.id.to_le_bytes())?;
            out.write_all(&entry.kind.to_le_bytes())?;
            out.write_all(&(entry.count() as u32).to_le_bytes())?;
            if entry.values.len() <= 4 {
                let mut value = [0; 4];
                value[..entry.values.len()].copy_from_slice(&entry.values);
                out.write_all(&value)?;
            } else {
                out.write_all(&u32::try_from(beside).map_err(too_large)?.to_le_bytes())?;
                beside += entry.values.len().next_multiple_of(2);
            }
        }
        out.write_all(&[0; 4])?;
        for entry in entries.iter().filter(|entry| entry.values.len() > 4) {
            out.write_all(&entry.values)?;
            out.write_all(&[0][..entry.values.len() % 2])?;
        }
        Ok(())
    }

    /// In the order of their numbers.
    fn entries(&self, strip: u32) -> Vec<Entry> {
        let bits = self.few.map_or(8, |few| few.bits as u16);
        let samples = if self.few.is_some() { 1 } else { self.layout.bytes() };
        let palette = match self.few.map(|few| &few.shades) {
            Some(Shades::Palette(colors)) => Some(colors),
            _ => None,
        };
        let meaning = match (palette, samples) {
            (Some(_), _) => 3,
            (None, 1 | 2) => 1,
            _ => 2,
        };
        let mut entries = vec![
            Entry::long(256, self.size.width),
            Entry::long(257, self.size.height),
            Entry::shorts(258, &vec![bits; samples]),
            Entry::shorts(259, &[1]),
            Entry::shorts(262, &[meaning]),
            Entry::long(273, HEAD_BYTES as u32),
            Entry::shorts(277, &[samples as u16]),
            Entry::long(278, self.size.height),
            Entry::long(279, strip),
        ];
        if let Some(colors) = palette {
            let part = |index: usize| {
                (0..1 << bits).map(move |at| colors.get(at).map_or(0, |color| u16::from(color[index]) * 257))
            };
            entries.push(Entry::shorts(320, &(0..3).flat_map(part).collect::<Vec<u16>>()));
        }
        if matches!(samples, 2 | 4) {
            // Transparency that the colours were not multiplied by.
            entries.push(Entry::shorts(338, &[2]));
        }
        if !self.icc.is_empty() {
            entries.push(Entry { id: 34_675, kind: UNDEFINED, values: self.icc.to_vec() });
        }
        entries
    }
}
