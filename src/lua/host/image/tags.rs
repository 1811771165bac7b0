//! This module reads directories of tags, as TIFF files have them and EXIF data does. What a tag means is not known here.

use std::ops::Range;

/// Tags of a directory that are read.
const TAGS_MAX: usize = 4096;

/// Bytes that hold directories, in either order of bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tags<'a> {
    bytes: &'a [u8],
    is_big_endian: bool,
    /// Whether places and counts have 64 bits (`BigTIFF`).
    is_big: bool,
}

/// One tag: where its values lie and how many there are.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) id: u16,
    pub(super) kind: u16,
    pub(super) values: Range<usize>,
}

/// The tags of a directory.
#[derive(Debug)]
pub(super) struct Directory {
    /// In the order in which they stand.
    pub(super) tags: Vec<Tag>,
}

impl Directory {
    /// The tag of this number.
    pub(super) fn find(&self, id: u16) -> Option<&Tag> {
        self.tags.iter().find(|tag| tag.id == id)
    }
}

impl<'a> Tags<'a> {
    /// The bytes with their first directory.
    pub(super) fn new(bytes: &'a [u8]) -> Option<(Self, Directory)> {
        let is_big_endian = match bytes.get(..2)? {
            b"II" => false,
            b"MM" => true,
            _ => return None,
        };
        let plain = Self { bytes, is_big_endian, is_big: false };
        let is_big = match plain.number(2..4)? {
            42 => false,
            43 => true,
            _ => return None,
        };
        let tags = Self { is_big, ..plain };
        let first = tags.number(if is_big { 8..16 } else { 4..8 })?;
        let directory = tags.directory(first)?;
        Some((tags, directory))
    }

    /// The directory at a place, without the tags that lead out of the bytes.
    pub(super) fn directory(&self, at: u64) -> Option<Directory> {
        let at = usize::try_from(at).ok()?;
        let (count_len, entry_len) = if self.is_big { (8, 20) } else { (2, 12) };
        let first = at.checked_add(count_len)?;
        let count = usize::try_from(self.number(at..first)?).ok()?.min(TAGS_MAX);
        let tags = (0..count).filter_map(|index| self.tag(first.checked_add(index * entry_len)?));
        Some(Directory { tags: tags.collect() })
    }

    fn tag(&self, at: usize) -> Option<Tag> {
        let word = if self.is_big { 8 } else { 4 };
        let value_at = at.checked_add(4 + word)?;
        let id = self.number(at..at + 2)? as u16;
        let kind = self.number(at + 2..at + 4)? as u16;
        let count = usize::try_from(self.number(at + 4..value_at)?).ok()?;
        let len = count.checked_mul(size(kind)?)?;
        let start = if len <= word {
            value_at
        } else {
            usize::try_from(self.number(value_at..value_at + word)?).ok()?
        };
        let values = start..start.checked_add(len)?;
        self.bytes.get(values.clone())?;
        Some(Tag { id, kind, values })
    }

    /// The bytes of a tag's values.
    pub(super) fn raw(&self, tag: &Tag) -> &'a [u8] {
        &self.bytes[tag.values.clone()]
    }

    /// A tag's values that are whole numbers; none where they are of another kind.
    pub(super) fn integers(&self, tag: &Tag) -> impl Iterator<Item = i64> {
        let kind = tag.kind;
        let (this, start, end) = (*self, tag.values.start, tag.values.end);
        let size =
            if matches!(kind, 1 | 3 | 4 | 6 | 7 | 8 | 9 | 13 | 16 | 17 | 18) { size(kind) } else { None };
        let step = size.unwrap_or(1);
        let end = if size.is_some() { end } else { start };
        (start..end).step_by(step).filter_map(move |at| {
            let value = this.number(at..at + step)?;
            Some(match kind {
                6 => i64::from(value as i8),
                8 => i64::from(value as i16),
                9 => i64::from(value as i32),
                _ => value as i64,
            })
        })
    }

    /// A tag's values as numbers; fractions without a denominator are left out.
    pub(super) fn numbers(&self, tag: &Tag) -> Vec<f64> {
        let at = tag.values.clone().step_by(size(tag.kind).unwrap_or(1));
        let half = |at: usize| self.number(at..at + 4).unwrap_or(0) as u32;
        let fraction = |upper: f64, lower: f64| Some(upper / lower).filter(|value| value.is_finite());
        match tag.kind {
            5 => at.filter_map(|at| fraction(f64::from(half(at)), f64::from(half(at + 4)))).collect(),
            10 => at
                .filter_map(|at| fraction(f64::from(half(at) as i32), f64::from(half(at + 4) as i32)))
                .collect(),
            11 => {
                at.map(|at| f64::from(f32::from_bits(half(at)))).filter(|value| value.is_finite()).collect()
            }
            12 => at
                .filter_map(|at| self.number(at..at + 8).map(f64::from_bits))
                .filter(|value| value.is_finite())
                .collect(),
            _ => self.integers(tag).map(|value| value as f64).collect(),
        }
    }

    /// A whole number of at most 8 bytes.
    fn number(&self, at: Range<usize>) -> Option<u64> {
        let bytes = self.bytes.get(at)?;
        let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        Some(if self.is_big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }

    /// Where in the bytes the lower byte of a short number lies whose first byte is at `at`.
    pub(super) fn low_byte(&self, at: usize) -> usize {
        if self.is_big_endian { at + 1 } else { at }
    }
}

/// Bytes of a value of this kind.
fn size(kind: u16) -> Option<usize> {
    Some(match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => return None,
    })
}
