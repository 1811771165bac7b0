//! This module finds the file that a path really reaches: links are followed, `..` is gone up for real, files with
//! two names are known as one. It opens nothing; the callers decide what may be done with the file.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::pattern::{Pattern, is_literal};

/// Links that lead on from one another at most, as in the kernel.
const LINKS_MAX: u32 = 40;

/// The file or folder that a path reaches, whatever names lead there. A file that is not there yet is known by its
/// folder, or by the nearest one above that is there.
#[derive(Debug, Clone)]
pub struct Reached {
    path: PathBuf,
    /// What is there, if anything is.
    found: Option<FileIdentity>,
}

/// What the system knows a file by, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
    names: u64,
    /// A terminal, a pipe, `/dev/null`: what is written to it takes nothing away.
    is_stream: bool,
}

impl FileIdentity {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            names: metadata.nlink(),
            is_stream: !metadata.is_file() && !metadata.is_dir(),
        }
    }

    fn is(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

impl Reached {
    /// What `path` reaches, from the current folder where it is relative.
    pub fn of(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let real = resolved(&path, LINKS_MAX);
        // What `missing/..` leads to is there once `missing` has been made.
        let found = found_at(&path).or_else(|| found_at(&real));
        Self { path: real, found }
    }

    /// The path without links and dots.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether anything is there yet.
    pub fn is_there(&self) -> bool {
        self.found.is_some()
    }

    /// Whether the file may have a second name, which no path tells of.
    pub fn has_names(&self) -> bool {
        self.found.is_some_and(|found| found.names > 1)
    }

    /// Whether both are one file, or one folder. Streams such as `/dev/null` are never the same.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.found, &other.found) {
            (Some(one), _) | (_, Some(one)) if one.is_stream => false,
            (Some(one), Some(other)) => one.is(other),
            (None, None) => self.path == other.path,
            _ => false,
        }
    }

    /// Whether it is this folder or lies in it, however deep.
    pub fn lies_in(&self, folder: &Self) -> bool {
        self.path.starts_with(&folder.path)
            || folder.found.is_some_and(|folder| {
                self.path.ancestors().any(|above| found_at(above).is_some_and(|above| above.is(&folder)))
            })
    }

    /// Whether a step that reads `text`, a path or a pattern that starts from `root`, finds this file, or will once it has
    /// been made.
    pub fn is_read_as(&self, root: &Path, text: &str) -> bool {
        if is_literal(root, text) {
            return self.is(&Self::of(&root.join(text)));
        }
        let Ok(pattern) = Pattern::new(text) else { return false };
        let start = root.join(&pattern.folder);
        // The folder that the pattern starts from may be as new as the file.
        let below = Self::of(&start);
        self.path.strip_prefix(&below.path).is_ok_and(|rest| pattern.would_find(rest))
            || self.is_met(&pattern, &start)
    }

    /// Whether a walk meets the file by another name: through links, or because it has two.
    fn is_met(&self, pattern: &Pattern, start: &Path) -> bool {
        let above = self.path.ancestors().skip(1).find_map(|above| Some((above, found_at(above)?)));
        let Some((above, folder)) = above else { return false };
        let rest = self.path.strip_prefix(above).unwrap_or(&self.path);
        let meets = |entry: &DirEntry| {
            let inside = entry.path().strip_prefix(start).unwrap_or(Path::new(""));
            if entry.file_type().is_dir() {
                let is_folder = entry.metadata().is_ok_and(|one| FileIdentity::of(&one).is(&folder));
                return is_folder && pattern.would_find(&inside.join(rest));
            }
            let by_another_name = entry.path_is_symlink() || self.has_names();
            let same = |one: &Metadata| self.found.is_some_and(|found| found.is(&FileIdentity::of(one)));
            by_another_name && pattern.would_find(inside) && entry.metadata().is_ok_and(|one| same(&one))
        };
        let walk = WalkDir::new(start).max_depth(pattern.depth).follow_links(true).into_iter();
        let mut seen = walk.filter_entry(|entry| entry.depth() == 0 || pattern.sees(entry, start)).flatten();
        seen.any(|entry| meets(&entry))
    }
}

fn found_at(path: &Path) -> Option<FileIdentity> {
    path.metadata().ok().as_ref().map(FileIdentity::of)
}

/// An absolute path without links and dots, as far as it exists; what is missing will be made below that.
fn resolved(path: &Path, links_left: u32) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let (Some(above), Some(last)) = (path.parent(), path.components().next_back()) else {
        return path.to_owned();
    };
    let mut place = resolved(above, links_left);
    let Component::Normal(name) = last else {
        place.pop();
        return place;
    };
    place.push(name);
    // A link to what is not there: opening it to write makes the file at its end.
    match place.read_link() {
        Ok(target) if links_left > 0 => {
            resolved(&place.parent().unwrap_or(Path::new("/")).join(target), links_left - 1)
        }
        _ => place,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// `data/a.jsonl` with a second name `twin`, a link `link` to it, a link `way` to the folder `data`, a link `ahead` to
    /// `new/b` that is not there, and `data/.hidden.jsonl`.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("it is there");
        fs::create_dir_all(root.join("data/deep")).expect("room");
        for name in ["data/a.jsonl", "data/.hidden.jsonl", "other.jsonl"] {
            fs::write(root.join(name), name).expect("room");
        }
        fs::hard_link(root.join("data/a.jsonl"), root.join("twin")).expect("room");
        symlink("data/a.jsonl", root.join("link")).expect("room");
        symlink("data", root.join("way")).expect("room");
        symlink("new/b", root.join("ahead")).expect("room");
        symlink("../../other.jsonl", root.join("data/deep/other.jsonl")).expect("room");
        (dir, root)
    }

    #[test]
    fn two_ways_to_one_file_are_one_file() {
        let (_dir, root) = tree();
        let is = |one: &str, other: &str| Reached::of(&root.join(one)).is(&Reached::of(&root.join(other)));
        for other in
            ["./data/../data/a.jsonl", "link", "twin", "way/a.jsonl", "way/deep/../a.jsonl", "no/../link"]
        {
            assert!(is("data/a.jsonl", other), "{other}");
        }
        for (one, other) in
            [("ahead", "new/b"), ("way/c", "data/c"), ("no/../c", "c"), ("way/deep/../c", "data/c")]
        {
            assert!(is(one, other), "{one} {other}");
        }
        for other in ["data/b.jsonl", "other.jsonl", "data", "ahead"] {
            assert!(!is("data/a.jsonl", other), "{other}");
        }
        assert!(!is("/dev/null", "/dev/null"));
    }

    #[test]
    fn a_file_lies_in_a_folder_whatever_leads_there() {
        let (_dir, root) = tree();
        let lies = |one: &str| Reached::of(&root.join(one)).lies_in(&Reached::of(&root.join("data")));
        for (one, expect) in [
            ("data", true),
            ("data/new/x", true),
            ("way/x", true),
            ("link", true),
            ("data/../x", false),
            ("way/../x", false),
            ("datax", false),
        ] {
            assert_eq!(lies(one), expect, "{one}");
        }
    }

    #[test]
    fn a_pattern_finds_what_it_will_find_too() {
        let (_dir, root) = tree();
        for (one, pattern, expect) in [
            ("data/a.jsonl", "data/*.jsonl", true),
            ("twin", "data/*.jsonl", true),
            ("twin", "*.jsonl", false),
            ("link", "./data/?.jsonl", true),
            ("way/a.jsonl", "data/*", true),
            ("data/new.jsonl", "way/*.jsonl", true),
            ("data/new.jsonl", "w*/*.jsonl", true),
            ("data/new/deep/x.jsonl", "w*/**/*.jsonl", true),
            ("data/new/deep/x.jsonl", "w*/*.jsonl", false),
            ("other.jsonl", "data/**/*.jsonl", true),
            ("data/.hidden.jsonl", "data/*.jsonl", false),
            ("data/.hidden.jsonl", "data/.*.jsonl", true),
            ("data/.new.jsonl", "data/*.jsonl", false),
            ("no/x.jsonl", "no/*.jsonl", true),
            ("data/b.jsonl", "data/a.jsonl", false),
            ("data/a.jsonl", "data/[", false),
        ] {
            assert_eq!(Reached::of(&root.join(one)).is_read_as(&root, pattern), expect, "{one} {pattern}");
        }
    }
}
