//! This target drives `flowrun::cli::fuzzing::items`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flowrun::cli::fuzzing::items(bytes));
