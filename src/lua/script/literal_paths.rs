//! This module finds the files that a piece of Lua names by paths which are written out, and whether it writes them.

use std::ops::Range;

use super::reach::{Look, doings, each_global};

/// A file that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiteralPath {
    /// The path as it is written.
    pub path: String,
    /// The bytes of the text that show it.
    pub span: Range<usize>,
    /// Whether it is written.
    pub is_written: bool,
}

/// All such files of a text, in its order.
pub fn literal_paths(text: &str) -> Vec<LiteralPath> {
    let mut found = Vec::new();
    each_global(text, 0, &mut |look, at, start| {
        let (module, Some(function)) = look.member(at) else { return };
        let is_database = (module, function) == ("sqlite", "open");
        let writes_database = is_database && !is_readonly(look, look.argument(at + 3));
        for (is_read, span, path) in look.paths(at + 3, doings(module, function)) {
            if is_database && path == ":memory:" {
                continue;
            }
            let span = span.start + start..span.end + start;
            found.push(LiteralPath { path, span, is_written: !is_read || writes_database });
        }
    });
    found
}

/// Whether options that stand behind the argument at `at` begin with `readonly`.
fn is_readonly(look: &Look<'_>, at: usize) -> bool {
    look.is(at + 1, ",") && look.is(at + 2, "{") && look.is(at + 3, "readonly")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_with_what_is_done_to_them() {
        let paths = |text: &str| -> Vec<(String, bool)> {
            literal_paths(text).into_iter().map(|found| (found.path, found.is_written)).collect()
        };
        let one = |path: &str, is_written: bool| vec![(path.to_owned(), is_written)];
        assert_eq!(paths("return fs.read('words.txt')"), one("words.txt", false));
        assert_eq!(paths("fs.write('log.txt', item.text)"), one("log.txt", true));
        assert_eq!(paths("local db = sqlite.open('a.db')"), one("a.db", true));
        assert_eq!(paths("sqlite.open('a.db', { readonly = true })"), one("a.db", false));
        assert_eq!(paths("sqlite.open(':memory:')"), []);
        assert_eq!(paths("fs.write('out/' .. item.id, '')"), [], "which file that is depends on the item");
        let found = literal_paths("x = `{fs.read('a')}`");
        assert_eq!(found[0].span, 14..17);
    }
}
