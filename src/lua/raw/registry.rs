//! A VM's registry holds values under these names, and the floors above find them there again.

/// The metatable of lists.
pub(in crate::lua) const ARRAY: &str = "flowrun.array";

/// The function that waits for an operation.
pub(in crate::lua) const WAIT: &str = "flowrun.wait";
