//! The key under which digests of secrets are made. It lies in the state folder, beside the runs and not in them: whoever
//! is given a run, a database say, cannot try guesses against the digests in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{StoreError, layout};

const BYTES: usize = 32;

/// See the module.
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
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let path = layout::secret_key(state);
        if let Some(key) = read(&path) {
            return Ok(key);
        }
        make(&path).map_err(|error| StoreError::io("create", &path, error))?;
        read(&path).ok_or_else(|| {
            let error = io::Error::new(io::ErrorKind::InvalidData, "it holds no key");
            StoreError::io("read", &path, error)
        })
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
    if path.exists() {
        // What is there is no key.
        fs::remove_file(path)?;
    }
    let mut bytes = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    let linked =
        file.write_all(&bytes).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&part, path));
    fs::remove_file(&part)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
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
        let path = layout::secret_key(folders[0].path());
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
        let before = digest(0);
        fs::write(&path, "short").expect("room");
        assert_ne!(digest(0), before, "what is no key is replaced");
    }
}
