//! This module holds what bounds a rendering, and the maps of Lua as a template has them. They look at the deadline while they are compared and gone through, as lists do: a
//! filter such as `sort` or `unique` does that with all that it is given, and a template's steps do not count it.
//!
//! Past the deadline they seem empty and equal, so that a filter ends soon. Nobody sees what comes of it, because a rendering
//! that is over ends with the attempt.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Enumerator, Object, ObjectExt, ObjectRepr};
use minijinja::{Error, ErrorKind, Value};

use crate::lua::guard::Guard;

/// Lists and maps that are compared or gone through between two looks at the clock: well below a millisecond.
const LOOKS: u32 = 256;

thread_local! {
    /// What says when the rendering on this thread has to end.
    static GUARD: RefCell<Option<Arc<Guard>>> = const { RefCell::new(None) };
    static IS_OVER: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<u32> = const { Cell::new(0) };
    /// Bytes that the rendering may take.
    static ROOM: Cell<usize> = const { Cell::new(usize::MAX) };
    static IS_FULL: Cell<bool> = const { Cell::new(false) };
}

/// A rendering on this thread, until it is dropped.
pub(super) struct Rendering;

impl Rendering {
    /// Begins one that has so many bytes of room.
    pub(super) fn begin(guard: Option<Arc<Guard>>, room: usize) -> Self {
        GUARD.set(guard);
        IS_OVER.set(false);
        ROOM.set(room);
        IS_FULL.set(false);
        Self
    }

    /// Whether something was refused that has no room.
    pub(super) fn is_full() -> bool {
        IS_FULL.get()
    }
}

impl Drop for Rendering {
    fn drop(&mut self) {
        GUARD.set(None);
        IS_OVER.set(false);
        ROOM.set(usize::MAX);
    }
}

/// Ends the rendering when its time is over.
pub(super) fn look() -> Result<(), Error> {
    if !IS_OVER.get() {
        IS_OVER.set(GUARD.with_borrow(|guard| guard.as_ref().is_some_and(|guard| guard.is_due())));
    }
    if IS_OVER.get() { Err(Error::new(ErrorKind::InvalidOperation, "its time is over")) } else { Ok(()) }
}

/// [`look`] at every so many pieces of work, each of them small.
pub(super) fn look_each() -> Result<(), Error> {
    if is_over() { look() } else { Ok(()) }
}

/// Bytes that the rendering may take.
pub(super) fn room() -> usize {
    ROOM.get()
}

/// Refuses what has no room.
pub(super) fn full() -> Error {
    IS_FULL.set(true);
    Error::new(ErrorKind::InvalidOperation, "there is no room for it")
}

/// Whether the rendering has to end, as far as that was looked at.
pub(super) fn is_over() -> bool {
    let count = COUNT.get().wrapping_add(1);
    COUNT.set(count);
    if count.is_multiple_of(LOOKS) {
        let _ = look();
    }
    IS_OVER.get()
}

/// A map, in the order of its keys.
pub(super) struct Map(pub(super) BTreeMap<String, Value>);

impl Object for Map {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        if is_over() {
            return Enumerator::Empty;
        }
        self.mapped_enumerator(|map| Box::new(map.0.keys().map(|key| Value::from(key.as_str()))))
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>()?;
        Some(if is_over() { Ordering::Equal } else { self.0.cmp(&other.0) })
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::TemplateList;
    use super::*;
    use crate::event::StepId;
    use crate::lua::guard::{Cancel, Limits, Reason};
    use crate::runtime::clock;

    #[test]
    fn past_the_deadline_filters_end_soon() {
        let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
        let maps: Vec<Value> = (0..1000)
            .map(|number| Value::from_object(Map([("n".to_owned(), Value::from(number))].into())))
            .collect();
        let list = TemplateList::of(maps);
        let environment = minijinja::Environment::new();
        let unique = environment.compile_expression("t|unique|length").expect("it is one");
        let count = || unique.eval(minijinja::context! { t => list.clone() }).expect("a number").as_i64();
        let _rendering = Rendering::begin(Some(Arc::clone(&guard)), usize::MAX);
        assert_eq!(count(), Some(1000));
        let now = clock::now();
        guard.enter(&Limits { index: 1, started: now, deadline: Some((now, Reason::Timeout)), notice: None });
        // Nothing is unlike anything any more.
        assert!(count() < Some(500), "{:?}", count());
    }
}
