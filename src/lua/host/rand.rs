//! `rand` gives random numbers that depend on the run's seed, the item's key and the attempt, and on nothing else.
//! `raw` holds the generator.

use super::function::{Function, Module};
use super::luau::Luau;
use crate::lua::own_code;

const RAND: Module = Module("rand");

/// What is picked and shuffled with the generator.
pub(super) static LUAU: Luau = Luau::new("rand", &own_code::RAND, &[]);

pub(super) const FUNCTIONS: &[Function] = &[
    RAND.given("int", "(first: number, last: number): number").explained(
        "A whole number from `first` to `last`, both included.",
        "rand.int(3, 3)",
        "3",
    ),
    RAND.given("float", "(): number").explained("A number from 0, below 1.", "rand.float() < 1", "true"),
    RAND.luau("pick", "(list: {any}): any").explained(
        "One element of a list that is not empty.",
        r#"rand.pick({"a"})"#,
        r#""a""#,
    ),
    RAND.luau("shuffle", "(list: {any}): {any}").explained(
        "A copy of a list in random order.",
        "#rand.shuffle({1, 2, 3})",
        "3",
    ),
];
