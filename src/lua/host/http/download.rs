//! A download is the body of an answer on its way into a file. Until it is whole it has a name of its own.

use std::io;
use std::path::{Path, PathBuf};

use crate::lua::host::call::Call;
use crate::lua::host::fs::{Durability, Replacement};
use crate::lua::host_error::HostError;
use crate::lua::permissions::Parents;

/// The file, as it was named, and what is written of it.
#[derive(Debug)]
pub(super) struct Download {
    path: PathBuf,
    replacement: Replacement,
}

impl Download {
    /// A file below `write`; folders that are missing are made.
    pub(super) fn begin(call: &Call<'_>, path: &str) -> mlua::Result<Self> {
        let path = PathBuf::from(path);
        let failed = |error: io::Error| call.fail(&cannot(&path, &error));
        let place = call.state.permissions.fresh(&path, Parents::Make)?.map_err(failed)?;
        let replacement = Replacement::begin(place).map_err(failed)?;
        Ok(Self { path, replacement })
    }

    /// Takes a piece of the body.
    pub(super) fn take(&self, piece: &[u8]) -> Result<(), HostError> {
        self.replacement.write(piece).map_err(|error| self.failed(&error))
    }

    /// Gives the whole file its name.
    pub(super) fn finish(self) -> Result<(), HostError> {
        let Self { path, replacement } = self;
        replacement.finish(Durability::Cached).map_err(|error| HostError::error(cannot(&path, &error)))
    }

    fn failed(&self, error: &io::Error) -> HostError {
        HostError::error(cannot(&self.path, error))
    }
}

fn cannot(path: &Path, error: &io::Error) -> String {
    format!("cannot save the answer to `{}`: {error}", path.display())
}
