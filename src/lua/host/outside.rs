//! Memory that values of a VM hold outside of it, such as pixels: counted against the VM's limit, and a reason to
//! collect garbage. What the memory is used for, its owners know.

use std::cell::Cell;
use std::rc::Rc;

use super::call::Call;
use super::error::HostError;

/// Memory outside of the VM may grow by this before garbage is collected. The collector does not see it, so that a few
/// small userdata could keep gigabytes.
const GARBAGE_BYTES: usize = 64 << 20;

/// What one VM's values hold.
#[derive(Default)]
pub(super) struct Outside {
    used: Rc<Cell<usize>>,
    /// At how many bytes garbage is collected again.
    collect_at: Cell<usize>,
}

/// A part of that memory, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    used: Rc<Cell<usize>>,
    bytes: usize,
}

impl Outside {
    fn take(&self, bytes: usize) -> Claim {
        self.used.set(self.used.get().saturating_add(bytes));
        Claim { used: Rc::clone(&self.used), bytes }
    }
}

impl Claim {
    /// Gives back what is beyond `bytes`.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.bytes -= less;
        self.used.set(self.used.get() - less);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

impl Call<'_> {
    /// Claims memory outside of the VM before it is allocated; garbage is collected first where that is needed.
    pub(super) fn claim(&self, bytes: usize) -> mlua::Result<Claim> {
        let outside = &self.state.outside;
        let limit = self.memory_limit()?;
        let too_much = || -> bool {
            let held = outside.used.get().saturating_add(super::sqlite::held());
            let all = self.lua.used_memory().saturating_add(held).saturating_add(bytes);
            limit != 0 && all > limit
        };
        let due = outside.collect_at.get().max(GARBAGE_BYTES);
        if outside.used.get().saturating_add(bytes) > due || too_much() {
            self.lua.gc_collect()?;
            // What is left is in use. Collecting at twice that keeps the cost in proportion.
            outside.collect_at.set(outside.used.get().saturating_add(bytes).saturating_mul(2));
        }
        if too_much() {
            let message = format!("`{}` needs more than the memory limit: {bytes} bytes", self.name);
            return Err(HostError { kind: "memory", message, retryable: false }.into());
        }
        Ok(outside.take(bytes))
    }

    /// Bytes that may still be claimed.
    pub(super) fn room(&self) -> mlua::Result<usize> {
        let limit = self.memory_limit()?;
        if limit == 0 {
            return Ok(usize::MAX);
        }
        let held = self.state.outside.used.get().saturating_add(super::sqlite::held());
        Ok(limit.saturating_sub(self.lua.used_memory()).saturating_sub(held))
    }
}
