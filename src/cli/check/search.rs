//! This module finds the files in a folder that a check is about: YAML files with a `steps` key at their top, and those
//! that look as if pipelines include them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::exit::Complaint;
use crate::cli::load::cannot;
use crate::config::{FileKind, is_yaml};

/// What lies in a folder and below, sorted by path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FoundFiles {
    /// Pipelines, and what they include.
    pub(super) checked: Vec<PathBuf>,
    /// Other YAML files.
    pub(super) left: Vec<PathBuf>,
}

/// The files in `folder` and below. Hidden folders are left alone, and links to folders: they may lead in circles.
pub(super) fn files(folder: &Path, complaints: &mut Vec<Complaint>) -> FoundFiles {
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
                Ok(bytes) if FileKind::found(&bytes).is_some() => found.checked.push(file),
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
        let found = files(root, &mut complaints);
        let expect = ["a.yaml", "b/common.yaml", "b/z.yml"].map(|name| root.join(name)).to_vec();
        assert_eq!(found, FoundFiles { checked: expect, left: vec![root.join("other.yaml")] });
        assert_eq!(complaints, []);
    }
}
