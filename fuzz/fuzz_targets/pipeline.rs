//! This target drives `flowrun::cli::fuzzing::pipeline`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flowrun::cli::fuzzing::pipeline(bytes));
