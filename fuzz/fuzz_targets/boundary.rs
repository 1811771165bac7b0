//! This target drives `flowrun::cli::fuzzing::boundary`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flowrun::cli::fuzzing::boundary(bytes));
