//! The last lines that a worker has printed are read here when it died: they say most.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Lines and bytes that people are shown.
const LINES_MAX: usize = 20;
const BYTES_MAX: u64 = 8192;

/// The last lines of a log; `None`: there are none.
pub(super) fn tail(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES_MAX))).ok()?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(LINES_MAX)..].join("\n");
    (!last.trim().is_empty()).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_shown() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log");
        assert_eq!(tail(&path), None);
        std::fs::write(&path, " \n").expect("room");
        assert_eq!(tail(&path), None);
        let text: Vec<String> = (1..=10_000).map(|line| format!("line {line}\n")).collect();
        std::fs::write(&path, text.concat()).expect("room");
        let expect: Vec<String> = (9981..=10_000).map(|line| format!("line {line}")).collect();
        assert_eq!(tail(&path), Some(expect.join("\n")));
    }
}
