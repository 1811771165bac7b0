//! A refusal says what was wanted, and gives the line that would allow it.

use std::fmt::Write;
use std::path::Path;

use crate::lua::host_error::HostError;

/// What somebody wanted to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusedUse {
    Net,
    Read,
    Write,
    Exec,
}

impl RefusedUse {
    /// Key of the list that would allow it.
    fn key(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::Read => "read",
            Self::Write => "write",
            Self::Exec => "exec",
        }
    }

    fn doing(self) -> &'static str {
        match self {
            Self::Net => "reaching",
            Self::Read => "reading",
            Self::Write => "writing",
            Self::Exec => "running",
        }
    }
}

/// The refusal of `what`, which really is `real`; `entry` would have to be added to what is `granted`. The line
/// repeats what is granted: a list that is given replaces the default.
pub(super) fn refused(
    kind: RefusedUse,
    what: &str,
    real: Option<String>,
    entry: &str,
    granted: &[String],
) -> HostError {
    let mut message = format!("{} `{what}`", kind.doing());
    if let Some(real) = real {
        let _ = write!(message, " (which is `{real}`)");
    }
    let mut list = word(entry);
    for granted in granted {
        let _ = write!(list, ", {}", word(granted));
    }
    let key = kind.key();
    let _ = write!(message, " is not allowed; add `permissions: {{{key}: [{list}]}}` to the pipeline file");
    HostError::refusal(message)
}

/// The refusal to write what no permission opens.
pub(super) fn protected(path: &Path, kept: &Path) -> HostError {
    let (path, kept) = (path.display(), kept.file_name().unwrap_or(kept.as_os_str()).to_string_lossy());
    HostError::refusal(format!(
        "changing `{path}` is not allowed: `{kept}` is kept from a pipeline's own code, as are the pipeline file, the folder of \
         runs, granted folders themselves, programs that `exec` names, and all that leads to them"
    ))
}

/// The refusal to change what SQLite keeps beside an open database.
pub(in crate::lua) fn of_database(path: &Path, database: &std::ffi::OsStr) -> HostError {
    let (path, database) = (path.display(), database.to_string_lossy());
    HostError::refusal(format!(
        "changing `{path}` is not allowed: it belongs to the database `{database}`, which is open"
    ))
}

/// The folder to name in the line to add: that of a file, a folder itself, relative where that is shorter.
pub(super) fn folder(root: &Path, real: &Path) -> String {
    let folder = match real.parent() {
        Some(parent) if !real.is_dir() && parent.parent().is_some() => parent,
        _ => real,
    };
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    match folder.strip_prefix(&root) {
        Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => below.to_string_lossy().into_owned(),
        Err(_) => folder.to_string_lossy().into_owned(),
    }
}

/// A word of a YAML list within braces, quoted where it would be something else without.
fn word(text: &str) -> String {
    let is_plain = |byte: char| byte.is_alphanumeric() || matches!(byte, '/' | '.' | '_' | '-' | '+');
    let starts = text.starts_with(|first: char| first.is_alphabetic() || matches!(first, '/' | '.' | '_'));
    let has_port = |text: &str| text.split_once(':').is_some_and(|(_, port)| !port.is_empty());
    let plain = text.chars().all(|byte| is_plain(byte) || byte == ':' && has_port(text));
    let is_word =
        !matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "~" | ".nan" | ".inf");
    if starts && plain && is_word { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
