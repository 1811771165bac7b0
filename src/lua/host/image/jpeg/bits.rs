//! These are the bits of compressed data, as they are read and as they are written, and the codes that they are made of.
//! Which code comes where is not known here.

/// Bits of the longest code.
const CODE_BITS: usize = 16;

/// Bits of the codes that one look into a table finds.
const QUICK_BITS: usize = 9;

/// A Huffman table: codes and the symbols that they stand for.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    /// By the next bits: length of the code and symbol; a length of 0 is a longer code or none.
    quick: Box<[(u8, u8); 1 << QUICK_BITS]>,
    /// By length: the first code that is too large for it, at the left of 16 bits.
    ends: [u32; CODE_BITS + 1],
    /// By length: what is added to a code of it to get the place of its symbol.
    offsets: [i32; CODE_BITS + 1],
    symbols: Vec<u8>,
    /// By symbol: code and length; a length of 0 is none.
    written: Box<[(u16, u8); 256]>,
}

impl Codes {
    /// From how many codes there are of each length, and their symbols; `None` if these are more than there can be.
    pub(super) fn new(counts: &[u8; CODE_BITS], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            quick: Box::new([(0, 0); 1 << QUICK_BITS]),
            ends: [0; CODE_BITS + 1],
            offsets: [0; CODE_BITS + 1],
            symbols: symbols.to_vec(),
            written: Box::new([(0, 0); 256]),
        };
        let (mut code, mut at) = (0_u32, 0_usize);
        for (length, &count) in (1..).zip(counts) {
            table.offsets[length] = at as i32 - code as i32;
            for &symbol in symbols.get(at..at + usize::from(count))? {
                if code >= 1 << length {
                    return None;
                }
                table.written[usize::from(symbol)] = (code as u16, length as u8);
                if let Some(rest) = QUICK_BITS.checked_sub(length) {
                    let first = (code as usize) << rest;
                    table.quick[first..first + (1 << rest)].fill((length as u8, symbol));
                }
                code += 1;
            }
            at += usize::from(count);
            table.ends[length] = code << (CODE_BITS - length);
            code <<= 1;
        }
        Some(table)
    }

    /// The code for a symbol, and its length.
    pub(super) fn code(&self, symbol: u8) -> Option<(u16, u8)> {
        Some(self.written[usize::from(symbol)]).filter(|(_, length)| *length > 0)
    }
}

/// Reads bits from the bytes between two markers. Behind the end there are zeros, and [`BitReader::is_over`] says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, at the left.
    buffer: u64,
    /// How many of them there are.
    len: u32,
    /// How many of them were made up.
    made_up: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, buffer: 0, len: 0, made_up: 0 }
    }

    /// At least 48 bits are there afterwards.
    #[inline]
    fn fill(&mut self) {
        if let Some(&[a, b, c, d]) = self.bytes.get(self.at..self.at + 4)
            && self.len <= 32
            && a != 0xff
            && b != 0xff
            && c != 0xff
            && d != 0xff
        {
            self.buffer |= u64::from(u32::from_be_bytes([a, b, c, d])) << (32 - self.len);
            self.len += 32;
            self.at += 4;
        }
        while self.len <= 48 {
            let byte = self.bytes.get(self.at).copied();
            // A zero is stuffed behind each byte that could begin a marker.
            self.at += if byte == Some(0xff) { 2 } else { usize::from(byte.is_some()) };
            self.made_up += if byte.is_some() { 0 } else { 8 };
            self.buffer |= u64::from(byte.unwrap_or(0)) << (56 - self.len);
            self.len += 8;
        }
    }

    /// A reader of the same bytes from the first of them.
    pub(super) fn again(&self) -> Self {
        Self::new(self.bytes)
    }

    #[inline]
    fn drop_bits(&mut self, count: u32) {
        self.buffer <<= count;
        self.len -= count;
    }

    /// The next bits, at most 16, as a number.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        if count == 0 {
            return 0;
        }
        if self.len < count {
            self.fill();
        }
        let bits = (self.buffer >> (64 - count)) as u32;
        self.drop_bits(count);
        bits
    }

    /// The next symbol, or `None` where no code begins so.
    #[inline]
    pub(super) fn symbol(&mut self, codes: &Codes) -> Option<u8> {
        if self.len < CODE_BITS as u32 {
            self.fill();
        }
        let (length, symbol) = codes.quick[(self.buffer >> (64 - QUICK_BITS)) as usize];
        if length > 0 {
            self.drop_bits(u32::from(length));
            return Some(symbol);
        }
        let next = (self.buffer >> (64 - CODE_BITS)) as u32;
        let length = (QUICK_BITS + 1..=CODE_BITS).find(|&length| next < codes.ends[length])?;
        self.drop_bits(length as u32);
        let place = (next >> (CODE_BITS - length)) as i32 + codes.offsets[length];
        codes.symbols.get(usize::try_from(place).ok()?).copied()
    }

    /// A number of so many bits, as JPEG writes differences and coefficients.
    #[inline]
    pub(super) fn number(&mut self, bits: u32) -> i32 {
        let value = self.take(bits) as i32;
        if bits == 0 || value >= 1 << (bits - 1) { value } else { value - (1 << bits) + 1 }
    }

    /// Whether more was read than is there.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.made_up > self.len
    }

    /// Whole bytes that nobody has read.
    pub(super) fn rest(&self) -> usize {
        (self.len.saturating_sub(self.made_up) / 8) as usize + self.bytes.len().saturating_sub(self.at)
    }

    /// Bits that were read.
    pub(super) fn position(&self) -> usize {
        // A stuffed zero is no bit.
        let before = &self.bytes[..self.at.min(self.bytes.len())];
        let stuffed = memchr::memchr_iter(0xff, before).count();
        let bytes = before.len() - stuffed.min(before.len());
        (bytes * 8 + self.made_up as usize).saturating_sub(self.len as usize)
    }
}

/// Writes the bits of compressed data, with zeros stuffed in.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    buffer: u32,
    len: u32,
}

impl BitWriter {
    /// The lowest `count` bits of a number, at most 16.
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.buffer = (self.buffer << count) | (bits & ((1 << count) - 1));
        self.len += count;
        while self.len >= 8 {
            self.len -= 8;
            let byte = (self.buffer >> self.len) as u8;
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    /// The bytes, the last one filled up with ones.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.put(0x7f, (8 - self.len) % 8);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes() -> Codes {
        // Codes 0, 10, 110 and one of 12 bits.
        let mut counts = [0; 16];
        counts[..3].fill(1);
        counts[11] = 1;
        Codes::new(&counts, &[5, 6, 7, 8]).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let codes = codes();
        let symbols = [5, 8, 7, 6, 8, 5, 7, 7, 8];
        let mut writer = BitWriter::default();
        for symbol in symbols {
            let (code, length) = codes.code(symbol).unwrap();
            writer.put(u32::from(code), u32::from(length));
            writer.put(0xff, 8);
        }
        let bytes = writer.finish();
        let mut reader = BitReader::new(&bytes);
        let mut bits = 0;
        for symbol in symbols {
            assert_eq!(reader.symbol(&codes), Some(symbol));
            assert_eq!(reader.take(8), 0xff);
            bits += usize::from(codes.code(symbol).unwrap().1) + 8;
            assert_eq!(reader.position(), bits);
        }
        assert!(!reader.is_over());
        assert_eq!(reader.rest(), 0);
        reader.take(16);
        assert!(reader.is_over());
    }

    #[test]
    fn numbers_have_the_sign_that_their_first_bit_says() {
        let mut reader = BitReader::new(&[0b1010_0110]);
        assert_eq!([reader.number(3), reader.number(2), reader.number(3), reader.number(0)], [5, -3, 6, 0]);
    }

    #[test]
    fn codes_that_cannot_be_are_none() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Codes::new(&counts, &[1, 2, 3]).is_none());
        counts[0] = 2;
        assert!(Codes::new(&counts, &[1]).is_none());
        // All ones and longer: no code begins so.
        assert_eq!(BitReader::new(&[0xff, 0, 0xff, 0, 0xff]).symbol(&codes()), None);
    }
}
