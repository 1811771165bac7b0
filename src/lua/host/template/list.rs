//! A list of a template can be changed by its methods, and all names that it has see that. So a bound stands between it and what
//! no stack can show: a list knows how many levels may still be in it, and never gets into itself.

use std::cmp::Ordering;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering as Memory};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr};
use minijinja::{Error, Value};

use super::arguments::refusal;
use super::objects;
use super::shown::{Values, hides_values, inside};

/// Lists and maps within each other: those of Lua, and a template's own around them.
pub(super) const DEPTH_MAX: usize = 150;

/// Values of one list, or of what one list is given. A list of a list that it holds twice, forty times, takes longer to walk than
/// anybody waits; and a filter such as `sort` walks it many times, without a look at the deadline.
pub(super) const VALUES_MAX: usize = 1 << 20;

/// A list.
pub(super) struct TemplateList {
    values: Mutex<Vec<Value>>,
    /// How many levels of lists and maps it may have, itself included: fewer, the deeper it lies in others.
    levels: AtomicUsize,
}

impl TemplateList {
    /// A list of its own.
    pub(super) fn of(values: Vec<Value>) -> Value {
        Self::within(values, DEPTH_MAX)
    }

    /// A list that may have so many levels.
    pub(super) fn within(values: Vec<Value>, levels: usize) -> Value {
        Value::from_object(Self { values: Mutex::new(values), levels: AtomicUsize::new(levels) })
    }

    /// Makes a list, with all lists in it, of values that nobody else has.
    pub(super) fn of_new(values: Vec<Value>) -> Result<Value, Error> {
        let values = values.into_iter().map(own).collect::<Result<Vec<_>, _>>()?;
        settle(values.clone())?;
        Ok(Self::of(values))
    }

    /// What is in it now.
    pub(super) fn snapshot(&self) -> Vec<Value> {
        self.values().clone()
    }

    /// Its values, for a moment. Nothing that may ask a value for anything is called meanwhile.
    pub(super) fn values(&self) -> MutexGuard<'_, Vec<Value>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It lies where it can have no more than so many levels.
    pub(super) fn limit(&self, levels: usize) {
        self.levels.fetch_min(levels, Memory::Relaxed);
    }

    /// Whether it can take a value: one that does not hold it, and is not too deep.
    pub(super) fn bound(&self, value: &Value) -> Result<(), Error> {
        measure(value, self.levels.load(Memory::Relaxed), "list", &|object| {
            if hides_values(object) {
                return Err(refusal("a list can take texts, numbers, lists and maps only"));
            }
            match object.downcast_ref::<Self>() {
                Some(list) if std::ptr::eq(list, self) => Err(refusal("a list cannot get into itself")),
                _ => Ok(()),
            }
        })
    }
}

/// Goes through a value and all in it, which may have so many levels where it will lie, and tells the lists in it how deep they
/// lie then. `holder` is what will hold it, in a word; `judge` may refuse what is in it.
pub(super) fn measure(
    value: &Value,
    levels: usize,
    holder: &str,
    judge: &dyn Fn(&DynObject) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut open: Vec<Values> = vec![Box::new(std::iter::once(value.clone()))];
    let mut values = 0;
    while let Some(level) = open.last_mut() {
        let Some(value) = level.next() else {
            open.pop();
            continue;
        };
        objects::look_each()?;
        values += 1;
        if values > VALUES_MAX {
            return Err(refusal(format!("a {holder} cannot hold more than {VALUES_MAX} values")));
        }
        let Some(object) = value.as_object() else { continue };
        judge(object)?;
        if let Some(list) = object.downcast_ref::<TemplateList>() {
            list.limit(levels.saturating_sub(open.len()));
        }
        let Some(inside) = inside(object) else { continue };
        if open.len() >= levels {
            let why = format!("a variable cannot hold lists and maps nested deeper than {DEPTH_MAX} levels");
            return Err(refusal(why));
        }
        open.push(inside);
    }
    Ok(())
}

/// Tells the lists within a new list how deep they lie. A list that lies as deep already has told those within it.
fn settle(values: Vec<Value>) -> Result<(), Error> {
    let mut open: Vec<Values> = vec![Box::new(values.into_iter())];
    let mut walked = 0;
    while let Some(level) = open.last_mut() {
        let Some(value) = level.next() else {
            open.pop();
            continue;
        };
        let Some(object) = value.as_object() else { continue };
        objects::look_each()?;
        walked += 1;
        if walked > VALUES_MAX {
            return Err(refusal(format!("a list cannot hold more than {VALUES_MAX} values")));
        }
        if let Some(list) = object.downcast_ref::<TemplateList>() {
            let levels = DEPTH_MAX.saturating_sub(open.len());
            if list.levels.fetch_min(levels, Memory::Relaxed) <= levels {
                continue;
            }
        }
        open.extend(inside(object));
    }
    Ok(())
}

/// The value; where it is a list that the engine has just made, one that can be changed.
fn own(value: Value) -> Result<Value, Error> {
    objects::look_each()?;
    match value.downcast_object_ref::<Vec<Value>>() {
        Some(list) => TemplateList::of_new(list.clone()),
        None => Ok(value),
    }
}

impl Object for TemplateList {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.values().get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        // Who goes through a list sees it as it was then, whatever is changed meanwhile.
        if objects::is_over() { Enumerator::Empty } else { Enumerator::Values(self.snapshot()) }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.values().len())
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>()?;
        if objects::is_over() || std::ptr::eq(&raw const **self, other) {
            return Some(Ordering::Equal);
        }
        // Both at once must not be held: what is compared may hold them.
        let (own, other) = (self.snapshot(), other.snapshot());
        Some(own.cmp(&other))
    }
}

impl fmt::Debug for TemplateList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}
