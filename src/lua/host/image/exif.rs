//! This module reads what a camera wrote beside the pixels: tags by their names in the EXIF standard.

use super::tags::{Directory, Tag, Tags};

/// The tag that says how the camera was held.
const ORIENTATION: u16 = 0x0112;
/// Values of a tag that are told; more are tables for programs.
const VALUES_MAX: usize = 64;
/// Bytes of a value at most.
const VALUE_BYTES: usize = 8;
/// Bytes of a text that are told.
const TEXT_BYTES: usize = 4096;

/// The directories that a tag of the first one leads to: its number, and the names of the tags there.
const INNER: [(u16, &[(u16, &str)]); 2] = [(0x8769, PHOTO), (0x8825, GPS)];

const PICTURE: &[(u16, &str)] = &[
    (0x0100, "ImageWidth"),
    (0x0101, "ImageLength"),
    (0x0102, "BitsPerSample"),
    (0x0103, "Compression"),
    (0x0106, "PhotometricInterpretation"),
    (0x010d, "DocumentName"),
    (0x010e, "ImageDescription"),
    (0x010f, "Make"),
    (0x0110, "Model"),
    (ORIENTATION, "Orientation"),
    (0x0115, "SamplesPerPixel"),
    (0x011a, "XResolution"),
    (0x011b, "YResolution"),
    (0x011c, "PlanarConfiguration"),
    (0x0128, "ResolutionUnit"),
    (0x0131, "Software"),
    (0x0132, "DateTime"),
    (0x013b, "Artist"),
    (0x013c, "HostComputer"),
    (0x013e, "WhitePoint"),
    (0x013f, "PrimaryChromaticities"),
    (0x0213, "YCbCrPositioning"),
    (0x4746, "Rating"),
    (0x8298, "Copyright"),
];

const PHOTO: &[(u16, &str)] = &[
    (0x829a, "ExposureTime"),
    (0x829d, "FNumber"),
    (0x8822, "ExposureProgram"),
    (0x8827, "ISOSpeedRatings"),
    (0x8830, "SensitivityType"),
    (0x9000, "ExifVersion"),
    (0x9003, "DateTimeOriginal"),
    (0x9004, "DateTimeDigitized"),
    (0x9010, "OffsetTime"),
    (0x9011, "OffsetTimeOriginal"),
    (0x9012, "OffsetTimeDigitized"),
    (0x9101, "ComponentsConfiguration"),
    (0x9102, "CompressedBitsPerPixel"),
    (0x9201, "ShutterSpeedValue"),
    (0x9202, "ApertureValue"),
    (0x9203, "BrightnessValue"),
    (0x9204, "ExposureBiasValue"),
    (0x9205, "MaxApertureValue"),
    (0x9206, "SubjectDistance"),
    (0x9207, "MeteringMode"),
    (0x9208, "LightSource"),
    (0x9209, "Flash"),
    (0x920a, "FocalLength"),
    (0x9214, "SubjectArea"),
    (0x9286, "UserComment"),
    (0x9290, "SubSecTime"),
    (0x9291, "SubSecTimeOriginal"),
    (0x9292, "SubSecTimeDigitized"),
    (0xa000, "FlashpixVersion"),
    (0xa001, "ColorSpace"),
    (0xa002, "PixelXDimension"),
    (0xa003, "PixelYDimension"),
    (0xa20e, "FocalPlaneXResolution"),
    (0xa20f, "FocalPlaneYResolution"),
    (0xa210, "FocalPlaneResolutionUnit"),
    (0xa217, "SensingMethod"),
    (0xa300, "FileSource"),
    (0xa301, "SceneType"),
    (0xa401, "CustomRendered"),
    (0xa402, "ExposureMode"),
    (0xa403, "WhiteBalance"),
    (0xa404, "DigitalZoomRatio"),
    (0xa405, "FocalLengthIn35mmFilm"),
    (0xa406, "SceneCaptureType"),
    (0xa407, "GainControl"),
    (0xa408, "Contrast"),
    (0xa409, "Saturation"),
    (0xa40a, "Sharpness"),
    (0xa40c, "SubjectDistanceRange"),
    (0xa420, "ImageUniqueID"),
    (0xa430, "CameraOwnerName"),
    (0xa431, "BodySerialNumber"),
    (0xa432, "LensSpecification"),
    (0xa433, "LensMake"),
    (0xa434, "LensModel"),
    (0xa435, "LensSerialNumber"),
];

const GPS: &[(u16, &str)] = &[
    (0x00, "GPSVersionID"),
    (0x01, "GPSLatitudeRef"),
    (0x02, "GPSLatitude"),
    (0x03, "GPSLongitudeRef"),
    (0x04, "GPSLongitude"),
    (0x05, "GPSAltitudeRef"),
    (0x06, "GPSAltitude"),
    (0x07, "GPSTimeStamp"),
    (0x08, "GPSSatellites"),
    (0x09, "GPSStatus"),
    (0x0a, "GPSMeasureMode"),
    (0x0b, "GPSDOP"),
    (0x0c, "GPSSpeedRef"),
    (0x0d, "GPSSpeed"),
    (0x0e, "GPSTrackRef"),
    (0x0f, "GPSTrack"),
    (0x10, "GPSImgDirectionRef"),
    (0x11, "GPSImgDirection"),
    (0x12, "GPSMapDatum"),
    (0x17, "GPSDestBearingRef"),
    (0x18, "GPSDestBearing"),
    (0x1b, "GPSProcessingMethod"),
    (0x1d, "GPSDateStamp"),
    (0x1f, "GPSHPositioningError"),
];

/// What a tag says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Text(String),
    /// One or more.
    Numbers(Vec<f64>),
}

/// All that is told, and how the camera was held.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Exif {
    pub(super) said: Vec<(&'static str, Said)>,
    /// 1 to 8; 1 is upright.
    pub(super) orientation: u8,
}

impl Exif {
    /// What stands in EXIF data, or in a TIFF file.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut exif = Self { said: Vec::new(), orientation: 1 };
        let Some((tags, first)) = Tags::new(bytes) else { return exif };
        exif.add(tags, &first, PICTURE);
        for (id, names) in INNER {
            let place = first.find(id).and_then(|tag| tags.integers(tag).next());
            if let Some(inner) = place.and_then(|place| tags.directory(place as u64)) {
                exif.add(tags, &inner, names);
            }
        }
        let held = first.find(ORIENTATION).and_then(|tag| tags.integers(tag).next());
        exif.orientation = held.filter(|held| (1..=8).contains(held)).map_or(1, |held| held as u8);
        exif
    }

    fn add(&mut self, tags: Tags<'_>, directory: &Directory, names: &[(u16, &'static str)]) {
        for tag in &directory.tags {
            let name = names.iter().find(|(id, _)| *id == tag.id);
            self.said.extend(name.and_then(|(_, name)| Some((*name, said(tags, tag)?))));
        }
    }
}

/// What a tag says, if that can be told.
fn said(tags: Tags<'_>, tag: &Tag) -> Option<Said> {
    let raw = tags.raw(tag);
    // A comment says in its first 8 bytes how it is written.
    let written = raw.strip_prefix(b"ASCII\0\0\0").unwrap_or(raw);
    if tag.kind == 2 || tag.kind == 7 && !written.is_empty() && written.iter().copied().all(is_printable) {
        return Some(Said::Text(text(written)));
    }
    let numbers = if raw.len() <= VALUES_MAX * VALUE_BYTES { tags.numbers(tag) } else { Vec::new() };
    (1..=VALUES_MAX).contains(&numbers.len()).then_some(Said::Numbers(numbers))
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, 0 | b' '..=b'~')
}

/// A text up to its end; bytes that are no UTF-8 are read as Latin-1, which old cameras wrote.
fn text(bytes: &[u8]) -> String {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len()).min(TEXT_BYTES);
    let text = match std::str::from_utf8(&bytes[..end]) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes[..end].iter().copied().map(char::from).collect(),
    };
    text.trim_end().to_owned()
}
