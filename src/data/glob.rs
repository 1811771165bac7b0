//! Files that match a pattern, as items. Reading their content is left to others.

use crate::data::{DataError, GlobOptions, Reader};

/// Lists the files that match a pattern, sorted by path, as items `{path, relative, name, stem, ext, size, modified}`.
pub fn glob(options: &GlobOptions) -> Result<Box<dyn Reader>, DataError> {
    let _ = options;
    unimplemented!()
}
