//! This module gives the files that match a pattern as items. It does not read their content.

use std::cell::OnceCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::data::content::digest_of;
use crate::data::list::limited;
use crate::data::pattern::{self, FoundFile, Matched};
use crate::data::position::{changed, foreign};
use crate::data::{BadRow, DataError, GlobBy, GlobOptions, Position, PositionAt, Reader};
use crate::value::json::{write_float, write_string};
use crate::value::{Chunk, Extent};

/// Lists the files that match a pattern, sorted by path, as items `{path, relative, name, stem, ext, size, modified}`.
///
/// `path` is absolute, so that it means the same wherever it is used; `relative` starts at the pattern's root. `ext` has
/// no dot and is empty when there is none, `size` is in bytes and `modified` in seconds since 1970. Folders are no items.
/// With [`GlobBy::Content`] there is a `digest` of the bytes, too.
/// The list of matches is made at once, as it must be sorted; the files are looked at as the items are read.
///
/// # Errors
/// Fails when the pattern cannot be used, or a folder cannot be read.
pub fn glob(options: &GlobOptions) -> Result<Box<dyn Reader>, DataError> {
    Ok(limited(Box::new(Listing::new(options)?), options.limit))
}

/// Lists the same files from a position of [`glob`] on.
///
/// # Errors
/// Fails as [`glob`] does, and when other files match the pattern now.
pub fn glob_at(options: &GlobOptions, position: &Position) -> Result<Box<dyn Reader>, DataError> {
    Ok(limited(Box::new(Listing::new(options)?.enter(&options.pattern, position)?), options.limit))
}

struct Listing {
    root: PathBuf,
    by: GlobBy,
    files: Vec<FoundFile>,
    at: usize,
    bad: u64,
    /// Of the names, once somebody has asked for it.
    digest: OnceCell<u64>,
    notice: Option<String>,
}

impl Listing {
    fn new(options: &GlobOptions) -> Result<Self, DataError> {
        let root = std::path::absolute(&options.root).map_err(|source| DataError::Io {
            intent: "find",
            path: options.root.clone(),
            source,
        })?;
        let files = match pattern::find(&root, &options.pattern)? {
            Matched::Files(files) => files,
            Matched::Literal(found) if found.path.is_file() => vec![found],
            Matched::Literal(_) => Vec::new(),
        };
        let notice = files.is_empty().then(|| pattern::no_match(&options.pattern));
        Ok(Self { root, by: options.by, files, at: 0, bad: 0, digest: OnceCell::new(), notice })
    }

    fn digest(&self) -> u64 {
        *self.digest.get_or_init(|| pattern::digest(&self.files))
    }

    /// Goes on at a position.
    fn enter(mut self, pattern: &str, position: &Position) -> Result<Self, DataError> {
        let PositionAt::Listing { digest } = position.at else { return Err(foreign(pattern)) };
        if digest != self.digest() || position.rows > self.files.len() as u64 {
            return Err(changed(pattern, "other files match it"));
        }
        (self.at, self.bad) = (position.rows as usize, position.bad);
        Ok(self)
    }
}

impl Reader for Listing {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        chunk.clear();
        for _ in 0..max_items {
            let Some(file) = self.files.get(self.at) else { break };
            self.at += 1;
            match push_file(&mut chunk.text, &self.root, &file.path, self.by) {
                Ok(()) => chunk.end_item(),
                Err(message) => {
                    chunk.drop_unended();
                    self.bad += 1;
                    bad.push(BadRow::new(self.at as u64, &file.name, 1, message, file.name.as_bytes()));
                }
            }
            if chunk.text.len() >= max_bytes {
                break;
            }
        }
        Ok(self.at < self.files.len())
    }

    fn rows(&self) -> u64 {
        self.at as u64
    }

    fn position(&self) -> Option<Position> {
        let at = PositionAt::Listing { digest: self.digest() };
        Some(Position { rows: self.rows(), bad: self.bad, at })
    }

    fn extent(&self) -> Option<Extent> {
        Some(Extent { done: self.at as u64, of: self.files.len() as u64 })
    }

    fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }
}

/// Adds the item of one file.
fn push_file(out: &mut Vec<u8>, root: &Path, path: &Path, by: GlobBy) -> Result<(), String> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let texts = [
        (&b"{\"path\":"[..], Some(path.as_os_str())),
        (b",\"relative\":", Some(relative.as_os_str())),
        (b",\"name\":", path.file_name()),
        (b",\"stem\":", path.file_stem()),
        (b",\"ext\":", path.extension()),
    ];
    for (key, text) in texts {
        out.extend_from_slice(key);
        if !write_string(out, text.unwrap_or_default().as_encoded_bytes()) {
            return Err("the file's name is not UTF-8".to_string());
        }
    }
    let (size, modified) = look_at(path).map_err(|error| format!("cannot look at the file: {error}"))?;
    out.extend_from_slice(b",\"size\":");
    out.extend_from_slice(itoa::Buffer::new().format(size).as_bytes());
    out.extend_from_slice(b",\"modified\":");
    write_float(out, modified);
    if by == GlobBy::Content {
        let digest = digest_of(path).map_err(|error| format!("cannot read the file: {error}"))?;
        out.extend_from_slice(format!(",\"digest\":\"{digest:032x}\"").as_bytes());
    }
    out.extend_from_slice(b"}\n");
    Ok(())
}

/// Size in bytes, and seconds from 1970 to the last change.
fn look_at(path: &Path) -> io::Result<(u64, f64)> {
    let meta = fs::metadata(path)?;
    let modified = meta.modified()?;
    let seconds = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    };
    Ok((meta.len(), seconds))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(options: &GlobOptions) -> (String, Vec<BadRow>) {
        let mut reader = glob(options).expect("usable");
        let (mut chunk, mut bad, mut text) = (Chunk::default(), Vec::new(), String::new());
        loop {
            let more = reader.read(2, 1 << 16, &mut chunk, &mut bad).expect("readable");
            text.push_str(std::str::from_utf8(&chunk.text).expect("UTF-8"));
            if !more {
                return (text, bad);
            }
        }
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("raw")).expect("writable");
        for name in files {
            let file = fs::File::create(dir.path().join("raw").join(name)).expect("writable");
            file.set_len(3).expect("writable");
            file.set_modified(UNIX_EPOCH + Duration::from_millis(1500)).expect("ours");
        }
        dir
    }

    fn options(root: PathBuf, pattern: &str) -> GlobOptions {
        GlobOptions { pattern: pattern.into(), root, by: GlobBy::Modified, limit: None }
    }

    #[test]
    fn files_are_items_sorted_by_path() {
        let dir = folder(&["b.tar.gz", "a", "c.jpg"]);
        let item = |name: &str, stem: &str, ext: &str| {
            let root = dir.path().display();
            format!(
                "{{\"path\":\"{root}/raw/{name}\",\"relative\":\"raw/{name}\",\"name\":\"{name}\",\"stem\":\"{stem}\",\
                 \"ext\":\"{ext}\",\"size\":3,\"modified\":1.5}}\n"
            )
        };
        let all = [item("a", "a", ""), item("b.tar.gz", "b.tar", "gz"), item("c.jpg", "c", "jpg")];
        assert_eq!(read(&options(dir.path().into(), "**/*")).0, all.concat());
        assert_eq!(read(&options(dir.path().into(), "raw/c.jpg")).0, all[2]);
        let limited = GlobOptions { limit: Some(1), ..options(dir.path().into(), "raw/*") };
        assert_eq!(read(&limited).0, all[0]);
    }

    #[test]
    fn a_digest_of_the_bytes_is_the_same_whenever_they_were_written() {
        let dir = folder(&["a", "b"]);
        let by_content = GlobOptions { by: GlobBy::Content, ..options(dir.path().join("raw"), "*") };
        let digests = || {
            let (text, bad) = read(&by_content);
            assert_eq!(bad, []);
            text.lines()
                .map(|line| line[line.find("\"digest\"").expect("there")..].to_owned())
                .collect::<Vec<_>>()
        };
        let before = digests();
        assert_eq!((before.len(), &before[0]), (2, &before[1]));
        let file = fs::File::options().write(true).open(dir.path().join("raw/a")).expect("there");
        file.set_modified(UNIX_EPOCH).expect("ours");
        assert_eq!(digests(), before);
        fs::write(dir.path().join("raw/a"), "abc").expect("writable");
        assert_ne!(digests()[0], before[0]);
    }

    #[test]
    fn relative_starts_at_the_root() {
        let dir = folder(&["a"]);
        let (text, _) = read(&options(dir.path().join("raw"), "*"));
        assert!(text.contains("\"relative\":\"a\""), "{text}");
    }

    #[test]
    fn no_match_is_a_notice() {
        let dir = folder(&[]);
        for (pattern, notice) in [
            ("*.jpg", "no file matches `*.jpg`"),
            ("raw", "there is no file `raw`, and as a pattern it matches none"),
            ("a[1].jpg", "there is no file `a[1].jpg`, and as a pattern it matches none"),
        ] {
            let reader = glob(&options(dir.path().into(), pattern)).expect("usable");
            assert_eq!(reader.notice(), Some(notice));
        }
    }

    #[test]
    fn a_name_that_is_not_text_is_a_bad_row() {
        use std::os::unix::ffi::OsStrExt;
        let dir = folder(&["z"]);
        let name = std::ffi::OsStr::from_bytes(b"a\xFF");
        fs::write(dir.path().join("raw").join(name), "").expect("writable");
        let (text, bad) = read(&options(dir.path().into(), "raw/*"));
        assert_eq!((text.lines().count(), bad.len()), (1, 1));
        assert_eq!((bad[0].index, bad[0].message.as_str()), (1, "the file's name is not UTF-8"));
    }
}
