//! The program that workers execute is the run's own copy in the state folder: it stays what it is when somebody installs
//! another one, and all nodes that see the folder find it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::{Digest, StoreError, private};

/// Where they lie.
const FOLDER: &str = "bin";
/// A run that has asked for its program has begun by then.
const BEGINS_WITHIN: Duration = Duration::from_secs(3600);

/// Copies a program into a state folder, unless it is there, and says where it is. One copy serves all runs.
///
/// # Errors
/// Fails when the program cannot be read or the copy not be written.
pub fn keep_program(state: &Path, program: &Path) -> Result<PathBuf, StoreError> {
    let bytes = fs::read(program).map_err(|error| StoreError::io("read", program, error))?;
    let folder = state.join(FOLDER);
    let copy = folder.join(format!("flowrun-{}", Digest::of_bytes(&bytes)));
    let failed = |error| StoreError::io("create", &copy, error);
    if fs::metadata(&copy).is_ok_and(|file| file.len() == bytes.len() as u64) {
        // Whoever tidies up sees that it is wanted.
        File::open(&copy).and_then(|file| file.set_modified(SystemTime::now())).map_err(failed)?;
        return Ok(copy);
    }
    private::within(state, &folder).map_err(failed)?;
    write(&folder, &copy, &bytes).map_err(failed)?;
    Ok(copy)
}

/// Removes the copies in a state folder, none of whose runs is going on, but for those that a run which is about to begin may have
/// asked for. Gives the bytes that they took.
pub(super) fn remove_programs(state: &Path) -> u64 {
    let entries = fs::read_dir(state.join(FOLDER)).into_iter().flatten().flatten();
    let remove = |entry: fs::DirEntry| {
        let file = entry.metadata().ok()?;
        let is_young = file.modified().ok()?.elapsed().is_ok_and(|age| age < BEGINS_WITHIN);
        if is_young {
            return None;
        }
        fs::remove_file(entry.path()).ok()?;
        Some(file.len())
    };
    let removed = entries.filter_map(remove).sum();
    // It stays while there is anything in it.
    let _ = fs::remove_dir(state.join(FOLDER));
    removed
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
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn one_copy_of_a_program_serves_all_runs() {
        let dir = tempfile::tempdir().expect("a folder");
        let (state, program) = (dir.path().join("state"), dir.path().join("program"));
        fs::write(&program, "#!/bin/sh\necho here\n").expect("room");
        let copy = keep_program(&state, &program).expect("room");
        let said = std::process::Command::new(&copy).output().expect("it can be executed");
        assert_eq!(said.stdout, b"here\n");
        let file = |path: &Path| fs::metadata(path).map(|file| file.ino()).expect("it is there");
        let made = file(&copy);
        assert_eq!(keep_program(&state, &program).expect("room"), copy);
        assert_eq!(file(&copy), made);
        // One that was cut off is made anew.
        fs::write(&copy, "#!").expect("room");
        assert_eq!(keep_program(&state, &program).expect("room"), copy);
        assert_eq!(fs::read(&copy).expect("it is there"), fs::read(&program).expect("it is there"));
        let age = |hours: u64| {
            let at = SystemTime::now() - Duration::from_secs(3600 * hours);
            File::open(&copy).and_then(|file| file.set_modified(at)).expect("ours");
        };
        assert_eq!(remove_programs(&state), 0, "somebody may be about to begin");
        age(2);
        keep_program(&state, &program).expect("room");
        assert_eq!(remove_programs(&state), 0, "somebody has asked for it again");
        age(2);
        assert_eq!(remove_programs(&state), fs::metadata(&program).expect("it is there").len());
        assert!(!state.join(FOLDER).exists());
    }
}
