//! This module makes the bytes of a file out of pixels.

use std::borrow::Cow;
use std::io::{Cursor, Write};

use ::image::codecs::{bmp, gif, png, tiff, webp};
use ::image::{ExtendedColorType, ImageEncoder};
use jpeg_encoder::ColorType as JpegColor;
use mlua::Value;

use super::picture::{Image, Layout, PictureFormat, Size, this};
use crate::lua::host::call::Call;
use crate::lua::host::options::Options;
use crate::lua::host::tally::Bounded;

/// Quality of JPEG files, if none is asked for; as other programs have it.
const QUALITY: u8 = 75;

/// How much time to spend on the palette of a GIF: 1 is the most, 30 the least.
const GIF_SPEED: i32 = 10;

/// `img:encode`
pub(super) fn encode(
    call: &Call<'_>,
    (image, format, options): &(Value, Value, Value),
) -> mlua::Result<Value> {
    let image = this(call, image)?;
    let name = call.text(1, format)?;
    let Some(format) = PictureFormat::named(&name) else {
        let known = "`jpeg`, `png`, `gif`, `webp`, `bmp` or `tiff`";
        return Err(call.bad_because(1, &format!("{known} expected, got `{}`", shown(&name))));
    };
    let bytes = encoded(call, &image, format, options)?;
    call.new_string(bytes)
}

/// A name of the user's in a message.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

/// The file's bytes; `options` is the second argument of the method.
pub(super) fn encoded(
    call: &Call<'_>,
    image: &Image,
    format: PictureFormat,
    options: &Value,
) -> mlua::Result<Vec<u8>> {
    let options = Options::of(call, 2, options, &["quality"])?;
    let quality = options.integer("quality", 1..=100)?;
    if quality.is_some() && format != PictureFormat::Jpeg {
        let name = format.name();
        return Err(call.bad_because(2, &format!("`quality` is for jpeg, {name} is written without loss")));
    }
    let (layout, pixels) = suited(call, image, format)?;
    let _claim = call.claim(working(format, image.size, layout))?;
    call.checkpoint()?;
    let mut out = Bounded::new(call);
    let done = match format {
        PictureFormat::Jpeg => {
            let quality = quality.map_or(QUALITY, |quality| quality as u8);
            jpeg(&pixels, image.size, layout, quality, &mut out).map_err(|error| error.to_string())
        }
        other => others(&pixels, image.size, layout, other, &mut out).map_err(|error| error.to_string()),
    };
    call.checkpoint()?;
    match done {
        Ok(()) => Ok(out.into_bytes()),
        Err(why) => Err(out
            .fault()
            .unwrap_or_else(|| call.refuse(&format!("cannot write a {} file: {why}", format.name())))),
    }
}

/// What an encoder holds beside the pixels and what it has written.
fn working(format: PictureFormat, size: Size, layout: Layout) -> usize {
    let pixels = size.width as usize * size.height as usize;
    match format {
        // One row after the other.
        PictureFormat::Jpeg | PictureFormat::Bmp => 0,
        // The file itself, because it is written out of order; the packed rows.
        PictureFormat::Tiff | PictureFormat::Png => size.bytes(layout),
        // A place in the palette for each pixel.
        PictureFormat::Gif => pixels.saturating_mul(2),
        // A copy with four parts for each pixel.
        PictureFormat::Webp => pixels.saturating_mul(4),
    }
}

fn jpeg(
    pixels: &[u8],
    size: Size,
    layout: Layout,
    quality: u8,
    out: &mut Bounded<'_>,
) -> Result<(), jpeg_encoder::EncodingError> {
    let color = if layout == Layout::Gray { JpegColor::Luma } else { JpegColor::Rgb };
    jpeg_encoder::Encoder::new(out, quality).encode(pixels, size.width as u16, size.height as u16, color)
}

fn others(
    pixels: &[u8],
    size: Size,
    layout: Layout,
    format: PictureFormat,
    out: &mut Bounded<'_>,
) -> ::image::ImageResult<()> {
    let color = match layout {
        Layout::Gray => ExtendedColorType::L8,
        Layout::GrayAlpha => ExtendedColorType::La8,
        Layout::Rgb => ExtendedColorType::Rgb8,
        Layout::Rgba => ExtendedColorType::Rgba8,
    };
    let (width, height) = (size.width, size.height);
    match format {
        PictureFormat::Gif => {
            gif::GifEncoder::new_with_speed(out, GIF_SPEED).encode(pixels, width, height, color)
        }
        PictureFormat::Webp => webp::WebPEncoder::new_lossless(out).write_image(pixels, width, height, color),
        PictureFormat::Bmp => bmp::BmpEncoder::new(out).write_image(pixels, width, height, color),
        PictureFormat::Tiff => {
            let mut file = Cursor::new(Vec::new());
            tiff::TiffEncoder::new(&mut file).write_image(pixels, width, height, color)?;
            out.write_all(file.get_ref()).map_err(::image::ImageError::IoError)
        }
        PictureFormat::Png | PictureFormat::Jpeg => {
            png::PngEncoder::new(out).write_image(pixels, width, height, color)
        }
    }
}

/// The pixels in a layout that the format has.
fn suited<'a>(
    call: &Call<'_>,
    image: &'a Image,
    format: PictureFormat,
) -> mlua::Result<(Layout, Cow<'a, [u8]>)> {
    let layout = match (format, image.layout) {
        (PictureFormat::Jpeg, Layout::GrayAlpha) => Layout::Gray,
        (PictureFormat::Jpeg, Layout::Rgba) | (PictureFormat::Gif, Layout::Gray) => Layout::Rgb,
        (PictureFormat::Gif | PictureFormat::Bmp | PictureFormat::Tiff, Layout::GrayAlpha) => Layout::Rgba,
        (_, layout) => return Ok((layout, Cow::Borrowed(&image.pixels))),
    };
    // Given back at the end of this function, when the pixels are there; they do not live long.
    let _claim = call.claim(image.size.bytes(layout))?;
    let pixels = match (image.layout, layout) {
        (Layout::Gray, _) => image.pixels.iter().flat_map(|&gray| [gray; 3]).collect(),
        (Layout::GrayAlpha, Layout::Gray) => {
            image.pixels.as_chunks::<2>().0.iter().map(|&[gray, alpha]| on_white(gray, alpha)).collect()
        }
        (Layout::GrayAlpha, _) => image
            .pixels
            .as_chunks::<2>()
            .0
            .iter()
            .flat_map(|&[gray, alpha]| [gray, gray, gray, alpha])
            .collect(),
        _ => {
            let pixels = image.pixels.as_chunks::<4>().0.iter();
            pixels.flat_map(|&[r, g, b, alpha]| [r, g, b].map(|part| on_white(part, alpha))).collect()
        }
    };
    Ok((layout, Cow::Owned(pixels)))
}

/// What is seen of a transparent pixel on white paper: formats without transparency get that.
fn on_white(part: u8, alpha: u8) -> u8 {
    let (part, alpha) = (u32::from(part), u32::from(alpha));
    ((part * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}
