//! Tests make events by hand.

pub(super) mod fixture;
