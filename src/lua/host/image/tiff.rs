//! This module decodes TIFF pictures of the kinds that programs write. The library reads samples; what they mean, it is not asked:
//! it knows no palettes, and refuses kinds that it could read.

use std::borrow::Cow;
use std::io::{BufRead, Seek};

use ::image::error::{
    DecodingError, ImageFormatHint, LimitError, LimitErrorKind, UnsupportedError, UnsupportedErrorKind,
};
use ::image::{ColorType, ImageDecoder, ImageError, ImageFormat, ImageResult, Limits};
use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult};

use super::picture::Layout;
use super::tags::{Directory, Tags};

const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const MEANING: u16 = 262;
const FILL_ORDER: u16 = 266;
const SAMPLES: u16 = 277;
const PLANES: u16 = 284;
const PALETTE: u16 = 320;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const ICC_PROFILE: u16 = 34_675;
/// Where the pieces of the picture lie, and how long each is: strips, and tiles.
const PIECES: [(u16, u16); 2] = [(273, 279), (324, 325)];

/// Samples of a pixel, with those that are left out.
const SAMPLES_MAX: usize = 8;

/// What the samples of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Gray { is_inverted: bool },
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
}

/// What stands behind the colours of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alpha {
    None,
    /// The colours are as they are.
    Straight,
    /// The colours were multiplied by it.
    Multiplied,
}

/// How the samples of a picture lie.
#[derive(Debug, Clone)]
struct Kind {
    meaning: Meaning,
    bits: u32,
    samples: usize,
    alpha: Alpha,
    is_planar: bool,
    /// Red, green and blue of each index.
    palette: Vec<[u8; 3]>,
}

impl Kind {
    fn layout(&self) -> Layout {
        match (self.meaning, self.alpha) {
            (Meaning::Gray { .. }, Alpha::None) => Layout::Gray,
            (Meaning::Gray { .. }, _) => Layout::GrayAlpha,
            (_, Alpha::None) => Layout::Rgb,
            _ => Layout::Rgba,
        }
    }
}

/// A picture whose head was read.
pub(super) struct Tiff<R: BufRead + Seek> {
    /// Always there; limits can only be set on one that is owned.
    decoder: Option<Decoder<R>>,
    size: (u32, u32),
    kind: Kind,
    icc: Option<Vec<u8>>,
}

impl<R: BufRead + Seek> Tiff<R> {
    /// `open` makes a reader of the file's bytes, which may be other ones.
    pub(super) fn new<'a>(bytes: &'a [u8], open: impl FnOnce(Cow<'a, [u8]>) -> R) -> ImageResult<Self> {
        let Some((tags, directory)) = Tags::new(bytes) else { return Err(broken("it has no directory")) };
        let kind = kind(tags, &directory)?;
        let icc = directory.find(ICC_PROFILE).map(|tag| tags.raw(tag).to_vec());
        let mut decoder = Decoder::new(open(plain(bytes, tags, &directory)?)).map_err(wrong)?;
        let size = decoder.dimensions().map_err(wrong)?;
        Ok(Self { decoder: Some(decoder), size, kind, icc })
    }

    /// Whether the file has a palette or fewer than 8 bits a pixel.
    pub(super) fn has_few_colors(&self) -> bool {
        self.kind.meaning == Meaning::Palette || self.kind.bits < 8
    }

    /// Bytes of the samples as they are read.
    pub(super) fn working(&self) -> usize {
        let samples = self.size.0 as usize * self.size.1 as usize * self.kind.samples;
        samples.saturating_mul(if self.kind.bits > 8 { 2 } else { 1 })
    }

    fn samples(&mut self) -> ImageResult<Vec<u8>> {
        let mut result = DecodingResult::U8(Vec::new());
        let Some(decoder) = &mut self.decoder else { return Err(broken("it was read already")) };
        let layout = decoder.read_image_to_buffer(&mut result).map_err(wrong)?;
        if result.as_buffer(0).as_bytes().len() < layout.complete_len {
            return Err(ImageError::Limits(LimitError::from_kind(LimitErrorKind::InsufficientMemory)));
        }
        Ok(match result {
            DecodingResult::U8(samples) => samples,
            DecodingResult::U16(samples) => samples.into_iter().map(narrow).collect(),
            _ => return Err(not_supported("samples of this kind")),
        })
    }
}

impl<R: BufRead + Seek> ImageDecoder for Tiff<R> {
    fn dimensions(&self) -> (u32, u32) {
        self.size
    }

    fn color_type(&self) -> ColorType {
        match self.kind.layout() {
            Layout::Gray => ColorType::L8,
            Layout::GrayAlpha => ColorType::La8,
            Layout::Rgb => ColorType::Rgb8,
            Layout::Rgba => ColorType::Rgba8,
        }
    }

    fn icc_profile(&mut self) -> ImageResult<Option<Vec<u8>>> {
        Ok(self.icc.take())
    }

    fn set_limits(&mut self, limits: Limits) -> ImageResult<()> {
        let most = limits.max_alloc.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let mut own = tiff::decoder::Limits::default();
        own.decoding_buffer_size = most;
        own.intermediate_buffer_size = most;
        own.ifd_value_size = most;
        self.decoder = self.decoder.take().map(|decoder| decoder.with_limits(own));
        Ok(())
    }

    fn read_image(mut self, out: &mut [u8]) -> ImageResult<()> {
        let samples = self.samples()?;
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let planes = if self.kind.is_planar { self.kind.samples } else { 1 };
        let in_row = width * self.kind.samples / planes;
        // Rows begin at whole bytes where samples are smaller.
        let row_bytes =
            if self.kind.bits < 8 { (in_row * self.kind.bits as usize).div_ceil(8) } else { in_row };
        if samples.len() < row_bytes * height * planes {
            return Err(broken("samples are missing"));
        }
        let mut row = vec![0; width * self.kind.samples];
        for (y, out) in out.chunks_exact_mut(width * self.kind.layout().bytes()).enumerate() {
            for plane in 0..planes {
                let start = (plane * height + y) * row_bytes;
                let samples = &samples[start..start + row_bytes];
                let targets = row.iter_mut().skip(plane).step_by(planes);
                unpack(samples, self.kind.bits, self.kind.meaning == Meaning::Palette, targets);
            }
            let pixels = row.chunks_exact(self.kind.samples);
            pixels
                .zip(out.chunks_exact_mut(self.kind.layout().bytes()))
                .for_each(|(from, to)| pixel(&self.kind, from, to));
        }
        Ok(())
    }

    fn read_image_boxed(self: Box<Self>, out: &mut [u8]) -> ImageResult<()> {
        (*self).read_image(out)
    }
}

/// Samples of one byte each; those that are no index are spread over its values.
fn unpack<'a>(samples: &[u8], bits: u32, is_index: bool, places: impl Iterator<Item = &'a mut u8>) {
    if bits >= 8 {
        places.zip(samples).for_each(|(place, sample)| *place = *sample);
        return;
    }
    let most = (1_u8 << bits) - 1;
    let factor = if is_index { 1 } else { 255 / most };
    for (at, place) in places.enumerate() {
        let bit = at * bits as usize;
        let byte = samples.get(bit / 8).copied().unwrap_or(0);
        *place = ((byte >> (8 - bits as usize - bit % 8)) & most) * factor;
    }
}

/// One pixel from its samples.
fn pixel(kind: &Kind, from: &[u8], to: &mut [u8]) {
    let color = match (kind.meaning, from) {
        (Meaning::Gray { is_inverted }, &[gray, ..]) => [if is_inverted { !gray } else { gray }; 3],
        (Meaning::Palette, &[index, ..]) => kind.palette.get(usize::from(index)).copied().unwrap_or_default(),
        (Meaning::Rgb, &[r, g, b, ..]) => [r, g, b],
        (Meaning::YCbCr, &[y, cb, cr, ..]) => from_ycbcr(y, cb, cr),
        (Meaning::Cmyk, &[c, m, y, k, ..]) => [c, m, y].map(|ink| product(!ink, !k)),
        // The kinds have as many samples.
        _ => [0; 3],
    };
    let colors = if matches!(kind.meaning, Meaning::Gray { .. }) { 1 } else { 3 };
    to[..colors].copy_from_slice(&color[..colors]);
    if kind.alpha != Alpha::None {
        let alpha = from[own_samples(kind.meaning)];
        to[colors] = alpha;
        if kind.alpha == Alpha::Multiplied && alpha > 0 {
            let part =
                |part: u8| ((u32::from(part) * 255 + u32::from(alpha) / 2) / u32::from(alpha)).min(255) as u8;
            to[..colors].iter_mut().for_each(|value| *value = part(*value));
        }
    }
}

fn product(a: u8, b: u8) -> u8 {
    ((u32::from(a) * u32::from(b) + 127) / 255) as u8
}

/// As JPEG files have it.
fn from_ycbcr(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
        .map(|part| part.round().clamp(0.0, 255.0) as u8)
}

/// 16 bits as 8.
fn narrow(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32_767) / 65_535) as u8
}

/// Samples that are colours.
fn own_samples(meaning: Meaning) -> usize {
    match meaning {
        Meaning::Gray { .. } | Meaning::Palette => 1,
        Meaning::Rgb | Meaning::YCbCr => 3,
        Meaning::Cmyk => 4,
    }
}

/// What the directory says, where it is a kind that can be read.
fn kind(tags: Tags<'_>, directory: &Directory) -> ImageResult<Kind> {
    let numbers =
        |id: u16| directory.find(id).into_iter().flat_map(|tag| tags.integers(tag)).take(SAMPLES_MAX);
    let number = |id: u16, default: i64| numbers(id).next().unwrap_or(default);
    let meaning = match number(MEANING, -1) {
        0 => Meaning::Gray { is_inverted: true },
        1 => Meaning::Gray { is_inverted: false },
        2 => Meaning::Rgb,
        3 => Meaning::Palette,
        5 => Meaning::Cmyk,
        6 => Meaning::YCbCr,
        4 => return Err(not_supported("a mask")),
        8..=10 => return Err(not_supported("colours in Lab")),
        -1 => return Err(not_supported("colours that it does not tell")),
        other => return Err(not_supported(&format!("colours of kind {other}"))),
    };
    let samples = number(SAMPLES, 1);
    let Some(samples) =
        usize::try_from(samples).ok().filter(|it| (own_samples(meaning)..=SAMPLES_MAX).contains(it))
    else {
        return Err(not_supported(&format!("{samples} samples a pixel of these colours")));
    };
    let bits = number(BITS, 1);
    if numbers(BITS).any(|other| other != bits)
        || !matches!(bits, 1 | 2 | 4 | 8 | 16)
        || samples > 1 && bits < 8
    {
        return Err(not_supported(&format!("samples of {bits} bits")));
    }
    if numbers(SAMPLE_FORMAT).any(|format| !matches!(format, 1 | 4)) {
        return Err(not_supported("samples that have a sign or are fractions"));
    }
    if meaning == Meaning::Palette && bits > 8 {
        return Err(not_supported("a palette of more than 256 colours"));
    }
    if meaning == Meaning::YCbCr && number(COMPRESSION, 1) != 7 {
        return Err(not_supported("colours in YCbCr that are not compressed as jpeg"));
    }
    let extra = numbers(EXTRA_SAMPLES).next();
    let alpha = match (samples - own_samples(meaning), extra) {
        (0, _) | (_, Some(0)) => Alpha::None,
        (_, Some(1)) => Alpha::Multiplied,
        // Programs that do not tell mean transparency.
        _ => Alpha::Straight,
    };
    let palette =
        if meaning == Meaning::Palette { palette(tags, directory, bits as u32)? } else { Vec::new() };
    Ok(Kind {
        meaning,
        bits: bits as u32,
        samples,
        alpha,
        is_planar: number(PLANES, 1) == 2 && samples > 1,
        palette,
    })
}

/// All reds stand first, then the greens and the blues, of 16 bits each; some programs write only 8.
fn palette(tags: Tags<'_>, directory: &Directory, bits: u32) -> ImageResult<Vec<[u8; 3]>> {
    let colors = 1 << bits;
    let values: Vec<i64> =
        directory.find(PALETTE).into_iter().flat_map(|tag| tags.integers(tag)).take(3 * colors).collect();
    if values.len() < 3 * colors {
        return Err(broken("colours of the palette are missing"));
    }
    let shift = if values.iter().all(|value| *value < 256) { 0 } else { 8 };
    let part = |at: usize| (values[at] >> shift) as u8;
    Ok((0..colors).map(|color| [part(color), part(colors + color), part(2 * colors + color)]).collect())
}

/// The file as the library reads it: each pixel some numbers, and bits in the usual order.
fn plain<'a>(bytes: &'a [u8], tags: Tags<'_>, directory: &Directory) -> ImageResult<Cow<'a, [u8]>> {
    let first = |id: u16| directory.find(id).and_then(|tag| tags.integers(tag).next());
    if PIECES
        .iter()
        .all(|(places, lengths)| directory.find(*places).is_none() || directory.find(*lengths).is_none())
    {
        return Err(not_supported("pieces whose length it does not tell"));
    }
    let is_reversed = first(FILL_ORDER) == Some(2);
    let mut bytes = Cow::Borrowed(bytes);
    if first(MEANING) != Some(1)
        && let Some(meaning) = directory.find(MEANING)
    {
        if meaning.kind != 3 {
            return Err(not_supported("a directory of this kind"));
        }
        let place = tags.low_byte(meaning.values.start);
        bytes.to_mut()[place] = 1;
    }
    if is_reversed {
        for (places, lengths) in PIECES {
            let values = |id: u16| directory.find(id).into_iter().flat_map(|tag| tags.integers(tag));
            for (at, len) in values(places).zip(values(lengths)) {
                let range = usize::try_from(at).ok().zip(usize::try_from(at.saturating_add(len)).ok());
                let piece = range.and_then(|(start, end)| bytes.to_mut().get_mut(start..end));
                piece.into_iter().flatten().for_each(|byte| *byte = byte.reverse_bits());
            }
        }
    }
    Ok(bytes)
}

fn hint() -> ImageFormatHint {
    ImageFormatHint::Exact(ImageFormat::Tiff)
}

fn broken(why: &'static str) -> ImageError {
    ImageError::Decoding(DecodingError::new(hint(), why))
}

fn not_supported(what: &str) -> ImageError {
    let kind = UnsupportedErrorKind::GenericFeature(what.to_owned());
    ImageError::Unsupported(UnsupportedError::from_format_and_kind(hint(), kind))
}

fn wrong(error: TiffError) -> ImageError {
    match error {
        TiffError::IoError(error) => ImageError::IoError(error),
        TiffError::UnsupportedError(what) => not_supported(&what.to_string()),
        TiffError::LimitsExceeded => {
            ImageError::Limits(LimitError::from_kind(LimitErrorKind::InsufficientMemory))
        }
        other => ImageError::Decoding(DecodingError::new(hint(), other)),
    }
}
