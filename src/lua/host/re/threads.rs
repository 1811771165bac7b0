//! This module follows all states of a pattern at once through a text, each with the ends of its groups: slower than
//! an automaton, but for every pattern. It does what Rob Pike's engine does, with checkpoints.

use regex_automata::Input;
use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;

use crate::lua::host::call::Call;

/// States followed between two checkpoints.
const CHECKPOINT_STEPS: usize = 1 << 14;

/// Ends of groups; those of the match come first.
type Slots = Vec<Option<usize>>;

/// Memory of searches, kept from one to the next.
#[derive(Default)]
pub(super) struct Threads {
    now: Active,
    next: Active,
    stack: Vec<ThreadStep>,
    /// States followed since the last checkpoint.
    steps: usize,
}

/// States that a search is in, the preferred first.
#[derive(Default)]
struct Active {
    order: Vec<StateID>,
    /// By state: where it stands in `order`, if it does.
    place: Vec<usize>,
    /// By place in `order`: ends of groups.
    slots: Slots,
}

impl Active {
    fn reset(&mut self, states: usize) {
        self.order.clear();
        self.slots.clear();
        self.place.resize(states, 0);
    }

    /// Whether it was not there yet.
    fn insert(&mut self, state: StateID) -> bool {
        let place = self.place[state.as_usize()];
        if self.order.get(place) == Some(&state) {
            return false;
        }
        self.place[state.as_usize()] = self.order.len();
        self.order.push(state);
        true
    }
}

enum ThreadStep {
    Follow(StateID),
    /// Puts an end of a group back, for what is followed later.
    Restore(usize, Option<usize>),
}

impl Threads {
    /// The first `wanted` ends of groups of the first match in the input.
    pub(super) fn search(
        &mut self,
        call: &Call<'_>,
        nfa: &NFA,
        input: &Input<'_>,
        wanted: usize,
    ) -> mlua::Result<Option<Slots>> {
        let (bytes, is_anchored) = (input.haystack(), input.get_anchored().is_anchored());
        self.now.reset(nfa.states().len());
        self.next.reset(nfa.states().len());
        let mut found = None;
        for at in input.start()..=input.end() {
            let may_start = found.is_none() && (!is_anchored || at == input.start());
            if may_start {
                let mut slots = vec![None; wanted];
                self.follow(nfa, (bytes, at), nfa.start_anchored(), &mut slots, Side::Now);
            } else if self.now.order.is_empty() {
                break;
            }
            for index in 0..self.now.order.len() {
                let range = index * wanted..(index + 1) * wanted;
                let target = match nfa.state(self.now.order[index]) {
                    State::Match { .. } => {
                        found = Some(self.now.slots[range].to_vec());
                        break;
                    }
                    _ if at == input.end() => continue,
                    State::ByteRange { trans } => trans.matches_byte(bytes[at]).then_some(trans.next),
                    State::Sparse(all) => all.matches_byte(bytes[at]),
                    State::Dense(all) => all.matches_byte(bytes[at]),
                    _ => None,
                };
                self.steps += 1;
                if let Some(target) = target {
                    let mut slots = self.now.slots[range].to_vec();
                    self.follow(nfa, (bytes, at + 1), target, &mut slots, Side::Next);
                }
            }
            std::mem::swap(&mut self.now, &mut self.next);
            self.next.reset(nfa.states().len());
            if self.steps >= CHECKPOINT_STEPS {
                self.steps = 0;
                call.checkpoint()?;
            }
        }
        Ok(found)
    }

    /// Adds a state and all that is reached from it without a byte.
    fn follow(
        &mut self,
        nfa: &NFA,
        (bytes, at): (&[u8], usize),
        state: StateID,
        slots: &mut [Option<usize>],
        side: Side,
    ) {
        let active = match side {
            Side::Now => &mut self.now,
            Side::Next => &mut self.next,
        };
        self.stack.push(ThreadStep::Follow(state));
        while let Some(step) = self.stack.pop() {
            let state = match step {
                ThreadStep::Restore(slot, old) => {
                    slots[slot] = old;
                    continue;
                }
                ThreadStep::Follow(state) => state,
            };
            self.steps += 1;
            if !active.insert(state) {
                continue;
            }
            active.slots.extend_from_slice(slots);
            match nfa.state(state) {
                State::Look { look, next } if nfa.look_matcher().matches(*look, bytes, at) => {
                    self.stack.push(ThreadStep::Follow(*next));
                }
                State::Union { alternates } => {
                    self.stack.extend(alternates.iter().rev().map(|&state| ThreadStep::Follow(state)));
                }
                State::BinaryUnion { alt1, alt2 } => {
                    self.stack.extend([ThreadStep::Follow(*alt2), ThreadStep::Follow(*alt1)]);
                }
                State::Capture { next, slot, .. } => {
                    if let Some(end) = slots.get_mut(slot.as_usize()) {
                        self.stack.push(ThreadStep::Restore(slot.as_usize(), end.replace(at)));
                    }
                    self.stack.push(ThreadStep::Follow(*next));
                }
                _ => {}
            }
        }
    }
}

/// Which states are added to.
#[derive(Clone, Copy)]
enum Side {
    Now,
    Next,
}
