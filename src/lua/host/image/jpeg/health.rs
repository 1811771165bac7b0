//! This module looks whether a JPEG file is whole before its pixels are made: a decoder says nothing where it fills what is missing with
//! gray. Where restart markers bound the damage it puts a picture in place of the lost part that its neighbours had.

use std::ops::Range;

use super::bits::{BitReader, BitWriter};
use super::entropy::{self, Coefficients, Progress, sequential};
use super::file::{Component, Frame, JpegFile, Next, Scan, Stretch, stretches};
use crate::lua::host::call::Call;
use crate::lua::host::outside::Claim;

/// At most one part in so many may be lost.
const LOST_MAX: usize = 4;

/// Bytes behind the last unit of a scan that decoders pass over and encoders have been seen to write.
const REST_BYTES: usize = 64;

/// What is held for each stretch between two restart markers.
const STRETCH_BYTES: usize = 192;

/// Units of a scan between two checkpoints: a millisecond.
const UNITS: usize = 1 << 12;

/// How whole a file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Health {
    Whole,
    /// The same file with something in place of the parts that were lost: how many of how many.
    Mended {
        bytes: Vec<u8>,
        lost: usize,
        of: usize,
    },
    CutOff,
    Damaged,
    /// Whole, but of a kind that the decoder reads wrong.
    Scattered,
}

/// Reads all the compressed data; tells besides whether the picture comes in passes.
pub(super) fn examine(call: &Call<'_>, bytes: &[u8]) -> mlua::Result<(Health, bool)> {
    let mut file = JpegFile::new(bytes);
    let mut examination =
        Examination { call, bytes, coefficients: None, edits: Vec::new(), lost: 0, of: 0, steps: 0 };
    let health = examination.file(&mut file)?;
    Ok((health, file.frame.is_some_and(|frame| frame.is_progressive)))
}

/// Whether some components have fewer blocks than others and come in a scan of their own, without passes.
fn is_scattered(frame: &Frame, scan: &Scan) -> bool {
    let is_smaller = |component: &Component| component.blocks != frame.components[0].blocks;
    !frame.is_progressive
        && scan.parts.len() < frame.components.len()
        && frame.components.iter().any(is_smaller)
}

fn has_end(bytes: &[u8]) -> bool {
    memchr::memmem::rfind(bytes, b"\xff\xd9").is_some()
}

struct Examination<'a> {
    call: &'a Call<'a>,
    bytes: &'a [u8],
    /// Of a progressive picture, and the memory for them.
    coefficients: Option<(Coefficients, Claim)>,
    /// What comes in place of which bytes.
    edits: Vec<(Range<usize>, Vec<u8>)>,
    lost: usize,
    of: usize,
    steps: usize,
}

impl Examination<'_> {
    fn file(&mut self, file: &mut JpegFile<'_>) -> mlua::Result<Health> {
        let mut has_scan = false;
        loop {
            match file.next() {
                Next::Scan(scan) => {
                    has_scan = true;
                    let Some(frame) = &file.frame else { return Ok(Health::Whole) };
                    if is_scattered(frame, &scan) {
                        return Ok(Health::Scattered);
                    }
                    let Some(end) = self.scan(frame, &scan)? else {
                        let is_cut_off = !has_end(&self.bytes[scan.data..]);
                        return Ok(if is_cut_off { Health::CutOff } else { Health::Damaged });
                    };
                    file.go_on_at(end);
                }
                Next::End if has_scan && !self.has_levels() => return Ok(Health::Damaged),
                Next::End => return Ok(self.verdict(b"")),
                // All of a sequential picture may be there.
                Next::CutOff
                    if has_scan && file.frame.as_ref().is_some_and(|frame| !frame.is_progressive) =>
                {
                    return Ok(self.verdict(b"\xff\xd9"));
                }
                Next::CutOff => return Ok(Health::CutOff),
                Next::Unknown => return Ok(Health::Whole),
            }
        }
    }

    fn has_levels(&self) -> bool {
        self.coefficients
            .as_ref()
            .is_none_or(|(coefficients, _)| coefficients.has_level.iter().all(|has| *has))
    }

    fn verdict(&self, end: &[u8]) -> Health {
        if self.edits.is_empty() && end.is_empty() {
            return Health::Whole;
        }
        let (mut bytes, mut at) = (Vec::with_capacity(self.bytes.len()), 0);
        for (range, edit) in &self.edits {
            bytes.extend_from_slice(&self.bytes[at..range.start]);
            bytes.extend_from_slice(edit);
            at = range.end;
        }
        bytes.extend_from_slice(&self.bytes[at..]);
        bytes.extend_from_slice(end);
        Health::Mended { bytes, lost: self.lost, of: self.of }
    }

    /// Where the data of a whole or mended scan ends.
    fn scan(&mut self, frame: &Frame, scan: &Scan) -> mlua::Result<Option<usize>> {
        let (across, down) = scan.units(frame);
        let units = across as usize * down as usize;
        let interval = if scan.restart_interval == 0 { units } else { scan.restart_interval };
        let wanted = units.div_ceil(interval);
        let is_alone = !frame.is_progressive && scan.parts.len() == frame.components.len();
        let _claim = self.call.claim(wanted.saturating_mul(STRETCH_BYTES))?;
        let (found, end) = stretches(self.bytes, scan.data, wanted, is_alone);
        let lengths = (0..wanted).map(|at| interval.min(units - at * interval));
        let is_whole = if frame.is_progressive {
            self.progressive(frame, scan, &found, lengths)?
        } else {
            self.sequential(frame, scan, &found, end, &lengths.collect::<Vec<_>>())?
        };
        Ok(is_whole.then_some(end))
    }

    fn progressive(
        &mut self,
        frame: &Frame,
        scan: &Scan,
        found: &[Stretch],
        lengths: impl ExactSizeIterator<Item = usize>,
    ) -> mlua::Result<bool> {
        let is_next =
            |(at, stretch): (usize, &Stretch)| stretch.restart.is_none_or(|it| usize::from(it) == at % 8);
        if found.len() < lengths.len() || !found.iter().enumerate().all(is_next) {
            return Ok(false);
        }
        if self.coefficients.is_none() {
            let claim = self.call.claim(Coefficients::bytes(frame))?;
            self.coefficients = Some((Coefficients::new(frame), claim));
        }
        let Some((coefficients, _)) = &mut self.coefficients else { return Ok(true) };
        let (call, steps) = (self.call, &mut self.steps);
        let mut first = 0;
        for (stretch, length) in found.iter().zip(lengths) {
            let bytes = &self.bytes[stretch.bytes.clone()];
            let mut look = || look(call, steps);
            if coefficients.read(frame, scan, bytes, first..first + length, &mut look)?.is_none() {
                return Ok(false);
            }
            first += length;
        }
        Ok(true)
    }

    fn sequential(
        &mut self,
        frame: &Frame,
        scan: &Scan,
        found: &[Stretch],
        end: usize,
        lengths: &[usize],
    ) -> mlua::Result<bool> {
        let places = placed(found, lengths.len());
        let mut read = Vec::with_capacity(lengths.len());
        let (call, steps) = (self.call, &mut self.steps);
        for (place, &wanted) in places.iter().zip(lengths) {
            let bytes = place.as_ref().map_or(&[][..], |stretch| &self.bytes[stretch.clone()]);
            read.push(sequential(frame, scan, bytes, wanted, &mut || look(call, steps))?);
        }
        let is_lost = |(progress, wanted): (&Progress<'_>, &usize)| progress.units < *wanted;
        let lost = read.iter().zip(lengths).filter(|pair| is_lost(*pair)).count();
        let missing = places.iter().rev().take_while(|place| place.is_none()).count();
        self.of += lengths.len();
        if lost == 0 {
            // Much that was not read says that the codes went astray.
            let rest = read.last().map_or(0, |progress| progress.reader.rest());
            return Ok(lengths.len() > 1 || rest <= REST_BYTES || is_filling(&self.bytes[..end], rest));
        }
        if lost * LOST_MAX > lengths.len() || missing > 1 {
            return Ok(false);
        }
        let Some(data) = mended(frame, scan, &read, lengths) else { return Ok(false) };
        self.lost += lost;
        self.edits.push((scan.data..end, data));
        Ok(true)
    }
}

/// Whether the last bytes are all the same: some programs fill files up.
fn is_filling(bytes: &[u8], len: usize) -> bool {
    let rest = &bytes[bytes.len().saturating_sub(len)..];
    rest.iter().skip(8).all(|byte| Some(byte) == rest.last())
}

fn look(call: &Call<'_>, steps: &mut usize) -> mlua::Result<()> {
    *steps += 1;
    if steps.is_multiple_of(UNITS) { call.checkpoint() } else { Ok(()) }
}

/// Which stretch belongs at which place, by the numbers of the markers: one that is one or two ahead tells that a marker was lost, one that
/// is as much behind is of before (libjpeg reads them so).
fn placed(found: &[Stretch], places: usize) -> Vec<Option<Range<usize>>> {
    let mut result = vec![None; places];
    let mut at = 0;
    let mut is_behind = false;
    for stretch in found {
        if !is_behind && let Some(place) = result.get_mut(at) {
            *place = Some(stretch.bytes.clone());
        }
        let Some(restart) = stretch.restart else { break };
        let ahead = usize::from(restart).wrapping_sub(at) & 7;
        is_behind = ahead >= 6;
        at += match ahead {
            1 | 2 => 1 + ahead,
            6 | 7 => 0,
            _ => 1,
        };
    }
    result
}

/// The data of a scan: what was read, and in place of what was lost the brightness and the colour before it.
fn mended(frame: &Frame, scan: &Scan, read: &[Progress<'_>], lengths: &[usize]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut levels = vec![0; scan.parts.len()];
    for (at, (progress, &wanted)) in read.iter().zip(lengths).enumerate() {
        if at > 0 {
            out.extend([0xff, 0xd0 | (at as u8 - 1) & 7]);
        }
        let mut writer = BitWriter::default();
        copy(&mut writer, progress.reader);
        let mut before = if progress.units == 0 { vec![0; levels.len()] } else { progress.levels.clone() };
        for unit in progress.units..wanted {
            for (part, (&level, before)) in scan.parts.iter().zip(levels.iter().zip(&mut before)) {
                for _ in 0..entropy::blocks(frame, scan, part) {
                    let aim = if unit == 0 { level } else { *before };
                    // A table need not have a code for every difference.
                    if put(&mut writer, part, aim - *before).is_some() {
                        *before = aim;
                    } else {
                        put(&mut writer, part, 0)?;
                    }
                }
            }
        }
        levels = before;
        out.extend(writer.finish());
    }
    Some(out)
}

/// Writes what a reader has read.
fn copy(writer: &mut BitWriter, until: BitReader<'_>) {
    let mut reader = until.again();
    let mut bits = until.position();
    while bits > 0 {
        let piece = bits.min(16) as u32;
        writer.put(reader.take(piece), piece);
        bits -= piece as usize;
    }
}

/// A block of one colour.
fn put(writer: &mut BitWriter, part: &super::file::Part, difference: i32) -> Option<()> {
    let bits = 32 - difference.unsigned_abs().leading_zeros();
    let (code, length) = part.dc.as_deref()?.code(bits as u8)?;
    let (end, end_length) = part.ac.as_deref()?.code(0)?;
    writer.put(u32::from(code), u32::from(length));
    writer.put(if difference < 0 { difference - 1 } else { difference } as u32, bits);
    writer.put(u32::from(end), u32::from(end_length));
    Some(())
}
