//! This module finds the pipeline files in a folder: YAML files with a `steps` key at their top.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::exit::Complaint;
use crate::cli::load::cannot;
use crate::config::has_steps;

/// The pipeline files in `folder` and below, sorted by path. Hidden folders are left alone, and links to folders: they
/// may lead in circles.
pub(super) fn pipelines(folder: &Path, complaints: &mut Vec<Complaint>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let listed = list(&folder, &mut open);
        let files = listed.unwrap_or_else(|error| {
            complaints.push(cannot("search", &folder, &error));
            Vec::new()
        });
        for file in files {
            match fs::read(&file) {
                Ok(bytes) if has_steps(&bytes) => found.push(file),
                Ok(_) => {}
                Err(error) => complaints.push(cannot("read", &file, &error)),
            }
        }
    }
    found.sort();
    // Code hosts and editors know the file as `x.yaml`, not as `./x.yaml`.
    found.into_iter().map(|file| file.strip_prefix(".").map(Path::to_owned).unwrap_or(file)).collect()
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

/// Whether a file is one by its name.
pub(in crate::cli) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
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
            ("other.yaml", "jobs:\n"),
            ("notes.txt", "steps:\n"),
        ] {
            fs::write(root.join(name), text).expect("a file");
        }
        let mut complaints = Vec::new();
        let found = pipelines(root, &mut complaints);
        assert_eq!(found, [root.join("a.yaml"), root.join("b/z.yml")]);
        assert_eq!(complaints, []);
    }
}
