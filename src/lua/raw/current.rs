//! This type holds what C functions of a VM may ask: which item is running, until when, and what it has said so far.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_void;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use mlua::ffi::{self, lua_State};

use super::frame::Frame;
use crate::lua::Memory;
use crate::lua::async_op::{Completion, InFlight, Queue, Slot};
use crate::lua::gates::Gates;
use crate::lua::guard::Guard;
use crate::lua::options::{LogLine, Spent};
use crate::value::Mask;

/// What a coroutine waits for.
pub(in crate::lua) enum Wait {
    /// A moment.
    Until(Instant),
    /// Its next turn, since this moment.
    Turn(Instant),
    /// An operation.
    Elsewhere(InFlight),
    /// Its next turn, since an operation came to this.
    /// The operation is kept, because the item's time may be over before its turn.
    Completed(Instant, Completion, InFlight),
}

impl Wait {
    /// From when on the coroutine can run, when that is known.
    pub(in crate::lua) fn ready(&self) -> Option<Instant> {
        match self {
            Self::Until(at) | Self::Turn(at) | Self::Completed(at, ..) => Some(*at),
            Self::Elsewhere(_) => None,
        }
    }

    /// Gives up what it waits for, and answers what an operation that is ended by that has to tell.
    pub(in crate::lua) fn give_up(self) -> Option<String> {
        match self {
            Self::Elsewhere(in_flight) | Self::Completed(.., in_flight) => in_flight.end(),
            Self::Until(_) | Self::Turn(_) => None,
        }
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Until(at) => f.debug_tuple("Until").field(at).finish(),
            Self::Turn(at) => f.debug_tuple("Turn").field(at).finish(),
            Self::Elsewhere(in_flight) => f.debug_tuple("Elsewhere").field(in_flight).finish(),
            Self::Completed(at, ..) => f.debug_tuple("Completed").field(at).finish_non_exhaustive(),
        }
    }
}

/// The state that a VM's C functions share with the worker. Single-threaded.
pub(in crate::lua) struct Current {
    pub(in crate::lua) guard: Arc<Guard>,
    /// Seed of the run; random numbers mix it with the item and the attempt.
    pub(in crate::lua) seed: u64,
    /// Position of the item, from 1; 0 while none runs.
    pub(in crate::lua) index: Cell<u64>,
    pub(in crate::lua) attempt: Cell<u32>,
    /// How the attempt before failed, as the text of a JSON object.
    pub(super) last: RefCell<Option<Arc<str>>>,
    /// When the running attempt must have ended.
    pub(in crate::lua) deadline: Cell<Option<Instant>>,
    /// The text of the running item.
    pub(super) text: Cell<*const [u8]>,
    /// Its key, where it has one of its own.
    key: Cell<Option<*const str>>,
    /// State of `math.random` for the running attempt; `None` until it is used.
    pub(in crate::lua) random: Cell<Option<[u64; 4]>>,
    /// The coroutine that the item itself runs on, while it does: only it may wait without holding the thread.
    pub(super) coroutine: Cell<*mut lua_State>,
    /// What the coroutine asked for when it was suspended.
    pub(super) wait: Cell<Option<Wait>>,
    /// Operations on their way.
    pub(in crate::lua) operations: Queue,
    /// What the running item has asked for, or what became of it; host functions share it.
    pub(super) slot: Rc<Slot>,
    /// How often the running coroutine could not be suspended since the interrupt was pulled.
    pub(super) tries: Cell<u32>,
    /// The stack at the last error, innermost first.
    pub(super) frames: RefCell<Vec<Frame>>,
    /// What an operation had to tell when the interruption ended it, as a JSON object.
    pub(super) last_words: Cell<Option<String>>,
    pub(in crate::lua) logs: RefCell<Vec<LogLine>>,
    /// The rate limits that attempts take from, what they say that they took, and the limits of requests.
    pub(in crate::lua) limits: Arc<[Arc<str>]>,
    pub(in crate::lua) spent: RefCell<Vec<Spent>>,
    pub(in crate::lua) gates: Gates,
    /// What is to be done when an item has ended; it gets the item's index.
    pub(in crate::lua) on_end: OnceCell<Box<dyn Fn(u64)>>,
    /// Whether lines below warnings are wanted.
    pub(in crate::lua) verbose: bool,
    /// What hides secrets in messages.
    pub(in crate::lua) mask: Mask,
    /// What the VM and its host functions may hold.
    pub(in crate::lua) memory: Memory,
    /// What messages call the code that runs.
    pub(in crate::lua) running: Cell<&'static str>,
    /// Metatables, to be recognised by their address.
    pub(super) array: Cell<*const c_void>,
    pub(super) object: Cell<*const c_void>,
    pub(super) signal: Cell<*const c_void>,
    pub(super) host_error: Cell<*const c_void>,
    /// Anchors of values that C functions need.
    pub(super) array_anchor: Cell<i32>,
    pub(super) object_anchor: Cell<i32>,
    pub(super) signal_anchor: Cell<i32>,
    pub(super) inspect_anchor: Cell<i32>,
    pub(super) tostring_anchor: Cell<i32>,
    pub(super) panics_anchor: Cell<i32>,
    /// Those of the tables that keep alive what the `json` module has learned.
    pub(super) shapes_anchor: Cell<i32>,
    pub(super) layouts_anchor: Cell<i32>,
    /// What that module keeps from call to call, of a type that only it knows.
    pub(super) json: Cell<Option<Box<dyn Any>>>,
}

impl Current {
    pub(in crate::lua) fn new(guard: Arc<Guard>, seed: u64, verbose: bool) -> Self {
        Self {
            guard,
            seed,
            index: Cell::new(0),
            attempt: Cell::new(1),
            last: RefCell::default(),
            deadline: Cell::new(None),
            text: Cell::new(&raw const b""[..]),
            key: Cell::new(None),
            random: Cell::new(None),
            coroutine: Cell::new(std::ptr::null_mut()),
            wait: Cell::new(None),
            operations: Queue::new(),
            slot: Rc::default(),
            tries: Cell::new(0),
            frames: RefCell::default(),
            last_words: Cell::default(),
            logs: RefCell::default(),
            limits: Arc::default(),
            spent: RefCell::default(),
            gates: Gates::default(),
            on_end: OnceCell::new(),
            verbose,
            mask: Mask::default(),
            memory: Memory::fixed(0),
            running: Cell::new("the function"),
            array: Cell::new(std::ptr::null()),
            object: Cell::new(std::ptr::null()),
            signal: Cell::new(std::ptr::null()),
            host_error: Cell::new(std::ptr::null()),
            array_anchor: Cell::new(0),
            object_anchor: Cell::new(0),
            signal_anchor: Cell::new(0),
            inspect_anchor: Cell::new(0),
            tostring_anchor: Cell::new(0),
            panics_anchor: Cell::new(0),
            shapes_anchor: Cell::new(0),
            layouts_anchor: Cell::new(0),
            json: Cell::new(None),
        }
    }

    /// Which attempt comes now, and how the one before failed.
    pub(in crate::lua) fn attempt(&self, number: u32, last: Option<&Arc<str>>) {
        self.attempt.set(number);
        // Hardly any attempt has one before it.
        if last.is_some() || self.last.borrow().is_some() {
            self.last.replace(last.cloned());
        }
    }

    /// The item at hand. Its text and its key must outlive the attempt.
    #[inline]
    pub(super) fn begin(&self, index: u64, text: &[u8], key: Option<&str>) {
        self.key.set(key.map(std::ptr::from_ref));
        self.index.set(index);
        self.text.set(text);
        self.random.set(None);
    }

    /// Whether the running item is one of several that are under way.
    pub(in crate::lua) fn is_coroutine(&self) -> bool {
        !self.coroutine.get().is_null()
    }

    /// Whether what calls is the item's own coroutine.
    pub(in crate::lua) fn runs_item(&self, lua: &mlua::Lua) -> bool {
        let own = self.coroutine.get();
        !own.is_null() && std::ptr::eq(lua.current_thread().to_pointer(), own.cast_const().cast())
    }

    /// An item has ended, and not simply succeeded, or on a coroutine.
    pub(in crate::lua) fn end(&self, index: u64) {
        if let Some(on_end) = self.on_end.get() {
            on_end(index);
        }
    }

    /// The text of the running item, without white space around it.
    pub(super) unsafe fn item(&self) -> &[u8] {
        // SAFETY: `begin` is called with text that outlives the attempt, and C functions only run during one.
        unsafe { (*self.text.get()).trim_ascii() }
    }

    /// The key of the running item, where it has one of its own.
    pub(super) unsafe fn key(&self) -> Option<&str> {
        // SAFETY: as for `item`.
        self.key.get().map(|key| unsafe { &*key })
    }

    /// Lets [`Current::find`] find it from `l` and all its coroutines.
    pub(super) unsafe fn register(&self, l: *mut lua_State) {
        // SAFETY: the `Vm` keeps `self` at its address for as long as the state lives; nobody else uses this word.
        unsafe { ffi::lua_setthreaddata(ffi::lua_mainthread(l), std::ptr::from_ref(self).cast_mut().cast()) }
    }

    /// The one of `l`'s VM. Leaves the stack alone: at a safepoint in Lua code it is full, and each value pushed then
    /// would lengthen the frame for good.
    pub(super) unsafe fn find<'v>(l: *mut lua_State) -> Option<&'v Self> {
        // SAFETY: the word was set by `register`, or is null.
        unsafe { ffi::lua_getthreaddata(ffi::lua_mainthread(l)).cast::<Self>().as_ref() }
    }

    /// The one in the first upvalue of the running C function.
    #[inline]
    pub(super) unsafe fn upvalue<'v>(l: *mut lua_State) -> &'v Self {
        // SAFETY: all C functions of this module are made by `functions::push` or `integers::library`, which put it there.
        unsafe { &*ffi::lua_tolightuserdata(l, ffi::lua_upvalueindex(1)).cast::<Self>() }
    }
}
