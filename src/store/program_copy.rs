//! The program that workers execute is the run's own copy in the state folder: it stays what it is when somebody installs
//! another one, and all nodes that see the folder find it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Digest, StoreError, private};

/// Copies a program into a state folder, unless it is there, and says where it is. One copy serves all runs.
///
/// # Errors
/// Fails when the program cannot be read or the copy not be written.
pub fn keep_program(state: &Path, program: &Path) -> Result<PathBuf, StoreError> {
    let bytes = fs::read(program).map_err(|error| StoreError::io("read", program, error))?;
    let folder = state.join("bin");
    let copy = folder.join(format!("flowrun-{}", Digest::of_bytes(&bytes)));
    let failed = |error| StoreError::io("create", &copy, error);
    if fs::metadata(&copy).is_ok_and(|file| file.len() == bytes.len() as u64) {
        return Ok(copy);
    }
    private::within(state, &folder).map_err(failed)?;
    write(&folder, &copy, &bytes).map_err(failed)?;
    Ok(copy)
}

/// Makes the file as a whole, for its owner alone.
fn write(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = NamedTempFile::new_in(folder)?;
    fs::write(temporary.path(), bytes)?;
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o700))?;
    File::open(temporary.path())?.sync_all()?;
    // A file that is open for writing cannot be executed.
    let path_of = temporary.into_temp_path();
    path_of.persist(path).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_copy_of_a_program_serves_all_runs() {
        let dir = tempfile::tempdir().expect("a folder");
        let (state, program) = (dir.path().join("state"), dir.path().join("program"));
        fs::write(&program, "#!/bin/sh\necho here\n").expect("room");
        let copy = keep_program(&state, &program).expect("room");
        let said = std::process::Command::new(&copy).output().expect("it can be executed");
        assert_eq!(said.stdout, b"here\n");
        let made = fs::metadata(&copy).and_then(|file| file.modified()).expect("it is there");
        assert_eq!(keep_program(&state, &program).expect("room"), copy);
        assert_eq!(fs::metadata(&copy).and_then(|file| file.modified()).expect("it is there"), made);
        // One that was cut off is made anew.
        fs::write(&copy, "#!").expect("room");
        assert_eq!(keep_program(&state, &program).expect("room"), copy);
        assert_eq!(fs::read(&copy).expect("it is there"), fs::read(&program).expect("it is there"));
    }
}
