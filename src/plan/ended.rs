//! This module finds which steps have ended for certain when another one starts.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::step_index::{Reference, StepIndex};

/// Of pairs of a step and another one, those whose other one has ended when the step starts. A source that a step reads
/// itself has not: it is read along the way. `order` has every step after what it takes from.
pub(super) fn ended(
    step_index: &StepIndex,
    order: &[usize],
    pairs: impl Iterator<Item = (usize, usize)>,
) -> HashSet<(usize, usize)> {
    let mut by_other: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (step, other) in pairs {
        by_other.entry(other).or_default().insert(step);
    }
    let others: Vec<(usize, BTreeSet<usize>)> = by_other.into_iter().collect();
    let mut found = HashSet::new();
    // One walk over all steps answers for as many others as a word has bits.
    for batch in others.chunks(u64::BITS as usize) {
        let mut own = vec![0u64; step_index.steps.len()];
        for (bit, (other, _)) in batch.iter().enumerate() {
            own[*other] = 1 << bit;
        }
        let before = before(step_index, order, own);
        for (bit, (other, steps)) in batch.iter().enumerate() {
            let has = |step: &&usize| waits_for(step_index, **step, &before) & (1 << bit) != 0;
            found.extend(steps.iter().filter(has).map(|step| (*step, *other)));
        }
    }
    found
}

/// For each step the bits of `own` of itself and of all that must have ended before it.
fn before(step_index: &StepIndex, order: &[usize], own: Vec<u64>) -> Vec<u64> {
    let mut bits = own;
    for &at in order {
        let step = &step_index.steps[at];
        let taken = step.inputs().chain(&step.needs).filter_map(|reference| reference.step);
        bits[at] |= taken.fold(0, |all, other| all | bits[other]);
    }
    bits
}

/// The bits of what has ended when the step starts.
fn waits_for(step_index: &StepIndex, step: usize, before: &[u64]) -> u64 {
    let waits = |reference: &&Reference| reference.step.is_some_and(|at| !step_index.steps[at].is_source());
    let step = &step_index.steps[step];
    let direct = step.inputs().filter(waits).chain(&step.needs);
    direct.filter_map(|reference| reference.step).fold(0, |all, at| all | before[at])
}
