//! This module goes through the segments of a JPEG file: the frame, its tables, and where the compressed data of each scan
//! lies. What the data says is not read here.

use std::ops::Range;
use std::rc::Rc;

use super::bits::Codes;

/// More markers than these beyond those that belong there are not looked at.
const STRETCHES_BEYOND: usize = 64;

/// A component: how many blocks of 8 by 8 there are of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component {
    id: u8,
    /// Blocks across and down in a unit of the interleaved scan.
    pub(super) across: u32,
    pub(super) down: u32,
    /// Blocks of the picture alone, across and down.
    pub(super) blocks: (u32, u32),
    /// Blocks across with those that fill up the last unit.
    pub(super) stride: u32,
}

/// What the frame header says.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) is_progressive: bool,
    pub(super) components: Vec<Component>,
    /// Units of an interleaved scan, across and down.
    pub(super) units: (u32, u32),
}

/// A component in a scan, with its tables; those that a scan does not need may be missing.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) component: usize,
    pub(super) dc: Option<Rc<Codes>>,
    pub(super) ac: Option<Rc<Codes>>,
}

/// A scan: what it holds of which components, and where its data begins.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    pub(super) parts: Vec<Part>,
    /// Coefficients, first and last.
    pub(super) band: (u32, u32),
    /// Whether it adds a bit to coefficients that are there.
    pub(super) is_refinement: bool,
    /// Units between two restart markers; 0 is no such marker.
    pub(super) restart_interval: usize,
    pub(super) data: usize,
}

impl Scan {
    /// Units across and down.
    pub(super) fn units(&self, frame: &Frame) -> (u32, u32) {
        match &self.parts[..] {
            [part] => frame.components[part.component].blocks,
            _ => frame.units,
        }
    }
}

/// A stretch of data between markers, and the number of the restart marker behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) bytes: Range<usize>,
    pub(super) restart: Option<u8>,
}

/// What comes next in a file.
#[derive(Debug)]
pub(super) enum Next {
    Scan(Scan),
    /// The end marker.
    End,
    /// The bytes end without it.
    CutOff,
    /// What the decoder will refuse, or knows more of.
    Unknown,
}

/// A file, read from the front.
pub(super) struct JpegFile<'a> {
    bytes: &'a [u8],
    at: usize,
    pub(super) frame: Option<Frame>,
    tables: [[Option<Rc<Codes>>; 4]; 2],
    restart_interval: usize,
}

impl<'a> JpegFile<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 2, frame: None, tables: Default::default(), restart_interval: 0 }
    }

    /// Goes on behind the data of a scan.
    pub(super) fn go_on_at(&mut self, at: usize) {
        self.at = at;
    }

    /// The next scan, or how the file ends.
    pub(super) fn next(&mut self) -> Next {
        loop {
            // Decoders look for the next marker too where there is none.
            let Some(found) = memchr::memchr(0xff, self.bytes.get(self.at..).unwrap_or_default()) else {
                return Next::CutOff;
            };
            self.at += found + 1;
            let Some(&code) = self.bytes.get(self.at) else { return Next::CutOff };
            match code {
                // No marker, or a byte that fills up.
                0x00 | 0xff => continue,
                0x01 | 0xd0..=0xd8 => {
                    self.at += 1;
                    continue;
                }
                0xd9 => return Next::End,
                _ => self.at += 1,
            }
            let Some(body) = self.body() else { return Next::CutOff };
            let known = match code {
                0xc0..=0xc2 => self.frame_header(body, code == 0xc2),
                0xc4 => self.define_tables(body),
                0xda => return self.scan(body).map_or(Next::Unknown, Next::Scan),
                0xdd => body.first_chunk().map(|word| {
                    self.restart_interval = usize::from(u16::from_be_bytes(*word));
                }),
                // Arithmetic coding, frames without loss and of several sizes, a height that comes later.
                0xc3 | 0xc5..=0xcf | 0xdc | 0xde | 0xdf => None,
                _ => Some(()),
            };
            if known.is_none() {
                return Next::Unknown;
            }
        }
    }

    /// The segment with a length that begins here; the next one is behind it.
    fn body(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(u16::from_be_bytes(*self.bytes.get(self.at..)?.first_chunk()?));
        let body = self.bytes.get(self.at + 2..self.at + length)?;
        self.at += length;
        Some(body)
    }

    fn frame_header(&mut self, body: &[u8], is_progressive: bool) -> Option<()> {
        let &[8, h0, h1, w0, w1, count, ref rest @ ..] = body else { return None };
        let [height, width] = [[h0, h1], [w0, w1]].map(|word| u32::from(u16::from_be_bytes(word)));
        let listed = rest.get(..usize::from(count) * 3)?;
        if self.frame.is_some() || !(1..=4).contains(&count) || width == 0 || height == 0 {
            return None;
        }
        let factors = |entry: &[u8]| (u32::from(entry[1] >> 4), u32::from(entry[1] & 15));
        let (across, down) = listed
            .chunks(3)
            .map(factors)
            .fold((0, 0), |(most_across, most_down), (a, d)| (most_across.max(a), most_down.max(d)));
        if listed.chunks(3).map(factors).any(|(a, d)| !(1..=4).contains(&a) || !(1..=4).contains(&d)) {
            return None;
        }
        let units = (width.div_ceil(8 * across), height.div_ceil(8 * down));
        let component = |entry: &[u8]| {
            let (a, d) = factors(entry);
            let blocks = ((width * a).div_ceil(8 * across), (height * d).div_ceil(8 * down));
            Component { id: entry[0], across: a, down: d, blocks, stride: units.0 * a }
        };
        let components = listed.chunks(3).map(component).collect();
        self.frame = Some(Frame { is_progressive, components, units });
        Some(())
    }

    fn define_tables(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&place, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let len = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(len)?;
            let table = self.tables.get_mut(usize::from(place >> 4))?.get_mut(usize::from(place & 15))?;
            *table = Some(Rc::new(Codes::new(counts, symbols)?));
            body = rest;
        }
        Some(())
    }

    fn scan(&self, body: &[u8]) -> Option<Scan> {
        let frame = self.frame.as_ref()?;
        let (&count, rest) = body.split_first()?;
        let (listed, rest) = rest.split_at_checked(usize::from(count) * 2)?;
        let &[first, last, approximation] = rest.first_chunk()?;
        let part = |entry: &[u8]| {
            let component = frame.components.iter().position(|component| component.id == entry[0])?;
            let table =
                |class: usize, place: u8| self.tables[class].get(usize::from(place)).cloned().flatten();
            Some(Part { component, dc: table(0, entry[1] >> 4), ac: table(1, entry[1] & 15) })
        };
        let parts: Vec<Part> = listed.chunks(2).map(part).collect::<Option<_>>()?;
        let band = (u32::from(first), u32::from(last));
        let is_sane = if frame.is_progressive {
            band.0 <= band.1 && band.1 < 64 && (band.0 > 0 || band.1 == 0) && (band.0 == 0 || count == 1)
        } else {
            parts.iter().all(|part| part.dc.is_some() && part.ac.is_some())
        };
        let is_refinement = frame.is_progressive && approximation >> 4 != 0;
        (is_sane && !parts.is_empty()).then_some(Scan {
            parts,
            band,
            is_refinement,
            restart_interval: self.restart_interval,
            data: self.at,
        })
    }
}

/// The data of a scan from `at` on, cut at its restart markers, and where the marker stands that ends it. Markers that do
/// not belong there are damage while fewer than `wanted` stretches are there; what stands behind one up to the next restart marker
/// is left out. No more than a few beyond `wanted` are told.
pub(super) fn stretches(bytes: &[u8], at: usize, wanted: usize, is_alone: bool) -> (Vec<Stretch>, usize) {
    let mut found = Vec::new();
    let (mut start, mut end, mut at) = (at, None, at);
    loop {
        let next = memchr::memchr(0xff, bytes.get(at..).unwrap_or_default());
        let marker = next.map_or(bytes.len(), |next| at + next);
        // Bytes that fill up may stand before the code.
        let code_at = (marker..bytes.len()).find(|&at| bytes[at] != 0xff).unwrap_or(bytes.len());
        let code = bytes.get(code_at).copied();
        let stretch = start..end.unwrap_or(marker);
        match code {
            Some(0x00) if next.is_some() => at = code_at + 1,
            Some(code @ 0xd0..=0xd7) => {
                found.push(Stretch { bytes: stretch, restart: Some(code & 7) });
                at = code_at + 1;
                if found.len() > wanted + STRETCHES_BEYOND {
                    return (found, at);
                }
                (start, end) = (at, None);
            }
            Some(code) if code != 0xd9 && is_alone && found.len() + 1 < wanted => {
                end = end.or(Some(marker));
                at = code_at + 1;
            }
            _ => {
                found.push(Stretch { bytes: stretch, restart: None });
                return (found, marker);
            }
        }
    }
}
