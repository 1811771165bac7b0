//! These tests cover what files say beside their pixels, and the kinds of pixels that they have.

use mlua::Value;

use super::photo;
use crate::lua::host::tests::{TestVm, check, check_error, folder, host_error, vm};

/// Tags of one directory, as TIFF files and EXIF data have them: number, kind, values. What stands before comes first.
fn directory(before: &[u8], tags: &[(u16, u16, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"II*\0".to_vec();
    bytes.extend((8 + before.len() as u32).to_le_bytes());
    bytes.extend(before);
    let mut beside = bytes.len() + 2 + tags.len() * 12 + 4;
    let mut values: Vec<u8> = Vec::new();
    bytes.extend((tags.len() as u16).to_le_bytes());
    for (id, kind, value) in tags {
        let size = [1, 1, 1, 2, 4, 8][usize::from(*kind).min(5)];
        bytes.extend(id.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend((value.len() as u32 / size).to_le_bytes());
        if value.len() <= 4 {
            bytes.extend(value);
            bytes.resize(bytes.len() + 4 - value.len(), 0);
        } else {
            bytes.extend((beside as u32).to_le_bytes());
            beside += value.len();
            values.extend(value);
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(values);
    bytes
}

fn shorts(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A JPEG with this EXIF data.
fn with_exif(exif: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
    encoder.add_exif_metadata(exif).unwrap();
    encoder.encode(&photo(24, 16).into_raw(), 24, 16, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

/// What Lua code makes of some bytes.
fn eval<R: mlua::FromLuaMulti>(lua: &TestVm, code: &str, bytes: &[u8]) -> R {
    lua.load(code).call(lua.create_string(bytes).unwrap()).unwrap()
}

#[test]
fn what_the_camera_wrote_is_told_by_name() {
    let exif = directory(
        b"",
        &[
            (0x010f, 2, b"Canon \0".to_vec()),
            (0x0112, 3, shorts(&[6])),
            (0x011a, 5, [72_u32.to_le_bytes(), 1_u32.to_le_bytes()].concat()),
            (0x013b, 2, b"Ren\xe9\0".to_vec()),
            (0x9999, 2, b"unknown\0".to_vec()),
        ],
    );
    let folder = folder();
    let lua = vm(folder.path());
    let code = "local e = image.decode(...):exif() return json.encode(e), image.decode(...).orientation";
    let (text, orientation): (String, u32) = eval(&lua, code, &with_exif(&exif));
    assert_eq!(text, r#"{"Artist":"René","Make":"Canon","Orientation":6,"XResolution":72}"#);
    assert_eq!(orientation, 6);
    check("json.encode(image.open('photo.png'):exif()), image.open('photo.png').orientation", "'{}', 1");
    // Places that lead nowhere are left out.
    for at in 0..exif.len() {
        let mut damaged = exif.clone();
        damaged[at] ^= 0xff;
        let _: Value = eval(&lua, "return image.decode(...):exif()", &with_exif(&damaged));
    }
}

#[test]
fn pictures_are_turned_as_the_camera_was_held() {
    // The upper left corner, the one right of it and the one below, as they are seen afterwards.
    let corners = "local function corners(i)
            local w, h = i.width - 1, i.height - 1
            return {i:pixel(0, 0), i:pixel(w, 0), i:pixel(0, h)}
        end
        local plain, turned = image.decode(...), image.decode(..., {orient = true})
        local w, h = plain.width - 1, plain.height - 1
        local at = {a = plain:pixel(0, 0), b = plain:pixel(w, 0), c = plain:pixel(0, h), d = plain:pixel(w, h)}
        local names = ''
        for _, seen in corners(turned) do
            for name, pixel in at do
                if tbl.equal(pixel, seen) then names ..= name end
            end
        end
        return names, turned.width > turned.height, plain:exif().Orientation, turned:exif().Orientation * turned.orientation";
    let folder = folder();
    let lua = vm(folder.path());
    for (orientation, expect) in
        [(1, "abc"), (2, "bad"), (3, "dcb"), (4, "cda"), (5, "acb"), (6, "cad"), (7, "dbc"), (8, "bda")]
    {
        let exif = directory(b"", &[(0x0112, 3, shorts(&[orientation]))]);
        let got: (String, bool, u16, u16) = eval(&lua, corners, &with_exif(&exif));
        assert_eq!(got, (expect.to_owned(), orientation < 5, orientation, 1), "{orientation}");
    }
    let nine = with_exif(&directory(b"", &[(0x0112, 3, shorts(&[9]))]));
    assert_eq!(eval::<u16>(&lua, "return image.decode(...).orientation", &nine), 1);
}

#[test]
fn pixels_and_means_have_a_number_for_each_channel() {
    check("image.open('photo.png').mode, image.open('photo.png'):pixel(7, 5)", "'RGB', {203, 185, 35}");
    check("image.open('photo.png'):grayscale().mode, #image.open('photo.png'):grayscale():mean()", "'L', 1");
    check("image.open('photo.png'):resize(1, 1, {filter = 'nearest'}):mean()", "{116, 111, 12}");
    for (code, expect) in [
        ("pixel(8, 0)", "bad argument #1 to `Image:pixel` (a position from 0 to 7 expected, got 8)"),
        ("pixel(0, -1)", "bad argument #2 to `Image:pixel` (a position from 0 to 5 expected, got -1)"),
        ("pixel(0)", "bad argument #2 to `Image:pixel` (integer expected, got nil)"),
    ] {
        check_error(&format!("return image.open('photo.png'):{code}"), expect);
    }
    check_error(
        "return image.open('photo.png', {orient = 6})",
        "bad argument #2 to `image.open` (`orient` must be a boolean, not a number)",
    );
}

#[test]
fn a_profile_is_kept_where_it_fits_the_colours() {
    let profile = |space: &[u8; 4]| {
        let mut profile = vec![7; 128];
        profile[16..20].copy_from_slice(space);
        profile
    };
    let folder = folder();
    let lua = vm(folder.path());
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 95);
    encoder.add_icc_profile(&profile(b"RGB ")).unwrap();
    encoder.encode(&photo(24, 16).into_raw(), 24, 16, jpeg_encoder::ColorType::Rgb).unwrap();
    let has_profile = |code: &str| {
        let bytes: mlua::LuaString = eval(&lua, &format!("return image.decode(...):{code}"), &file);
        let bytes = bytes.as_bytes().to_vec();
        if bytes.starts_with(b"II") {
            // There it is not compressed.
            return memchr::memmem::find(&bytes, &profile(b"RGB ")).is_some();
        }
        let format = ::image::guess_format(&bytes).unwrap();
        let reader = ::image::ImageReader::with_format(std::io::Cursor::new(bytes), format);
        let mut decoder = reader.into_decoder().unwrap();
        ::image::ImageDecoder::icc_profile(&mut decoder).unwrap() == Some(profile(b"RGB "))
    };
    for format in ["png", "webp", "tiff"] {
        assert!(has_profile(&format!("encode('{format}')")), "{format}");
        assert!(has_profile(&format!("resize(5, 5):rotate(90):encode('{format}')")), "{format}");
        assert!(!has_profile(&format!("encode('{format}', {{icc = false}})")), "{format}");
        // It would say something of colours that are not there any more.
        assert!(!has_profile(&format!("grayscale():encode('{format}')")), "{format}");
    }
    let again = "return image.decode(image.decode(...):encode('jpeg')):encode('png') == image.decode(image.decode(...):encode('jpeg', {icc = false})):encode('png')";
    assert!(!eval::<bool>(&lua, again, &file));
}

/// A TIFF file of 4 x 2 pixels that are not compressed.
fn tiff(meaning: u16, bits: u16, samples: u16, data: &[u8], more: &[(u16, u16, Vec<u8>)]) -> Vec<u8> {
    let long = |value: u32| value.to_le_bytes().to_vec();
    let mut tags = vec![
        (256, 3, shorts(&[4])),
        (257, 3, shorts(&[2])),
        (258, 3, shorts(&vec![bits; usize::from(samples)])),
        (259, 3, shorts(&[1])),
        (262, 3, shorts(&[meaning])),
        (273, 4, long(8)),
        (277, 3, shorts(&[samples])),
        (278, 3, shorts(&[2])),
        (279, 4, long(data.len() as u32)),
    ];
    tags.retain(|(id, ..)| more.iter().all(|(other, ..)| id != other));
    tags.extend(more.iter().cloned());
    tags.sort_by_key(|(id, ..)| *id);
    directory(data, &tags)
}

#[test]
fn tiff_files_of_many_kinds_are_read() {
    let folder = folder();
    let lua = vm(folder.path());
    let mut palette = vec![0_u16; 3 * 16];
    (palette[3], palette[16 + 3], palette[32 + 3]) = (0xff00, 0x8000, 0x0100);
    let palette = (320, 3, shorts(&palette));
    let planes = [[10_u8; 8], [20; 8], [30; 8]].concat();
    let reversed: Vec<u8> = [0b1010_0000_u8, 0b0101_0000].iter().map(|byte| byte.reverse_bits()).collect();
    for (what, file, mode, pixel) in [
        ("a palette of 4 bits", tiff(3, 4, 1, &[0x33; 4], &[palette]), "RGB", "255,128,1"),
        ("1 bit", tiff(1, 1, 1, &[0b1010_0000, 0b0101_0000], &[]), "L", "255"),
        ("1 bit, white first", tiff(0, 1, 1, &[0b1010_0000, 0b0101_0000], &[]), "L", "0"),
        ("bits backwards", tiff(1, 1, 1, &reversed, &[(266, 3, shorts(&[2]))]), "L", "255"),
        ("4 bits", tiff(1, 4, 1, &[0x5a; 4], &[]), "L", "85"),
        ("16 bits", tiff(1, 16, 1, &[0x80; 16], &[]), "L", "128"),
        (
            "gray with transparency",
            tiff(1, 8, 2, &[[9, 200]; 8].concat(), &[(338, 3, shorts(&[2]))]),
            "LA",
            "9,200",
        ),
        (
            "what is not told",
            tiff(2, 8, 4, &[[1, 2, 3, 4]; 8].concat(), &[(338, 3, shorts(&[0]))]),
            "RGB",
            "1,2,3",
        ),
        (
            "multiplied",
            tiff(2, 8, 4, &[[50, 25, 0, 100]; 8].concat(), &[(338, 3, shorts(&[1]))]),
            "RGBA",
            "128,64,0,100",
        ),
        ("inks", tiff(5, 8, 4, &[[255, 0, 0, 0]; 8].concat(), &[]), "RGB", "0,255,255"),
        (
            "planes",
            tiff(
                2,
                8,
                3,
                &planes,
                &[
                    (284, 3, shorts(&[2])),
                    (273, 4, [8_u32, 16, 24].iter().flat_map(|at| at.to_le_bytes()).collect()),
                    (279, 4, [8_u32; 3].iter().flat_map(|at| at.to_le_bytes()).collect()),
                ],
            ),
            "RGB",
            "10,20,30",
        ),
    ] {
        let code = "local i = image.decode(...) return i.format, i.mode, table.concat(i:pixel(0, 0), ',')";
        let got: (String, String, String) = eval(&lua, code, &file);
        assert_eq!(got, ("tiff".to_owned(), mode.to_owned(), pixel.to_owned()), "{what}");
    }
}

#[test]
fn tiff_files_of_other_kinds_are_not_called_broken() {
    let folder = folder();
    let lua = vm(folder.path());
    for (file, expect) in [
        (tiff(8, 8, 3, &[0; 24], &[]), "colours in Lab"),
        (tiff(1, 32, 1, &[0; 32], &[]), "samples of 32 bits"),
        (tiff(1, 16, 1, &[0; 16], &[(339, 3, shorts(&[2]))]), "samples that have a sign or are fractions"),
        (tiff(6, 8, 3, &[0; 24], &[]), "colours in YCbCr that are not compressed as jpeg"),
        (tiff(1, 8, 1, &[0; 8], &[(259, 3, shorts(&[34_712]))]), "compression method"),
        (tiff(1, 8, 1, &[0; 8], &[(277, 3, shorts(&[9]))]), "9 samples a pixel of these colours"),
    ] {
        let string = lua.create_string(&file).unwrap();
        let error = lua.load("return image.decode(...)").call::<Value>(string).unwrap_err();
        let error = host_error(&error).unwrap();
        let start = format!(
            "`image.decode` cannot read the image: this kind of tiff file is not supported: {expect}"
        );
        assert!(error.message.starts_with(&start), "{}", error.message);
        assert!(!error.retryable);
    }
}

#[test]
fn what_has_a_palette_is_written_with_one() {
    let folder = folder();
    let lua = vm(folder.path());
    let checkers = ::image::RgbImage::from_fn(64, 64, |x, y| {
        ::image::Rgb(if (x / 8 + y / 8) % 2 == 0 { [200, 30, 40] } else { [20, 90, 250] })
    });
    checkers.save(folder.path().join("a.gif")).unwrap();
    // Bits of a pixel and the kind of its colours stand in the header.
    let code = "local i = image.open('a.gif')
        local png, bmp, tiff = i:encode('png'), i:encode('bmp'), i:encode('tiff')
        local back = image.decode(png):encode('png') == png
        for _, file in {png, bmp, tiff} do
            back = back and tbl.equal(image.decode(file):resize(64, 64):pixel(9, 0), image.decode(png):pixel(9, 0))
        end
        return back, png:byte(25), png:byte(26), #bmp, #tiff < 700, image.open('photo.png'):encode('png'):byte(26)";
    let got: (bool, u8, u8, usize, bool, u8) = lua.load(code).eval().unwrap();
    assert_eq!(got, (true, 1, 3, 54 + 8 + 64 * 8, true, 2));
    let shades = ::image::GrayImage::from_fn(64, 3, |x, _| ::image::Luma([(x / 16 * 85) as u8]));
    ::image::DynamicImage::from(shades).to_rgb8().save(folder.path().join("b.gif")).unwrap();
    for format in ["png", "bmp", "tiff"] {
        let code = format!(
            "local i = image.decode(image.open('b.gif'):grayscale():encode('{format}'))
             return i:pixel(0, 0)[1], i:pixel(40, 2)[1], i:pixel(63, 1)[1]"
        );
        assert_eq!(lua.load(code).eval::<(u8, u8, u8)>().unwrap(), (0, 170, 255), "{format}");
    }
}

#[test]
fn a_transparent_gray_means_the_bits_that_a_pixel_has() {
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(body);
        [&(body.len() as u32).to_be_bytes()[..], name, body, &crc.sum().to_be_bytes()].concat()
    };
    // Two bits each: 0, 1, 2, 3. In the transparent gray, 2, there stands something above the two bits.
    let row = [0x78, 0x01, 0x01, 2, 0, 0xfd, 0xff, 0, 0b0001_1011, 0, 0x1d, 0, 0x1c];
    let file = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[0, 0, 0, 4, 0, 0, 0, 1, 2, 0, 0, 0, 0]),
        chunk(b"tRNS", &[0x01, 0x06]),
        chunk(b"IDAT", &row),
        chunk(b"IEND", &[]),
    ]
    .concat();
    let folder = folder();
    let lua = vm(folder.path());
    let code =
        "local i, t = image.decode(...), {} for x = 0, 3 do t[x + 1] = table.concat(i:pixel(x, 0), ',') end
        return table.concat(t, ' ')";
    assert_eq!(eval::<String>(&lua, code, &file), "0,255 85,255 170,0 255,255");
}

#[test]
fn png_files_are_as_small_as_those_of_others() {
    let folder = folder();
    // Cells of a table, as charts and screenshots have them.
    let cells = ::image::RgbImage::from_fn(480, 240, |x, y| {
        let (column, row) = (x / 60, y / 24);
        ::image::Rgb(if x % 60 == 0 || y % 24 == 0 {
            [90, 90, 90]
        } else if (x * 7 + y * 13 + column * row) % 11 == 0 && (8..44).contains(&(x % 60)) {
            [20, 20, 30]
        } else {
            [200 + (column * 9 + row * 5) as u8 % 50, 210 + (column * 3) as u8, 225 + row as u8]
        })
    });
    cells.save(folder.path().join("cells.png")).unwrap();
    let lua = vm(folder.path());
    let ours: usize = lua.load("return #image.open('cells.png'):encode('png')").eval().unwrap();
    // Pillow 13 writes 7527 bytes.
    assert!(ours <= 7527 * 103 / 100, "{ours}");
}
