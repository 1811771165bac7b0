//! Memory that host functions hold outside of the VM, such as pixels, trees and the output of programs: counted against
//! the VM's limit, and a reason to collect garbage. What the memory is used for, its owners know.

use std::cell::Cell;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::call::Call;
use crate::lua::Memory;
use crate::lua::host_error::HostError;

/// Memory outside of the VM may grow by this before garbage is collected. The collector does not see it, so that a few
/// small userdata could keep gigabytes.
const GARBAGE_BYTES: usize = 64 << 20;

/// A tally claims this much at a time, so that small work costs nothing, and passes a checkpoint each time: well under
/// ten milliseconds lie between two.
const TALLY_BYTES: usize = 1 << 20;

/// What one VM's values and calls hold. Errands of another thread share the count.
#[derive(Default)]
pub(super) struct Outside {
    used: Arc<AtomicUsize>,
    /// At how many bytes garbage is collected again.
    collect_at: Cell<usize>,
    /// What was alive in the VM when an account was opened and garbage collected.
    alive: Cell<usize>,
}

/// A part of that memory, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    used: Arc<AtomicUsize>,
    bytes: usize,
}

impl Outside {
    /// What SQLite holds on this thread is the VM's too.
    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed).saturating_add(super::sqlite::held())
    }
}

impl Claim {
    /// Gives back what is beyond `bytes`.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.bytes -= less;
        self.used.fetch_sub(less, Ordering::Relaxed);
    }

    fn take_over(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

/// What an errand of one call may hold, on whatever thread it runs. Given back when this is dropped.
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

/// Memory that grows while a call works.
pub(super) struct Tally<'a> {
    call: &'a Call<'a>,
    claim: Option<Claim>,
    /// Not yet claimed.
    pending: usize,
}

impl Tally<'_> {
    /// So many bytes more are held.
    #[inline]
    pub(super) fn add(&mut self, bytes: usize) -> mlua::Result<()> {
        self.pending = self.pending.saturating_add(bytes);
        if self.pending < TALLY_BYTES { Ok(()) } else { self.claim() }
    }

    #[cold]
    fn claim(&mut self) -> mlua::Result<()> {
        self.call.checkpoint()?;
        let more = self.call.claim(std::mem::take(&mut self.pending))?;
        match &mut self.claim {
            Some(claim) => claim.take_over(more),
            None => self.claim = Some(more),
        }
        Ok(())
    }
}

/// Takes what an encoder writes, as far as the memory and the time of the step reach.
pub(super) struct Bounded<'a> {
    tally: Tally<'a>,
    out: Vec<u8>,
    fault: Option<mlua::Error>,
}

impl<'a> Bounded<'a> {
    pub(super) fn new(call: &'a Call<'a>) -> Self {
        Self { tally: call.tally(), out: Vec::new(), fault: None }
    }

    /// Why it took no more, where it did not.
    pub(super) fn fault(self) -> Option<mlua::Error> {
        self.fault
    }

    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// What was written, as a Lua string.
    pub(super) fn finish(self) -> mlua::Result<mlua::Value> {
        self.tally.call.new_string(&self.out)
    }
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.tally.add(bytes.len()) {
            Ok(()) => self.out.extend_from_slice(bytes),
            Err(fault) => {
                self.fault = Some(fault);
                return Err(io::Error::other("too much"));
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Call<'_> {
    /// Claims memory outside of the VM before it is allocated; garbage is collected first where that is needed.
    pub(super) fn claim(&self, bytes: usize) -> mlua::Result<Claim> {
        let outside = &self.state.outside;
        let limit = self.memory_limit()?;
        let too_much = || -> bool {
            let all = self.lua.used_memory().saturating_add(outside.used()).saturating_add(bytes);
            limit != 0 && all > limit
        };
        let due = outside.collect_at.get().max(GARBAGE_BYTES);
        if outside.used().saturating_add(bytes) > due || too_much() {
            self.lua.gc_collect()?;
            // What is left is in use. Collecting at twice that keeps the cost in proportion.
            outside.collect_at.set(outside.used().saturating_add(bytes).saturating_mul(2));
        }
        if too_much() {
            return Err(self.too_much().into());
        }
        outside.used.fetch_add(bytes, Ordering::Relaxed);
        Ok(Claim { used: Arc::clone(&outside.used), bytes })
    }

    /// For memory that is claimed while it grows.
    pub(super) fn tally(&self) -> Tally<'_> {
        Tally { call: self, claim: None, pending: 0 }
    }

    /// For an errand that this call sends: it may hold what is left now.
    pub(super) fn account(&self) -> mlua::Result<Account> {
        let outside = &self.state.outside;
        let limit = self.memory_limit()?;
        let used = self.lua.used_memory();
        // What is left depends on garbage. Collecting it anew only where much has come since keeps the cost in proportion.
        if limit != 0 && used > limit / 2 && used > outside.alive.get() + outside.alive.get() / 4 {
            self.lua.gc_collect()?;
            outside.alive.set(self.lua.used_memory());
        }
        let ceiling = if limit == 0 { usize::MAX } else { limit.saturating_sub(self.lua.used_memory()) };
        let exceeded = self.too_much().message;
        Ok(Account { used: Arc::clone(&outside.used), held: AtomicUsize::new(0), ceiling, exceeded })
    }

    /// Bytes that may still be claimed.
    pub(super) fn room(&self) -> mlua::Result<usize> {
        let limit = self.memory_limit()?;
        if limit == 0 {
            return Ok(usize::MAX);
        }
        Ok(limit.saturating_sub(self.lua.used_memory()).saturating_sub(self.outside_used()))
    }

    /// Bytes that are held outside of the VM.
    pub(super) fn outside_used(&self) -> usize {
        self.state.outside.used()
    }

    /// The refusal of what does not fit any more.
    pub(super) fn too_much(&self) -> HostError {
        HostError::memory(self.memory().exceeded(&format!("`{}`", self.name)))
    }

    /// The limit, for messages.
    pub(super) fn memory(&self) -> Memory {
        self.state.memory
    }
}
