//! This module tells by digests what is in the files that a function depends on, so that it is noticed when they change.
//! The engine decides what is done then.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use xxhash_rust::xxh3::Xxh3;

use super::DataError;
use super::pattern::{self, FoundFile, Matched};

/// Bytes of a file that are read at a time.
const BLOCK: usize = 256 * 1024;
/// Of larger files size and time of change count: a model of many gigabytes would be read for minutes before each run.
const DIGESTED_MAX: u64 = 256_000_000;

/// A file by its name in the pipeline, and what is in it.
pub type FileContent = (String, String);

/// What is in a file that may be missing, which is as much part of a function as its content.
pub fn content_if_any(root: &Path, path: &str) -> FileContent {
    let content = content(&root.join(path)).ok().flatten();
    (path.to_owned(), content.unwrap_or_else(|| "absent".to_owned()))
}

/// What is in the files that a path or a pattern means, sorted by name. There must be some.
///
/// # Errors
/// Fails when there is no such file, when a folder is meant, and when a file cannot be read.
pub fn content_of(root: &Path, pattern: &str) -> Result<Vec<FileContent>, DataError> {
    let found = match pattern::find(root, pattern)? {
        Matched::Literal(found) if found.path.is_dir() => {
            let help = format!("`{}/**` means the files in it", pattern.trim_end_matches('/'));
            return Err(DataError::Usage(format!("`{pattern}` is a folder; {help}")));
        }
        Matched::Files(files) if files.is_empty() => {
            return Err(DataError::Usage(pattern::no_match(pattern)));
        }
        matched => matched.into_files(),
    };
    found.into_iter().map(known).collect()
}

fn known(file: FoundFile) -> Result<FileContent, DataError> {
    let failed = |source| DataError::Io { intent: "read", path: file.path.clone(), source };
    match content(&file.path).map_err(failed)? {
        Some(content) => Ok((file.name, content)),
        None => Err(DataError::Usage(format!("`{}` is no file", file.name))),
    }
}

/// What is in a file; `None`: it is something else, which may never end.
fn content(path: &Path) -> io::Result<Option<String>> {
    let meta = fs::metadata(path)?;
    if !meta.is_file() {
        return Ok(None);
    }
    if meta.len() > DIGESTED_MAX {
        return Ok(Some(format!("{} bytes of {}", meta.len(), changed(&meta)?)));
    }
    Ok(Some(format!("{:032x}", digest_of(path)?)))
}

/// Nanoseconds from 1970 to the last change.
fn changed(meta: &Metadata) -> io::Result<i128> {
    Ok(match meta.modified()?.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    })
}

/// A digest of a file's bytes.
pub(super) fn digest_of(path: &Path) -> io::Result<u128> {
    let (mut file, mut digest) = (fs::File::open(path)?, Xxh3::new());
    let mut block = vec![0; BLOCK];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(digest.digest128()),
            Ok(count) => digest.update(&block[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn content_counts_and_names_and_times_do_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("writable");
        write("a.txt", "one");
        let before = content_if_any(dir.path(), "a.txt");
        let file = fs::File::options().append(true).open(dir.path().join("a.txt")).expect("there");
        file.set_modified(UNIX_EPOCH + Duration::from_secs(9)).expect("ours");
        assert_eq!(content_if_any(dir.path(), "a.txt"), before);
        write("b.txt", "one");
        assert_eq!(content_if_any(dir.path(), "b.txt").1, before.1);
        write("a.txt", "two");
        assert_ne!(content_if_any(dir.path(), "a.txt"), before);
        assert_eq!(content_if_any(dir.path(), "gone").1, "absent");
        assert_eq!(content_if_any(dir.path(), ".").1, "absent");
    }

    #[test]
    fn of_a_large_file_size_and_time_count() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("model.bin");
        let file = fs::File::create(&path).expect("writable");
        file.set_len(DIGESTED_MAX + 1).expect("holes take no room");
        let set = |seconds: u64| file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).expect("ours");
        set(1);
        let before = content_if_any(dir.path(), "model.bin");
        assert_eq!(before.1, "256000001 bytes of 1000000000");
        set(2);
        assert_ne!(content_if_any(dir.path(), "model.bin"), before);
    }

    #[test]
    fn what_is_used_must_be_there() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("models")).expect("writable");
        for name in ["b.bin", "a.bin"] {
            fs::write(dir.path().join("models").join(name), name).expect("writable");
        }
        let of = |pattern: &str| {
            let found = content_of(dir.path(), pattern).map_err(|error| error.to_string());
            found.map(|found| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(of("models/*.bin"), Ok("models/a.bin models/b.bin".to_owned()));
        assert_eq!(of("models/a.bin"), Ok("models/a.bin".to_owned()));
        assert_eq!(of("models/"), Err("`models/` is a folder; `models/**` means the files in it".to_owned()));
        assert_eq!(of("*.bin"), Err("no file matches `*.bin`".to_owned()));
        assert!(of("gone.bin").is_err_and(|message| message.starts_with("cannot read `")));
    }
}
