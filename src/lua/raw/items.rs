//! This module is the hot path: it takes neighbouring items, decodes each, passes it to the function, and encodes its
//! result.

use std::ffi::c_int;
use std::time::{Duration, Instant};

use mlua::ffi::{self, lua_State};

use super::encode::{self, Manner};
use super::handle::Callee;
use super::raised::Raised;
use super::vm::{Vm, WorkingSpace};
use super::{call, decode, describe, stack};
use crate::event::FailureKind;
use crate::lua::guard::{CancelLevel, Limits, Reason, next_notice};
use crate::lua::options::ResultShape;
use crate::runtime::clock;
use crate::value::Chunk;
use crate::value::json::{JsonError, on_one_line};

/// While items are fast, the clock is asked only so often; this bounds the time that goes by in between.
const BLIND_MAX: Duration = Duration::from_micros(20);
/// Items between two looks at the clock, at most.
const STRIDE_MAX: u32 = 64;

/// Items to work on, one after the other, and how far the work has come.
pub(in crate::lua) struct ChunkCursor<'a> {
    pub(in crate::lua) chunk: &'a Chunk,
    /// The next item.
    pub(in crate::lua) at: usize,
    /// One past the last item.
    pub(in crate::lua) end: usize,
    pub(in crate::lua) shape: ResultShape,
    pub(in crate::lua) timing: Timing,
    /// Gets the results, one a line.
    pub(in crate::lua) out: &'a mut Vec<u8>,
    /// How many results there are.
    pub(in crate::lua) emitted: u64,
    /// How many each item that ended well has, for functions that do not give exactly one.
    pub(in crate::lua) lines: Vec<u32>,
    /// When the item at hand began.
    pub(in crate::lua) started: Instant,
    /// Length of `out` and number of results when it began.
    pub(in crate::lua) before: (usize, u64),
}

impl ChunkCursor<'_> {
    /// Takes back what the item at hand has written so far.
    pub(in crate::lua) fn rewind(&mut self) {
        self.out.truncate(self.before.0);
        self.emitted = self.before.1;
    }
}

/// The limits of attempts.
#[derive(Debug, Clone, Copy)]
pub(in crate::lua) struct Timing {
    pub(in crate::lua) timeout: Option<Duration>,
    /// For items at their first attempt.
    pub(in crate::lua) item_deadline: Option<Duration>,
    /// For an item at a later one.
    pub(in crate::lua) item_until: Option<Instant>,
    pub(in crate::lua) slow_after: Option<Duration>,
    /// No item begins after this.
    pub(in crate::lua) until: Option<Instant>,
}

impl Timing {
    /// Whether attempts have to know exactly when they began.
    pub(super) fn exact(&self) -> bool {
        self.timeout.is_some()
            || self.item_deadline.is_some()
            || self.item_until.is_some()
            || self.slow_after.is_some()
    }

    /// When the item's own deadline passes.
    pub(in crate::lua) fn item(&self, started: Instant) -> Option<Instant> {
        self.item_until.or_else(|| self.item_deadline.and_then(|length| started.checked_add(length)))
    }

    /// When the attempt must have ended, of which others took `kept`: that is queueing, which is no part of the
    /// attempt, but of the item.
    pub(in crate::lua) fn deadline(&self, started: Instant, kept: Duration) -> Option<(Instant, Reason)> {
        let own = self.timeout.and_then(|length| started.checked_add(length)?.checked_add(kept));
        match (own, self.item(started)) {
            (Some(own), Some(item)) if item <= own => Some((item, Reason::Deadline)),
            (Some(own), _) => Some((own, Reason::Timeout)),
            (None, item) => item.map(|at| (at, Reason::Deadline)),
        }
    }

    pub(in crate::lua) fn limits(&self, index: u64, started: Instant) -> Limits {
        let deadline = self.deadline(started, Duration::ZERO);
        let notice = self.slow_after.map(|after| next_notice(started, after, started));
        Limits { index, started, deadline, notice }
    }
}

/// Why the items of a cursor stopped.
#[derive(Debug)]
pub(in crate::lua) enum ChunkStop {
    /// All items have ended well.
    Done,
    /// Time is up, or the step is to stop; the item at hand has not begun.
    Paused,
    /// The item at hand is not JSON.
    BadRow(JsonError),
    /// The item at hand did not end well.
    Raised(Box<Raised>),
}

/// When the clock was asked last, and how many items may begin before it is asked again.
struct Clock {
    read: Instant,
    stride: u32,
    left: u32,
}

impl Clock {
    /// A moment at or shortly before now.
    #[inline]
    fn now(&mut self, exact: bool) -> Instant {
        if self.left > 0 && !exact {
            self.left -= 1;
            return self.read;
        }
        let now = clock::now();
        let passed = now - self.read;
        self.stride =
            if passed < BLIND_MAX / 2 { (self.stride * 2).clamp(1, STRIDE_MAX) } else { self.stride / 2 };
        self.left = self.stride;
        self.read = now;
        now
    }
}

impl Vm {
    /// Works on the items of `cursor` until one of them does not end well.
    pub(in crate::lua) fn run(&self, callee: Callee, cursor: &mut ChunkCursor<'_>) -> ChunkStop {
        let mut stop = ChunkStop::Done;
        let work = &mut *self.work.borrow_mut();
        let direct = work.direct.as_ref().map_or(Callee::NONE, |direct| direct.function);
        self.current.deadline.set(None);
        // SAFETY: everything that may raise runs protected, and all that is owned is owned out here.
        let status = unsafe {
            self.protected(&mut |l| {
                stack::anchored(l, self.handler);
                stack::anchored(l, callee.0);
                stack::anchored(l, self.ctx);
                stack::anchored(l, self.current.array_anchor.get());
                stack::anchored(l, self.shapes);
                stack::anchored(l, self.layouts);
                stack::anchored(l, direct.0);
                stop = self.items(l, cursor, work);
            })
        };
        self.current.guard.leave();
        if status != ffi::LUA_OK {
            // Only memory can run out outside of the function itself: while its item is decoded, say.
            cursor.rewind();
            stop = ChunkStop::Raised(Box::new(Raised::memory(&self.current)));
        }
        if let ChunkStop::Raised(raised) = &stop {
            self.recover(raised.kind == FailureKind::Memory);
        }
        stop
    }

    /// With handler, function, `ctx`, the metatable of lists, the tables of keys of items and results, and the function of the
    /// fast way at 1 to 7.
    unsafe fn items(
        &self,
        l: *mut lua_State,
        cursor: &mut ChunkCursor<'_>,
        work: &mut WorkingSpace,
    ) -> ChunkStop {
        let guard = &*self.current.guard;
        let exact = cursor.timing.exact();
        let mut clock = Clock { read: clock::now(), stride: 0, left: 0 };
        let first = cursor.at;
        if !exact {
            guard.enter(&cursor.timing.limits(cursor.chunk.first + first as u64, clock.read));
        }
        while cursor.at < cursor.end {
            let now = clock.now(exact);
            if guard.cancel.level() != CancelLevel::Run
                || (cursor.at > first && cursor.timing.until.is_some_and(|until| now >= until))
            {
                return ChunkStop::Paused;
            }
            cursor.started = now;
            cursor.before = (cursor.out.len(), cursor.emitted);
            let index = cursor.chunk.first + cursor.at as u64;
            if exact {
                let limits = cursor.timing.limits(index, now);
                self.current.deadline.set(limits.deadline.map(|(at, _)| at));
                guard.enter(&limits);
            }
            // SAFETY: as for the caller.
            let emitted = cursor.emitted;
            if let Err(stop) = unsafe { self.item(l, index, cursor, work) } {
                return stop;
            }
            if cursor.shape != ResultShape::Map {
                cursor.lines.push((cursor.emitted - emitted) as u32);
            }
            cursor.at += 1;
        }
        ChunkStop::Done
    }

    #[inline]
    unsafe fn item(
        &self,
        l: *mut lua_State,
        index: u64,
        cursor: &mut ChunkCursor<'_>,
        work: &mut WorkingSpace,
    ) -> Result<(), ChunkStop> {
        const BASE: c_int = 7;
        let text = cursor.chunk.item(cursor.at);
        self.current.begin(index, text, cursor.chunk.key(cursor.at));
        // SAFETY: as for the caller.
        if let Some(outcome) = unsafe { self.direct_item(l, index, cursor, work) } {
            return outcome;
        }
        // SAFETY: see `items` for what lies on the stack.
        unsafe {
            ffi::lua_pushvalue(l, 2);
            let WorkingSpace { scratch, learned, .. } = work;
            if let Err(error) = decode::push_item(l, (4, 5), text, scratch, learned) {
                ffi::lua_settop(l, BASE);
                return Err(ChunkStop::BadRow(error));
            }
            ffi::lua_pushnumber(l, index as f64);
            ffi::lua_pushvalue(l, 3);
            let status = ffi::lua_pcall(l, 3, ffi::LUA_MULTRET, 1);
            let outcome = if status == ffi::LUA_OK && self.current.guard.fired().is_none() {
                self.emit(l, (BASE, 6), cursor, work)
            } else {
                if status == ffi::LUA_OK {
                    // It was interrupted and returned all the same, perhaps nothing.
                    ffi::lua_pushnil(l);
                }
                Err(describe::describe(l, &self.current, status))
            };
            ffi::lua_settop(l, BASE);
            outcome.map_err(|raised| ChunkStop::Raised(Box::new(raised)))
        }
    }

    /// Writes what the function returned above `base` to the cursor's output. `keys` is the index of the table of keys
    /// of results, or 0.
    #[inline]
    pub(super) unsafe fn emit(
        &self,
        l: *mut lua_State,
        (base, keys): (c_int, c_int),
        cursor: &mut ChunkCursor<'_>,
        work: &mut WorkingSpace,
    ) -> Result<(), Raised> {
        // SAFETY: the results lie above `base`.
        unsafe {
            if ffi::lua_gettop(l) == base {
                return Err(Raised::result("the function returned no value; did you forget `return`?"));
            }
            match cursor.shape {
                ResultShape::Map => {
                    let room = encode::room(&self.current);
                    self.emit_value(l, (base + 1, keys), cursor, work, ("", room))
                }
                ResultShape::FlatMap => self.emit_list(l, (base + 1, keys), cursor, work),
                ResultShape::Filter => {
                    if call::is_true(l, base + 1) {
                        emit_item(cursor.chunk.item(cursor.at), cursor.out);
                        cursor.emitted += 1;
                    }
                    Ok(())
                }
            }
        }
    }

    #[inline]
    unsafe fn emit_value(
        &self,
        l: *mut lua_State,
        (index, keys): (c_int, c_int),
        cursor: &mut ChunkCursor<'_>,
        work: &mut WorkingSpace,
        (path, room): (&str, usize),
    ) -> Result<(), Raised> {
        let length = cursor.out.len();
        // SAFETY: there is a value at `index`.
        let WorkingSpace { encoder, learned, .. } = work;
        let input = cursor.chunk.item(cursor.at);
        let order = Some((&mut learned.order, &learned.shapes));
        let read = learned.used.as_ref().filter(|used| !used.all_keys).map(|used| &used.names[..]);
        let manner = Manner { current: &self.current, keys, order, input, read, room };
        let written = unsafe { encoder.write(l, index, manner, cursor.out) };
        match written {
            Ok(()) => {
                cursor.out.push(b'\n');
                cursor.emitted += 1;
                Ok(())
            }
            Err(mut error) => {
                cursor.out.truncate(length);
                error.path.insert_str(0, path);
                Err(error.raised(&self.current, "the result as text"))
            }
        }
    }

    unsafe fn emit_list(
        &self,
        l: *mut lua_State,
        (index, keys): (c_int, c_int),
        cursor: &mut ChunkCursor<'_>,
        work: &mut WorkingSpace,
    ) -> Result<(), Raised> {
        let (length, emitted) = (cursor.out.len(), cursor.emitted);
        // SAFETY: there is a value at `index`; elements are pushed and popped.
        let outcome = unsafe {
            match check_list(l, index) {
                Err(what) => Err(Raised::result(what)),
                Ok(count) => (1..=count).try_for_each(|at| {
                    ffi::lua_rawgeti_(l, index, at as c_int);
                    let top = ffi::lua_gettop(l);
                    // All of them together are what the item holds.
                    let room = encode::room(&self.current).saturating_sub(cursor.out.len() - length);
                    self.emit_value(l, (top, keys), cursor, work, (&format!("[{at}]"), room))?;
                    ffi::lua_settop(l, top - 1);
                    Ok(())
                }),
            }
        };
        if outcome.is_err() {
            cursor.out.truncate(length);
            cursor.emitted = emitted;
        }
        outcome
    }
}

/// The length of the list at `index`, or why it is none.
unsafe fn check_list(l: *mut lua_State, index: c_int) -> Result<usize, String> {
    // SAFETY: there is a value at `index`.
    unsafe {
        let got = match ffi::lua_type(l, index) {
            ffi::LUA_TTABLE => {
                return super::encode::list_len(l, index)
                    .map_err(|what| format!("the returned table {what}"));
            }
            ffi::LUA_TNIL => "nil".to_owned(),
            ffi::LUA_TLIGHTUSERDATA => "null".to_owned(),
            other => std::ffi::CStr::from_ptr(ffi::lua_typename(l, other)).to_string_lossy().into_owned(),
        };
        Err(format!("the function of a `flat_map` must return a list, not {got}"))
    }
}

/// The item as it was read, on one line.
pub(super) fn emit_item(text: &[u8], out: &mut Vec<u8>) {
    on_one_line(text, out);
    out.push(b'\n');
}
