//! This module finds the colours of a picture that has few of them, and which one each pixel has.

use std::collections::HashMap;

use super::picture::{Image, Layout, Size};

/// As many as a byte tells apart.
const COLORS_MAX: usize = 256;

/// What an index means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shades {
    /// Evenly from black to white.
    Gray,
    /// Red, green, blue and how opaque.
    Palette(Vec<[u8; 4]>),
}

/// A picture by indices.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Few {
    pub(super) shades: Shades,
    /// Bits that the largest index needs: 1, 2, 4 or 8.
    pub(super) bits: u32,
    /// One for each pixel.
    pub(super) indices: Vec<u8>,
}

impl Few {
    /// The picture by indices, if there are few enough colours.
    pub(super) fn of(image: &Image) -> Option<Self> {
        if image.layout == Layout::Gray {
            return gray(&image.pixels);
        }
        let bytes = image.layout.bytes();
        let mut places: HashMap<u32, u8> = HashMap::new();
        let mut colors = Vec::new();
        let mut indices = Vec::with_capacity(image.pixels.len() / bytes);
        // Neighbours are often the same.
        let mut last = None;
        for pixel in image.pixels.chunks_exact(bytes) {
            let color = color(image.layout, pixel);
            let place = match last {
                Some((before, place)) if before == color => place,
                _ => match places.get(&u32::from_le_bytes(color)) {
                    Some(&place) => place,
                    None if colors.len() == COLORS_MAX => return None,
                    None => {
                        let place = colors.len() as u8;
                        places.insert(u32::from_le_bytes(color), place);
                        colors.push(color);
                        place
                    }
                },
            };
            last = Some((color, place));
            indices.push(place);
        }
        let bits = bits(colors.len());
        Some(Self { shades: Shades::Palette(colors), bits, indices })
    }

    /// For a format that has 1, 4 and 8 bits only.
    pub(super) fn avoid_two_bits(&mut self) {
        if self.bits == 2 {
            self.bits = 4;
            if self.shades == Shades::Gray {
                self.indices.iter_mut().for_each(|index| *index *= 5);
            }
        }
    }

    /// Whether nothing can be seen through it.
    pub(super) fn is_opaque(&self) -> bool {
        match &self.shades {
            Shades::Gray => true,
            Shades::Palette(colors) => colors.iter().all(|[.., alpha]| *alpha == 255),
        }
    }

    /// Rows of indices, each from a whole byte on.
    pub(super) fn packed(&self, size: Size) -> Vec<u8> {
        let per_byte = (8 / self.bits) as usize;
        let mut packed = Vec::with_capacity(self.indices.len() / per_byte + size.height as usize);
        for row in self.indices.chunks(size.width as usize) {
            packed.extend(row.chunks(per_byte).map(|indices| {
                let add =
                    |sum: u8, index: &u8| if self.bits == 8 { *index } else { (sum << self.bits) | index };
                let sum = indices.iter().fold(0, add);
                if self.bits == 8 { sum } else { sum << (self.bits as usize * (per_byte - indices.len())) }
            }));
        }
        packed
    }
}

fn color(layout: Layout, pixel: &[u8]) -> [u8; 4] {
    match (layout, pixel) {
        (Layout::GrayAlpha, &[gray, alpha]) => [gray, gray, gray, alpha],
        (_, &[r, g, b]) => [r, g, b, 255],
        (_, &[r, g, b, alpha]) => [r, g, b, alpha],
        (_, pixel) => [pixel[0], pixel[0], pixel[0], 255],
    }
}

/// Bits for so many colours.
fn bits(colors: usize) -> u32 {
    match colors {
        0..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    }
}

/// With as few bits as all the shades have, if these are fewer than 8.
fn gray(pixels: &[u8]) -> Option<Few> {
    let fits = |step: u8| pixels.iter().all(|gray| gray.is_multiple_of(step));
    let (bits, step) = [(1, 255), (2, 85), (4, 17)].into_iter().find(|(_, step)| fits(*step))?;
    Some(Few { shades: Shades::Gray, bits, indices: pixels.iter().map(|gray| gray / step).collect() })
}
