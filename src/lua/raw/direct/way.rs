//! The fast way of items has its own memory, and its own way of putting fields onto Lua's stack.

use std::ffi::c_int;
use std::sync::Arc;

use mlua::ffi::{self, lua_State};

use super::beside::Beside;
use super::columns::Columns;
use super::fields::ItemFields;
use super::share::WayShare;
use super::texts::MadeTexts;
use crate::lua::raw::decode::{self, Learned, Site};
use crate::lua::raw::encode::Encoder;
use crate::lua::raw::handle::Callee;
use crate::lua::raw::{stack, whole};
use crate::lua::script::Direct;
use crate::value::json::{FieldKind, FieldValue};

/// What the fast way keeps from item to item.
pub(in crate::lua::raw) struct DirectWay {
    pub(super) script: Arc<Direct>,
    pub(in crate::lua::raw) function: Callee,
    pub(super) fields: ItemFields,
    pub(super) columns: Columns,
    pub(super) texts: MadeTexts,
    /// By parameter: where the maps and lists stand that it gets.
    sites: Vec<Site>,
    /// The first of the places that returned values stand at, by table.
    pub(super) layouts: Vec<u32>,
    /// Of the items.
    pub(super) share: WayShare,
}

impl DirectWay {
    /// The way by a function that gives the same as the general one.
    pub(super) fn new(
        script: &Arc<Direct>,
        function: Callee,
        learned: &mut Learned,
        encoder: &mut Encoder,
    ) -> Self {
        Self {
            script: Arc::clone(script),
            function,
            fields: ItemFields::new(script),
            columns: Columns::new(script),
            texts: MadeTexts::default(),
            sites: script.passed.iter().map(|_| learned.shapes.new_site()).collect(),
            layouts: script.tables.iter().map(|table| encoder.new_sites(table.len())).collect(),
            share: WayShare::default(),
        }
    }

    /// Pushes the fields that are parameters; says how many. `None`: something that is not expected. With the stack as `items`
    /// has it. Raises memory errors.
    #[inline]
    pub(super) unsafe fn push_parameters(
        &mut self,
        l: *mut lua_State,
        text: &[u8],
        scratch: &mut String,
        learned: &mut Learned,
    ) -> Option<c_int> {
        for (at, &field) in self.script.passed.iter().enumerate() {
            let value = self.fields.values()[field];
            // SAFETY: pushes one value.
            unsafe { push(l, &value, text, (scratch, learned), self.sites[at])? }
            self.fields.passed(&value, learned);
        }
        Some(self.script.passed.len() as c_int)
    }

    /// Whether one of the values from `first` on may have to be written as the item has it.
    #[inline]
    pub(super) unsafe fn needs_table(&mut self, l: *mut lua_State, (number, first): (usize, c_int)) -> bool {
        if !self.fields.is_special() {
            return false;
        }
        let fields = &self.fields;
        self.columns.table(number, fields).any(|(column, present)| {
            let index = first + c_int::from(column.returned);
            let beside = if present { Beside::Other } else { Beside::Nothing };
            // SAFETY: any value, or none, may lie there.
            column.copied.is_none()
                && unsafe {
                    match ffi::lua_type(l, index) {
                        ffi::LUA_TTABLE => true,
                        ffi::LUA_TNUMBER => fields.may_spell(ffi::lua_tonumber(l, index), beside),
                        _ => false,
                    }
                }
        })
    }

    /// Pushes the table with this number, made of the values from `first` on and of what is copied.
    pub(super) unsafe fn gather(
        &self,
        l: *mut lua_State,
        number: usize,
        first: c_int,
        text: &[u8],
        scratch: &mut String,
    ) {
        let table = &self.script.tables[number];
        let mut next = first;
        // SAFETY: one table is pushed, and each pair popped into it.
        unsafe {
            ffi::lua_createtable(l, 0, table.len() as c_int);
            let made = ffi::lua_gettop(l);
            for column in table {
                stack::push(l, column.name.as_bytes());
                match column.copied {
                    None => {
                        ffi::lua_pushvalue(l, next);
                        next += 1;
                    }
                    Some(field) => push_copied(l, &self.fields.values()[field], text, scratch),
                }
                ffi::lua_rawset(l, made);
            }
        }
    }
}

/// Pushes a field as a parameter. `None`: something that is not expected. Raises memory errors.
#[inline]
unsafe fn push(
    l: *mut lua_State,
    value: &FieldValue,
    text: &[u8],
    (scratch, learned): (&mut String, &mut Learned),
    site: Site,
) -> Option<()> {
    // SAFETY: pushes one value.
    unsafe {
        match value.kind {
            FieldKind::Plain => stack::push(l, value.text(text)),
            FieldKind::Number | FieldKind::Spelled => ffi::lua_pushnumber(l, value.number),
            FieldKind::List | FieldKind::Map => {
                return decode::push_part(l, (4, 5), value.text(text), scratch, (learned, site)).ok();
            }
            _ => push_copied(l, value, text, scratch),
        }
    }
    Some(())
}

/// Pushes a field as it is. Raises memory errors.
unsafe fn push_copied(l: *mut lua_State, value: &FieldValue, text: &[u8], scratch: &mut String) {
    // SAFETY: pushes one value.
    unsafe {
        match value.kind {
            FieldKind::Missing => ffi::lua_pushnil(l),
            FieldKind::Null => ffi::lua_pushlightuserdata(l, std::ptr::null_mut()),
            FieldKind::False => ffi::lua_pushboolean(l, 0),
            FieldKind::True => ffi::lua_pushboolean(l, 1),
            FieldKind::Number | FieldKind::Spelled => ffi::lua_pushnumber(l, value.number),
            FieldKind::Plain => stack::push(l, value.text(text)),
            FieldKind::Big => {
                let digits = std::str::from_utf8(value.text(text)).ok();
                whole::push(l, digits.and_then(|digits| digits.parse().ok()).unwrap_or_default());
            }
            FieldKind::Escaped | FieldKind::List | FieldKind::Map => {
                let top = ffi::lua_gettop(l);
                if decode::push_json(l, 4, value.text(text), scratch).is_err() {
                    ffi::lua_settop(l, top);
                    ffi::lua_pushnil(l);
                }
            }
        }
    }
}
