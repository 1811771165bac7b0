//! Handles are what a VM keeps for the worker: functions, values, suspended items. They mean something to their VM only.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use crate::lua::async_op::Pending;

/// A function that a VM keeps for the worker. It lives as long as the VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) struct Callee(pub(super) c_int);

impl Callee {
    /// Nothing yet; calling it fails like calling nil.
    pub(in crate::lua) const NONE: Self = Self(ffi::LUA_REFNIL);
}

/// A value that a VM keeps between calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) struct KeptValue(pub(super) c_int);

/// A suspended item.
#[derive(Debug)]
pub(in crate::lua) struct Coroutine {
    pub(super) thread: *mut lua_State,
    pub(super) anchor: c_int,
    /// Its own random numbers, while others run.
    pub(super) random: Option<[u64; 4]>,
    /// What lay on its desk.
    pub(super) pending: Option<Pending>,
}
