//! A quantile is the number below which a share of some numbers lies. Between two of them it is on the line that connects both,
//! computed exactly and rounded once.

use super::exact_sum::ExactSum;
use super::number::{Number, NumberKey};
use crate::value::Ratio;

/// The quantile of so many numbers; `at` gives the one at a place, from 0. `None` of nothing.
pub(super) fn quantile(share: Ratio, count: u64, at: &mut dyn FnMut(u64) -> Number) -> Option<Number> {
    let (place, rest, of) = share.parts_of(count.checked_sub(1)?);
    let below = at(place);
    if rest == 0 {
        return Some(below);
    }
    let above = at(place + 1);
    if below == above {
        return Some(below);
    }
    let mut weighed = ExactSum::default();
    weighed.add(below, of - rest);
    weighed.add(above, rest);
    Some(Number::Float(weighed.rounded(of)))
}

/// The places that the quantile of so many numbers depends on.
pub(super) fn places(share: Ratio, count: u64) -> impl Iterator<Item = u64> {
    let most = count.saturating_sub(1);
    let (place, rest, _) = share.parts_of(most);
    [place, if rest == 0 { place } else { place + 1 }].into_iter().filter(move |_| count > 0)
}

/// The number at a place of those in order. Puts them into another order.
pub(super) fn at(numbers: &mut [NumberKey], place: u64) -> Number {
    let place = usize::try_from(place).unwrap_or(usize::MAX);
    Number::of_key(*numbers.select_nth_unstable(place).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(numbers: &[&str], share: &str, expect: Option<&str>) {
        let parsed = numbers.iter().map(|text| Number::parse(text.as_bytes()).expect("a number").key());
        let mut keys: Vec<NumberKey> = parsed.collect();
        let share = Ratio::parse(share).expect("a share");
        let found = quantile(share, keys.len() as u64, &mut |place| at(&mut keys, place));
        let text = found.map(|number| {
            let mut out = Vec::new();
            number.write(&mut out);
            String::from_utf8(out).expect("ASCII")
        });
        assert_eq!(text.as_deref(), expect, "{numbers:?} {share}");
    }

    #[test]
    fn quantiles_lie_on_the_line_between_neighbours() {
        check(&[], "0.5", None);
        check(&["7"], "0.95", Some("7"));
        check(&["3", "1", "2"], "0.5", Some("2"));
        check(&["3", "1", "2"], "0", Some("1"));
        check(&["3", "1", "2"], "1", Some("3"));
        check(&["1", "2"], "0.5", Some("1.5"));
        check(&["1", "2", "3", "4"], "0.95", Some("3.85"));
        check(&["0.1", "0.2"], "0.5", Some("0.15000000000000002"));
        check(&["1", "1"], "0.3", Some("1"));
        check(&["-1.7976931348623157e308", "1.7976931348623157e308"], "0.5", Some("0.0"));
        check(&["9223372036854775807", "9223372036854775805"], "0.5", Some("9.223372036854776e+18"));
    }
}
