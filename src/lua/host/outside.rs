//! Memory that host functions hold outside of the VM, such as pixels, trees and the output of programs, is counted
//! here. The owners know what it is used for; a call says who may claim how much of it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::lua::host_error::HostError;

/// What one VM's values and calls hold. Operations of another thread share the count.
#[derive(Default)]
pub(super) struct Outside {
    used: Arc<AtomicUsize>,
    /// At how many bytes garbage is collected again.
    pub(super) collect_at: Cell<usize>,
    /// What was alive in the VM when an account was opened and garbage collected.
    pub(super) alive: Cell<usize>,
}

/// A part of that memory, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    used: Arc<AtomicUsize>,
    bytes: usize,
}

impl Outside {
    /// What SQLite holds on this thread is the VM's too.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed).saturating_add(super::sqlite::held())
    }
}

impl Claim {
    /// So many bytes of it.
    pub(super) fn new(outside: &Outside, bytes: usize) -> Self {
        outside.used.fetch_add(bytes, Ordering::Relaxed);
        Self { used: Arc::clone(&outside.used), bytes }
    }

    /// Gives back what is beyond `bytes`.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.bytes -= less;
        self.used.fetch_sub(less, Ordering::Relaxed);
    }

    pub(super) fn take_over(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

/// What an operation of one call may hold, on whatever thread it runs. Given back when this is dropped.
#[derive(Debug)]
pub(super) struct Account {
    used: Arc<AtomicUsize>,
    held: AtomicUsize,
    /// All that may be used outside of the VM, by all its calls.
    ceiling: usize,
    /// What to say when it is passed.
    exceeded: String,
}

impl Account {
    /// Nothing is held yet.
    pub(super) fn new(outside: &Outside, ceiling: usize, exceeded: String) -> Self {
        Self { used: Arc::clone(&outside.used), held: AtomicUsize::new(0), ceiling, exceeded }
    }

    /// Holds so many bytes more.
    pub(super) fn take(&self, bytes: usize) -> Result<(), HostError> {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        self.held.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.ceiling {
            return Err(HostError::memory(self.exceeded.clone()));
        }
        Ok(())
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.used.fetch_sub(*self.held.get_mut(), Ordering::Relaxed);
    }
}
