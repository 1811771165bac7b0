//! A call claims memory outside of the VM before it takes it: against the VM's limit, and as a reason to collect garbage.

use std::io::{self, Write};

use super::call::Call;
use super::outside::{Account, Claim};
use crate::lua::Memory;
use crate::lua::host_error::HostError;

/// Memory outside of the VM may grow by this before garbage is collected. The collector does not see it, so that a few
/// small userdata could keep gigabytes.
const GARBAGE_BYTES: usize = 64 << 20;

/// A tally claims this much at a time, so that small work costs nothing, and passes a checkpoint each time: well under
/// ten milliseconds lie between two.
const TALLY_BYTES: usize = 1 << 20;

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

    #[cfg(feature = "image")]
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
        Ok(Claim::new(outside, bytes))
    }

    /// For memory that is claimed while it grows.
    pub(super) fn tally(&self) -> Tally<'_> {
        Tally { call: self, claim: None, pending: 0 }
    }

    /// For an operation that this call sends: it may hold what is left now.
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
        Ok(Account::new(outside, ceiling, self.too_much().message))
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
