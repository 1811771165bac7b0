//! This module finds the pipeline files in a folder: YAML files with a `steps` key at their top.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::exit::Complaint;
use crate::cli::load::cannot;

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

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Whether a line of the text begins with the key. Files are told apart by their text, not by parsing them: one that
/// cannot be parsed is the one that a check must not pass over.
pub(in crate::cli) fn has_steps(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.split(|byte| *byte == b'\n').any(|line| {
        // The whole file may be a map in braces.
        let line = line.strip_prefix(b"{").map_or(line, <[u8]>::trim_ascii_start);
        let key =
            [&b"steps"[..], b"\"steps\"", b"'steps'"].into_iter().find_map(|key| line.strip_prefix(key));
        key.is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_with_a_top_level_steps_key_are_pipelines() {
        for (text, expect) in [
            ("version: 1\nsteps:\n  a: {}\n", true),
            ("\u{feff}steps: {}\n", true),
            ("steps :\r\n", true),
            ("\"steps\": {}", true),
            ("{\n  version: 1}\n", false),
            ("{ steps: {} }\n", true),
            ("jobs:\n  steps:\n", false),
            ("stepsize: 1\n", false),
            ("# steps:\n", false),
            ("steps: [unclosed\n\t", true),
            ("", false),
        ] {
            assert_eq!(has_steps(text.as_bytes()), expect, "{text:?}");
        }
    }

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
