//! This module makes pixels out of the bytes of a file. It checks sizes against the memory limit before anything is
//! allocated.

use std::borrow::Cow;
use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};
use std::rc::Rc;

use ::image::codecs::{bmp, gif, png, webp};
use ::image::error::{LimitErrorKind, UnsupportedErrorKind};
use ::image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageResult, Limits};
use mlua::{AnyUserData, Value};

use super::exif::Exif;
use super::jpeg::{Jpeg, Sound};
use super::picture::{Beside, Image, Layout, PictureFormat, SIDE_MAX, Size};
use super::png as own_png;
use super::shape::{self, upright};
use super::tiff::Tiff;
use crate::lua::host::call::Call;
use crate::lua::host::options::Options;
use crate::lua::host::outside::Claim;
use crate::lua::host_error::HostError;

/// Bytes that a decoder gets between two checkpoints: at most some four million of pixels come of them, in a few
/// milliseconds.
const PIECE_BYTES: usize = 1 << 12;

/// `image.decode`
pub(super) fn decode(call: &Call<'_>, (bytes, options): &(Value, Value)) -> mlua::Result<AnyUserData> {
    let bytes = call.bytes(1, bytes)?;
    let is_wanted_upright = wants_upright(call, options)?;
    let image = picture(call, &bytes, "the image")?;
    let image = if is_wanted_upright { upright(call, image)? } else { image };
    image.hand_out(call)
}

/// Whether the options, the second argument, ask for the picture as it was seen.
pub(super) fn wants_upright(call: &Call<'_>, options: &Value) -> mlua::Result<bool> {
    Options::of(call, 2, options, &["orient"])?.flag("orient")
}

/// The picture in the bytes of a file; `name` is for messages.
pub(super) fn picture(call: &Call<'_>, bytes: &[u8], name: &str) -> mlua::Result<Image> {
    let Some(format) = guess(bytes) else {
        let known = "it is no jpeg, png, gif, webp, bmp or tiff file";
        return Err(call.refuse(&format!("cannot read {name}: {known}")));
    };
    let work = DecodeWork { call, format, name, bytes };
    let reader = |bytes| Pieces { bytes: Cursor::new(bytes), call };
    let plain = reader(Cow::Borrowed(bytes));
    match format {
        PictureFormat::Jpeg => {
            let file = Sound::of(call, bytes, name)?;
            // A progressive one has two bytes for each part of each pixel, until the last of its passes.
            let factor = if file.is_progressive { 2 } else { 0 };
            work.run(Jpeg::new(call, &file.bytes), |_, len| len.saturating_mul(factor), |_| false)
        }
        PictureFormat::Png => {
            let mut limits = Limits::no_limits();
            limits.max_alloc = Some(call.room()? as u64);
            let decoder = png::PngDecoder::with_limits(reader(own_png::plain(bytes)), limits);
            work.run(decoder, |_, _| 0, |_| own_png::has_few_colors(bytes))
        }
        PictureFormat::Gif => work.run(gif::GifDecoder::new(plain), |_, _| 0, |_| true),
        PictureFormat::Webp => work.run(webp::WebPDecoder::new(plain), |_, _| 0, |_| false),
        PictureFormat::Bmp => {
            let decoder = bmp::BmpDecoder::new(plain);
            let palette = decoder.as_ref().ok().and_then(bmp::BmpDecoder::get_palette);
            let is_gray = palette.is_some_and(|colors| colors.iter().all(|[r, g, b]| r == g && g == b));
            let image = work.run(decoder, |_, _| 0, |_| has_few_bits(bytes))?;
            if is_gray { Ok(shape::first_channel(call, image)?) } else { Ok(image) }
        }
        PictureFormat::Tiff => {
            // It may be read from a copy.
            let _claim = call.claim(bytes.len())?;
            work.run(Tiff::new(bytes, reader), |tiff, _| tiff.working(), Tiff::has_few_colors)
        }
    }
}

fn guess(bytes: &[u8]) -> Option<PictureFormat> {
    if matches!(bytes.get(..4), Some(b"II\x2b\0" | b"MM\0\x2b")) {
        return Some(PictureFormat::Tiff);
    }
    Some(match ::image::guess_format(bytes).ok()? {
        ImageFormat::Jpeg => PictureFormat::Jpeg,
        ImageFormat::Png => PictureFormat::Png,
        ImageFormat::Gif => PictureFormat::Gif,
        ImageFormat::WebP => PictureFormat::Webp,
        ImageFormat::Bmp => PictureFormat::Bmp,
        ImageFormat::Tiff => PictureFormat::Tiff,
        _ => return None,
    })
}

/// Whether a BMP has a palette; where that stands depends on the length of its header.
fn has_few_bits(bytes: &[u8]) -> bool {
    let at = if bytes.get(14) == Some(&12) { 24 } else { 28 };
    matches!(bytes.get(at..at + 2), Some([1..=8, 0]))
}

/// One picture being decoded.
struct DecodeWork<'a> {
    call: &'a Call<'a>,
    format: PictureFormat,
    name: &'a str,
    bytes: &'a [u8],
}

impl DecodeWork<'_> {
    /// The pixels and what stands beside them; `working` is what the decoder holds besides, by the bytes of the pixels.
    fn run<D: ImageDecoder>(
        &self,
        decoder: ImageResult<D>,
        working: impl FnOnce(&D, usize) -> usize,
        has_few_colors: impl FnOnce(&D) -> bool,
    ) -> mlua::Result<Image> {
        let mut decoder = decoder.map_err(|error| self.failed(&error))?;
        let size = self.size(&decoder)?;
        let (layout, is_wide) = layout(decoder.color_type());
        let len = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
        let needed = if is_wide { len.saturating_add(size.bytes(layout)) } else { len };
        let mut claim = self.claim(needed.saturating_add(working(&decoder, len)), size)?;
        let has_few_colors = has_few_colors(&decoder);
        let beside = Rc::new(self.beside(&mut decoder, has_few_colors)?);
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some((self.call.room()? as u64).saturating_add(needed as u64));
        decoder.set_limits(limits).map_err(|error| self.failed(&error))?;
        let pixels = if is_wide {
            let wide = DynamicImage::from_decoder(decoder).map_err(|error| self.failed(&error))?;
            self.call.checkpoint()?;
            narrow(wide, layout)
        } else {
            let mut pixels = vec![0; len];
            decoder.read_image(&mut pixels).map_err(|error| self.failed(&error))?;
            pixels
        };
        claim.shrink(pixels.len());
        self.call.checkpoint()?;
        Ok(Image::new(size, layout, beside, pixels, claim))
    }

    fn size(&self, decoder: &impl ImageDecoder) -> mlua::Result<Size> {
        let (width, height) = decoder.dimensions();
        if width == 0 || height == 0 || width > SIDE_MAX || height > SIDE_MAX {
            let why = format!("it is {width} x {height} pixels, and {SIDE_MAX} a side is the limit");
            return Err(self.call.refuse(&format!("cannot read {}: {why}", self.name)));
        }
        Ok(Size { width, height })
    }

    /// What the file says beside the pixels. What cannot be read there is as if it were not there.
    fn beside(&self, decoder: &mut impl ImageDecoder, has_few_colors: bool) -> mlua::Result<Beside> {
        let exif = if self.format == PictureFormat::Tiff {
            Exif::read(self.bytes)
        } else {
            let data = decoder.exif_metadata().ok().flatten().unwrap_or_default();
            Exif::read(data.strip_prefix(b"Exif\0\0").unwrap_or(&data))
        };
        let icc = decoder.icc_profile().ok().flatten().unwrap_or_default();
        let claim = self.call.claim(icc.len())?;
        Ok(Beside { format: self.format, exif, icc, has_few_colors, _claim: claim })
    }

    /// Memory for the pixels; a refusal says how large the picture claims to be.
    fn claim(&self, needed: usize, size: Size) -> mlua::Result<Claim> {
        self.call.claim(needed).map_err(|error| {
            let Size { width, height } = size;
            let why = self.call.memory().exceeded(&format!("a picture of {width} x {height} pixels"));
            match error.downcast_ref::<HostError>() {
                Some(_) => self.too_large(&why),
                None => error,
            }
        })
    }

    fn too_large(&self, why: &str) -> mlua::Error {
        let message = format!("`{}` cannot read {}: {why}", self.call.name, self.name);
        HostError { retryable: false, ..HostError::memory(message) }.into()
    }

    fn failed(&self, error: &ImageError) -> mlua::Error {
        // The reader stopped it: that is said by the one who did.
        if let Err(interrupted) = self.call.checkpoint() {
            return interrupted;
        }
        if let ImageError::Limits(limit) = error
            && limit.kind() == LimitErrorKind::InsufficientMemory
        {
            return self.too_large(&self.call.memory().exceeded("decoding it"));
        }
        if let ImageError::Unsupported(what) = error {
            let why = match what.kind() {
                UnsupportedErrorKind::GenericFeature(what) => what.clone(),
                _ => what.to_string(),
            };
            let kind = format!("this kind of {} file is not supported", self.format.name());
            return self.call.refuse(&format!(
                "cannot read {}: {kind}: {}",
                self.name,
                why.trim_end_matches('.')
            ));
        }
        let why = error.to_string();
        let why = why.trim_end_matches('.');
        self.call.refuse(&format!(
            "cannot read {}: it is a broken {} file: {why}",
            self.name,
            self.format.name()
        ))
    }
}

/// What the pixels become, and whether they have to be converted.
fn layout(color: ColorType) -> (Layout, bool) {
    let layout = match (color.has_color(), color.has_alpha()) {
        (false, false) => Layout::Gray,
        (false, true) => Layout::GrayAlpha,
        (true, false) => Layout::Rgb,
        (true, true) => Layout::Rgba,
    };
    (layout, usize::from(color.bytes_per_pixel()) != layout.bytes())
}

fn narrow(image: DynamicImage, layout: Layout) -> Vec<u8> {
    match layout {
        Layout::Gray => image.into_luma8().into_raw(),
        Layout::GrayAlpha => image.into_luma_alpha8().into_raw(),
        Layout::Rgb => image.into_rgb8().into_raw(),
        Layout::Rgba => image.into_rgba8().into_raw(),
    }
}

/// Hands out bytes in pieces with checkpoints between, so that decoding stops at the deadline.
struct Pieces<'a> {
    bytes: Cursor<Cow<'a, [u8]>>,
    call: &'a Call<'a>,
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.call.checkpoint().is_err() {
            return Err(io::Error::other("interrupted"));
        }
        let rest = self.bytes.fill_buf()?;
        Ok(&rest[..rest.len().min(PIECE_BYTES)])
    }

    fn consume(&mut self, len: usize) {
        self.bytes.consume(len);
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.len() < PIECE_BYTES / 16 {
            return self.bytes.read(out);
        }
        let rest = self.fill_buf()?;
        let len = rest.len().min(out.len());
        out[..len].copy_from_slice(&rest[..len]);
        self.consume(len);
        Ok(len)
    }

    fn read_to_end(&mut self, out: &mut Vec<u8>) -> io::Result<usize> {
        self.bytes.read_to_end(out)
    }
}

impl Seek for Pieces<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}
