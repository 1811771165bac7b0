//! This module makes random numbers and what follows from them: `math.random`, `rand.int`, `rand.float`, `uuid.v4`,
//! `uuid.v7`.
//!
//! All draw from one generator for each attempt, seeded by the run's seed, the item's key (its content, where it has no key of its
//! own) and the attempt, and by nothing else: which worker runs an item, and what ran before, cannot be seen in its numbers.

use std::ffi::c_int;
use std::time::SystemTime;

use mlua::ffi::{self, lua_State};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::current::Current;
use super::whole::{self, Numeric};
use super::{functions, stack};
use crate::value::splitmix;

/// Fills the globals `math`, `rand` and `uuid`.
pub(super) unsafe fn install(l: *mut lua_State, current: &Current) {
    // SAFETY: every value that is pushed is popped into a field or a global.
    unsafe {
        ffi::lua_getglobal(l, c"math".as_ptr());
        functions::push(l, current, c"random", random);
        stack::set_field(l, -2, c"random");
        functions::push(l, current, c"randomseed", randomseed);
        stack::set_field(l, -2, c"randomseed");
        ffi::lua_pop(l, 1);
        ffi::lua_createtable(l, 0, 4);
        functions::push(l, current, c"int", int);
        stack::set_field(l, -2, c"int");
        functions::push(l, current, c"float", float);
        stack::set_field(l, -2, c"float");
        ffi::lua_setglobal(l, c"rand".as_ptr());
        ffi::lua_createtable(l, 0, 2);
        functions::push(l, current, c"v4", uuid_v4);
        stack::set_field(l, -2, c"v4");
        functions::push(l, current, c"v7", uuid_v7);
        stack::set_field(l, -2, c"v7");
        ffi::lua_setglobal(l, c"uuid".as_ptr());
    }
}

/// The next 64 random bits of the running attempt.
unsafe fn word(current: &Current) -> u64 {
    let mut state = current.random.get().unwrap_or_else(|| {
        let seed = current.seed ^ u64::from(current.attempt.get()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // SAFETY: C functions only run during an attempt.
        let identity = unsafe { current.key().map_or(current.item(), str::as_bytes) };
        seeded(xxh3_64_with_seed(identity, seed))
    });
    let word = next(&mut state);
    current.random.set(Some(state));
    word
}

/// A number from 0 to `span - 1`; a span of 0 stands for all 64 bits.
fn below(word: u64, span: u64) -> u64 {
    if span == 0 { word } else { ((u128::from(word) * u128::from(span)) >> 64) as u64 }
}

/// 53 random bits as a number from 0, below 1.
fn unit(word: u64) -> f64 {
    (word >> 11) as f64 / (1u64 << 53) as f64
}

/// `math.random`
unsafe extern "C-unwind" fn random(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; arguments are checked before use.
    unsafe {
        let current = Current::upvalue(l);
        let (low, high) = match ffi::lua_gettop(l) {
            0 => {
                ffi::lua_pushnumber(l, unit(word(current)));
                return 1;
            }
            1 => (Numeric::Whole(1), bound(l, 1)),
            2 => (bound(l, 1), bound(l, 2)),
            _ => functions::fail(l, current, "`math.random` takes no, one or two arguments"),
        };
        match (low, high) {
            (Numeric::Whole(low), Numeric::Whole(high)) if low <= high => push_between(l, current, low, high),
            _ => {
                let (low, high) = (shown(low), shown(high));
                let message = format!("`math.random` has nothing to choose from between {low} and {high}");
                functions::fail(l, current, &message);
            }
        }
    }
    1
}

/// A bound of `math.random`, without its fraction.
unsafe fn bound(l: *mut lua_State, index: c_int) -> Numeric {
    // SAFETY: called by the VM; what is no number raises an error.
    unsafe {
        match whole::integer(l, index) {
            Some(integer) => Numeric::Whole(integer),
            None => ffi::luaL_checknumber(l, index).floor().into(),
        }
    }
}

fn shown(bound: Numeric) -> String {
    match bound {
        Numeric::Whole(value) => value.to_string(),
        Numeric::Float(value) => value.to_string(),
    }
}

/// Pushes a whole number from `low` to `high`.
unsafe fn push_between(l: *mut lua_State, current: &Current, low: i64, high: i64) {
    let span = (high.wrapping_sub(low) as u64).wrapping_add(1);
    // SAFETY: as for the callers, which the VM calls.
    unsafe { whole::push(l, low.wrapping_add(below(word(current), span) as i64)) }
}

/// `math.randomseed`: replaces the numbers of the running attempt, and of no other.
unsafe extern "C-unwind" fn randomseed(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; the argument is checked before use.
    unsafe {
        let seed = match whole::integer(l, 1) {
            Some(integer) => integer as u64,
            None => ffi::luaL_checknumber(l, 1).to_bits(),
        };
        Current::upvalue(l).random.set(Some(seeded(seed)));
    }
    0
}

/// `rand.int`: exact over all 64 bits.
unsafe extern "C-unwind" fn int(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; arguments are checked before use.
    unsafe {
        let current = Current::upvalue(l);
        let (low, high) = (whole(l, current, 1), whole(l, current, 2));
        if low > high {
            functions::fail(
                l,
                current,
                &format!("`rand.int` has nothing to choose from between {low} and {high}"),
            );
        }
        push_between(l, current, low, high);
    }
    1
}

/// The whole number at `index`.
unsafe fn whole(l: *mut lua_State, current: &Current, index: c_int) -> i64 {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    // SAFETY: the type is checked before the value is read as such.
    unsafe {
        if let Some(integer) = whole::integer(l, index) {
            return integer;
        }
        let kind = ffi::lua_type(l, index);
        let value = if kind == ffi::LUA_TNUMBER { ffi::lua_tonumber(l, index) } else { f64::NAN };
        if value.fract() != 0.0 || !(-BEYOND..BEYOND).contains(&value) {
            let got =
                if kind == ffi::LUA_TNUMBER { value.to_string() } else { functions::type_name(l, index) };
            let message = format!("bad argument #{index} to `rand.int` (integer expected, got {got})");
            functions::fail(l, current, &message);
        }
        value as i64
    }
}

/// `rand.float`
unsafe extern "C-unwind" fn float(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM.
    unsafe { ffi::lua_pushnumber(l, unit(word(Current::upvalue(l)))) }
    1
}

/// `uuid.v4`
unsafe extern "C-unwind" fn uuid_v4(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM.
    unsafe {
        let current = Current::upvalue(l);
        stack::push(l, uuid(word(current), word(current), 4).as_bytes());
    }
    1
}

/// `uuid.v7`: milliseconds of the clock, then random bits.
unsafe extern "C-unwind" fn uuid_v7(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM.
    unsafe {
        let current = Current::upvalue(l);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let high = (now.as_millis() as u64) << 16 | word(current) >> 48;
        stack::push(l, uuid(high, word(current), 7).as_bytes());
    }
    1
}

/// A UUID of RFC 9562 with these bits, but for those of version and variant.
fn uuid(high: u64, low: u64, version: u64) -> String {
    let high = high & !0xf000 | version << 12;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0xffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
}

/// Four words out of one, by splitmix64, as the authors of xoshiro advise.
fn seeded(seed: u64) -> [u64; 4] {
    let mut state = seed;
    std::array::from_fn(|_| {
        let word = splitmix::mix(state);
        state = state.wrapping_add(splitmix::STEP);
        word
    })
}

/// xoshiro256++.
fn next(state: &mut [u64; 4]) -> u64 {
    let result = state[0].wrapping_add(state[3]).rotate_left(23).wrapping_add(state[0]);
    let shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = state[3].rotate_left(45);
    result
}
