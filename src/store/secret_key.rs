//! The secret key is the key under which digests of secrets are made. It lies in the state folder, beside the runs
//! and not in them: somebody who is given a run, a database say, cannot try guesses against the digests in it.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::{StoreError, paths};

const BYTES: usize = 32;

/// The key of a state folder, under which digests of secrets are made. It is never printed.
#[derive(Clone)]
pub struct SecretKey([u8; BYTES]);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

impl SecretKey {
    /// The one of a state folder, which is made on first use. Without the old one all digests are new, and what they
    /// decide on is done again.
    ///
    /// # Errors
    /// Fails when the file cannot be made or read.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let path = paths::secret_key(state);
        if let Some(key) = read(&path) {
            return Ok(key);
        }
        // Whatever else is there is no key: none that is whole is ever taken away.
        if path.exists() {
            fs::remove_file(&path).map_err(|error| StoreError::io("remove", &path, error))?;
        }
        make(&path).map_err(|error| StoreError::io("create", &path, error))?;
        read(&path).ok_or_else(|| {
            let error = io::Error::new(io::ErrorKind::InvalidData, "it holds no key");
            StoreError::io("read", &path, error)
        })
    }

    /// The one of a state folder, if it has one; nothing is made.
    pub fn look(state: &Path) -> Option<Self> {
        read(&paths::secret_key(state))
    }

    /// 32 hexadecimal digits that tell nothing of `text` without the key.
    pub fn digest(&self, text: &[u8]) -> String {
        let mut digits = blake3::keyed_hash(&self.0, text).to_hex().to_string();
        digits.truncate(32);
        digits
    }
}

fn read(path: &Path) -> Option<SecretKey> {
    Some(SecretKey(fs::read(path).ok()?.try_into().ok()?))
}

/// Of several that make it at once, the first one wins.
fn make(path: &Path) -> io::Result<()> {
    let mut bytes = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    // Only its owner may read it, as all temporary files.
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(&bytes)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(refused) if refused.error.kind() != io::ErrorKind::AlreadyExists => Err(refused.error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_keeps_its_key_and_another_has_another() {
        let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
        let digest = |at: usize| SecretKey::open(folders[at].path()).expect("room").digest(b"hush");
        assert_eq!(digest(0), digest(0));
        assert_ne!(digest(0), digest(1));
        assert_eq!(digest(0).len(), 32);
        let path = paths::secret_key(folders[0].path());
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
        let before = digest(0);
        fs::write(&path, "short").expect("room");
        assert_ne!(digest(0), before, "what is no key is replaced");
    }
}
