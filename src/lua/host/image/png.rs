//! This module knows of PNG files what the decoder does not, and writes them: as small as Pillow does, and with a palette where the
//! picture came from one.

use std::borrow::Cow;
use std::io::{self, Write};

use flate2::Crc;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status, Strategy};

use super::few::{Few, Shades};
use super::picture::{Layout, Size};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The level whose files are as small as those of zlib at its default, 6: the library's own 6 takes other ways.
const LEVEL: i32 = 8;
/// The same for indices, of which there is one for each pixel.
const FEW_LEVEL: i32 = 9;

/// Bytes of a chunk of data, as Pillow has it.
const CHUNK_BYTES: usize = 1 << 16;

/// Kinds of differences: to the pixel above, to the left, and to one of three.
const LEFT: u8 = 1;
const UP: u8 = 2;
const PAETH: u8 = 4;

/// Where the depth and the kind of colours stand: in the header, which is the first chunk.
const DEPTH: usize = 24;
const COLOR: usize = 25;
/// Behind the first chunk.
const REST: usize = 33;

/// Whether the file has a palette or fewer than 8 bits a pixel.
pub(super) fn has_few_colors(bytes: &[u8]) -> bool {
    matches!((bytes.get(DEPTH), bytes.get(COLOR)), (Some(1..8), _) | (_, Some(3)))
}

/// The file with a transparent gray that is one: of the 16 bits that it is written in, those above the picture's own mean nothing.
pub(super) fn plain(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut plain = Cow::Borrowed(bytes);
    let (Some(&depth @ 1..8), Some(0)) = (bytes.get(DEPTH), bytes.get(COLOR)) else { return plain };
    let mut at = REST;
    while let Some([l0, l1, l2, l3, name @ ..]) = bytes.get(at..at + 8) {
        let len = u32::from_be_bytes([*l0, *l1, *l2, *l3]) as usize;
        if name == b"tRNS" && len == 2 && bytes.len() >= at + 14 {
            let own = ((1_u16 << depth) - 1) as u8 & bytes[at + 9];
            let [old, new] = [&bytes[at + 4..at + 10], &[name, &[0, own]].concat()[..]].map(|body| {
                let mut crc = Crc::new();
                crc.update(body);
                crc.sum().to_be_bytes()
            });
            if bytes[at + 8..at + 10] != [0, own] && bytes[at + 10..at + 14] == old {
                plain.to_mut()[at + 8..at + 10].copy_from_slice(&[0, own]);
                plain.to_mut()[at + 10..at + 14].copy_from_slice(&new);
            }
            return plain;
        }
        if name == b"IDAT" || name == b"IEND" {
            break;
        }
        at = at.saturating_add(12).saturating_add(len);
    }
    plain
}

/// A picture as it is written.
pub(super) struct PngFile<'a> {
    pub(super) size: Size,
    pub(super) layout: Layout,
    pub(super) pixels: &'a [u8],
    /// The colours, where they are few.
    pub(super) few: Option<&'a Few>,
    /// Empty for none.
    pub(super) icc: &'a [u8],
}

impl PngFile<'_> {
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(SIGNATURE)?;
        let (color, bits) = match (self.few.map(|few| (&few.shades, few.bits)), self.layout) {
            (Some((Shades::Gray, bits)), _) => (0, bits),
            (Some((Shades::Palette(_), bits)), _) => (3, bits),
            (None, Layout::Gray) => (0, 8),
            (None, Layout::Rgb) => (2, 8),
            (None, Layout::GrayAlpha) => (4, 8),
            (None, Layout::Rgba) => (6, 8),
        };
        let [width, height] = [self.size.width, self.size.height].map(u32::to_be_bytes);
        chunk(out, *b"IHDR", &[&width[..], &height[..], &[bits as u8, color, 0, 0, 0]].concat())?;
        if !self.icc.is_empty() {
            let mut packed = b"ICC profile\0\0".to_vec();
            let mut deflate = Deflater::new(FEW_LEVEL, Strategy::Default);
            deflate.add(self.icc, DeflateFlush::Finish, |bytes| {
                packed.extend_from_slice(bytes);
                Ok(())
            })?;
            chunk(out, *b"iCCP", &packed)?;
        }
        if let Some(Few { shades: Shades::Palette(colors), .. }) = self.few {
            chunk(out, *b"PLTE", &colors.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect::<Vec<u8>>())?;
            let opaque = colors.iter().rev().take_while(|[.., alpha]| *alpha == 255).count();
            let alphas: Vec<u8> = colors[..colors.len() - opaque].iter().map(|[.., alpha]| *alpha).collect();
            if !alphas.is_empty() {
                chunk(out, *b"tRNS", &alphas)?;
            }
        }
        self.data(out)?;
        chunk(out, *b"IEND", &[])
    }

    fn data(&self, out: &mut impl Write) -> io::Result<()> {
        let (level, strategy) =
            if self.few.is_some() { (FEW_LEVEL, Strategy::Default) } else { (LEVEL, Strategy::Filtered) };
        let mut deflate = Deflater::new(level, strategy);
        let mut put = |bytes: &[u8]| chunk(out, *b"IDAT", bytes);
        if let Some(few) = self.few {
            // Differences of indices mean nothing.
            let rows = few.packed(self.size);
            for row in rows.chunks(rows.len() / self.size.height as usize) {
                deflate.add(&[0], DeflateFlush::NoFlush, &mut put)?;
                deflate.add(row, DeflateFlush::NoFlush, &mut put)?;
            }
        } else {
            let bytes = self.layout.bytes();
            let mut filters = Filters::new(bytes, self.size.width as usize * bytes);
            for row in self.pixels.chunks_exact(self.size.width as usize * bytes) {
                deflate.add(filters.best(row), DeflateFlush::NoFlush, &mut put)?;
            }
        }
        deflate.add(&[], DeflateFlush::Finish, &mut put)
    }
}

fn chunk(out: &mut impl Write, name: [u8; 4], body: &[u8]) -> io::Result<()> {
    let mut crc = Crc::new();
    crc.update(&name);
    crc.update(body);
    out.write_all(&(body.len() as u32).to_be_bytes())?;
    out.write_all(&name)?;
    out.write_all(body)?;
    out.write_all(&crc.sum().to_be_bytes())
}

/// Compresses as zlib does at its usual level, where the library's own usual level is made to be quick.
struct Deflater {
    deflate: Deflate,
    out: Vec<u8>,
    /// Bytes of `out` that are filled.
    len: usize,
}

impl Deflater {
    fn new(level: i32, strategy: Strategy) -> Self {
        let config = DeflateConfig { level, mem_level: 9, strategy, ..DeflateConfig::default() };
        Self { deflate: Deflate::new_with_config(config), out: vec![0; CHUNK_BYTES], len: 0 }
    }

    /// Takes bytes; `put` gets what is compressed, a chunk at a time.
    fn add(
        &mut self,
        mut bytes: &[u8],
        flush: DeflateFlush,
        mut put: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            let (taken, made) = (self.deflate.total_in(), self.deflate.total_out());
            let status = self.deflate.compress(bytes, &mut self.out[self.len..], flush);
            let status = status.map_err(|error| io::Error::other(error.as_str()))?;
            bytes = &bytes[(self.deflate.total_in() - taken) as usize..];
            self.len += (self.deflate.total_out() - made) as usize;
            let is_over = status == Status::StreamEnd;
            if self.len == self.out.len() || is_over {
                put(&self.out[..self.len])?;
                self.len = 0;
            } else if bytes.is_empty() && flush == DeflateFlush::NoFlush {
                return Ok(());
            }
            if is_over {
                return Ok(());
            }
        }
    }
}

/// Finds for each row what it is compressed best as: by the least sum of differences, among what libpng and Pillow try by default.
struct Filters {
    /// Bytes of a pixel.
    bytes: usize,
    before: Vec<u8>,
    /// The kind of difference, and the row.
    best: Vec<u8>,
    other: Vec<u8>,
}

impl Filters {
    fn new(bytes: usize, row: usize) -> Self {
        Self { bytes, before: vec![0; row], best: vec![0; row + 1], other: vec![0; row + 1] }
    }

    fn best(&mut self, row: &[u8]) -> &[u8] {
        self.best[0] = 0;
        self.best[1..].copy_from_slice(row);
        let mut least = weight(row);
        for kind in [UP, LEFT, PAETH] {
            self.other[0] = kind;
            let out = &mut self.other[1..];
            let (first, above, left) =
                (self.bytes.min(row.len()), &self.before, &row[..row.len() - self.bytes]);
            match kind {
                UP => {
                    out.iter_mut()
                        .zip(row)
                        .zip(above)
                        .for_each(|((out, it), up)| *out = it.wrapping_sub(*up));
                }
                LEFT => {
                    out[..first].copy_from_slice(&row[..first]);
                    let pairs = row[first..].iter().zip(left);
                    out[first..]
                        .iter_mut()
                        .zip(pairs)
                        .for_each(|(out, (it, left))| *out = it.wrapping_sub(*left));
                }
                _ => {
                    let start = row[..first].iter().zip(above);
                    out[..first]
                        .iter_mut()
                        .zip(start)
                        .for_each(|(out, (it, up))| *out = it.wrapping_sub(*up));
                    let near = left.iter().zip(&above[first..]).zip(above);
                    let pairs = row[first..].iter().zip(near);
                    out[first..].iter_mut().zip(pairs).for_each(|(out, (it, ((left, up), corner)))| {
                        *out = it.wrapping_sub(paeth(*left, *up, *corner));
                    });
                }
            }
            let weight = weight(&self.other[1..]);
            if weight < least {
                least = weight;
                std::mem::swap(&mut self.best, &mut self.other);
            }
        }
        self.before.copy_from_slice(row);
        &self.best
    }
}

fn weight(row: &[u8]) -> u64 {
    row.iter().map(|&byte| u64::from(byte.min(byte.wrapping_neg()))).sum()
}

/// The neighbour that is nearest to what the three of them foretell.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let [to_left, to_up, to_corner] = [b - c, a - c, a + b - c - c].map(i16::abs);
    if to_left <= to_up && to_left <= to_corner {
        left
    } else if to_up <= to_corner {
        up
    } else {
        corner
    }
}
