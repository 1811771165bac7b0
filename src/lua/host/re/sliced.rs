//! This module searches long texts, with a checkpoint every so many steps: the `regex` crate cannot be stopped in the
//! middle of a search. It is made of that crate's own parts, so that the matches are the same.
//!
//! A lazily built automaton finds where a match ends, another one, backwards, where it starts. Where a pattern asks for
//! Unicode words next to other than ASCII, or for groups, its states are followed one by one (`threads`).

use std::cell::Cell;
use std::ops::Range;

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use super::threads::Threads;
use crate::lua::host::call::Call;

/// Groups, classes and repetitions within each other: the compiler recurses for each.
pub(super) const NEST_MAX: u32 = 250;

/// Bytes between two checkpoints. One byte may take long when the automaton has to be built on.
const CHECKPOINT_BYTES: usize = 1 << 12;

/// Bytes of an automaton's states; older ones are forgotten.
const CACHE_BYTES: usize = 1 << 20;

/// A pattern whose searches can be stopped.
pub(super) struct Sliced {
    forward: DFA,
    backward: DFA,
    nfa: NFA,
    /// What the last search has built.
    spare: Cell<Option<Box<Memory>>>,
}

/// What searches build on the way.
struct Memory {
    forward: Cache,
    backward: Cache,
    threads: Threads,
}

impl Sliced {
    /// `None` when the pattern is too large for it.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let syntax = syntax::Config::new().utf8(false).nest_limit(NEST_MAX);
        let parsed = syntax::parse_with(pattern, &syntax).ok()?;
        let nfa = |reverse| {
            let captures = if reverse { thompson::WhichCaptures::None } else { thompson::WhichCaptures::All };
            let config = thompson::Config::new().utf8(false).reverse(reverse).which_captures(captures);
            thompson::Compiler::new().configure(config).build_from_hir(&parsed).ok()
        };
        let automaton = |nfa, kind| {
            let config = DFA::config()
                .match_kind(kind)
                .unicode_word_boundary(true)
                .cache_capacity(CACHE_BYTES)
                .skip_cache_capacity_check(true);
            DFA::builder().configure(config).build_from_nfa(nfa).ok()
        };
        let forward = nfa(false)?;
        Some(Self {
            forward: automaton(forward.clone(), MatchKind::LeftmostFirst)?,
            backward: automaton(nfa(true)?, MatchKind::All)?,
            nfa: forward,
            spare: Cell::default(),
        })
    }
}

/// A text that is searched.
pub(super) struct Slices<'a> {
    call: &'a Call<'a>,
    sliced: &'a Sliced,
    bytes: &'a [u8],
    memory: Box<Memory>,
}

/// Why an automaton has no answer.
enum SearchHalt {
    /// It cannot tell: the states have to be followed.
    Unable,
    Stopped(mlua::Error),
}

impl<'a> Slices<'a> {
    pub(super) fn new(call: &'a Call<'a>, sliced: &'a Sliced, bytes: &'a [u8]) -> Self {
        let memory = sliced.spare.take().unwrap_or_else(|| {
            Box::new(Memory {
                forward: sliced.forward.create_cache(),
                backward: sliced.backward.create_cache(),
                threads: Threads::default(),
            })
        });
        Self { call, sliced, bytes, memory }
    }

    /// Keeps what was built for the next text.
    pub(super) fn finish(self) {
        self.sliced.spare.set(Some(self.memory));
    }

    /// The first match from byte `at` on.
    pub(super) fn find_at(&mut self, at: usize) -> mlua::Result<Option<Range<usize>>> {
        match self.bounds(at) {
            Ok(found) => Ok(found),
            Err(SearchHalt::Stopped(error)) => Err(error),
            Err(SearchHalt::Unable) => {
                let input = Input::new(self.bytes).span(at..self.bytes.len());
                let slots = self.memory.threads.search(self.call, &self.sliced.nfa, &input, 2)?;
                Ok(slots.and_then(|slots| Some(slots[0]?..slots[1]?)))
            }
        }
    }

    /// The ends of all groups of the first match from byte `at` on.
    pub(super) fn captures_at(&mut self, at: usize) -> mlua::Result<Option<Vec<Option<Range<usize>>>>> {
        let input = match self.bounds(at) {
            Ok(None) => return Ok(None),
            Ok(Some(found)) => Input::new(self.bytes).span(found).anchored(Anchored::Yes),
            Err(SearchHalt::Stopped(error)) => return Err(error),
            Err(SearchHalt::Unable) => Input::new(self.bytes).span(at..self.bytes.len()),
        };
        let nfa = &self.sliced.nfa;
        let slots = self.memory.threads.search(self.call, nfa, &input, nfa.group_info().slot_len())?;
        Ok(slots.map(|slots| slots.chunks(2).map(|ends| Some(ends[0]?..ends[1]?)).collect()))
    }

    fn bounds(&mut self, at: usize) -> Result<Option<Range<usize>>, SearchHalt> {
        let Some(end) = self.end(at)? else { return Ok(None) };
        Ok(Some(self.start(at, end)?..end))
    }

    /// Where the first match from byte `at` on ends. Automata tell of a match one byte late.
    fn end(&mut self, at: usize) -> Result<Option<usize>, SearchHalt> {
        let (dfa, cache) = (&self.sliced.forward, &mut self.memory.forward);
        let input = Input::new(self.bytes).span(at..self.bytes.len());
        let mut state = dfa.start_state_forward(cache, &input).map_err(|_| SearchHalt::Unable)?;
        let mut last = None;
        for place in at..self.bytes.len() {
            state = dfa.next_state(cache, state, self.bytes[place]).map_err(|_| SearchHalt::Unable)?;
            if state.is_tagged() {
                if state.is_dead() {
                    return Ok(last);
                }
                if is_match(state)? {
                    last = Some(place);
                }
            }
            if (place + 1).is_multiple_of(CHECKPOINT_BYTES) {
                self.call.checkpoint().map_err(SearchHalt::Stopped)?;
            }
        }
        state = dfa.next_eoi_state(cache, state).map_err(|_| SearchHalt::Unable)?;
        Ok(if is_match(state)? { Some(self.bytes.len()) } else { last })
    }

    /// Where the match that ends at `end` starts, `from` at the earliest.
    fn start(&mut self, from: usize, end: usize) -> Result<usize, SearchHalt> {
        let (dfa, cache) = (&self.sliced.backward, &mut self.memory.backward);
        let input = Input::new(self.bytes).span(from..end).anchored(Anchored::Yes);
        let mut state = dfa.start_state_reverse(cache, &input).map_err(|_| SearchHalt::Unable)?;
        let mut first = end;
        for place in (from..end).rev() {
            state = dfa.next_state(cache, state, self.bytes[place]).map_err(|_| SearchHalt::Unable)?;
            if state.is_tagged() {
                if state.is_dead() {
                    return Ok(first);
                }
                if is_match(state)? {
                    first = place + 1;
                }
            }
            if place.is_multiple_of(CHECKPOINT_BYTES) {
                self.call.checkpoint().map_err(SearchHalt::Stopped)?;
            }
        }
        state = match from.checked_sub(1) {
            Some(before) => dfa.next_state(cache, state, self.bytes[before]),
            None => dfa.next_eoi_state(cache, state),
        }
        .map_err(|_| SearchHalt::Unable)?;
        Ok(if is_match(state)? { from } else { first })
    }
}

fn is_match(state: LazyStateID) -> Result<bool, SearchHalt> {
    if state.is_quit() || state.is_unknown() { Err(SearchHalt::Unable) } else { Ok(state.is_match()) }
}
