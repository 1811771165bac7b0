//! This module makes pixels out of the bytes of a file. It checks sizes against the memory limit before anything is
//! allocated.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use ::image::codecs::{bmp, gif, png, tiff, webp};
use ::image::error::LimitErrorKind;
use ::image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageResult, Limits};
use mlua::{AnyUserData, Value};

use super::jpeg::{Jpeg, JpegHead};
use super::picture::{Image, Layout, PictureFormat, SIDE_MAX, Size};
use crate::lua::host::call::Call;
use crate::lua::host::outside::Claim;
use crate::lua::host_error::HostError;

/// Bytes that a decoder gets between two checkpoints: at most some four million of pixels come of them, in a few
/// milliseconds.
const PIECE_BYTES: usize = 1 << 12;

/// `image.decode`
pub(super) fn decode(call: &Call<'_>, bytes: &Value) -> mlua::Result<AnyUserData> {
    picture(call, &call.bytes(1, bytes)?, "the image")?.hand_out(call)
}

/// The picture in the bytes of a file; `name` is for messages.
pub(super) fn picture(call: &Call<'_>, bytes: &[u8], name: &str) -> mlua::Result<Image> {
    let Some(format) = guess(bytes) else {
        let known = "it is no jpeg, png, gif, webp, bmp or tiff file";
        return Err(call.refuse(&format!("cannot read {name}: {known}")));
    };
    let head = if format == PictureFormat::Jpeg { JpegHead::of(bytes) } else { JpegHead::default() };
    if head.is_cut_off {
        return Err(call.refuse(&format!("cannot read {name}: the jpeg file is cut off")));
    }
    let work = DecodeWork { call, format, name, is_progressive: head.is_progressive };
    let reader = Pieces { bytes: Cursor::new(bytes), call };
    match format {
        PictureFormat::Jpeg => work.run(Jpeg::new(call, bytes)),
        PictureFormat::Png => {
            let mut limits = Limits::no_limits();
            limits.max_alloc = Some(call.room()? as u64);
            work.run(png::PngDecoder::with_limits(reader, limits))
        }
        PictureFormat::Gif => work.run(gif::GifDecoder::new(reader)),
        PictureFormat::Webp => work.run(webp::WebPDecoder::new(reader)),
        PictureFormat::Bmp => work.run(bmp::BmpDecoder::new(reader)),
        PictureFormat::Tiff => work.run(tiff::TiffDecoder::new(reader)),
    }
}

fn guess(bytes: &[u8]) -> Option<PictureFormat> {
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

/// One picture being decoded.
struct DecodeWork<'a> {
    call: &'a Call<'a>,
    format: PictureFormat,
    name: &'a str,
    /// Whether it is a JPEG whose parts are all held until the last of its passes.
    is_progressive: bool,
}

impl DecodeWork<'_> {
    fn run<D: ImageDecoder>(&self, decoder: ImageResult<D>) -> mlua::Result<Image> {
        let mut decoder = decoder.map_err(|error| self.failed(&error))?;
        let (width, height) = decoder.dimensions();
        if width == 0 || height == 0 || width > SIDE_MAX || height > SIDE_MAX {
            let why = format!("it is {width} x {height} pixels, and {SIDE_MAX} a side is the limit");
            return Err(self.call.refuse(&format!("cannot read {}: {why}", self.name)));
        }
        let size = Size { width, height };
        let (layout, is_wide) = layout(decoder.color_type());
        let len = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
        let needed = if is_wide { len.saturating_add(size.bytes(layout)) } else { len };
        // Two bytes for each part of each pixel.
        let parts = if self.is_progressive { len.saturating_mul(2) } else { 0 };
        let mut claim = self.claim(needed.saturating_add(parts), size)?;
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
        Ok(Image::new(size, layout, self.format, pixels, claim))
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
    bytes: Cursor<&'a [u8]>,
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
