//! This module puts an item onto Lua's stack: like any JSON, but learning from the items before it what to expect,
//! and leaving out what the function does not use.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::Stack;
use super::kept::KeptForms;
use super::shapes::{ShapeId, Shapes, Site};
use crate::lua::raw::keys::Keys;
use crate::lua::script::UsedFields;
use crate::value::json::{self, JsonError, KeyPath, Sink, begins};

/// Numbers of orders of keys that were read otherwise than by shapes, of which there are fewer.
const PATHS_FROM: u32 = 1 << 16;

/// What is kept from item to item.
#[derive(Default)]
pub(in crate::lua::raw) struct Learned {
    pub(in crate::lua::raw) shapes: Shapes,
    pub(in crate::lua::raw) order: KeyOrder,
    /// The fields that matter to the function; `None`: any.
    pub(in crate::lua::raw) used: Option<UsedFields>,
    /// Where the text stands that is read: the item itself, or one field of it.
    root: Site,
    frames: Vec<OpenContainer>,
    nested: Keys,
}

/// The keys of the item that was read last, in their order; none if it was no object.
#[derive(Default)]
pub(in crate::lua::raw) struct KeyOrder {
    /// The item had exactly the keys of this shape.
    shape: Option<ShapeId>,
    /// The item had exactly these keys, which are there.
    path: Option<KeyPath>,
    keys: Keys,
    /// What the text has beside its keys.
    pub(in crate::lua::raw) forms: KeptForms,
}

impl KeyOrder {
    /// The same number for the same keys; 0 when they are not known well enough for that.
    pub(in crate::lua::raw) fn number(&self) -> u32 {
        match (self.shape, self.path) {
            (Some(shape), _) => shape.number(),
            (None, Some(path)) => PATHS_FROM + path.number() as u32,
            (None, None) if self.keys.is_empty() => u32::MAX,
            (None, None) => 0,
        }
    }

    /// The keys.
    pub(in crate::lua::raw) fn keys(&mut self, shapes: &Shapes) -> &Keys {
        if let Some(shape) = self.shape {
            shapes.keys(shape, shapes.len(shape), &mut self.keys);
        }
        &self.keys
    }

    /// No keys at all.
    pub(in crate::lua::raw) fn clear(&mut self) {
        self.shape = None;
        self.path = None;
        self.keys.clear();
        self.forms = KeptForms::default();
    }

    /// Takes the keys that `path` stands for, the last one first, and what the text has beside them.
    pub(in crate::lua::raw) fn set<'k, K: Iterator<Item = &'k str>>(
        &mut self,
        path: KeyPath,
        forms: KeptForms,
        keys: impl FnOnce() -> K,
    ) {
        if self.path != Some(path) {
            self.clear();
            let mut names: Vec<&str> = keys().collect();
            names.reverse();
            for name in names {
                self.keys.push(name);
            }
            self.path = Some(path);
        }
        self.forms = forms;
    }

    /// Takes the same from an item's text, which is known to be JSON.
    pub(in crate::lua::raw) fn read(&mut self, text: &[u8], scratch: &mut String) {
        self.clear();
        let _ = json::read(text, scratch, &mut Outermost { order: self, depth: 0 });
    }
}

/// An open container.
#[derive(Clone, Copy)]
struct OpenContainer {
    mark: c_int,
    /// Where it stands; `None` where nothing is expected.
    site: Option<Site>,
    /// The object that is expected, and followed so far.
    shape: Option<ShapeId>,
    /// How many of its fields have come.
    at: usize,
    list: bool,
}

/// Pushes a list or a map that is one field of an item; `site` is its place. As [`push_item`] does.
pub(in crate::lua::raw) unsafe fn push_part(
    l: *mut lua_State,
    indices: (c_int, c_int),
    text: &[u8],
    scratch: &mut String,
    (learned, site): (&mut Learned, Site),
) -> Result<(), JsonError> {
    learned.root = site;
    // SAFETY: as for `push_item`.
    let pushed = unsafe { push_item(l, indices, text, scratch, learned) };
    learned.root = Site::ROOT;
    pushed
}

/// Pushes an item; `array` and `keys` are the indices of the metatable of lists and of the table that keeps what
/// shapes need. Raises memory errors.
pub(in crate::lua::raw) unsafe fn push_item(
    l: *mut lua_State,
    (array, keys): (c_int, c_int),
    text: &[u8],
    scratch: &mut String,
    learned: &mut Learned,
) -> Result<(), JsonError> {
    learned.frames.clear();
    learned.order.clear();
    // SAFETY: the caller's state is live.
    let mut sink =
        unsafe { Item { stack: Stack::new(l, array), table: ffi::lua_absindex(l, keys), learned } };
    json::read(text, scratch, &mut sink)
}

struct Item<'a> {
    stack: Stack,
    /// Index of the table of keys.
    table: c_int,
    learned: &'a mut Learned,
}

impl Item<'_> {
    /// Where a container stands that begins now.
    #[inline]
    fn site(&self) -> Option<Site> {
        match self.learned.frames.last() {
            None => Some(self.learned.root),
            Some(frame) if frame.list => frame.site,
            Some(frame) => frame
                .shape
                .and_then(|shape| self.learned.shapes.field(shape, frame.at - 1))
                .map(|field| field.site),
        }
    }

    /// The object at hand is not what was expected: makes pairs on the stack of what has come.
    #[cold]
    fn part(&mut self) {
        let outermost = self.learned.frames.len() == 1;
        let Some(frame) = self.learned.frames.last_mut() else { return };
        let Some(shape) = frame.shape.take() else { return };
        let (mark, at, site) = (frame.mark, frame.at, frame.site);
        let l = self.stack.l;
        // SAFETY: the table lies at `mark`, and nothing above it.
        unsafe {
            for at in 0..at {
                if let Some(field) = self.learned.shapes.field(shape, at)
                    && field.key != 0
                {
                    ffi::lua_rawgeti_(l, self.table, field.key);
                    ffi::lua_pushvalue(l, -1);
                    ffi::lua_rawget(l, mark);
                }
            }
            ffi::lua_remove(l, mark);
            self.stack.top = ffi::lua_gettop(l);
        }
        if outermost {
            self.learned.shapes.keys(shape, at, &mut self.learned.order.keys);
        }
        if let Some(site) = site {
            self.learned.shapes.miss(site);
        }
    }

    /// Remembers what the object at `mark`, whose `count` pairs are on the stack, looks like.
    fn learn(&mut self, site: Site, mark: c_int, count: usize) {
        let l = self.stack.l;
        let Learned { shapes, order, used, frames, nested, root } = &mut *self.learned;
        let outermost = frames.is_empty();
        if !outermost {
            nested.clear();
            for at in 0..count as c_int {
                // SAFETY: keys are strings that were UTF-8 when they were pushed.
                let key = unsafe { crate::lua::raw::stack::bytes(l, mark + 2 * at) };
                nested.push(key.and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default());
            }
        }
        let keys = if outermost { &order.keys } else { &*nested };
        let used = used.as_ref().map(|used| &used.names[..]).filter(|_| outermost && *root == Site::ROOT);
        // SAFETY: leaves the stack as it is.
        unsafe { shapes.learn(l, self.table, site, keys, used) }
    }
}

impl Sink for Item<'_> {
    /// Where the container's first value, and in the end the container, lies.
    type Mark = c_int;

    #[inline]
    fn null(&mut self) {
        self.stack.null();
    }
    #[inline]
    fn boolean(&mut self, value: bool) {
        self.stack.boolean(value);
    }
    #[inline]
    fn integer(&mut self, value: i64) {
        self.stack.integer(value);
    }
    #[inline]
    fn float(&mut self, value: f64, text: Option<&[u8]>) {
        if let Some(text) = text {
            self.learned.order.forms.note(value, text);
        }
        self.stack.float(value);
    }
    #[inline]
    fn string(&mut self, value: &str) {
        self.stack.string(value);
    }

    #[inline]
    fn begin_array(&mut self) -> c_int {
        let mark = self.stack.top + 1;
        let site = self.site();
        self.learned.frames.push(OpenContainer { mark, site, shape: None, at: 0, list: true });
        mark
    }

    #[inline]
    fn element(&mut self, mark: c_int, count: usize) {
        self.stack.element(mark, count);
    }

    #[inline]
    fn end_array(&mut self, mark: c_int, count: usize) {
        self.learned.frames.pop();
        self.stack.end_array(mark, count);
    }

    #[inline]
    fn begin_object(&mut self) -> c_int {
        let mark = self.stack.top + 1;
        let site = self.site();
        let shape = site.and_then(|site| self.learned.shapes.guess(site));
        if let Some(shape) = shape {
            // SAFETY: puts a copy of the template at `mark`.
            unsafe {
                ffi::lua_rawgeti_(self.stack.l, self.table, self.learned.shapes.template(shape));
                ffi::lua_clonetable(self.stack.l, mark);
                ffi::lua_replace(self.stack.l, mark);
            }
            self.stack.top = mark;
        }
        self.learned.frames.push(OpenContainer { mark, site, shape, at: 0, list: false });
        mark
    }

    #[inline]
    fn expect(&mut self, rest: &[u8]) -> Option<(usize, bool)> {
        let frame = self.learned.frames.last_mut()?;
        let field = self.learned.shapes.field(frame.shape?, frame.at)?;
        let text = self.learned.shapes.text(&field);
        if !begins(rest, text) {
            return None;
        }
        frame.at += 1;
        if field.key != 0 {
            // SAFETY: pushes the key.
            unsafe { ffi::lua_rawgeti_(self.stack.l, self.table, field.key) };
            self.stack.top += 1;
        }
        Some((text.len(), field.key != 0))
    }

    #[inline]
    fn key(&mut self, key: &str) -> bool {
        if self.learned.frames.last().is_some_and(|frame| frame.shape.is_some()) {
            self.part();
        }
        if self.learned.frames.len() == 1 {
            self.learned.order.keys.push(key);
            if let Some(used) = &self.learned.used
                && self.learned.root == Site::ROOT
                && !used.names.iter().any(|other| other == key)
            {
                return false;
            }
        }
        self.stack.string(key);
        true
    }

    #[inline]
    fn entry(&mut self, mark: c_int, count: usize) {
        if self.learned.frames.last().is_some_and(|frame| frame.shape.is_some()) {
            // SAFETY: key and value lie above the table at `mark`.
            unsafe { ffi::lua_rawset(self.stack.l, mark) };
            self.stack.top = mark;
        } else {
            self.stack.entry(mark, count);
        }
    }

    #[inline]
    fn end_object(&mut self, mark: c_int, count: usize) {
        let Some(frame) = self.learned.frames.last().copied() else { return };
        if let (Some(shape), Some(site)) = (frame.shape, frame.site) {
            if frame.at == self.learned.shapes.len(shape) {
                self.learned.frames.pop();
                self.learned.shapes.hit(site);
                if self.learned.frames.is_empty() {
                    self.learned.order.shape = Some(shape);
                } else {
                    self.learned.order.forms.nested = true;
                }
                return;
            }
            self.part();
        }
        self.learned.frames.pop();
        self.learned.order.forms.nested |= !self.learned.frames.is_empty();
        // Objects of a known shape have no key twice.
        self.learned.order.forms.may_repeat_keys |=
            // SAFETY: the pairs lie at `mark` and above, as long as they gather there.
            count >= super::GATHERED_MAX || unsafe { repeats(self.stack.l, mark, count) };
        if count < super::GATHERED_MAX
            && let Some(site) = frame.site
            && self.learned.shapes.learns(site)
        {
            self.learn(site, mark, count);
        }
        self.stack.end_object(mark, count);
    }
}

/// Whether one of `count` keys, between which values lie, comes twice. Luau holds each string once, so addresses tell.
unsafe fn repeats(l: *mut lua_State, mark: c_int, count: usize) -> bool {
    let key = |at: usize| {
        // SAFETY: the caller has a key there.
        unsafe { ffi::lua_topointer(l, mark + 2 * at as c_int) }
    };
    let mut seen = 0_u64;
    (0..count).any(|at| {
        let bit = 1 << ((key(at) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58);
        let may_be_there = seen & bit != 0;
        seen |= bit;
        may_be_there && (0..at).any(|before| key(before) == key(at))
    })
}

/// Notes the keys of the outermost object, and the forms of the rest.
struct Outermost<'o> {
    order: &'o mut KeyOrder,
    depth: usize,
}

impl Sink for Outermost<'_> {
    type Mark = ();

    fn begin_array(&mut self) {
        self.depth += 1;
    }
    fn end_array(&mut self, (): (), _count: usize) {
        self.depth -= 1;
    }
    fn begin_object(&mut self) {
        self.depth += 1;
    }
    fn end_object(&mut self, (): (), _count: usize) {
        self.depth -= 1;
        self.order.forms.nested |= self.depth > 0;
    }
    fn float(&mut self, value: f64, text: Option<&[u8]>) {
        if let Some(text) = text {
            self.order.forms.note(value, text);
        }
    }
    fn key(&mut self, key: &str) -> bool {
        // Nobody has looked.
        self.order.forms.may_repeat_keys = true;
        if self.depth == 1 {
            self.order.keys.push(key);
        }
        true
    }
}
