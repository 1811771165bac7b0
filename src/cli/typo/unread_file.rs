//! A pipeline file that cannot be read: what lies there instead.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::exit::Complaint;
use crate::config::{EXTENSIONS, FileKind, is_yaml};
use crate::source::nearest;

/// Pipelines of a folder that are named.
const NAMED_MAX: usize = 5;

/// Says what the name of a file that cannot be read should probably be.
pub(in crate::cli) fn unread_file(complaint: Complaint, path: &Path) -> Complaint {
    if path.is_dir() {
        return complaint.help(of_folder(path));
    }
    if path.exists() {
        return complaint;
    }
    let Some(near) = with_extension(path).or_else(|| beside(path)) else { return complaint };
    complaint.help(format!("did you mean `{}`?", near.display()))
}

/// The same name with the extension of a pipeline, if there is such a file.
pub(super) fn with_extension(path: &Path) -> Option<PathBuf> {
    path.file_stem()?;
    EXTENSIONS.iter().map(|extension| path.with_extension(extension)).find(|path| path.is_file())
}

fn of_folder(folder: &Path) -> String {
    let pipelines = pipelines(folder);
    if pipelines.is_empty() {
        return "no pipeline file lies in this folder; `flowrun init` makes one".to_owned();
    }
    let named: Vec<String> =
        pipelines.iter().take(NAMED_MAX).map(|path| format!("`flowrun {}`", shown(path))).collect();
    let more = if pipelines.len() > NAMED_MAX { " …" } else { "" };
    format!("name a file of it: {}{more}; `flowrun check` takes folders", named.join(", "))
}

/// The pipelines that lie in a folder, sorted.
fn pipelines(folder: &Path) -> Vec<PathBuf> {
    let is_pipeline = |path: &PathBuf| {
        is_yaml(path) && fs::read(path).is_ok_and(|bytes| FileKind::found(&bytes) == Some(FileKind::Pipeline))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_pipeline).collect();
    found.sort();
    found
}

/// The pipeline in the same folder whose name is nearly this one.
fn beside(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = path.file_name()?.to_str()?;
    let there = pipelines(folder);
    let names = there.iter().filter_map(|path| path.file_name()?.to_str());
    let near = nearest(wanted, names)?;
    there.iter().find(|path| path.file_name().is_some_and(|name| name == near)).map(|path| shown(path).into())
}

/// Without the `./` that nobody writes.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
