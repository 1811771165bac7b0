//! `img:pixel`, `img:mean` and `img:exif` tell what is in a picture.

use mlua::{Table, Value};

use super::exif::Said;
use super::picture::{Image, this};
use crate::lua::host::call::Call;

/// Pixels between two checkpoints.
const PIXELS: usize = 1 << 20;

/// `img:pixel`
pub(super) fn pixel(call: &Call<'_>, (image, x, y): &(Value, Value, Value)) -> mlua::Result<Table> {
    let image = this(call, image)?;
    let x = place(call, 1, x, image.size.width)?;
    let y = place(call, 2, y, image.size.height)?;
    let bytes = image.layout.bytes();
    let start = (y * image.size.width as usize + x) * bytes;
    let mut list = call.list()?;
    image.pixels[start..start + bytes].iter().try_for_each(|part| list.push(*part))?;
    list.finish()
}

/// A column or a row.
fn place(call: &Call<'_>, at: usize, value: &Value, side: u32) -> mlua::Result<usize> {
    match call.integer(at, value)? {
        place if (0..i64::from(side)).contains(&place) => Ok(place as usize),
        other => {
            Err(call.bad_because(at, &format!("a position from 0 to {} expected, got {other}", side - 1)))
        }
    }
}

/// `img:mean`
pub(super) fn mean(call: &Call<'_>, image: &Value) -> mlua::Result<Table> {
    let image = this(call, image)?;
    let sums = sums(call, &image)?;
    let count = f64::from(image.size.width) * f64::from(image.size.height);
    let mut list = call.list()?;
    sums[..image.layout.bytes()].iter().try_for_each(|sum| list.push(*sum as f64 / count))?;
    list.finish()
}

/// The sum of each part of all pixels.
fn sums(call: &Call<'_>, image: &Image) -> mlua::Result<[u64; 4]> {
    let bytes = image.layout.bytes();
    let mut sums = [0; 4];
    for pixels in image.pixels.chunks(PIXELS * bytes) {
        for pixel in pixels.chunks_exact(bytes) {
            sums.iter_mut().zip(pixel).for_each(|(sum, part)| *sum += u64::from(*part));
        }
        call.checkpoint()?;
    }
    Ok(sums)
}

/// `img:exif`
pub(super) fn exif(call: &Call<'_>, image: &Value) -> mlua::Result<Table> {
    let image = this(call, image)?;
    let table = call.lua.create_table()?;
    let exif = &image.beside.exif;
    let is_turned = image.orientation != exif.orientation;
    for (name, said) in &exif.said {
        match said {
            // The pixels are no longer as the file says.
            _ if is_turned && *name == "Orientation" => table.raw_set(*name, image.orientation)?,
            Said::Text(text) => table.raw_set(*name, text.as_str())?,
            Said::Numbers(numbers) if numbers.len() == 1 => table.raw_set(*name, numbers[0])?,
            Said::Numbers(numbers) => {
                let mut list = call.list()?;
                numbers.iter().try_for_each(|number| list.push(*number))?;
                table.raw_set(*name, list.finish()?)?;
            }
        }
    }
    Ok(table)
}
