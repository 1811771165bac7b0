//! The kin of a file are the pipelines that include it, and what else they include: a policy or a limit may be named in
//! all of them. What an editor has open goes before what lies on the disk.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::documents::Workspace;
use super::file::File;
use super::findings;
use super::ids::{self, Id};
use crate::config::{FileKind, is_yaml};
use crate::plan;

/// Files and folders that are looked at for pipelines. A larger tree is somebody's home, and no project.
const SEARCHED_MAX: usize = 50_000;
/// Bytes of a file that may be a pipeline.
const BYTES_MAX: u64 = 4 << 20;

/// A file that is known, open or not.
pub(super) enum KinFile<'a> {
    Open(&'a File),
    OnDisk(Box<File>),
}

impl Deref for KinFile<'_> {
    type Target = File;

    fn deref(&self) -> &File {
        match self {
            Self::Open(file) => file,
            Self::OnDisk(file) => file,
        }
    }
}

/// Pipelines with the files that they include.
pub(super) struct Kin<'a> {
    pub(super) files: Vec<KinFile<'a>>,
    /// Of each pipeline its own place in `files`, then those that it includes, in their order.
    pub(super) pipelines: Vec<Vec<usize>>,
}

impl<'a> Kin<'a> {
    /// The file alone, with what it includes; it is the first of `files`.
    pub(super) fn own(workspace: Workspace<'a>, file: &'a File) -> Self {
        let mut kin = Self { files: vec![KinFile::Open(file)], pipelines: Vec::new() };
        if file.kind() == Some(FileKind::Pipeline) {
            kin.add(workspace, 0);
        }
        kin
    }

    /// All pipelines that may share something with the file, which is the first of `files`.
    ///
    /// # Errors
    /// Says why they cannot all be known.
    pub(super) fn all(workspace: Workspace<'a>, file: &'a File) -> Result<Self, String> {
        let mut kin = Self::own(workspace, file);
        let mut paths: BTreeSet<PathBuf> =
            workspace.files.values().map(|open| open.file.path.clone()).collect();
        // An included file lies in the pipeline's folder, below it, or in a folder above.
        let shown = workspace.folders.iter().filter(|folder| file.path.starts_with(folder));
        let shown: Vec<&Path> = shown.map(PathBuf::as_path).collect();
        let own: Vec<&Path> = kin.files.iter().filter_map(|file| file.path.parent()).collect();
        for folder in if shown.is_empty() { own } else { shown } {
            search(folder, &mut paths)?;
        }
        for path in paths {
            let Some(at) = kin.put(workspace, &path, "yaml") else { continue };
            if kin.files[at].kind() == Some(FileKind::Pipeline) {
                kin.add(workspace, at);
            }
        }
        Ok(kin)
    }

    /// The pipelines that a file belongs to.
    pub(super) fn pipelines_of(&self, file: usize) -> impl Iterator<Item = &[usize]> {
        self.pipelines.iter().map(Vec::as_slice).filter(move |files| files.contains(&file))
    }

    /// The file that says what a name means to a pipeline: itself, or the first that it includes.
    pub(super) fn definer(&self, pipeline: &[usize], id: Id<'_>) -> Option<usize> {
        pipeline.iter().copied().find(|&at| ids::definition(&self.files[at], id).is_some())
    }

    /// The pipeline at `at`, unless it is known.
    fn add(&mut self, workspace: Workspace<'a>, at: usize) {
        if self.pipelines.iter().any(|files| files[0] == at) {
            return;
        }
        let paths =
            self.files[at].read().map(|read| plan::included_paths(&read.document)).unwrap_or_default();
        let included = paths.iter().filter_map(|path| self.put(workspace, path, "flowrun"));
        let files = std::iter::once(at).chain(included.collect::<Vec<_>>()).collect();
        self.pipelines.push(files);
    }

    /// The place of the file at `path`; `None`: it cannot be read.
    fn put(&mut self, workspace: Workspace<'a>, path: &Path, language: &str) -> Option<usize> {
        if let Some(at) = self.files.iter().position(|file| file.path == *path) {
            return Some(at);
        }
        self.files.push(known(workspace, path, language)?);
        Some(self.files.len() - 1)
    }
}

/// The file at `path`, open or on the disk; `None`: it cannot be read.
pub(super) fn known<'a>(workspace: Workspace<'a>, path: &Path, language: &str) -> Option<KinFile<'a>> {
    let open = workspace.files.values().map(|open| &open.file).find(|file| file.path == *path);
    match open {
        Some(file) => Some(KinFile::Open(file)),
        None => Some(KinFile::OnDisk(Box::new(on_disk(path, language)?))),
    }
}

fn on_disk(path: &Path, language: &str) -> Option<File> {
    let data = fs::metadata(path).ok().filter(|data| data.is_file() && data.len() <= BYTES_MAX)?;
    let text = fs::read_to_string(path).ok().filter(|_| data.is_file())?;
    Some(File::new(findings::uri(path)?, language.to_owned(), 0, text))
}

/// The YAML files in a folder and below. Hidden folders are left alone, and links to folders: they may lead in circles.
fn search(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), String> {
    let (mut open, mut seen) = (vec![folder.to_owned()], 0);
    while let Some(next) = open.pop() {
        // What may not be looked into holds no pipeline that anybody works on here.
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            seen += 1;
            if seen > SEARCHED_MAX {
                let folder = folder.display();
                return Err(format!("`{folder}` holds too many files to find all pipelines in it"));
            }
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(path);
            } else if is_yaml(&path) {
                found.insert(path);
            }
        }
    }
    Ok(())
}
