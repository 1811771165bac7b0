//! `img:resize` changes the size of a picture. The library does the arithmetic, with the processor's widest
//! registers.

use fast_image_resize::images::{Image as Target, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x2, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use mlua::{AnyUserData, Value};

use super::picture::{Image, Layout, SIDE_MAX, Size, this};
use crate::lua::host::call::Call;
use crate::lua::host::options::Options;

/// How a picture of other proportions gets into a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Fill,
    Contain,
    Cover,
}

const FITS: [(&str, Fit); 3] = [("fill", Fit::Fill), ("contain", Fit::Contain), ("cover", Fit::Cover)];

/// The default is the first one.
const FILTERS: [(&str, ResizeAlg); 6] = [
    ("bicubic", ResizeAlg::Convolution(FilterType::CatmullRom)),
    ("nearest", ResizeAlg::Nearest),
    ("box", ResizeAlg::Convolution(FilterType::Box)),
    ("bilinear", ResizeAlg::Convolution(FilterType::Bilinear)),
    ("hamming", ResizeAlg::Convolution(FilterType::Hamming)),
    ("lanczos", ResizeAlg::Convolution(FilterType::Lanczos3)),
];

/// `img:resize`
pub(super) fn resize(
    call: &Call<'_>,
    (image, width, height, options): &(Value, Value, Value, Value),
) -> mlua::Result<AnyUserData> {
    let image = this(call, image)?;
    let wanted = Size { width: side(call, 1, width)?, height: side(call, 2, height)? };
    let options = Options::of(call, 3, options, &["fit", "filter"])?;
    let fit = options.word("fit", &FITS)?;
    let how = ResizeOptions::new().resize_alg(options.word("filter", &FILTERS)?);
    let (size, how) = match fit {
        Fit::Fill => (wanted, how),
        Fit::Contain => (within(image.size, wanted), how),
        Fit::Cover => (wanted, how.fit_into_destination(None)),
    };
    resized(call, &image, size, &how)?.hand_out(call)
}

/// A width or a height.
fn side(call: &Call<'_>, at: usize, value: &Value) -> mlua::Result<u32> {
    match call.integer(at, value)? {
        side if (1..=i64::from(SIDE_MAX)).contains(&side) => Ok(side as u32),
        side => Err(call.bad_because(at, &format!("a size from 1 to {SIDE_MAX} expected, got {side}"))),
    }
}

/// The largest size with the proportions of `from` that is within `wanted`.
fn within(from: Size, wanted: Size) -> Size {
    let scale = |side: u32, by: u32, of: u32| {
        let scaled = (u64::from(side) * u64::from(by) + u64::from(of) / 2) / u64::from(of);
        (scaled as u32).max(1)
    };
    let is_wide =
        u64::from(from.width) * u64::from(wanted.height) >= u64::from(wanted.width) * u64::from(from.height);
    if is_wide {
        let height = scale(from.height, wanted.width, from.width).min(wanted.height);
        Size { width: wanted.width, height }
    } else {
        let width = scale(from.width, wanted.height, from.height).min(wanted.width);
        Size { width, height: wanted.height }
    }
}

fn resized(call: &Call<'_>, image: &Image, size: Size, how: &ResizeOptions) -> mlua::Result<Image> {
    // Between the two directions there is a picture that has one side of each.
    let between = |width, height| Size { width, height }.bytes(image.layout);
    let most = between(size.width, image.size.height).max(between(image.size.width, size.height));
    let with_alpha = if matches!(image.layout, Layout::Gray | Layout::Rgb) { 0 } else { image.pixels.len() };
    let len = size.bytes(image.layout);
    let mut claim = call.claim(len.saturating_add(most).saturating_add(with_alpha))?;
    call.checkpoint()?;
    let pixels = match image.layout {
        Layout::Gray => pixels::<U8>(image, size, how),
        Layout::GrayAlpha => pixels::<U8x2>(image, size, how),
        Layout::Rgb => pixels::<U8x3>(image, size, how),
        Layout::Rgba => pixels::<U8x4>(image, size, how),
    };
    let pixels = pixels.map_err(|error| call.refuse(&format!("failed: {error}")))?;
    claim.shrink(len);
    call.checkpoint()?;
    Ok(image.made(size, image.layout, pixels, claim))
}

/// The pixels of the picture in another size. The kind of pixel is named here, because a choice at run time builds in the code
/// for the kinds that no picture has too, two megabytes of it.
fn pixels<P: PixelTrait>(image: &Image, size: Size, how: &ResizeOptions) -> Result<Vec<u8>, String> {
    let source = TypedImageRef::<P>::from_buffer(image.size.width, image.size.height, &image.pixels);
    let source = source.map_err(|error| error.to_string())?;
    let mut target = Target::new(size.width, size.height, P::pixel_type());
    let mut view = target.typed_image_mut::<P>().ok_or("the picture has another kind of pixels")?;
    Resizer::new().resize_typed(&source, &mut view, how).map_err(|error| error.to_string())?;
    Ok(target.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contain_keeps_proportions_and_never_ends_at_nothing() {
        for ((w, h), (into_w, into_h), expect) in [
            ((800, 600), (100, 100), (100, 75)),
            ((600, 800), (100, 100), (75, 100)),
            ((100, 100), (300, 200), (200, 200)),
            ((65535, 1), (10, 10), (10, 1)),
            ((1, 65535), (10, 10), (1, 10)),
            ((3, 2), (2, 2), (2, 1)),
        ] {
            let got = within(Size { width: w, height: h }, Size { width: into_w, height: into_h });
            assert_eq!((got.width, got.height), expect, "{w} x {h}");
        }
    }
}
