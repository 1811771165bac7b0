//! Runs a plan: turns it into events and an outcome. Never prints.
