//! This module prints what Lua code would have changed, for `flowrun preview` and `flowrun test`: paths, sizes, and
//! how texts begin.

use super::redact;
use crate::lua::{Change, Changed};
use crate::value::printable;

/// Lines of a text that are shown.
const LINES_MAX: usize = 5;
/// Characters of a line that are shown.
const WIDTH_MAX: usize = 100;

/// A line for each change, with the beginning of what it would write below it.
pub(super) fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().flat_map(told).collect()
}

/// `would write out/1.txt, 12 bytes`
fn told(change: &Change) -> Vec<String> {
    let path = change.path.to_string_lossy();
    let path = printable(&path);
    let (size, beginning) = match &change.what {
        Changed::Gone => return vec![format!("would remove {path}")],
        Changed::Folder => return vec![format!("would make the folder {path}")],
        Changed::File(size, beginning) => (*size, beginning),
    };
    let mut lines = vec![format!("would write {path}, {size} byte{}", if size == 1 { "" } else { "s" })];
    let Some(text) = readable(beginning) else { return lines };
    let text = redact::text(text);
    let mut all = text.lines();
    lines.extend(all.by_ref().take(LINES_MAX).map(|line| {
        let shown: String = line.chars().take(WIDTH_MAX).collect();
        let cut = if shown.len() < line.len() { "…" } else { "" };
        format!("  | {}{cut}", printable(&shown))
    }));
    if all.next().is_some() {
        lines.push("  | …".to_owned());
    }
    lines
}

/// The beginning of a file as text, if it is text: it may end within a character.
fn readable(beginning: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(beginning) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&beginning[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_text =
        |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t' | '\x1b');
    text.chars().all(is_text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_the_beginning_of_a_text() {
        let change = |path: &str, content: Option<&[u8]>| Change {
            path: path.into(),
            what: content.map_or(Changed::Gone, |text| Changed::File(text.len() as u64, text.to_vec())),
        };
        let long = "x".repeat(200);
        let all = [
            change("gone", None),
            change("a.txt", Some(b"1\n2\n3\n4\n5\n6\n")),
            change("b", Some(b"\xff")),
            change("nul", Some(b"\0")),
            Change { path: "new".into(), what: Changed::Folder },
            change("c\x1b", Some(long.as_bytes())),
        ];
        let cut = format!("  | {}…", "x".repeat(100));
        assert_eq!(
            lines(&all),
            [
                "would remove gone",
                "would write a.txt, 12 bytes",
                "  | 1",
                "  | 2",
                "  | 3",
                "  | 4",
                "  | 5",
                "  | …",
                "would write b, 1 byte",
                "would write nul, 1 byte",
                "would make the folder new",
                &format!("would write {}, 200 bytes", printable("c\x1b")),
                &cut,
            ]
        );
    }
}
