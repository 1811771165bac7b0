//! This module writes the compressed data of a JPEG file anew, with the codes that suit it best: a few percent shorter, the same
//! picture. It takes files of the encoder, with one scan of all components, and leaves others as they are.

use std::ops::ControlFlow;

use super::bits::{BitReader, BitWriter, Codes};
use super::entropy::blocks;
use super::file::{Frame, JpegFile, Next, Part, Scan, stretches};

/// Bits of the longest code.
const CODE_BITS: usize = 16;
/// What stands for no symbol: with it, no code is all ones.
const RESERVED: usize = 256;

/// How often each symbol comes.
type Counts = [u64; RESERVED + 1];

/// Tables of a class: those for differences of brightness come first, those for the other coefficients behind them.
const CLASS_TABLES: usize = 4;

/// Codes of each length, and their symbols.
struct Table {
    counts: [u8; CODE_BITS],
    symbols: Vec<u8>,
}

/// The file with the best codes; `None`: it is as short as it can be, or of another kind.
pub(in crate::lua::host::image) fn tightened<E>(
    bytes: &[u8],
    look: &mut impl FnMut() -> Result<(), E>,
) -> Result<Option<Vec<u8>>, E> {
    let Some(picture) = EncodedPicture::of(bytes) else { return Ok(None) };
    let mut counts: Vec<Counts> = vec![[0; RESERVED + 1]; 2 * CLASS_TABLES];
    let mut count = |place: usize, symbol: u8, _: u32, _: u32| {
        counts[place][usize::from(symbol)] += 1;
        ControlFlow::Continue(())
    };
    if picture.each_symbol(look, &mut count)?.is_break() {
        return Ok(None);
    }
    let tables: Vec<Option<Table>> = counts.iter().map(table).collect();
    let codes: Vec<Option<Codes>> =
        tables.iter().map(|table| Codes::new(&table.as_ref()?.counts, &table.as_ref()?.symbols)).collect();
    let mut writer = BitWriter::default();
    let mut write = |place: usize, symbol: u8, extra: u32, bits: u32| {
        let Some((code, len)) = codes[place].as_ref().and_then(|codes| codes.code(symbol)) else {
            return ControlFlow::Break(());
        };
        writer.put(u32::from(code), u32::from(len));
        writer.put(extra, bits);
        ControlFlow::Continue(())
    };
    if picture.each_symbol(look, &mut write)?.is_break() {
        return Ok(None);
    }
    let file = picture.file(&tables, &writer.finish());
    Ok(file.filter(|file| file.len() < bytes.len()))
}

/// A file of one scan, with the numbers of the tables of its components.
struct EncodedPicture<'a> {
    bytes: &'a [u8],
    frame: Frame,
    scan: Scan,
    data: &'a [u8],
    numbers: Vec<(usize, usize)>,
}

impl<'a> EncodedPicture<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut file = JpegFile::new(bytes);
        let Next::Scan(scan) = file.next() else { return None };
        let frame = file.frame.take()?;
        let (found, end) = stretches(bytes, scan.data, 1, true);
        let [stretch] = &found[..] else { return None };
        let is_plain = !frame.is_progressive
            && scan.parts.len() == frame.components.len()
            && scan.restart_interval == 0
            && bytes.get(end..) == Some(&[0xff, 0xd9]);
        // For each component, before the last three bytes of the head.
        let listed = bytes.get(scan.data.checked_sub(3 + 2 * scan.parts.len())?..scan.data - 3)?;
        let number = |number: u8| usize::from(number) % CLASS_TABLES;
        let numbers = listed.chunks(2).map(|entry| (number(entry[1] >> 4), number(entry[1] & 15)));
        let data = bytes.get(stretch.bytes.clone())?;
        is_plain.then(|| Self { bytes, numbers: numbers.collect(), frame, scan, data })
    }

    /// Goes through all symbols, each with the bits behind it and their number. It breaks where the data is wrong.
    fn each_symbol<E>(
        &self,
        look: &mut impl FnMut() -> Result<(), E>,
        take: &mut impl FnMut(usize, u8, u32, u32) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, E> {
        let Self { frame, scan, .. } = self;
        let mut reader = BitReader::new(self.data);
        let (across, down) = scan.units(frame);
        for _ in 0..u64::from(across) * u64::from(down) {
            for (part, numbers) in scan.parts.iter().zip(&self.numbers) {
                for _ in 0..blocks(frame, scan, part) {
                    if block(&mut reader, part, *numbers, take).is_none() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            look()?;
        }
        Ok(if reader.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// The file with these tables and this data.
    fn file(&self, tables: &[Option<Table>], data: &[u8]) -> Option<Vec<u8>> {
        let mut out = self.bytes.get(..2)?.to_vec();
        let mut at = 2;
        loop {
            let [0xff, code, l0, l1] = *self.bytes.get(at..)?.first_chunk()? else { return None };
            let end = at + 2 + usize::from(u16::from_be_bytes([l0, l1]));
            if code == 0xda {
                define(&mut out, tables);
            }
            if code != 0xc4 {
                out.extend_from_slice(self.bytes.get(at..end)?);
            }
            at = end;
            if code == 0xda {
                break;
            }
        }
        out.extend_from_slice(data);
        out.extend_from_slice(&[0xff, 0xd9]);
        Some(out)
    }
}

fn block(
    reader: &mut BitReader<'_>,
    part: &Part,
    (dc, ac): (usize, usize),
    take: &mut impl FnMut(usize, u8, u32, u32) -> ControlFlow<()>,
) -> Option<()> {
    let symbol = reader.symbol(part.dc.as_deref()?)?;
    let bits = u32::from(symbol);
    let extra = (bits <= CODE_BITS as u32).then(|| reader.take(bits))?;
    take(dc, symbol, extra, bits).is_continue().then_some(())?;
    let codes = part.ac.as_deref()?;
    let mut at = 1;
    while at < 64 {
        let symbol = reader.symbol(codes)?;
        let (run, bits) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        let extra = reader.take(bits);
        take(CLASS_TABLES + ac, symbol, extra, bits).is_continue().then_some(())?;
        if bits == 0 && run < 15 {
            break;
        }
        at += run + 1;
    }
    (at <= 64).then_some(())
}

/// A segment with all tables that are used.
fn define(out: &mut Vec<u8>, tables: &[Option<Table>]) {
    let mut body = Vec::new();
    for (place, table) in tables.iter().enumerate() {
        let Some(Table { counts, symbols }) = table else { continue };
        body.push((((place / CLASS_TABLES) << 4) | (place % CLASS_TABLES)) as u8);
        body.extend_from_slice(counts);
        body.extend_from_slice(symbols);
    }
    out.extend_from_slice(&[0xff, 0xc4]);
    out.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(&body);
}

/// The best codes for symbols that come so often, of 16 bits at most: section K.2 of the standard. `None`: none comes.
fn table(counts: &Counts) -> Option<Table> {
    if counts.iter().all(|count| *count == 0) {
        return None;
    }
    let mut counts = *counts;
    counts[RESERVED] = 1;
    let lengths = lengths(&mut counts);
    let mut of_length = [0_usize; RESERVED + 2];
    lengths.iter().filter(|length| **length > 0).for_each(|length| of_length[*length] += 1);
    for length in (CODE_BITS + 1..of_length.len()).rev() {
        while of_length[length] > 0 {
            // Two of the longest become one that is shorter, and its twin goes below a short one.
            let shorter = (1..length - 1).rev().find(|other| of_length[*other] > 0)?;
            of_length[length] -= 2;
            of_length[length - 1] += 1;
            of_length[shorter + 1] += 2;
            of_length[shorter] -= 1;
        }
    }
    // The one that stands for no symbol is among the longest.
    let longest = (1..=CODE_BITS).rev().find(|length| of_length[*length] > 0)?;
    of_length[longest] -= 1;
    let mut symbols: Vec<usize> = (0..RESERVED).filter(|symbol| lengths[*symbol] > 0).collect();
    symbols.sort_by_key(|symbol| (lengths[*symbol], *symbol));
    let counts = std::array::from_fn(|at| of_length[at + 1] as u8);
    Some(Table { counts, symbols: symbols.into_iter().map(|symbol| symbol as u8).collect() })
}

/// The length of the code of each symbol, however long: the two rarest become one, again and again.
fn lengths(counts: &mut Counts) -> [usize; RESERVED + 1] {
    let mut lengths = [0; RESERVED + 1];
    let mut groups: Vec<Vec<usize>> = (0..=RESERVED).map(|symbol| vec![symbol]).collect();
    let rarest = |counts: &Counts, but: Option<usize>| {
        let there = (0..=RESERVED).rev().filter(|at| counts[*at] > 0 && Some(*at) != but);
        there.min_by_key(|at| counts[*at])
    };
    while let Some(one) = rarest(counts, None)
        && let Some(other) = rarest(counts, Some(one))
    {
        counts[one] += counts[other];
        counts[other] = 0;
        let joined = std::mem::take(&mut groups[other]);
        groups[one].extend(joined);
        groups[one].iter().for_each(|symbol| lengths[*symbol] += 1);
    }
    lengths
}

#[cfg(test)]
mod tests {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
    use zune_core::bytestream::ZCursor;
    use zune_jpeg::JpegDecoder;

    use super::*;
    use crate::value::splitmix::mix;

    fn encoded(pixels: &[u8], (width, height): (u16, u16), color: ColorType, quality: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.add_icc_profile(&[7; 200]).unwrap();
        encoder.encode(pixels, width, height, color).unwrap();
        bytes
    }

    fn tight(bytes: &[u8]) -> Option<Vec<u8>> {
        tightened(bytes, &mut || Ok::<_, ()>(())).unwrap()
    }

    fn pixels(bytes: &[u8]) -> Vec<u8> {
        JpegDecoder::new(ZCursor::new(bytes)).decode().unwrap()
    }

    #[test]
    fn the_picture_is_the_same_and_the_file_shorter() {
        for (width, height, noise) in [(1, 1, 0), (17, 9, 255), (64, 64, 3), (130, 75, 40)] {
            for (parts, color) in [(1, ColorType::Luma), (3, ColorType::Rgb)] {
                for quality in [1, 50, 75, 95, 100] {
                    let pixel = |at: usize| (at / parts % 251) as u64 + mix(at as u64) % (noise + 1);
                    let source: Vec<u8> =
                        (0..width * height * parts).map(|at| pixel(at).min(255) as u8).collect();
                    let plain = encoded(&source, (width as u16, height as u16), color, quality);
                    let short = tight(&plain).expect("no picture has all symbols alike");
                    assert!(short.len() < plain.len());
                    assert_eq!(pixels(&short), pixels(&plain), "{width} x {height}, {parts}, {quality}");
                    assert_eq!(tight(&short), None, "there is nothing better");
                }
            }
        }
    }

    #[test]
    fn other_files_are_left_alone() {
        let mut progressive = Vec::new();
        let mut encoder = Encoder::new(&mut progressive, 80);
        encoder.set_progressive(true);
        encoder.encode(&[9; 300], 10, 10, ColorType::Rgb).unwrap();
        let plain = encoded(&[9; 300], (10, 10), ColorType::Rgb, 80);
        for bytes in [&progressive[..], &plain[..plain.len() - 3], &[], &[0xff, 0xd8]] {
            assert_eq!(tight(bytes), None);
        }
    }

    #[test]
    fn no_code_is_longer_than_16_bits() {
        let mut counts = [0; RESERVED + 1];
        let (mut one, mut other) = (1, 1);
        for count in &mut counts[..60] {
            *count = one;
            (one, other) = (other, one + other);
        }
        let table = table(&counts).expect("symbols come");
        assert_eq!(table.symbols.len(), 60);
        assert_eq!(table.counts.iter().map(|count| usize::from(*count)).sum::<usize>(), 60);
        let used: f64 = (1..).zip(table.counts).map(|(len, count)| f64::from(count) / 2_f64.powi(len)).sum();
        assert!(used < 1.0, "all ones are no code");
        assert!(Codes::new(&table.counts, &table.symbols).is_some());
    }
}
