//! These tests cover how WebP files are written: with and without loss, small and large, with what stands beside the pixels.

use ::image::codecs::png::PngEncoder;
use ::image::{ExtendedColorType, ImageEncoder};

use super::photo;
use crate::lua::host::tests::{check, folder, vm};

const PHOTO: &str = "image.open('photo.png'):resize(160, 120)";

/// A PNG with this profile; every second pixel is transparent and has a colour all the same.
fn transparent(icc: &[u8]) -> Vec<u8> {
    let plain = photo(40, 30);
    let pixels = plain.pixels().enumerate().flat_map(|(at, pixel)| {
        let [r, g, b] = pixel.0;
        [r, g, b, if at % 2 == 0 { 0 } else { 200 }]
    });
    let (pixels, mut bytes) = (pixels.collect::<Vec<u8>>(), Vec::new());
    let mut encoder = PngEncoder::new(&mut bytes);
    if !icc.is_empty() {
        encoder.set_icc_profile(icc.to_vec()).unwrap();
    }
    encoder.write_image(&pixels, 40, 30, ExtendedColorType::Rgba8).unwrap();
    bytes
}

/// What Lua makes of the picture `...`.
fn made(code: &str, bytes: &[u8]) -> Vec<u8> {
    let folder = folder();
    let lua = vm(folder.path());
    let made: mlua::LuaString =
        lua.load(format!("return {code}")).call(lua.create_string(bytes).unwrap()).unwrap();
    made.as_bytes().to_vec()
}

#[test]
fn quality_makes_files_smaller() {
    check(
        &format!(
            "(function()
                local img, sizes = {PHOTO}, {{}}
                for at, quality in {{ 1, 40, 75, 100 }} do
                    local file = img:encode('webp', {{ quality = quality }})
                    local back = image.decode(file)
                    assert(back.width == 160 and back.height == 120 and back.format == 'webp')
                    sizes[at] = #file
                end
                return sizes[1] < sizes[2], sizes[2] < sizes[3], sizes[3] < sizes[4], sizes[3] < #img:encode('webp')
            end)()"
        ),
        "true, true, true, true",
    );
}

#[test]
fn without_loss_hidden_colours_and_large_pictures_are_kept() {
    let png = transparent(b"");
    let of = |code: &str| made(code, &png);
    let again = of("image.decode(image.decode(...):encode('webp')):encode('bmp')");
    assert_eq!(again, of("image.decode(...):encode('bmp')"));
    // One that libwebp would take too long for.
    let large = "image.open('photo.png'):resize(1460, 1440)";
    check(&format!("image.decode({large}:encode('webp')):encode('bmp') == {large}:encode('bmp')"), "true");
}

#[test]
fn profiles_stand_in_files_of_every_kind() {
    let mut icc = vec![0; 131];
    icc[16..20].copy_from_slice(b"RGB ");
    let png = transparent(&icc);
    for (code, has_profile, has_alpha) in [
        ("encode('webp')", true, true),
        ("encode('webp', { quality = 50 })", true, true),
        ("encode('webp', { quality = 50, icc = false })", false, true),
        ("grayscale():encode('webp')", false, true),
    ] {
        let file = made(&format!("image.decode(...):{code}"), &png);
        let reader =
            ::image::ImageReader::with_format(std::io::Cursor::new(file), ::image::ImageFormat::WebP);
        let mut decoder = reader.into_decoder().unwrap();
        let found = ::image::ImageDecoder::icc_profile(&mut decoder).unwrap();
        assert_eq!(found, has_profile.then(|| icc.clone()), "{code}");
        let picture = ::image::DynamicImage::from_decoder(decoder).unwrap();
        assert_eq!((picture.width(), picture.color().has_alpha()), (40, has_alpha), "{code}");
        assert_eq!(picture.to_rgba8().get_pixel(0, 0)[3], 0, "{code}");
    }
    let plain = photo(3, 5);
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(icc.clone()).unwrap();
    encoder.write_image(&plain, 3, 5, ExtendedColorType::Rgb8).unwrap();
    let file = made("image.decode(...):encode('webp')", &bytes);
    let back = ::image::load_from_memory(&file).unwrap().to_rgb8();
    assert_eq!(back.as_raw(), plain.as_raw());
}
