//! This module finds the files that a path or a pattern means. The readers look at what is in them.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};
use xxhash_rust::xxh3::Xxh3;

use crate::data::DataError;
use crate::value::check_braces;

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundFile {
    /// Where it is: `root` and the relative path, or an absolute path.
    pub(super) path: PathBuf,
    /// The path as the pattern's author would write it: relative to `root` unless the pattern is absolute.
    pub(super) name: String,
}

/// What a path in a pipeline file means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Matched {
    /// Itself, whether it exists or not.
    Literal(FoundFile),
    /// These files, sorted by name; possibly none.
    Files(Vec<FoundFile>),
}

impl Matched {
    /// All files that it stands for; one that was named may be missing.
    pub(super) fn into_files(self) -> Vec<FoundFile> {
        match self {
            Self::Literal(found) => vec![found],
            Self::Files(found) => found,
        }
    }
}

/// Finds what `pattern`, starting from `root`, means.
///
/// A text without `*?[{`, or one that exists as it is written, is a path. In patterns `*` and `?` stay within one
/// folder, `**` crosses folders, and files and folders whose names start with a dot are seen only by a part of the
/// pattern that starts with one, as in shells. Links are followed, but not back into a folder above them.
pub(super) fn find(root: &Path, pattern: &str) -> Result<Matched, DataError> {
    if is_literal(root, pattern) {
        return Ok(Matched::Literal(FoundFile { path: root.join(pattern), name: pattern.to_string() }));
    }
    let pattern = Pattern::new(pattern)?;
    let mut found = pattern.walk(&root.join(&pattern.folder))?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Matched::Files(found))
}

/// What is said of a pattern that matches no file. Who wrote one without a star may have meant a file of this name.
pub(super) fn no_match(pattern: &str) -> String {
    if pattern.contains('*') {
        format!("no file matches `{pattern}`")
    } else {
        format!("there is no file `{pattern}`, and as a pattern it matches none")
    }
}

/// A digest of the names of files.
pub(super) fn digest(found: &[FoundFile]) -> u64 {
    let mut digest = Xxh3::new();
    for file in found {
        digest.update(file.name.as_bytes());
        // No name holds a zero byte.
        digest.update(&[0]);
    }
    digest.digest()
}

/// Whether a text means itself.
pub(super) fn is_literal(root: &Path, text: &str) -> bool {
    !text.contains(['*', '?', '[', '{']) || root.join(text).symlink_metadata().is_ok()
}

/// What is said of a text that is the name of a file and, as a pattern, would match others.
pub fn name_like_a_pattern(root: &Path, text: &str) -> Option<String> {
    if !text.contains(['*', '?', '[', '{']) || !is_literal(root, text) {
        return None;
    }
    let pattern = Pattern::new(text).ok()?;
    let found = pattern.walk(&root.join(&pattern.folder)).ok()?;
    let mut others: Vec<&str> =
        found.iter().map(|file| file.name.as_str()).filter(|name| *name != text).collect();
    others.sort_unstable();
    let (first, more) = others.split_first()?;
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    Some(format!("`{text}` is a file and read as one; as a pattern it would match `{first}`{more}"))
}

/// `path` without `.`, and without `..` where something stands before it.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            // Nothing lies above the root.
            Component::ParentDir if normal.has_root() => {}
            component => normal.push(component),
        }
    }
    normal
}

/// Bytes of a pattern.
const BYTES_MAX: usize = 4096;

/// What a pattern matches; `Err` says why it cannot be read.
pub(super) fn matcher(text: &str) -> Result<GlobMatcher, String> {
    check_braces(text)?;
    if text.len() > BYTES_MAX {
        return Err(format!("it has more than {BYTES_MAX} bytes"));
    }
    let glob = GlobBuilder::new(text).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
}

/// A pattern as a question about absolute paths: would it find this file?
#[derive(Debug, Clone)]
pub struct PathPattern(GlobMatcher);

impl PathPattern {
    /// A pattern that starts from `root` unless it is absolute.
    ///
    /// # Errors
    /// Fails when the pattern cannot be read, and says why.
    pub fn new(root: &Path, pattern: &str) -> Result<Self, String> {
        let absolute = if Path::new(pattern).is_absolute() {
            PathBuf::from(pattern)
        } else {
            Path::new(&globset::escape(&root.to_string_lossy())).join(pattern)
        };
        let plain = normal(&absolute);
        matcher(&plain.to_string_lossy()).map(Self)
    }

    /// Whether the pattern would find this absolute path.
    pub fn is_match(&self, path: &Path) -> bool {
        self.0.is_match(path)
    }
}

/// A pattern, split where its first special character is.
pub(super) struct Pattern {
    /// The part before, up to a `/` and with it; empty for the root.
    pub(super) folder: String,
    /// The part behind.
    matcher: GlobMatcher,
    /// Those parts of it that may match names starting with a dot.
    dotted: Vec<GlobMatcher>,
    /// How many folders deep a match can lie.
    pub(super) depth: usize,
}

impl Pattern {
    pub(super) fn new(pattern: &str) -> Result<Self, DataError> {
        let special = pattern.find(['*', '?', '[', '{', '\\']).unwrap_or(pattern.len());
        let split = pattern[..special].rfind('/').map_or(0, |at| at + 1);
        // `./` within would match nothing, because no path that is found has such a part.
        let rest = pattern[split..].replace("/./", "/");
        let compile = |text: &str| {
            matcher(text).map_err(|why| DataError::Usage(format!("cannot use pattern `{pattern}`: {why}")))
        };
        let dotted = rest.split('/').filter(|part| part.starts_with('.')).map(compile);
        let depth = if rest.contains("**") { usize::MAX } else { rest.matches('/').count() + 1 };
        Ok(Self {
            folder: pattern[..split].to_string(),
            matcher: compile(&rest)?,
            dotted: dotted.collect::<Result<_, _>>()?,
            depth,
        })
    }

    fn walk(&self, start: &Path) -> Result<Vec<FoundFile>, DataError> {
        let mut found = Vec::new();
        if start.symlink_metadata().is_err() {
            return Ok(found);
        }
        let walk = WalkDir::new(start).min_depth(1).max_depth(self.depth).follow_links(true);
        for entry in walk.into_iter().filter_entry(|entry| entry.depth() == 0 || self.sees(entry, start)) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    found.extend(self.judge(error, start)?);
                    continue;
                }
            };
            if entry.file_type().is_file() {
                found.extend(self.found(entry.path(), start));
            }
        }
        Ok(found)
    }

    /// The file at `path`, if the pattern means it.
    fn found(&self, path: &Path, start: &Path) -> Option<FoundFile> {
        let relative = path.strip_prefix(start).expect("the walk stays below its start");
        let name = || format!("{}{}", self.folder, relative.display());
        self.matcher.is_match(relative).then(|| FoundFile { path: path.to_path_buf(), name: name() })
    }

    /// Whether the pattern may look at an entry.
    pub(super) fn sees(&self, entry: &DirEntry, start: &Path) -> bool {
        // The walk itself notices links back to folders that it came through, but not to those above its start.
        if entry.path_is_symlink()
            && entry.file_type().is_dir()
            && let (Ok(start), Ok(target)) = (start.canonicalize(), entry.path().canonicalize())
            && start.starts_with(target)
        {
            return false;
        }
        self.sees_name(entry.file_name())
    }

    fn sees_name(&self, name: &OsStr) -> bool {
        !name.as_encoded_bytes().starts_with(b".") || self.dotted.iter().any(|dotted| dotted.is_match(name))
    }

    /// Whether a file would be found that lies there below the folder.
    pub(super) fn would_find(&self, relative: &Path) -> bool {
        self.matcher.is_match(relative) && relative.iter().all(|name| self.sees_name(name))
    }

    /// Decides about a part of the tree that cannot be looked at: a link back to a folder above ends there, and a
    /// broken link is a file that is missing, where the pattern means it; the rest could hide files.
    fn judge(&self, error: walkdir::Error, start: &Path) -> Result<Option<FoundFile>, DataError> {
        if error.loop_ancestor().is_some() {
            return Ok(None);
        }
        let path = error.path().unwrap_or(start).to_path_buf();
        if path.starts_with(start) && path.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) {
            return Ok(self.found(&path, start));
        }
        let source = error.into_io_error().unwrap_or_else(|| std::io::Error::other("the walk failed"));
        Err(DataError::Io { intent: "look through", path, source })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder with these files in it.
    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().expect("below the folder")).expect("writable");
            fs::write(path, "").expect("writable");
        }
        dir
    }

    fn check(root: &Path, pattern: &str, expect: &[&str]) {
        let Matched::Files(found) = find(root, pattern).expect("usable") else {
            panic!("`{pattern}` is a pattern");
        };
        let names: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, expect, "{pattern}");
        assert!(found.iter().all(|found| found.path == root.join(&found.name)));
    }

    #[test]
    fn stars_stay_in_a_folder_and_double_stars_cross_folders() {
        let dir = tree(&["a.txt", "b.txt", "c.md", "d/a.txt", "d/e/a.txt", "d-e/a.txt"]);
        check(dir.path(), "*.txt", &["a.txt", "b.txt"]);
        check(dir.path(), "./*.{md,txt}", &["./a.txt", "./b.txt", "./c.md"]);
        check(dir.path(), "**/a.txt", &["a.txt", "d-e/a.txt", "d/a.txt", "d/e/a.txt"]);
        check(dir.path(), "d/**/*.txt", &["d/a.txt", "d/e/a.txt"]);
        check(dir.path(), "*/a.txt", &["d-e/a.txt", "d/a.txt"]);
        check(dir.path(), "[ab].???", &["a.txt", "b.txt"]);
        check(dir.path(), "{c,d/a}.*", &["c.md", "d/a.txt"]);
        check(dir.path(), "d*", &[]);
        check(dir.path(), "missing/*.txt", &[]);
    }

    #[test]
    fn hidden_names_are_matched_only_where_the_pattern_has_the_dot() {
        let dir = tree(&["a", ".b", ".git/c", "d/.e/f"]);
        check(dir.path(), "**", &["a"]);
        check(dir.path(), ".*", &[".b"]);
        check(dir.path(), ".git/*", &[".git/c"]);
        check(dir.path(), "*/.e/*", &["d/.e/f"]);
        check(dir.path(), "**/.git/*", &[".git/c"]);
    }

    #[test]
    fn a_file_with_special_characters_in_its_name_is_meant_literally() {
        let dir = tree(&["a[1].txt", "a1.txt"]);
        let found = FoundFile { path: dir.path().join("a[1].txt"), name: "a[1].txt".into() };
        assert_eq!(find(dir.path(), "a[1].txt").expect("usable"), Matched::Literal(found));
        check(dir.path(), "a[1-9].txt", &["a1.txt"]);
    }

    #[test]
    fn an_absolute_pattern_keeps_its_folder_in_the_names() {
        let dir = tree(&["a.txt"]);
        let pattern = format!("{}/*.txt", dir.path().display());
        check(Path::new("/nowhere"), &pattern, &[dir.path().join("a.txt").to_str().expect("UTF-8")]);
    }

    #[test]
    fn links_are_followed_but_not_around_in_circles() {
        let dir = tree(&["d/a.txt", "e/b.txt"]);
        symlink("..", dir.path().join("d/up")).expect("writable");
        symlink("../e", dir.path().join("d/side")).expect("writable");
        symlink("a.txt", dir.path().join("d/c.txt")).expect("writable");
        symlink("nothing", dir.path().join("d/broken")).expect("writable");
        check(dir.path(), "d/**/*.txt", &["d/a.txt", "d/c.txt", "d/side/b.txt"]);
        // Whoever opens it will be told that it leads nowhere.
        check(dir.path(), "d/*", &["d/a.txt", "d/broken", "d/c.txt"]);
    }
}
