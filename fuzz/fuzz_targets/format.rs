//! This target drives `flowrun::cli::fuzzing::format`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flowrun::cli::fuzzing::format(bytes));
