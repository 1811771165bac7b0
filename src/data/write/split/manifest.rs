//! The manifest says which files of a folder belong to which step, so that the next run of the step can take away those that
//! it does not write again, and nothing else.
//!
//! It is replaced as a whole. Whoever changes it holds a lock on it, and on what comes in its place before that can be seen.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::options::SplitOwner;
use crate::data::write::beside;
use crate::data::write::lock::wait_for;
use crate::data::write::target::{is_named, sync_folder};
use crate::data::{DataError, normal};

/// Its name, in the folder before the first placeholder.
const NAME: &str = ".flowrun-files.json";

/// The version of what stands in it.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    entries: Vec<Entry>,
}

/// What every version of a manifest has.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

/// The files of one step. All paths are relative to the folder of the manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The pipeline file.
    pub(super) pipeline: String,
    pub(super) step: String,
    /// Whether the files are on their way to their places.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) moving: bool,
    pub(super) files: Vec<String>,
    /// While they are moving: where each of them lies that is not in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<String>,
    /// While they are moving: the files of before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) old: Vec<String>,
}

/// A manifest that nobody else changes.
pub(super) struct LockedManifest {
    path: PathBuf,
    /// Open while the lock is held; `None`: there is no manifest.
    held: Option<File>,
    entries: Vec<Entry>,
}

impl LockedManifest {
    /// Opens the manifest in `folder`, which may not be there yet.
    pub(super) fn open(folder: &Path) -> Result<Self, DataError> {
        let path = folder.join(NAME);
        let fail = |source| DataError::Io { intent: "open", path: path.clone(), source };
        loop {
            let file = match File::options().read(true).write(true).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Self { path, held: None, entries: Vec::new() });
                }
                Err(error) => return Err(fail(error)),
            };
            wait_for(&file).map_err(&fail)?;
            let held = file.metadata().map_err(&fail)?;
            // Another run may have put a new one in its place meanwhile.
            if is_named(&path, &held) {
                let entries = read(&path)?;
                return Ok(Self { path, held: Some(file), entries });
            }
        }
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The files of a step, as they were told last.
    pub(super) fn entry(&self, owner: &SplitOwner) -> Entry {
        let (pipeline, step) = self.names(owner);
        let found = self.entries.iter().find(|entry| entry.pipeline == pipeline && entry.step == step);
        found.cloned().unwrap_or_else(|| Entry { pipeline, step, ..Entry::default() })
    }

    /// Puts the manifest in place with this entry in it; one without files is left out. A file that another step wrote is
    /// this step's from now on.
    pub(super) fn replace(&mut self, entry: &Entry) -> Result<(), DataError> {
        let is_own = |other: &Entry| (&other.pipeline, &other.step) == (&entry.pipeline, &entry.step);
        self.entries.retain(|other| !is_own(other));
        let files: HashSet<&String> = entry.files.iter().collect();
        for other in self.entries.iter_mut().filter(|other| !other.moving) {
            other.files.retain(|file| !files.contains(file));
        }
        self.entries.retain(|other| !other.files.is_empty());
        if !entry.files.is_empty() || entry.moving {
            self.entries.push(entry.clone());
        }
        self.write().map_err(|source| DataError::Io { intent: "write", path: self.path.clone(), source })
    }

    fn write(&mut self) -> io::Result<()> {
        if self.entries.is_empty() {
            let removed = self.held.take().map_or(Ok(()), |_| fs::remove_file(&self.path));
            return removed
                .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) });
        }
        let mut file = beside::create(&self.path)?;
        let manifest = Manifest { version: VERSION, entries: std::mem::take(&mut self.entries) };
        let mut buffered = io::BufWriter::new(&mut file);
        serde_json::to_writer_pretty(&mut buffered, &manifest)?;
        io::Write::write_all(&mut buffered, b"\n")?;
        io::Write::flush(&mut buffered)?;
        drop(buffered);
        file.as_file().sync_all()?;
        let placed = match self.held {
            Some(_) => file.persist(&self.path),
            None => file.persist_noclobber(&self.path),
        };
        self.held = Some(placed.map_err(|error| error.error)?);
        self.entries = manifest.entries;
        sync_folder(&self.path)
    }

    /// How the manifest names a step: its pipeline as seen from here, so that a folder may be moved as a whole.
    fn names(&self, owner: &SplitOwner) -> (String, String) {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        (seen_from(folder, &owner.pipeline), owner.step.to_string())
    }
}

fn read(path: &Path) -> Result<Vec<Entry>, DataError> {
    let text =
        fs::read(path).map_err(|source| DataError::Io { intent: "read", path: path.to_owned(), source })?;
    let refuse = |message: String| {
        DataError::Usage(format!(
            "`{}`, which lists the files of earlier runs, {message}; move it away, and no file of theirs is removed",
            path.display()
        ))
    };
    let head: Head =
        serde_json::from_slice(&text).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if head.version > VERSION {
        return Err(refuse("was written by a newer flowrun".to_owned()));
    }
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let leads_out = |file: &&String| {
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        file.is_empty() || !Path::new(file).components().all(is_plain)
    };
    for entry in &manifest.entries {
        let mut files = entry.files.iter().chain(&entry.parts).chain(&entry.old);
        if let Some(file) = files.find(leads_out) {
            return Err(refuse(format!("names `{file}`, which lies elsewhere")));
        }
        if entry.moving && entry.files.len() != entry.parts.len() {
            return Err(refuse("does not say where all files of a step are".to_owned()));
        }
    }
    Ok(manifest.entries)
}

/// The path of a file as seen from a folder.
fn seen_from(folder: &Path, file: &Path) -> String {
    let whole = |path: &Path| {
        normal(&std::path::absolute(Path::new(".").join(path)).unwrap_or_else(|_| path.to_owned()))
    };
    let (folder, file) = (whole(folder), whole(file));
    let common = folder.components().zip(file.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(file.components().skip(common)).collect();
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_named_as_seen_from_the_folder() {
        for (folder, file, expect) in [
            ("/a/out", "/a/p.yaml", "../p.yaml"),
            ("/a/out/x/", "/a/q/p.yaml", "../../q/p.yaml"),
            ("/a", "/a/p.yaml", "p.yaml"),
            ("", "p.yaml", "p.yaml"),
            ("out", "p.yaml", "../p.yaml"),
            ("/a/./b/../out", "/a/p.yaml", "../p.yaml"),
        ] {
            assert_eq!(seen_from(Path::new(folder), Path::new(file)), expect, "{folder} {file}");
        }
    }

    #[test]
    fn what_is_no_manifest_of_ours_is_refused_and_stays() {
        let dir = tempfile::tempdir().expect("a folder");
        for (text, expect) in [
            ("", "cannot be read"),
            ("{\"version\":2,\"things\":[]}", "a newer flowrun"),
            (r#"{"version":1,"entries":[{"pipeline":"p","step":"s","files":["../x"]}]}"#, "lies elsewhere"),
            (r#"{"version":1,"entries":[{"pipeline":"p","step":"s","files":["/x"]}]}"#, "lies elsewhere"),
            (
                r#"{"version":1,"entries":[{"pipeline":"p","step":"s","moving":true,"files":["x"]}]}"#,
                "where all files of a step are",
            ),
        ] {
            fs::write(dir.path().join(NAME), text).expect("room");
            let error = LockedManifest::open(dir.path()).err().expect("refused").to_string();
            assert!(error.contains(expect), "{error}");
            assert_eq!(fs::read_to_string(dir.path().join(NAME)).expect("there"), text);
        }
    }
}
