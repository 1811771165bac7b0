//! Ids of runs are short, and sorted by the time the run began.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

/// 2025-01-01T00:00:00Z. Six digits of 32 then last until 2059.
const EPOCH: Duration = Duration::from_secs(1_735_689_600);
const TIME_DIGITS: u32 = 6;
/// Two more count in 1/1024 s: a run that is resumed by a script is older than the one that resumes it.
const FRACTION_DIGITS: u32 = 2;
/// Two runs that begin at once differ by these.
const RANDOM_DIGITS: u32 = 3;
/// In ASCII order, so that text sorts as numbers do; without `i l o u`, which are misread.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The id of a run that begins at `now`.
pub(super) fn new(now: SystemTime, random: u64) -> String {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(EPOCH);
    let latest = 32u64.pow(TIME_DIGITS) - 1;
    let mut id = digits(since.as_secs().min(latest), TIME_DIGITS);
    id.push_str(&digits(u64::from(since.subsec_nanos()) * 1024 / 1_000_000_000, FRACTION_DIGITS));
    id.push_str(&digits(random, RANDOM_DIGITS));
    id
}

/// The last `count` digits of a number.
fn digits(number: u64, count: u32) -> String {
    (0..count).rev().map(|place| char::from(DIGITS[(number >> (5 * place) & 31) as usize])).collect()
}

/// A number that cannot be foreseen: what the standard library seeds its hash maps with.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_sort_by_time() {
        let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let ids: Vec<String> = [
            0,
            1_735_689_601_000,
            1_735_689_601_001,
            1_735_689_601_999,
            1_735_689_700_000,
            1_800_000_000_000,
            2_500_000_000_000,
            5_000_000_000_000,
        ]
        .into_iter()
        .map(|millis| new(at(millis), 7))
        .collect();
        assert_eq!(
            ids,
            [
                "00000000007",
                "00000100007",
                "00000101007",
                "000001zy007",
                "00003400007",
                "1xak4000007",
                "prwww000007",
                "zzzzzz00007"
            ]
        );
        assert!(ids.is_sorted());
    }
}
