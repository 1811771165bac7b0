//! These types say how values go into a column, beside what the column holds.

use super::beyond_json::BeyondJson;

/// How values go into a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) beyond_json: BeyondJson,
    pub(super) keys: KeysOf,
}

/// What says which keys maps have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeysOf {
    /// The first items.
    Items,
    /// `columns`.
    Declared,
    /// The source that the items came from.
    Source,
}

impl KeysOf {
    /// The message about a key that it does not have.
    pub(super) fn new_key(self, path: &str) -> String {
        let column = path.split(['.', '[', '{']).next().unwrap_or(path);
        match self {
            Self::Items => format!(
                "column `{path}` is new: the items that say what the columns are do not have it; name it in `columns:`"
            ),
            Self::Declared => {
                format!("`{path}` is not in the type that `columns:` gives `{column}`; add it there")
            }
            Self::Source => format!(
                "`{path}` is not in the type that `{column}` has in the source; say in `columns:` which type `{column}` has"
            ),
        }
    }
}
