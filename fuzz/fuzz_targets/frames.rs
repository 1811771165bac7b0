//! This target drives `flowrun::cli::fuzzing::frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flowrun::cli::fuzzing::frames(bytes));
