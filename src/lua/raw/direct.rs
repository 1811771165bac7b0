//! The fast way of an item: the function that is compiled for it gets its fields as parameters, or is not called at all. An
//! item for which that is not exactly what the general way does is left to that one, before the function has run.

mod beside;
mod columns;
mod evaluate;
mod fields;
mod joint;
mod outcome;
mod share;
mod texts;
mod value;
mod way;

use std::ffi::c_int;
use std::sync::Arc;

use mlua::ffi::{self, lua_State};

pub(in crate::lua::raw) use self::columns::Part;
use self::evaluate::Run;
pub use self::joint::JointEvaluation;
pub(in crate::lua::raw) use self::way::DirectWay;
use super::describe;
use super::encode::Manner;
use super::handle::Callee;
use super::items::{ChunkCursor, ChunkStop};
use super::raised::Raised;
use super::vm::{Vm, WorkingSpace};
use crate::lua::options::ResultShape;
use crate::lua::script::{Direct, Results};

/// Longer items take the general way: what they need of memory and time has to be watched while they are read.
const ITEM_BYTES_MAX: usize = 64 << 10;
/// Where the function lies on the stack of a run.
const FUNCTION: c_int = 7;

/// The address of this says that what follows is a table's values. No value of a script is like it.
static MARK: u8 = 0;

impl Vm {
    /// Lets items of `callee` go the fast way, by a function that gives the same.
    pub(in crate::lua) fn go_direct(&self, script: &Arc<Direct>, function: Callee) {
        let work = &mut *self.work.borrow_mut();
        let way = DirectWay::new(script, function, &mut work.learned, &mut work.encoder);
        work.direct = Some(Box::new(way));
    }

    /// Lets all items go the general way, for comparison.
    #[cfg(test)]
    pub(in crate::lua) fn stay_general(&self) {
        self.work.borrow_mut().direct = None;
    }

    /// How many items went the fast way.
    #[cfg(test)]
    pub(in crate::lua) fn gone_direct(&self) -> u32 {
        self.work.borrow().direct.as_ref().map_or(0, |way| way.share.gone)
    }

    /// Works on the item at hand, if it can go the fast way. With the stack as `items` has it.
    #[inline]
    pub(super) unsafe fn direct_item(
        &self,
        l: *mut lua_State,
        index: u64,
        cursor: &mut ChunkCursor<'_>,
        work: &mut WorkingSpace,
    ) -> Option<Result<(), ChunkStop>> {
        let mut way = work.direct.take()?;
        let text = cursor.chunk.item(cursor.at);
        let outcome = if text.len() > ITEM_BYTES_MAX {
            None
        } else {
            // SAFETY: as for the caller.
            unsafe { self.go(l, index, cursor, work, &mut way) }
        };
        way.share.count(outcome.is_some());
        if outcome.is_none() {
            // SAFETY: the stack has been as high as this.
            unsafe { ffi::lua_settop(l, FUNCTION) }
        }
        if !way.share.is_in_vain() {
            work.direct = Some(way);
        }
        outcome
    }

    #[inline]
    unsafe fn go(
        &self,
        l: *mut lua_State,
        index: u64,
        cursor: &mut ChunkCursor<'_>,
        work: &mut WorkingSpace,
        way: &mut DirectWay,
    ) -> Option<Result<(), ChunkStop>> {
        let text = cursor.chunk.item(cursor.at);
        if !way.fields.read(text, &mut work.scratch) {
            return None;
        }
        if let Some(program) = &way.script.program
            && way.fields.copy(text, true, &mut work.scratch)
        {
            let mut run = Run::new(&way.fields, text, &mut way.texts);
            let outcome = run.outcome(program);
            if let Some(outcome) = outcome
                && outcome::write_outcome(&outcome, &mut run, &mut way.columns, cursor)
            {
                return Some(Ok(()));
            }
        }
        // SAFETY: as for the caller.
        unsafe { self.call_direct(l, index, cursor, work, way) }
    }

    /// Calls the function with the fields as parameters.
    unsafe fn call_direct(
        &self,
        l: *mut lua_State,
        index: u64,
        cursor: &mut ChunkCursor<'_>,
        work: &mut WorkingSpace,
        way: &mut DirectWay,
    ) -> Option<Result<(), ChunkStop>> {
        let text = cursor.chunk.item(cursor.at);
        if !way.fields.copy(text, false, &mut work.scratch) {
            return None;
        }
        // SAFETY: see `items` for what lies on the stack.
        unsafe {
            ffi::lua_pushvalue(l, FUNCTION);
            let mut count = way.push_parameters(l, text, &mut work.scratch, &mut work.learned)?;
            if !way.columns.can_copy(&way.fields, text) {
                return None;
            }
            let script = &way.script;
            if script.index {
                ffi::lua_pushnumber(l, index as f64);
                count += 1;
            }
            if script.ctx {
                ffi::lua_pushvalue(l, 3);
                count += 1;
            }
            if script.results == Results::Marked {
                ffi::lua_pushlightuserdata(l, (&raw const MARK).cast_mut().cast());
                count += 1;
            }
            let status = ffi::lua_pcall(l, count, ffi::LUA_MULTRET, 1);
            let outcome = if status == ffi::LUA_OK && self.current.guard.fired().is_none() {
                self.returned(l, cursor, work, way)
            } else {
                if status == ffi::LUA_OK {
                    ffi::lua_pushnil(l);
                }
                Err(describe::describe(l, &self.current, status))
            };
            ffi::lua_settop(l, FUNCTION);
            Some(outcome.map_err(|raised| ChunkStop::Raised(Box::new(raised))))
        }
    }

    /// Writes what the function returned.
    unsafe fn returned(
        &self,
        l: *mut lua_State,
        cursor: &mut ChunkCursor<'_>,
        work: &mut WorkingSpace,
        way: &mut DirectWay,
    ) -> Result<(), Raised> {
        // SAFETY: the results lie above the function.
        unsafe {
            let first = FUNCTION + 1;
            let table = match way.script.results {
                Results::Table => Some((0, first)),
                Results::Marked if is_mark(l, first) => {
                    Some((ffi::lua_tonumber(l, first + 1) as usize, first + 2))
                }
                Results::Marked | Results::Plain => None,
            };
            if let Some((number, first)) = table {
                if cursor.shape == ResultShape::Map && !way.needs_table(l, (number, first)) {
                    return self.emit_table(l, (number, first), cursor, work, way);
                }
                way.gather(l, number, first, cursor.chunk.item(cursor.at), &mut work.scratch);
                if ffi::lua_gettop(l) > FUNCTION + 1 {
                    ffi::lua_replace(l, FUNCTION + 1);
                    ffi::lua_settop(l, FUNCTION + 1);
                }
            }
            way.fields.set_order(&mut work.learned.order);
            self.emit(l, (FUNCTION, 6), cursor, work)
        }
    }

    /// Writes the values of a table, those from `first` on, without making the table.
    unsafe fn emit_table(
        &self,
        l: *mut lua_State,
        (number, first): (usize, c_int),
        cursor: &mut ChunkCursor<'_>,
        work: &mut WorkingSpace,
        way: &mut DirectWay,
    ) -> Result<(), Raised> {
        let text = cursor.chunk.item(cursor.at);
        let length = cursor.out.len();
        let manner = Manner { keys: 6, ..Manner::plain(&self.current) };
        let (fields, sites) = (&way.fields, way.layouts[number]);
        let table = way.columns.table(number, fields);
        let parts = table.map(|(column, present)| {
            let part = match column.copied {
                Some(field) => columns::part(field, column.beside(present), fields, text),
                None => Some(Part::Returned(
                    first + c_int::from(column.returned),
                    sites + u32::from(column.number),
                )),
            };
            // What cannot be copied has been looked for before the call.
            (&column.key[..], part.unwrap_or(Part::Absent))
        });
        // SAFETY: the values lie above the function.
        let written = unsafe { work.encoder.parts(l, &manner, parts, cursor.out) };
        match written {
            Ok(()) => {
                cursor.out.push(b'\n');
                cursor.emitted += 1;
                Ok(())
            }
            Err(error) => {
                cursor.out.truncate(length);
                Err(error.raised(&self.current, "the result as text"))
            }
        }
    }
}

/// Whether the value at `index` says that a table's values follow.
unsafe fn is_mark(l: *mut lua_State, index: c_int) -> bool {
    // SAFETY: any value, or none, may lie there.
    unsafe {
        ffi::lua_type(l, index) == ffi::LUA_TLIGHTUSERDATA
            && std::ptr::eq(ffi::lua_tolightuserdata(l, index).cast(), &raw const MARK)
    }
}
