//! One step of `SplitMix64` (Steele, Lea, Flood 2014) makes a number of another one that looks like chance: the same everywhere, and
//! good enough to draw with.

/// What is added to the state at each step.
pub const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number that a state gives. The next state is this one and [`STEP`].
pub fn mix(state: u64) -> u64 {
    let mixed = state.wrapping_add(STEP);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_reference() {
        let mut state = 1_234_567_u64;
        let numbers: [u64; 3] = std::array::from_fn(|_| {
            let number = mix(state);
            state = state.wrapping_add(STEP);
            number
        });
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }
}
