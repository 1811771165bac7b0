//! These tests cover `image`.

mod jpeg;
mod kinds;
mod webp;

use std::fmt::Write as _;

use ::image::{Rgb, RgbImage};
use mlua::Value;

use super::{check, check_error, folder, host_error, vm};

/// A picture whose every pixel is another colour.
pub(super) fn photo(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 29) as u8, (y * 37) as u8, (x * y) as u8]))
}

/// The bytes of a file as a Lua string.
fn literal(bytes: &[u8]) -> String {
    let escaped = bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:03}");
        text
    });
    format!("'{escaped}'")
}

const PHOTO: &str = "image.open('photo.png')";

#[test]
fn every_format_is_written_and_read_again() {
    for (format, exact) in
        [("jpeg", false), ("png", true), ("gif", false), ("webp", true), ("bmp", true), ("tiff", true)]
    {
        check(
            &format!("(function()
                local img = image.decode({PHOTO}:resize(40, 30):encode('{format}'))
                return img.format, img.width, img.height, img:encode('bmp') == {PHOTO}:resize(40, 30):encode('bmp')
            end)()"),
            &format!("'{format}', 40, 30, {exact}"),
        );
        check(
            &format!(
                "(function()
                {PHOTO}:grayscale():save('deep/er/a.{format}')
                return image.open('deep/er/a.{format}').width
            end)()"
            ),
            "8",
        );
    }
    check(&format!("(function() {PHOTO}:save('a.JPG') return image.open('a.JPG').format end)()"), "'jpeg'");
    check(&format!("tostring({PHOTO})"), "'png image of 8 x 6'");
}

#[test]
fn pictures_keep_their_pixels_when_moved() {
    check(&format!("{PHOTO}:rotate(90):rotate(270):encode('bmp') == {PHOTO}:encode('bmp')"), "true");
    check(&format!("{PHOTO}:rotate(180):rotate(180):encode('bmp') == {PHOTO}:encode('bmp')"), "true");
    check(&format!("{PHOTO}:crop(0, 0, 8, 6):encode('bmp') == {PHOTO}:encode('bmp')"), "true");
    check(
        &format!(
            "{PHOTO}:rotate(90):crop(0, 0, 1, 1):encode('bmp') == {PHOTO}:crop(0, 5, 1, 1):encode('bmp')"
        ),
        "true",
    );
    check(
        &format!(
            "{PHOTO}:rotate(270):crop(0, 0, 1, 1):encode('bmp') == {PHOTO}:crop(7, 0, 1, 1):encode('bmp')"
        ),
        "true",
    );
}

#[test]
fn each_fit_gives_its_size() {
    for (options, expect) in [
        ("nil", "100, 30"),
        ("{fit = 'fill', filter = 'nearest'}", "100, 30"),
        ("{fit = 'contain', filter = 'lanczos'}", "40, 30"),
        ("{fit = 'cover', filter = 'box'}", "100, 30"),
    ] {
        check(
            &format!(
                "(function() local i = {PHOTO}:resize(100, 30, {options}) return i.width, i.height end)()"
            ),
            expect,
        );
    }
    // A band of the middle, at its own size, is what covers it best.
    check(
        &format!(
            "{PHOTO}:resize(8, 2, {{fit = 'cover', filter = 'nearest'}}):encode('bmp') == \
                  {PHOTO}:crop(0, 2, 8, 2):encode('bmp')"
        ),
        "true",
    );
}

#[test]
fn transparency_becomes_white_where_a_format_has_none() {
    let folder = tempfile::tempdir().unwrap();
    ::image::RgbaImage::from_pixel(16, 16, ::image::Rgba([255, 0, 0, 0]))
        .save(folder.path().join("a.png"))
        .unwrap();
    let lua = vm(folder.path());
    let code = "image.open('a.png'):save('a.jpg')
                image.open('a.png'):grayscale():save('b.jpg')
                image.open('a.png'):save('a.gif')";
    lua.load(code).exec().unwrap();
    for name in ["a.jpg", "b.jpg"] {
        lua.load(format!("image.open('{name}'):save('{name}.png')")).exec().unwrap();
        let image = ::image::open(folder.path().join(format!("{name}.png"))).unwrap().to_rgb8();
        assert!(image.pixels().all(|pixel| pixel.0.iter().all(|part| *part > 250)), "{name}");
    }
    let image = ::image::open(folder.path().join("a.gif")).unwrap().to_rgba8();
    assert!(image.pixels().all(|pixel| pixel[3] == 0));
}

#[test]
fn pictures_with_16_bits_a_channel_get_8() {
    let folder = tempfile::tempdir().unwrap();
    let wide = ::image::DynamicImage::ImageRgb8(photo(8, 6)).into_rgb16();
    wide.save(folder.path().join("wide.png")).unwrap();
    photo(8, 6).save(folder.path().join("photo.png")).unwrap();
    let same: bool = vm(folder.path())
        .load("return image.open('wide.png'):encode('bmp') == image.open('photo.png'):encode('bmp')")
        .eval()
        .unwrap();
    assert!(same);
}

#[test]
fn wrong_arguments_are_refused() {
    for (code, expect) in [
        ("resize(0, 5)", "bad argument #1 to `Image:resize` (a size from 1 to 65535 expected, got 0)"),
        (
            "resize(5, 70000)",
            "bad argument #2 to `Image:resize` (a size from 1 to 65535 expected, got 70000)",
        ),
        ("resize(5)", "bad argument #2 to `Image:resize` (integer expected, got nil)"),
        (
            "resize(5, 5, {fit = 'fil'})",
            "bad argument #3 to `Image:resize` (`fit` is one of `fill`, `contain`, `cover`, not `fil`)",
        ),
        (
            "resize(5, 5, {fitt = 'fill'})",
            "bad argument #3 to `Image:resize` (there is no option `fitt`, only `fit`, `filter`)",
        ),
        ("crop(8, 0, 1, 1)", "bad argument #1 to `Image:crop` (a position from 0 to 7 expected, got 8)"),
        ("crop(2, 0, 7, 1)", "bad argument #3 to `Image:crop` (a size from 1 to 6 expected, got 7)"),
        ("rotate(45)", "bad argument #1 to `Image:rotate` (90, 180 or 270 expected, got 45)"),
        (
            "encode('svg')",
            "bad argument #1 to `Image:encode` (`jpeg`, `png`, `gif`, `webp`, `bmp` or `tiff` expected, got `svg`)",
        ),
        (
            "encode('jpeg', {quality = 101})",
            "bad argument #2 to `Image:encode` (`quality` must be a whole number from 1 to 100)",
        ),
        (
            "encode('png', {quality = 10})",
            "bad argument #2 to `Image:encode` (`quality` is for jpeg and webp, png is written without loss)",
        ),
        (
            "save('a.svg')",
            "bad argument #1 to `Image:save` (a path that ends in `.jpg`, `.png`, `.gif`, `.webp`, `.bmp` or `.tiff` \
             expected, got `a.svg`)",
        ),
    ] {
        check_error(&format!("return {PHOTO}:{code}"), expect);
    }
    check_error(
        &format!("return {PHOTO}.grayscale()"),
        "`Image:grayscale` is a method of an image, got nil: write `img:grayscale(…)`",
    );
}

/// A file with a photo of so many pixels a side.
fn written(side: u32, format: ::image::ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    if format == ::image::ImageFormat::Jpeg {
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, 75);
        let pixels = photo(side, side).into_raw();
        encoder.encode(&pixels, side as u16, side as u16, jpeg_encoder::ColorType::Rgb).unwrap();
    } else {
        photo(side, side).write_to(&mut std::io::Cursor::new(&mut bytes), format).unwrap();
    }
    bytes
}

#[test]
fn a_jpeg_in_passes_is_the_same_picture_and_its_passes_count() {
    let file = |is_progressive| {
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
        encoder.set_progressive(is_progressive);
        encoder.encode(&photo(400, 300).into_raw(), 400, 300, jpeg_encoder::ColorType::Rgb).unwrap();
        bytes
    };
    let folder = folder();
    let lua = vm(folder.path());
    let decode = lua.load("return hash.md5(image.decode(...):encode('bmp'))").into_function().unwrap();
    let [plain, progressive] = [file(false), file(true)].map(|bytes| lua.create_string(&bytes).unwrap());
    let digest: String = decode.call(plain.clone()).unwrap();
    assert_eq!(digest, decode.call::<String>(progressive.clone()).unwrap());
    // 360 kB of pixels, and twice as much for their parts.
    let decode = lua.load("return image.decode(...).width").into_function().unwrap();
    lua.gc_collect().unwrap();
    lua.set_memory_limit(lua.used_memory() + 700_000).unwrap();
    assert_eq!(decode.call::<u32>(plain).unwrap(), 400);
    let error = decode.call::<Value>(progressive).unwrap_err();
    assert_eq!(host_error(&error).unwrap().kind, "memory");
}

#[test]
fn broken_files_fail_for_good() {
    let jpeg = written(64, ::image::ImageFormat::Jpeg);
    let png = written(64, ::image::ImageFormat::Png);
    let folder = folder();
    let lua = vm(folder.path());
    for (bytes, expect) in [
        (&b""[..], "`image.decode` cannot read the image: it is no jpeg, png, gif, webp, bmp or tiff file"),
        (b"<svg/>", "`image.decode` cannot read the image: it is no jpeg, png, gif, webp, bmp or tiff file"),
        (&jpeg[..jpeg.len() / 2], "`image.decode` cannot read the image: the jpeg file is cut off"),
        (&png[..png.len() / 2], "`image.decode` cannot read the image: it is a broken png file: "),
        (b"\xff\xd8\xff\xe0\x00\x04\xff\xd9\xff\xd9", "`image.decode` cannot read the image: "),
        (b"GIF89a\x01", "`image.decode` cannot read the image: it is a broken gif file: "),
        (b"BM\x01", "`image.decode` cannot read the image: it is a broken bmp file: "),
    ] {
        let error = lua.load(format!("return image.decode({})", literal(bytes))).eval::<Value>().unwrap_err();
        let error = host_error(&error).unwrap();
        assert!(error.message.starts_with(expect), "{}", error.message);
        assert_eq!((error.kind, error.retryable), ("error", false));
    }
}

#[test]
fn no_damage_makes_it_panic() {
    let folder = folder();
    let lua = vm(folder.path());
    for format in [
        ::image::ImageFormat::Jpeg,
        ::image::ImageFormat::Png,
        ::image::ImageFormat::Gif,
        ::image::ImageFormat::WebP,
        ::image::ImageFormat::Bmp,
        ::image::ImageFormat::Tiff,
    ] {
        let whole = written(20, format);
        lua.set_memory_limit(64 << 20).unwrap();
        for at in 0..whole.len().min(60) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            let string = lua.create_string(&bytes).unwrap();
            let decode = lua.load("local ok, err = pcall(image.decode, ...) return ok");
            decode.call::<bool>(string).unwrap();
        }
    }
}

#[test]
fn a_small_file_that_claims_a_huge_picture_is_refused_before_it_is_allocated() {
    // The header of a bmp of 30000 x 30000 pixels.
    let mut bytes = b"BM".to_vec();
    for word in [1_000u32, 0, 54, 40, 30_000, 30_000, 1 | 24 << 16, 0, 0, 0, 0, 0, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.resize(1_000, 0);
    let folder = folder();
    let lua = vm(folder.path());
    lua.set_memory_limit(256 << 20).unwrap();
    let error = lua.load(format!("return image.decode({})", literal(&bytes))).eval::<Value>().unwrap_err();
    let error = host_error(&error).unwrap();
    assert_eq!((error.kind, error.retryable), ("memory", false));
    assert_eq!(
        error.message,
        "`image.decode` cannot read the image: a picture of 30000 x 30000 pixels needs more than this step's `memory: 256MB`"
    );
    let error = lua.load(format!("return {PHOTO}:resize(60000, 60000)")).eval::<Value>().unwrap_err();
    assert_eq!(host_error(&error).unwrap().kind, "memory");
}

#[test]
fn garbage_is_freed_and_what_is_kept_counts() {
    let folder = folder();
    let lua = vm(folder.path());
    lua.set_memory_limit(64 << 20).unwrap();
    // 2,000 times 300 KB.
    let code = format!(
        "local img = {PHOTO} for i = 1, 2000 do local other = img:resize(320, 320, {{filter = 'nearest'}}) end"
    );
    lua.load(code).exec().unwrap();
    let code = format!("local all = {{}} for i = 1, 1000 do all[i] = {PHOTO}:resize(320, 320) end");
    let error = lua.load(code).exec().unwrap_err();
    assert_eq!(host_error(&error).unwrap().kind, "memory");
}
