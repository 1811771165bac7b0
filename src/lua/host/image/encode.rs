//! This module makes the bytes of a file out of pixels.

use std::borrow::Cow;

use ::image::codecs::{bmp, gif};
use ::image::{ExtendedColorType, ImageEncoder, ImageError};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType as JpegColor, EncodingError, SamplingFactor};
use mlua::Value;

use super::bmp_file;
use super::few::Few;
use super::jpeg::tightened;
use super::picture::{Image, Layout, PictureFormat, Size, this};
use super::png::PngFile;
use super::tiff_file::TiffFile;
use super::webp_file::WebpFile;
use crate::lua::host::call::Call;
use crate::lua::host::options::Options;
use crate::lua::host::tally::Bounded;

/// Quality of JPEG files, if none is asked for; as other programs have it.
const QUALITY: u8 = 75;

/// Where a profile says for which kind of colours it is.
const ICC_SPACE: std::ops::Range<usize> = 16..20;

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
    let options = Options::of(call, 2, options, &["quality", "icc"])?;
    let quality = options.integer("quality", 1..=100)?;
    let can_lose = matches!(format, PictureFormat::Jpeg | PictureFormat::Webp);
    if quality.is_some() && !can_lose {
        let name = format.name();
        let why = format!("`quality` is for jpeg and webp, {name} is written without loss");
        return Err(call.bad_because(2, &why));
    }
    let quality = quality.map(|quality| quality as u8);
    let icc = if options.flag_or("icc", true)? { profile(image) } else { &[] };
    let (layout, pixels) = suited(call, image, format)?;
    if format == PictureFormat::Webp {
        // Gray is written as colours there.
        let icc = if layout == image.layout { icc } else { &[] };
        return WebpFile { size: image.size, layout, pixels: &pixels, quality, icc }.bytes(call);
    }
    let _claim = call.claim(working(format, image.size))?;
    call.checkpoint()?;
    let can_have_few = matches!(format, PictureFormat::Png | PictureFormat::Bmp | PictureFormat::Tiff);
    let few = if can_have_few && image.beside.has_few_colors { Few::of(image) } else { None };
    let mut few = few.filter(|few| format == PictureFormat::Png || few.is_opaque());
    if format == PictureFormat::Bmp
        && let Some(few) = &mut few
    {
        few.avoid_two_bits();
    }
    call.checkpoint()?;
    let mut out = Bounded::new(call);
    let drawing = Drawing { size: image.size, layout, pixels: &pixels, few, icc };
    let done = match format {
        PictureFormat::Jpeg => {
            drawing.jpeg(quality.unwrap_or(QUALITY), &mut out).map_err(|error| error.to_string())
        }
        other => drawing.others(other, &mut out).map_err(|error| error.to_string()),
    };
    call.checkpoint()?;
    match done {
        Ok(()) if format == PictureFormat::Jpeg => tight(call, out.into_bytes()),
        Ok(()) => Ok(out.into_bytes()),
        Err(why) => Err(out
            .fault()
            .unwrap_or_else(|| call.refuse(&format!("cannot write a {} file: {why}", format.name())))),
    }
}

/// A JPEG file with the codes that suit it best.
fn tight(call: &Call<'_>, bytes: Vec<u8>) -> mlua::Result<Vec<u8>> {
    let _claim = call.claim(bytes.len())?;
    let mut step = 0;
    let mut look = || {
        step += 1;
        call.checkpoint_each(step)
    };
    Ok(tightened(&bytes, &mut look)?.unwrap_or(bytes))
}

/// The profile of a picture, where it is for colours as the picture has them: pixels that were made gray or came from inks have others.
fn profile(image: &Image) -> &[u8] {
    let space = match image.layout {
        Layout::Gray | Layout::GrayAlpha => b"GRAY",
        Layout::Rgb | Layout::Rgba => b"RGB ",
    };
    if image.beside.icc.get(ICC_SPACE) == Some(space) { &image.beside.icc } else { &[] }
}

/// What an encoder holds beside the pixels and what it has written.
fn working(format: PictureFormat, size: Size) -> usize {
    let pixels = size.width as usize * size.height as usize;
    match format {
        // One row after the other. What is held for WebP is counted where that is written.
        PictureFormat::Jpeg | PictureFormat::Webp => 0,
        // A place in the palette for each pixel, and rows of those.
        PictureFormat::Bmp | PictureFormat::Tiff | PictureFormat::Png | PictureFormat::Gif => {
            pixels.saturating_mul(2)
        }
    }
}

/// A picture as a format has it.
struct Drawing<'a> {
    size: Size,
    layout: Layout,
    pixels: &'a [u8],
    few: Option<Few>,
    icc: &'a [u8],
}

impl Drawing<'_> {
    /// With the colours of four pixels for each four, as other programs write them at any quality.
    fn jpeg(&self, quality: u8, out: &mut Bounded<'_>) -> Result<(), EncodingError> {
        let color = if self.layout == Layout::Gray { JpegColor::Luma } else { JpegColor::Rgb };
        let mut encoder = jpeg_encoder::Encoder::new(out, quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        if !self.icc.is_empty() {
            encoder.add_icc_profile(self.icc)?;
        }
        encoder.encode(self.pixels, self.size.width as u16, self.size.height as u16, color)
    }

    fn others(&self, format: PictureFormat, out: &mut Bounded<'_>) -> ::image::ImageResult<()> {
        let color = match self.layout {
            Layout::Gray => ExtendedColorType::L8,
            Layout::GrayAlpha => ExtendedColorType::La8,
            Layout::Rgb => ExtendedColorType::Rgb8,
            Layout::Rgba => ExtendedColorType::Rgba8,
        };
        let (width, height) = (self.size.width, self.size.height);
        match format {
            PictureFormat::Gif => {
                gif::GifEncoder::new_with_speed(out, GIF_SPEED).encode(self.pixels, width, height, color)
            }
            PictureFormat::Bmp => match &self.few {
                Some(few) => bmp_file::write(out, self.size, few).map_err(ImageError::IoError),
                None => bmp::BmpEncoder::new(out).write_image(self.pixels, width, height, color),
            },
            PictureFormat::Tiff => {
                let Self { size, layout, pixels, icc, .. } = *self;
                TiffFile { size, layout, pixels, few: self.few.as_ref(), icc }
                    .write(out)
                    .map_err(ImageError::IoError)
            }
            PictureFormat::Png | PictureFormat::Jpeg | PictureFormat::Webp => {
                let Self { size, layout, pixels, icc, .. } = *self;
                PngFile { size, layout, pixels, few: self.few.as_ref(), icc }
                    .write(out)
                    .map_err(ImageError::IoError)
            }
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
        (PictureFormat::Jpeg, Layout::Rgba) | (PictureFormat::Gif | PictureFormat::Webp, Layout::Gray) => {
            Layout::Rgb
        }
        (PictureFormat::Gif | PictureFormat::Bmp | PictureFormat::Webp, Layout::GrayAlpha) => Layout::Rgba,
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
