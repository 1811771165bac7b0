//! This module writes BMP files with a palette, which the library writes with 8 bits a pixel only.

use std::io::{self, Write};

use super::few::{Few, Shades};
use super::picture::Size;

/// Bytes of both headers.
const HEAD_BYTES: usize = 54;
/// Pixels in a metre where nothing is known: 72 in an inch.
const DENSITY: u32 = 2835;

/// Writes the file. Transparency is not told.
pub(super) fn write(out: &mut impl Write, size: Size, few: &Few) -> io::Result<()> {
    let palette: Vec<[u8; 4]> = match &few.shades {
        Shades::Palette(colors) => colors.iter().map(|[r, g, b, _]| [*b, *g, *r, 0]).collect(),
        Shades::Gray => {
            let most = (1_usize << few.bits) - 1;
            (0..=most).map(|shade| (shade * 255 / most) as u8).map(|gray| [gray, gray, gray, 0]).collect()
        }
    };
    let rows = few.packed(size);
    let row = rows.len() / size.height as usize;
    let padding = row.next_multiple_of(4) - row;
    let start = HEAD_BYTES + palette.len() * 4;
    let too_large = |_| io::Error::other("it would have more than 4 GB");
    let len = u32::try_from(start + (row + padding) * size.height as usize).map_err(too_large)?;
    out.write_all(b"BM")?;
    let (planes, colors) = (1 | few.bits << 16, palette.len() as u32);
    for word in [len, 0, start as u32, 40, size.width, size.height, planes, 0, len - start as u32] {
        out.write_all(&word.to_le_bytes())?;
    }
    for word in [DENSITY, DENSITY, colors, colors] {
        out.write_all(&word.to_le_bytes())?;
    }
    out.write_all(palette.as_flattened())?;
    // The lowest row comes first.
    for row in rows.chunks_exact(row).rev() {
        out.write_all(row)?;
        out.write_all(&[0; 3][..padding])?;
    }
    Ok(())
}
