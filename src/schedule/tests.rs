//! A simulated step drives the scheduler in virtual time, and properties hold of every world that is tried.

mod properties;
mod simulation;
