//! A made-up cluster drives the machine in virtual time. Its engine loses, repeats, delays, reorders and lies, its workers die, and
//! coordinators are started again from the records alone.

mod chaos;
mod cluster;
mod coordinator;
mod disk;
mod faults;
mod rules;
mod scale;
mod worker;
mod world;
mod worlds;
