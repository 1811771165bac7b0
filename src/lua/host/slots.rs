//! Each module keeps values of its own in a VM, one of each type, and no file but the module's has to know them.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

/// The values of one VM. They are a handful, which are looked through faster than a map is asked.
#[derive(Default)]
pub(super) struct Slots(RefCell<Vec<Rc<dyn Any>>>);

impl Slots {
    /// The value of this type, made by `first` when there is none yet.
    pub(super) fn get<T: 'static>(&self, first: impl FnOnce() -> T) -> Rc<T> {
        let found = self.0.borrow().iter().find(|value| value.is::<T>()).cloned();
        found.and_then(|value| value.downcast().ok()).unwrap_or_else(|| {
            let made = Rc::new(first());
            self.0.borrow_mut().push(Rc::<T>::clone(&made));
            made
        })
    }
}
