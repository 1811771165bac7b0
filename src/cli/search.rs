//! This module finds the files that commands on pipelines are about: in a folder, YAML files with a `steps` key at their top,
//! and those that look as if pipelines include them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::exit::Complaint;
use crate::cli::load::cannot;
use crate::config::{FileKind, is_yaml};

/// What lies in a folder and below, sorted by path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FoundFiles {
    /// Pipelines, and what they include, as far as these are wanted.
    pub(super) checked: Vec<PathBuf>,
    /// Other YAML files.
    pub(super) left: Vec<PathBuf>,
}

impl FoundFiles {
    /// The files that these arguments mean, each once, in their order: those of a folder are searched for. `skip_others` leaves
    /// named ones aside too that are not of a wanted kind; those that cannot be read stay, and whoever reads them says why.
    pub(super) fn of(
        paths: &[PathBuf],
        skip_others: bool,
        is_wanted: fn(FileKind) -> bool,
        complaints: &mut Vec<Complaint>,
    ) -> Self {
        let mut all = Self::default();
        for path in paths {
            if path.is_dir() {
                let found = files(path, is_wanted, complaints);
                if found.checked.is_empty() {
                    let complaint = Complaint::new(format!("no pipeline file lies in `{}`", path.display()));
                    complaints.push(
                        complaint.help("pipeline files end in `.yaml` or `.yml` and have a `steps` key"),
                    );
                }
                all.checked.extend(found.checked);
                all.left.extend(found.left);
            } else if !skip_others
                || fs::read(path).map_or(true, |bytes| FileKind::found(&bytes).is_some_and(is_wanted))
            {
                all.checked.push(path.clone());
            }
        }
        let mut seen = BTreeSet::new();
        all.checked.retain(|file| seen.insert(file.clone()));
        all.left.retain(|file| seen.insert(file.clone()));
        all
    }
}

/// The files in `folder` and below. Hidden folders are left alone, and links to folders: they may lead in circles.
fn files(folder: &Path, is_wanted: fn(FileKind) -> bool, complaints: &mut Vec<Complaint>) -> FoundFiles {
    let mut found = FoundFiles::default();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let listed = list(&folder, &mut open);
        let files = listed.unwrap_or_else(|error| {
            complaints.push(cannot("search", &folder, &error));
            Vec::new()
        });
        for file in files {
            match fs::read(&file) {
                Ok(bytes) if FileKind::found(&bytes).is_some_and(is_wanted) => found.checked.push(file),
                Ok(_) => found.left.push(file),
                Err(error) => complaints.push(cannot("read", &file, &error)),
            }
        }
    }
    for files in [&mut found.checked, &mut found.left] {
        files.sort();
        for file in files {
            // Code hosts and editors know the file as `x.yaml`, not as `./x.yaml`.
            if let Ok(plain) = file.strip_prefix(".") {
                *file = plain.to_owned();
            }
        }
    }
    found
}

/// The YAML files of one folder; the folders in it go to `open`.
fn list(folder: &Path, open: &mut Vec<PathBuf>) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            open.push(path);
        } else if is_yaml(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_in_order_and_hidden_ones_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("b/.flowrun")).expect("a folder");
        for (name, text) in [
            ("b/z.yml", "steps:\n"),
            ("b/.flowrun/old.yaml", "steps:\n"),
            ("a.yaml", "steps:\n"),
            ("b/common.yaml", "policies:\n"),
            ("other.yaml", "jobs:\n"),
            ("notes.txt", "steps:\n"),
        ] {
            fs::write(root.join(name), text).expect("a file");
        }
        let mut complaints = Vec::new();
        let found = files(root, |_| true, &mut complaints);
        let expect = ["a.yaml", "b/common.yaml", "b/z.yml"].map(|name| root.join(name)).to_vec();
        assert_eq!(found, FoundFiles { checked: expect, left: vec![root.join("other.yaml")] });
        assert_eq!(complaints, []);
    }
}
