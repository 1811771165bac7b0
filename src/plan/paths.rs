//! This module treats paths as text: where a relative one starts, and when two name one file. It opens nothing.

use std::path::{Path, PathBuf};

use crate::data::normal;

/// `text` under `root`, without `.` and with `..` taken away where that can be done by looking at the text.
pub(super) fn absolute(root: &Path, text: &str) -> PathBuf {
    normal(&root.join(text))
}

/// `path` with links resolved as far as its folders exist, so that two ways to one file compare equal.
pub(super) fn resolved(path: &Path) -> PathBuf {
    for folder in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (folder.canonicalize(), path.strip_prefix(folder)) {
            return real.join(rest);
        }
    }
    path.to_owned()
}

/// A path that was given relative to `dir`, in terms of `root`: relative where it lies below, else absolute.
pub(super) fn rebased(root: &Path, dir: &Path, text: &str) -> String {
    // Standard input and output are no files.
    if text == "-" {
        return text.to_owned();
    }
    let path = absolute(dir, text);
    let below = path.strip_prefix(normal(root)).ok().filter(|below| !below.as_os_str().is_empty());
    below.unwrap_or(&path).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_taken_away() {
        for (path, expect) in [
            ("/a/./b/../c", "/a/c"),
            ("../x", "../x"),
            ("a/../../x", "../x"),
            ("/../x", "/x"),
            ("/a/b/", "/a/b"),
        ] {
            assert_eq!(normal(Path::new(path)), Path::new(expect), "{path}");
        }
    }

    #[test]
    fn a_path_of_the_command_line_is_put_in_terms_of_the_pipelines_folder() {
        let root = Path::new("/home/pipes");
        for (dir, text, expect) in [
            ("/home/pipes", "x.jsonl", "x.jsonl"),
            ("/home", "pipes/data/x.jsonl", "data/x.jsonl"),
            ("/home", "x.jsonl", "/home/x.jsonl"),
            ("/home/pipes", "..", "/home"),
            ("/home/pipes", ".", "/home/pipes"),
            ("/elsewhere", "/home/pipes/x", "x"),
            ("/elsewhere", "-", "-"),
        ] {
            assert_eq!(rebased(root, Path::new(dir), text), expect, "{dir} {text}");
        }
    }
}
