//! Compiled forms are kept by their text: patterns, selectors, templates.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Patterns kept compiled for each VM. A function that builds more patterns than this out of its data compiles some
/// of them again.
const COMPILED_MAX: usize = 128;

/// Compiled forms by their text.
pub(super) struct Compiled<T>(RefCell<HashMap<Box<str>, Rc<T>>>);

impl<T> Default for Compiled<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T> Compiled<T> {
    /// The compiled form of `text`, made by `compile` when it is not there yet.
    pub(super) fn get<E>(&self, text: &str, compile: impl FnOnce() -> Result<T, E>) -> Result<Rc<T>, E> {
        if let Some(found) = self.0.borrow().get(text) {
            return Ok(Rc::clone(found));
        }
        let made = Rc::new(compile()?);
        let mut all = self.0.borrow_mut();
        if all.len() >= COMPILED_MAX {
            all.clear();
        }
        all.insert(text.into(), Rc::clone(&made));
        Ok(made)
    }
}
