//! This module decodes JPEG pictures, after it has looked whether the file is whole (`health`). The decoder takes its bytes from a reader that looks at the deadline: a few
//! kilobytes of passes over a large picture, one after the other, would take minutes.

mod bits;
mod entropy;
mod file;
mod health;
mod tighten;

pub(super) use tighten::tightened;

use std::borrow::Cow;

use ::image::error::{
    DecodingError, ImageFormatHint, LimitError, LimitErrorKind, UnsupportedError, UnsupportedErrorKind,
};
use ::image::{ColorType, ImageDecoder, ImageError, ImageFormat, ImageResult};
use zune_core::bytestream::{ZByteIoError, ZByteReaderTrait, ZCursor, ZSeekFrom};
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::picture::SIDE_MAX;
use crate::lua::host::call::{Call, warn};
use crate::lua::host::outside::Claim;
use health::{Health, examine};

/// Reads between two checkpoints. One is for a few bytes, which at most a few hundred pixels come of.
const READS: u32 = 256;

/// A file whose compressed data was looked through.
pub(super) struct Sound<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    /// The picture comes in passes, each over all of it.
    pub(super) is_progressive: bool,
    /// For bytes that are not the file's own.
    _claim: Option<Claim>,
}

impl<'a> Sound<'a> {
    /// The file, where it was damaged with something in place of what was lost, of which a line in the log tells; `name` is for messages.
    pub(super) fn of(call: &Call<'_>, bytes: &'a [u8], name: &str) -> mlua::Result<Self> {
        let refuse = |why: &str| Err(call.refuse(&format!("cannot read {name}: {why}")));
        let (health, is_progressive) = examine(call, bytes)?;
        let mended = match health {
            Health::Whole => return Ok(Self { bytes: Cow::Borrowed(bytes), is_progressive, _claim: None }),
            Health::CutOff => return refuse("the jpeg file is cut off"),
            Health::Damaged => return refuse("the jpeg file is damaged: a part of the picture is lost"),
            Health::Scattered => {
                return refuse(
                    "this kind of jpeg file is not supported: its colours come behind its brightness, and have fewer pixels",
                );
            }
            Health::Mended { bytes, lost, of } => {
                if lost > 0 {
                    let line = format!("{name} is damaged: {lost} of {of} parts of the picture were lost");
                    warn(call.lua, &line);
                }
                bytes
            }
        };
        let claim = call.claim(mended.len())?;
        Ok(Self { bytes: Cow::Owned(mended), is_progressive, _claim: Some(claim) })
    }
}

/// A picture whose head was read.
pub(super) struct Jpeg<'a> {
    decoder: JpegDecoder<Watched<'a>>,
    size: (u32, u32),
    color: ColorType,
}

impl<'a> Jpeg<'a> {
    pub(super) fn new(call: &'a Call<'a>, bytes: &'a [u8]) -> ImageResult<Self> {
        let side = SIDE_MAX as usize;
        let options =
            DecoderOptions::default().set_strict_mode(false).set_max_width(side).set_max_height(side);
        let bytes = Watched { bytes: ZCursor::new(bytes), call, reads: 0 };
        let mut decoder = JpegDecoder::new_with_options(bytes, options);
        decoder.decode_headers().map_err(wrong)?;
        let (width, height) = decoder.dimensions().unwrap_or_default();
        let is_gray = decoder.input_colorspace() == Some(ColorSpace::Luma);
        let (wanted, color) =
            if is_gray { (ColorSpace::Luma, ColorType::L8) } else { (ColorSpace::RGB, ColorType::Rgb8) };
        // Where it still finds something wrong it has to say so: it fills the rest with gray otherwise.
        decoder.set_options(options.jpeg_set_out_colorspace(wanted).set_strict_mode(true));
        Ok(Self { decoder, size: (width as u32, height as u32), color })
    }
}

impl ImageDecoder for Jpeg<'_> {
    fn dimensions(&self) -> (u32, u32) {
        self.size
    }

    fn color_type(&self) -> ColorType {
        self.color
    }

    fn icc_profile(&mut self) -> ImageResult<Option<Vec<u8>>> {
        Ok(self.decoder.icc_profile())
    }

    fn exif_metadata(&mut self) -> ImageResult<Option<Vec<u8>>> {
        Ok(self.decoder.exif().cloned())
    }

    fn read_image(mut self, out: &mut [u8]) -> ImageResult<()> {
        self.decoder.decode_into(out).map_err(wrong)
    }

    fn read_image_boxed(self: Box<Self>, out: &mut [u8]) -> ImageResult<()> {
        (*self).read_image(out)
    }
}

fn wrong(error: DecodeErrors) -> ImageError {
    let hint = ImageFormatHint::Exact(ImageFormat::Jpeg);
    match error {
        DecodeErrors::Unsupported(what) => {
            let kind = UnsupportedErrorKind::GenericFeature(format!("{what:?}"));
            ImageError::Unsupported(UnsupportedError::from_format_and_kind(hint, kind))
        }
        DecodeErrors::LargeDimensions(_) => {
            ImageError::Limits(LimitError::from_kind(LimitErrorKind::DimensionError))
        }
        other => ImageError::Decoding(DecodingError::new(hint, other)),
    }
}

/// Bytes in memory. Reading them fails when the attempt has to end, and that ends the decoder.
struct Watched<'a> {
    bytes: ZCursor<&'a [u8]>,
    call: &'a Call<'a>,
    reads: u32,
}

impl Watched<'_> {
    fn checkpoint(&mut self) -> Result<(), ZByteIoError> {
        self.reads = self.reads.wrapping_add(1);
        if self.reads.is_multiple_of(READS) && self.call.checkpoint().is_err() {
            return Err(ZByteIoError::Generic("interrupted"));
        }
        Ok(())
    }
}

impl ZByteReaderTrait for Watched<'_> {
    #[inline]
    fn read_byte_no_error(&mut self) -> u8 {
        self.bytes.read_byte_no_error()
    }

    fn read_exact_bytes(&mut self, out: &mut [u8]) -> Result<(), ZByteIoError> {
        self.checkpoint()?;
        self.bytes.read_exact_bytes(out)
    }

    fn read_bytes(&mut self, out: &mut [u8]) -> Result<usize, ZByteIoError> {
        self.checkpoint()?;
        self.bytes.read_bytes(out)
    }

    fn peek_bytes(&mut self, out: &mut [u8]) -> Result<usize, ZByteIoError> {
        self.bytes.peek_bytes(out)
    }

    fn peek_exact_bytes(&mut self, out: &mut [u8]) -> Result<(), ZByteIoError> {
        self.bytes.peek_exact_bytes(out)
    }

    fn z_seek(&mut self, from: ZSeekFrom) -> Result<u64, ZByteIoError> {
        self.bytes.z_seek(from)
    }

    #[inline]
    fn is_eof(&mut self) -> Result<bool, ZByteIoError> {
        self.checkpoint()?;
        self.bytes.is_eof()
    }

    fn z_position(&mut self) -> Result<u64, ZByteIoError> {
        self.bytes.z_position()
    }

    fn read_remaining(&mut self, sink: &mut Vec<u8>) -> Result<usize, ZByteIoError> {
        self.bytes.read_remaining(sink)
    }
}
