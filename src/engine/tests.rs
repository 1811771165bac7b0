//! The engine runs here on workers that are made up, in virtual time: every ending of every verb, faults of workers,
//! reports that come late, never or twice, interrupts at every moment.

mod endings;
mod enough;
mod faults;
mod interrupts;
mod keys;
mod policies;
mod properties;
mod simulated;
mod told;
mod world;
