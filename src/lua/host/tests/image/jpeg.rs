//! These tests cover damaged JPEG files: read where restart markers bound the damage, refused otherwise, never gray in silence.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::photo;
use crate::lua::host::tests::{TestVm, folder, host_error, vm};

/// A photo of 160 x 160; a restart marker behind each so many units, none for 0.
fn written(interval: u16, is_progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 75);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder.set_restart_interval(interval);
    encoder.set_progressive(is_progressive);
    encoder.encode(&photo(160, 160).into_raw(), 160, 160, ColorType::Rgb).unwrap();
    bytes
}

/// Where the compressed data of the first scan begins.
fn data(bytes: &[u8]) -> usize {
    let start = memchr::memmem::find(bytes, b"\xff\xda").unwrap();
    start + 2 + usize::from(u16::from_be_bytes([bytes[start + 2], bytes[start + 3]]))
}

/// What becomes of a file: how far each row of 8 pixels is from the whole picture's, or the message.
fn read(lua: &TestVm, bytes: &[u8]) -> Result<Vec<f64>, String> {
    let decode = lua.load(
        "local whole, other = ...
         whole, other = image.decode(whole), image.decode(other)
         local far = {}
         for y = 0, 152, 8 do
            local a, b = whole:crop(0, y, 160, 8):mean(), other:crop(0, y, 160, 8):mean()
            far[#far + 1] = math.abs(a[1] - b[1]) + math.abs(a[2] - b[2]) + math.abs(a[3] - b[3])
         end
         return far",
    );
    let [whole, bytes] = [&written(0, false), bytes].map(|bytes| lua.create_string(bytes).unwrap());
    decode.call((whole, bytes)).map_err(|error| host_error(&error).unwrap().message.clone())
}

const DAMAGED: &str =
    "`image.decode` cannot read the image: the jpeg file is damaged: a part of the picture is lost";
const CUT_OFF: &str = "`image.decode` cannot read the image: the jpeg file is cut off";

#[test]
fn whole_files_of_every_kind_are_read() {
    let folder = folder();
    let lua = vm(folder.path());
    for (interval, is_progressive) in [(0, false), (20, false), (7, false), (1, false), (0, true)] {
        let far = read(&lua, &written(interval, is_progressive)).unwrap();
        assert!(far.iter().all(|far| *far < 0.01), "{interval} {is_progressive}: {far:?}");
    }
}

#[test]
fn damage_between_two_restart_markers_costs_what_is_between_them() {
    let folder = folder();
    let lua = vm(folder.path());
    let whole = written(20, false);
    let markers: Vec<usize> = (data(&whole)..whole.len() - 1)
        .filter(|&at| whole[at] == 0xff && (0xd0..=0xd7).contains(&whole[at + 1]))
        .collect();
    assert_eq!(markers.len(), 19);
    let lost_only = |bytes: &[u8], rows: &[usize], what: &str| {
        let far = read(&lua, bytes).unwrap();
        let lost: Vec<usize> = (0..20).filter(|row| far[*row] > 0.5).collect();
        assert!(lost.iter().all(|row| rows.contains(row)), "{what}: {lost:?}");
        assert_ne!(far, read(&lua, &whole).unwrap(), "{what}");
    };
    let mut ended = whole.clone();
    // All codes of one row are overwritten by such as mean nothing.
    ended[markers[5] + 12..markers[6]].fill(0xfe);
    lost_only(&ended, &[6], "codes that mean nothing");
    let mut cut = whole.clone();
    cut.drain(markers[5] + 40..markers[6] - 40);
    lost_only(&cut, &[6], "bytes are missing");
    let mut marker = whole.clone();
    marker[markers[9] + 1] = 0x12;
    lost_only(&marker, &[9, 10], "a marker that is none");
    let mut gone = whole.clone();
    gone.drain(markers[9]..markers[9] + 2);
    lost_only(&gone, &[9, 10], "a marker is gone");
    let mut other = whole.clone();
    other[markers[3] + 60..markers[3] + 62].copy_from_slice(b"\xff\xc4");
    lost_only(&other, &[4], "a marker that does not belong there");
}

#[test]
fn damage_that_nothing_bounds_is_an_error() {
    let folder = folder();
    let lua = vm(folder.path());
    let check = |bytes: &[u8], expect: &str, what: &str| {
        assert_eq!(read(&lua, bytes).unwrap_err(), expect, "{what}");
    };
    for (interval, is_progressive) in [(0, false), (20, false), (0, true)] {
        let whole = written(interval, is_progressive);
        let what = format!("{interval} {is_progressive}");
        check(&whole[..whole.len() / 2], CUT_OFF, &what);
        // Programs that repair files write the end marker behind what there is.
        check(&[&whole[..whole.len() * 2 / 3], b"\xff\xd9"].concat(), DAMAGED, &what);
    }
    let whole = written(0, false);
    let middle = usize::midpoint(data(&whole), whole.len());
    let mut codes = whole.clone();
    codes[middle..middle + 400].fill(0xfe);
    check(&codes, DAMAGED, "codes that mean nothing");
    let mut marker = whole.clone();
    marker[middle..middle + 2].copy_from_slice(b"\xff\xd9");
    check(&marker, DAMAGED, "the end in the middle");
    let mut missing = whole;
    missing.drain(middle..middle + 500);
    check(&missing, DAMAGED, "bytes are missing");
    let mut most = written(20, false);
    let start = data(&most);
    let end = most.len() - 2;
    (start..end).step_by(900).for_each(|at| most[at..(at + 300).min(end)].fill(0xfe));
    check(&most, DAMAGED, "most of it");
}

#[test]
fn a_picture_that_is_all_there_needs_no_end_marker() {
    let folder = folder();
    let lua = vm(folder.path());
    let whole = written(0, false);
    let far = read(&lua, &whole[..whole.len() - 2]).unwrap();
    assert!(far.iter().all(|far| *far < 0.01), "{far:?}");
}

#[test]
fn colours_that_would_be_read_wrong_are_not_read() {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 75);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_optimized_huffman_tables(true);
    encoder.encode(&photo(160, 160).into_raw(), 160, 160, ColorType::Rgb).unwrap();
    let folder = folder();
    let message = read(&vm(folder.path()), &bytes).unwrap_err();
    assert!(message.contains("this kind of jpeg file is not supported"), "{message}");
}

#[test]
fn no_damage_of_compressed_data_makes_it_panic() {
    let folder = folder();
    let lua = vm(folder.path());
    let decode = lua.load("local ok = pcall(image.decode, ...) return ok").into_function().unwrap();
    for (interval, is_progressive) in [(5, false), (0, false), (0, true)] {
        let whole = written(interval, is_progressive);
        let start = data(&whole);
        for step in 0..12 {
            let mut bytes = whole.clone();
            let at = start + step * 997 % (whole.len() - start);
            bytes[at] ^= 1 << (step % 8);
            decode.call::<bool>(lua.create_string(&bytes).unwrap()).unwrap();
        }
    }
}
