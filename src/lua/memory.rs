//! This type says how much a VM and the host functions that it calls may hold, and has the one message for when that
//! is not enough.

use crate::value::size;

/// The limit of a VM's memory, and whether a key of the step sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    bytes: u64,
    has_key: bool,
}

impl Memory {
    /// What `memory` of a step says; 0 is no limit.
    pub const fn of_step(bytes: u64) -> Self {
        Self { bytes, has_key: true }
    }

    /// What no key sets, as for expressions.
    pub const fn fixed(bytes: u64) -> Self {
        Self { bytes, has_key: false }
    }

    /// Bytes.
    pub(in crate::lua) fn bytes(self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }

    /// Says that `what` does not fit, and which key would help.
    pub(in crate::lua) fn exceeded(self, what: &str) -> String {
        let size = size::format(self.bytes);
        if self.has_key {
            format!("{what} needs more than this step's `memory: {size}`")
        } else {
            format!("{what} needs more than {size}, a limit that no key sets")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_names_the_limit_and_its_key() {
        for (memory, expect) in [
            (Memory::of_step(16_000_000), "x needs more than this step's `memory: 16MB`"),
            (Memory::of_step(16 << 20), "x needs more than this step's `memory: 16MiB`"),
            (Memory::of_step(1_500_000), "x needs more than this step's `memory: 1500KB`"),
            (Memory::of_step(1_234_567), "x needs more than this step's `memory: 1234.567KB`"),
            (Memory::fixed(256_000_000), "x needs more than 256MB, a limit that no key sets"),
        ] {
            assert_eq!(memory.exceeded("x"), expect);
        }
    }
}
