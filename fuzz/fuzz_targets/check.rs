//! This target drives `flowrun::cli::fuzzing::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flowrun::cli::fuzzing::check(bytes));
