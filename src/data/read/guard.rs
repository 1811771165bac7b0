//! This module calls libraries on what files hold. A panic in there is a fault of the file, not of flowrun.

use std::fmt::Display;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use crate::data::DataError;
use crate::value::panic_text;

/// Calls the reader of the file `name`. What the call has changed must not be used again after an error.
pub(super) fn guarded<T, E: Display>(
    name: &str,
    call: impl FnOnce() -> Result<T, E>,
) -> Result<T, DataError> {
    let ended = catch_unwind(AssertUnwindSafe(call));
    match ended {
        Ok(result) => result.map_err(|error| broken(name, &error)),
        Err(panic) => {
            let said = panic_text(&*panic).unwrap_or("it did not say why");
            let what = format!("its reader gave up, so the file is damaged or unusual: {said}");
            Err(broken(name, &what))
        }
    }
}

/// The error about a file whose content is not sound.
pub(super) fn broken(name: &str, error: &dyn Display) -> DataError {
    DataError::Io { intent: "read", path: PathBuf::from(name), source: io::Error::other(error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_fault_of_the_file() {
        let panics = |text: &'static str| {
            let ended = guarded("in.parquet", || -> Result<(), String> { panic!("{text}") });
            ended.expect_err("an error").to_string()
        };
        let expect = "cannot read `in.parquet`: its reader gave up, so the file is damaged or unusual: index 3 out of 2";
        assert_eq!(panics("index 3 out of 2"), expect);
        let error = guarded("in.parquet", || Err::<(), _>("no magic")).expect_err("an error");
        assert_eq!(error.to_string(), "cannot read `in.parquet`: no magic");
        assert_eq!(guarded("in.parquet", || Ok::<_, String>(1)).expect("a value"), 1);
    }
}
