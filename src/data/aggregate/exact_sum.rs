//! This sum of floats and integers loses nothing: it is rounded once, when somebody asks for it. It is a number in the base 2³²
//! whose digits may be off their range for a while, so that adding touches few of them.

use smallvec::SmallVec;

use super::number::Number;

/// What the lowest bit of a float can be worth, in powers of two, brought down to a whole digit.
const LOWEST_BIT: i32 = -1088;
/// Bits of a digit.
const DIGIT_BITS: u32 = 32;
/// Digits below the lowest one, which make room for what a division gives.
const BELOW: usize = 4;
/// After so many additions digits may have grown too large for their type.
const PENDING_MAX: u32 = 1 << 29;

/// A sum. Nothing is allocated for numbers of about the same size.
#[derive(Debug, Clone, Default)]
pub(super) struct ExactSum {
    /// The digit that `digits` begins with; digit 0 has the bit that is worth 2 to the power of [`LOWEST_BIT`].
    first: usize,
    digits: SmallVec<[i64; 4]>,
    pending: u32,
}

impl ExactSum {
    /// Adds a number, `times` over.
    pub(super) fn add(&mut self, number: Number, times: u64) {
        match number {
            Number::Float(float) => self.add_float(float, times),
            Number::Integer(integer) => self.add_integer(i128::from(integer), times),
        }
    }

    /// Adds an integer, `times` over.
    pub(super) fn add_integer(&mut self, integer: i128, times: u64) {
        // Two halves, so that none becomes too large.
        let size = integer.unsigned_abs();
        let half = |bits: u128| (bits & u128::from(u64::MAX)) * u128::from(times);
        self.add_bits(integer < 0, half(size), (-LOWEST_BIT) as usize);
        if size >> 64 != 0 {
            self.add_bits(integer < 0, half(size >> 64), (-LOWEST_BIT) as usize + 64);
        }
    }

    fn add_float(&mut self, float: f64, times: u64) {
        let bits = float.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        let (mantissa, power) = match exponent {
            0 => (fraction, -1074),
            _ => (fraction | 1 << 52, exponent - 1075),
        };
        self.add_bits(
            bits >> 63 == 1,
            u128::from(mantissa) * u128::from(times),
            (power - LOWEST_BIT) as usize,
        );
    }

    /// Adds these bits, the lowest of which is bit `at` of the sum.
    fn add_bits(&mut self, is_negative: bool, bits: u128, at: usize) {
        if bits == 0 {
            return;
        }
        let (digit, shift) = (at / DIGIT_BITS as usize, at as u32 % DIGIT_BITS);
        let words = (u128::BITS - bits.leading_zeros() + shift).div_ceil(DIGIT_BITS) as usize;
        self.reach(digit..digit + words);
        let start = digit - self.first;
        let mut rest = bits;
        // The first digit takes fewer bits than the others.
        let mut taken = DIGIT_BITS - shift;
        let mut low = (rest & ((1 << taken) - 1)) << shift;
        for place in &mut self.digits[start..start + words] {
            let piece = low as i64;
            *place += if is_negative { -piece } else { piece };
            rest = if taken < u128::BITS { rest >> taken } else { 0 };
            taken = DIGIT_BITS;
            low = rest & ((1 << DIGIT_BITS) - 1);
        }
        self.pending += 1;
        if self.pending >= PENDING_MAX {
            self.carry();
        }
    }

    /// Adds all of another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        other.carry();
        self.carry();
        if other.digits.is_empty() {
            return;
        }
        self.reach(other.first..other.first + other.digits.len());
        let start = other.first - self.first;
        for (place, digit) in self.digits[start..].iter_mut().zip(&other.digits) {
            *place += digit;
        }
        self.carry();
    }

    /// Makes room for these digits.
    fn reach(&mut self, wanted: std::ops::Range<usize>) {
        if self.digits.is_empty() {
            self.first = wanted.start;
        }
        if wanted.start < self.first {
            let more = self.first - wanted.start;
            self.digits.insert_many(0, std::iter::repeat_n(0, more));
            self.first = wanted.start;
        }
        let needed = wanted.end - self.first;
        if self.digits.len() < needed {
            self.digits.resize(needed, 0);
        }
    }

    /// Brings all digits but the last into their range.
    fn carry(&mut self) {
        self.pending = 0;
        let Some(last) = self.digits.len().checked_sub(1) else { return };
        let mut carried = 0;
        for digit in &mut self.digits[..last] {
            let sum = *digit + carried;
            carried = sum >> DIGIT_BITS;
            *digit = sum & ((1 << DIGIT_BITS) - 1);
        }
        self.digits[last] += carried;
        // The last one is kept small too: its upper half begins another digit.
        let (upper, lower) = (self.digits[last] >> DIGIT_BITS, self.digits[last] & ((1 << DIGIT_BITS) - 1));
        if upper != 0 && upper != -1 {
            self.digits[last] = lower;
            self.digits.push(upper);
        }
    }

    /// The sum divided by `count`, rounded once to the nearest float, ties to even; infinite when it is beyond all floats.
    pub(super) fn rounded(&self, count: u64) -> f64 {
        let mut sum = self.clone();
        sum.carry();
        let is_negative = sum.digits.last().is_some_and(|last| *last < 0);
        if is_negative {
            sum.digits.iter_mut().for_each(|digit| *digit = -*digit);
            sum.carry();
        }
        // The lowest digit first.
        let mut digits: Vec<u64> = vec![0; BELOW];
        let (mask, last) = ((1 << DIGIT_BITS) - 1, sum.digits.last().copied().unwrap_or_default());
        digits.extend(sum.digits.iter().map(|digit| (digit & mask) as u64));
        digits.push((last >> DIGIT_BITS) as u64);
        let rest = divide(&mut digits, count);
        let lowest = LOWEST_BIT + DIGIT_BITS as i32 * (sum.first as i32 - BELOW as i32);
        let size = nearest(&digits, lowest, rest);
        if is_negative { -size } else { size }
    }

    /// The lowest digit of those that it has.
    pub(super) fn lowest_digit(&self) -> u64 {
        self.digits.first().map_or(0, |digit| *digit as u64)
    }

    /// The bytes that it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        if self.digits.spilled() { self.digits.capacity() * size_of::<i64>() } else { 0 }
    }

    /// Appends it as bytes.
    pub(super) fn store(&mut self, out: &mut Vec<u8>) {
        self.carry();
        out.extend_from_slice(&(self.first as u32).to_le_bytes());
        out.extend_from_slice(&(self.digits.len() as u32).to_le_bytes());
        self.digits.iter().for_each(|digit| out.extend_from_slice(&digit.to_le_bytes()));
    }

    /// Reads what [`ExactSum::store`] has written.
    pub(super) fn read(input: &mut &[u8]) -> Self {
        let first = number(input, 4) as usize;
        let count = number(input, 4);
        Self { first, digits: (0..count).map(|_| number(input, 8) as i64).collect(), pending: 0 }
    }
}

/// Takes a number of so many bytes off the front.
pub(super) fn number(input: &mut &[u8], bytes: usize) -> u64 {
    let (head, rest) = input.split_at(bytes.min(input.len()));
    *input = rest;
    head.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Divides digits, the lowest first, in their place; whether something is left over.
fn divide(digits: &mut [u64], by: u64) -> bool {
    let by = u128::from(by.max(1));
    let mut rest = 0_u128;
    for digit in digits.iter_mut().rev() {
        let upper = rest << DIGIT_BITS | u128::from(*digit);
        *digit = (upper / by) as u64;
        rest = upper % by;
    }
    rest != 0
}

/// The float nearest to a number of digits, the lowest first, whose lowest bit is worth 2 to the power of `lowest`. `has_more`:
/// the number is a little larger than that.
fn nearest(digits: &[u64], lowest: i32, has_more: bool) -> f64 {
    const MANTISSA_BITS: i32 = 53;
    let is_set = |bit: i32| {
        let digit = usize::try_from(bit / DIGIT_BITS as i32).ok().filter(|_| bit >= 0);
        digit.and_then(|at| digits.get(at)).is_some_and(|digit| digit >> (bit % DIGIT_BITS as i32) & 1 == 1)
    };
    let Some(top) = digits.iter().rposition(|digit| *digit != 0) else { return 0.0 };
    let top = top as i32 * DIGIT_BITS as i32 + 63 - digits[top].leading_zeros() as i32;
    // The lowest bit that the float has.
    let unit = (top + lowest - (MANTISSA_BITS - 1)).max(-1074);
    let from = unit - lowest;
    let mut mantissa = 0_u64;
    for bit in (from..=top.max(from)).rev() {
        mantissa = mantissa << 1 | u64::from(is_set(bit));
    }
    let is_half = is_set(from - 1);
    let is_above_half = has_more || (0..from - 1).any(is_set);
    if is_half && (is_above_half || mantissa & 1 == 1) {
        mantissa += 1;
    }
    let (mantissa, unit) =
        if mantissa == 1 << MANTISSA_BITS { (mantissa >> 1, unit + 1) } else { (mantissa, unit) };
    if mantissa < 1 << (MANTISSA_BITS - 1) {
        // Only the smallest floats have fewer bits, and they are numbers of that unit.
        return f64::from_bits(mantissa);
    }
    let exponent = unit + 1075;
    if exponent >= 0x7ff {
        return f64::INFINITY;
    }
    f64::from_bits((exponent as u64) << 52 | mantissa & ((1 << 52) - 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(numbers: &[f64]) -> f64 {
        let mut sum = ExactSum::default();
        for number in numbers {
            sum.add(Number::Float(*number), 1);
        }
        sum.rounded(1)
    }

    #[test]
    fn what_breaks_other_sums_is_summed() {
        for (numbers, expect) in [
            (&[][..], 0.0),
            (&[0.1; 10], 1.0),
            (&[1e16, 1.0, -1e16], 1.0),
            (&[1.0, 1e100, 1.0, -1e100], 2.0),
            (&[1e308, 1e308, -1e308, -1e308, 5e-324], 5e-324),
            (&[f64::MAX, f64::MAX], f64::INFINITY),
            (&[f64::MIN, f64::MIN], f64::NEG_INFINITY),
            (&[f64::MAX, f64::MAX, f64::MIN], f64::MAX),
            (&[-1.5, -2.25], -3.75),
            // A tie goes to the even one, a hair more goes up.
            (&[9_007_199_254_740_992.0, 1.0], 9_007_199_254_740_992.0),
            (&[9_007_199_254_740_992.0, 1.0, 1e-300], 9_007_199_254_740_994.0),
            (&[9_007_199_254_740_992.0, 3.0], 9_007_199_254_740_996.0),
            (&[f64::MIN_POSITIVE, -5e-324], 2.225_073_858_507_201e-308),
        ] {
            assert_eq!(sum(numbers).to_bits(), expect.to_bits(), "{numbers:?}");
        }
    }

    #[test]
    fn integers_of_any_size_are_divided_exactly() {
        let mut sum = ExactSum::default();
        sum.add_integer(i128::from(i64::MAX), 3);
        assert_eq!(sum.rounded(3).to_bits(), (i64::MAX as f64).to_bits());
        sum.add_integer(-(1 << 100), 1);
        sum.add_integer(1 << 100, 1);
        sum.add_integer(-i128::from(i64::MAX) * 3, 1);
        assert_eq!(sum.rounded(7).to_bits(), 0);
        sum.add(Number::Integer(1), 1);
        assert_eq!(sum.rounded(3).to_bits(), (1.0_f64 / 3.0).to_bits());
        assert_eq!(sum.rounded(u64::MAX).to_bits(), (1.0 / u64::MAX as f64).to_bits());
    }

    proptest! {
        #[test]
        fn for_any_floats_neither_order_nor_parts_nor_storage_change_the_sum(
            bits in prop::collection::vec(any::<u64>(), 0..40),
            cut in 0..40_usize,
        ) {
            let floats = bits.into_iter().map(f64::from_bits).filter(|float| float.is_finite());
            let mut floats: Vec<f64> = floats.collect();
            let expect = sum(&floats);
            let (mut one, mut two) = (ExactSum::default(), ExactSum::default());
            let cut = cut.min(floats.len());
            for (at, float) in floats.iter().enumerate() {
                (if at < cut { &mut one } else { &mut two }).add(Number::Float(*float), 1);
            }
            let mut stored = Vec::new();
            two.store(&mut stored);
            one.merge(&ExactSum::read(&mut &stored[..]));
            prop_assert_eq!(one.rounded(1).to_bits(), expect.to_bits());
            floats.reverse();
            prop_assert_eq!(sum(&floats).to_bits(), expect.to_bits());
        }

        #[test]
        fn for_any_numbers_of_a_grid_the_sum_and_mean_are_those_of_integers(
            numbers in prop::collection::vec(-1_000_000_000_i64..1_000_000_000, 1..60),
        ) {
            // 53 bits hold all of these, so that the division of two floats rounds once as well.
            let mut sum = ExactSum::default();
            for number in &numbers {
                sum.add(Number::Float(*number as f64 / 1024.0), 1);
            }
            let total: i64 = numbers.iter().sum();
            prop_assert_eq!(sum.rounded(1).to_bits(), (total as f64 / 1024.0).to_bits());
            let mean = total as f64 / (1024 * numbers.len()) as f64;
            prop_assert_eq!(sum.rounded(numbers.len() as u64).to_bits(), mean.to_bits());
        }
    }
}
