//! `img:crop`, `img:rotate` and `img:grayscale` move pixels, or make them gray.

use mlua::{AnyUserData, Value};

use super::picture::{Image, Layout, Size, this};
use crate::lua::host::call::Call;

/// Rows between two checkpoints.
const ROWS: usize = 256;

/// `img:crop`
pub(super) fn crop(
    call: &Call<'_>,
    (image, x, y, width, height): &(Value, Value, Value, Value, Value),
) -> mlua::Result<AnyUserData> {
    let image = this(call, image)?;
    let (x, width) = stretch(call, (1, x), (3, width), image.size.width)?;
    let (y, height) = stretch(call, (2, y), (4, height), image.size.height)?;
    let size = Size { width, height };
    let bytes = image.layout.bytes();
    let claim = call.claim(size.bytes(image.layout))?;
    let mut pixels = Vec::with_capacity(size.bytes(image.layout));
    let row = image.size.width as usize * bytes;
    for line in 0..height as usize {
        let start = (y as usize + line) * row + x as usize * bytes;
        pixels.extend_from_slice(&image.pixels[start..start + width as usize * bytes]);
    }
    image.made(size, image.layout, pixels, claim).hand_out(call)
}

/// Where a stretch begins and how long it is, within a side of the image.
fn stretch(
    call: &Call<'_>,
    (start_at, start): (usize, &Value),
    (len_at, len): (usize, &Value),
    side: u32,
) -> mlua::Result<(u32, u32)> {
    let start = call.integer(start_at, start)?;
    if !(0..i64::from(side)).contains(&start) {
        let why = format!("a position from 0 to {} expected, got {start}", side - 1);
        return Err(call.bad_because(start_at, &why));
    }
    let (len, most) = (call.integer(len_at, len)?, i64::from(side) - start);
    if !(1..=most).contains(&len) {
        return Err(call.bad_because(len_at, &format!("a size from 1 to {most} expected, got {len}")));
    }
    Ok((start as u32, len as u32))
}

/// `img:rotate`
pub(super) fn rotate(call: &Call<'_>, (image, degrees): &(Value, Value)) -> mlua::Result<AnyUserData> {
    let image = this(call, image)?;
    let degrees = call.integer(1, degrees)?;
    let Size { width, height } = image.size;
    let size = match degrees {
        90 | 270 => Size { width: height, height: width },
        180 => image.size,
        other => return Err(call.bad_because(1, &format!("90, 180 or 270 expected, got {other}"))),
    };
    let claim = call.claim(image.pixels.len())?;
    let pixels = by_layout(call, &image, degrees)?;
    image.made(size, image.layout, pixels, claim).hand_out(call)
}

fn by_layout(call: &Call<'_>, image: &Image, degrees: i64) -> mlua::Result<Vec<u8>> {
    match image.layout {
        Layout::Gray => turned::<1>(call, &image.pixels, image.size, degrees),
        Layout::GrayAlpha => turned::<2>(call, &image.pixels, image.size, degrees),
        Layout::Rgb => turned::<3>(call, &image.pixels, image.size, degrees),
        Layout::Rgba => turned::<4>(call, &image.pixels, image.size, degrees),
    }
}

/// The picture as the one who took it saw it.
pub(super) fn upright(call: &Call<'_>, image: Image) -> mlua::Result<Image> {
    let (degrees, is_mirrored) = match image.orientation {
        2 => (0, true),
        3 => (180, false),
        4 => (180, true),
        5 => (90, true),
        6 => (90, false),
        7 => (270, true),
        8 => (270, false),
        _ => return Ok(image),
    };
    let Size { width, height } = image.size;
    let size = if degrees % 180 == 0 { image.size } else { Size { width: height, height: width } };
    let claim = call.claim(image.pixels.len())?;
    let mut pixels = if degrees == 0 { image.pixels.clone() } else { by_layout(call, &image, degrees)? };
    if is_mirrored {
        let bytes = image.layout.bytes();
        for row in pixels.chunks_exact_mut(size.width as usize * bytes) {
            // All bytes backwards, and those of each pixel forwards again.
            row.reverse();
            row.chunks_exact_mut(bytes).for_each(<[u8]>::reverse);
        }
    }
    call.checkpoint()?;
    let mut upright = image.made(size, image.layout, pixels, claim);
    upright.orientation = 1;
    Ok(upright)
}

/// The pixels of `N` bytes, read in the order in which they stand after the turn.
fn turned<const N: usize>(call: &Call<'_>, from: &[u8], size: Size, degrees: i64) -> mlua::Result<Vec<u8>> {
    let (width, height) = (size.width as usize, size.height as usize);
    let (source, _) = from.as_chunks::<N>();
    let mut pixels = Vec::with_capacity(from.len());
    match degrees {
        180 => source.iter().rev().for_each(|pixel| pixels.extend_from_slice(pixel)),
        90 => {
            for x in 0..width {
                (0..height).rev().for_each(|y| pixels.extend_from_slice(&source[y * width + x]));
                if x % ROWS == ROWS - 1 {
                    call.checkpoint()?;
                }
            }
        }
        _ => {
            for x in (0..width).rev() {
                (0..height).for_each(|y| pixels.extend_from_slice(&source[y * width + x]));
                if x % ROWS == ROWS - 1 {
                    call.checkpoint()?;
                }
            }
        }
    }
    Ok(pixels)
}

/// `img:grayscale`
pub(super) fn grayscale(call: &Call<'_>, image: &Value) -> mlua::Result<AnyUserData> {
    let image = this(call, image)?;
    let layout = match image.layout {
        Layout::Gray | Layout::Rgb => Layout::Gray,
        Layout::GrayAlpha | Layout::Rgba => Layout::GrayAlpha,
    };
    let claim = call.claim(image.size.bytes(layout))?;
    let pixels = match image.layout {
        Layout::Gray | Layout::GrayAlpha => image.pixels.clone(),
        Layout::Rgb => image.pixels.as_chunks::<3>().0.iter().map(|&[r, g, b]| luma(r, g, b)).collect(),
        Layout::Rgba => {
            let pixels = image.pixels.as_chunks::<4>().0.iter();
            pixels.flat_map(|&[r, g, b, alpha]| [luma(r, g, b), alpha]).collect()
        }
    };
    image.made(image.size, layout, pixels, claim).hand_out(call)
}

/// A picture whose colours are all gray, as one that has only that.
pub(super) fn first_channel(call: &Call<'_>, image: Image) -> mlua::Result<Image> {
    if image.layout != Layout::Rgb {
        return Ok(image);
    }
    let claim = call.claim(image.size.bytes(Layout::Gray))?;
    let pixels = image.pixels.as_chunks::<3>().0.iter().map(|&[gray, ..]| gray).collect();
    Ok(image.made(image.size, Layout::Gray, pixels, claim))
}

/// Brightness as television has defined it (BT.601), in 65536ths, rounded.
fn luma(r: u8, g: u8, b: u8) -> u8 {
    let sum = u32::from(r) * 19_595 + u32::from(g) * 38_470 + u32::from(b) * 7_471;
    ((sum + 0x8000) >> 16) as u8
}
