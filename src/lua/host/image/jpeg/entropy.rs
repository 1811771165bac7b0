//! This module reads the compressed data of a scan without making pixels of it: whether all its units are there.

use std::ops::Range;

use super::bits::BitReader;
use super::file::{Component, Frame, Part, Scan};

/// The largest number of bits of a difference.
const DIFFERENCE_BITS: u8 = 16;

/// Units that were read one after the other.
#[derive(Debug, Clone)]
pub(super) struct Progress<'a> {
    /// How many.
    pub(super) units: usize,
    /// Behind the last of them.
    pub(super) reader: BitReader<'a>,
    /// The brightness of the last block of each part.
    pub(super) levels: Vec<i32>,
}

/// Reads `wanted` units of a sequential scan; there are fewer in the result where the data is wrong. `look` is called now and then.
pub(super) fn sequential<'a, E>(
    frame: &Frame,
    scan: &Scan,
    bytes: &'a [u8],
    wanted: usize,
    look: &mut impl FnMut() -> Result<(), E>,
) -> Result<Progress<'a>, E> {
    let levels = vec![0; scan.parts.len()];
    let mut good = Progress { units: 0, reader: BitReader::new(bytes), levels };
    let mut reader = good.reader;
    let mut levels = good.levels.clone();
    while good.units < wanted {
        for (part, level) in scan.parts.iter().zip(&mut levels) {
            for _ in 0..blocks(frame, scan, part) {
                if block(&mut reader, part, level).is_none() {
                    return Ok(good);
                }
            }
        }
        if reader.is_over() {
            return Ok(good);
        }
        good.units += 1;
        good.reader = reader;
        good.levels.copy_from_slice(&levels);
        look()?;
    }
    Ok(good)
}

/// Blocks of a component in a unit.
pub(super) fn blocks(frame: &Frame, scan: &Scan, part: &Part) -> u32 {
    let component = &frame.components[part.component];
    if scan.parts.len() == 1 { 1 } else { component.across * component.down }
}

fn block(reader: &mut BitReader<'_>, part: &Part, level: &mut i32) -> Option<()> {
    difference(reader, part, level)?;
    let codes = part.ac.as_deref()?;
    let mut at = 1;
    while at < 64 {
        let symbol = reader.symbol(codes)?;
        let (run, bits) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if bits > 0 {
            at += run + 1;
            reader.take(bits);
        } else if run == 15 {
            at += 16;
        } else {
            break;
        }
    }
    (at <= 65).then_some(())
}

fn difference(reader: &mut BitReader<'_>, part: &Part, level: &mut i32) -> Option<()> {
    let bits = reader.symbol(part.dc.as_deref()?)?;
    if bits > DIFFERENCE_BITS {
        return None;
    }
    *level = level.wrapping_add(reader.number(u32::from(bits)));
    Some(())
}

/// Which coefficients of each block are not zero, in the scans of a progressive picture so far: a bit for each.
#[derive(Debug)]
pub(super) struct Coefficients {
    blocks: Vec<Vec<u64>>,
    /// Whether a component has its brightness.
    pub(super) has_level: Vec<bool>,
}

impl Coefficients {
    pub(super) fn new(frame: &Frame) -> Self {
        let blocks = frame.components.iter().map(|component| vec![0; all_blocks(frame, component)]);
        Self { blocks: blocks.collect(), has_level: vec![false; frame.components.len()] }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(frame: &Frame) -> usize {
        frame
            .components
            .iter()
            .map(|component| all_blocks(frame, component))
            .sum::<usize>()
            .saturating_mul(size_of::<u64>())
    }

    /// Reads some units of a scan; `None` where the data is wrong or ends too early.
    pub(super) fn read<E>(
        &mut self,
        frame: &Frame,
        scan: &Scan,
        bytes: &[u8],
        units: Range<usize>,
        look: &mut impl FnMut() -> Result<(), E>,
    ) -> Result<Option<()>, E> {
        let mut reader = BitReader::new(bytes);
        let mut blocks_over = 0;
        let across = scan.units(frame).0 as usize;
        for unit in units {
            let done = if scan.band.0 == 0 {
                levels(&mut reader, frame, scan)
            } else {
                let part = &scan.parts[0];
                let stride = frame.components[part.component].stride as usize;
                let block = self.blocks[part.component].get_mut(unit / across * stride + unit % across);
                block.and_then(|block| band(&mut reader, scan, part, block, &mut blocks_over))
            };
            if done.is_none() || reader.is_over() {
                return Ok(None);
            }
            look()?;
        }
        if scan.band.0 == 0 {
            scan.parts.iter().for_each(|part| self.has_level[part.component] = true);
        }
        Ok(Some(()))
    }
}

/// Blocks of a component, with those that fill up the last units.
fn all_blocks(frame: &Frame, component: &Component) -> usize {
    component.stride as usize * (frame.units.1 * component.down) as usize
}

/// The brightness of the blocks of one unit, or one more bit of it.
fn levels(reader: &mut BitReader<'_>, frame: &Frame, scan: &Scan) -> Option<()> {
    for part in &scan.parts {
        for _ in 0..blocks(frame, scan, part) {
            if scan.is_refinement {
                reader.take(1);
            } else {
                difference(reader, part, &mut 0)?;
            }
        }
    }
    Some(())
}

/// Some coefficients of one block, or one more bit of them. `blocks_over` are the blocks, this one among them, that have no new ones.
fn band(
    reader: &mut BitReader<'_>,
    scan: &Scan,
    part: &Part,
    block: &mut u64,
    blocks_over: &mut u32,
) -> Option<()> {
    let (first, last) = scan.band;
    let codes = part.ac.as_deref()?;
    let before = *block;
    let mut at = first;
    while *blocks_over == 0 && at <= last {
        let symbol = reader.symbol(codes)?;
        let (mut run, bits) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if bits == 0 && run < 15 {
            *blocks_over = (1 << run) + reader.take(run);
            break;
        }
        if scan.is_refinement {
            // The sign of a coefficient that is new; only 1 can be new.
            if bits > 1 {
                return None;
            }
            reader.take(bits);
            while at <= last {
                if (before >> at) & 1 == 1 {
                    reader.take(1);
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                at += 1;
            }
        } else {
            at += run;
            reader.take(bits);
        }
        if bits > 0 {
            if at > last {
                return None;
            }
            *block |= 1 << at;
        }
        at += 1;
    }
    if *blocks_over > 0 {
        *blocks_over -= 1;
        if scan.is_refinement {
            let rest = (at..=last).filter(|&at| (before >> at) & 1 == 1).count();
            (0..rest).for_each(|_| _ = reader.take(1));
        }
    }
    Some(())
}
