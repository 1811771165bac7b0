//! This module finds the run that a command is about: one that is named by its id, or the latest of a pipeline file.

use std::path::{Path, PathBuf};

use super::args::FolderArguments;
use super::exit::{Complaint, Fault};
use super::history::History;
use super::state;
use crate::config::is_yaml;
use crate::store::Catalogue;
use crate::value::shell_word;

/// The folder in which a run is looked for, and the pipeline file where one is named in the place of a run.
pub(super) fn place(
    run: Option<&str>,
    arguments: &FolderArguments,
) -> Result<(PathBuf, Option<PathBuf>), Complaint> {
    let is_file = |path: &&Path| path.is_file() || is_yaml(path);
    let Some(file) = run.map(Path::new).filter(is_file) else {
        return state::find(arguments).map(|folder| (folder, None));
    };
    let folder = match &arguments.state_dir {
        Some(_) => state::find(arguments)?,
        None => state::beside(file),
    };
    Ok((folder, Some(file.to_owned())))
}

/// The folder that keeps a run, and its id: the run that is named, the latest of a pipeline file that is named in its
/// place, or the latest of all.
pub(super) fn kept(run: Option<&str>, arguments: &FolderArguments) -> Result<(PathBuf, String), Fault> {
    let (folder, file) = place(run, arguments)?;
    let catalogue = Catalogue::new(&folder);
    let Some(file) = file else {
        let id = state::run(&catalogue, run.unwrap_or("latest"))?;
        return Ok((folder, id));
    };
    match History::read(&catalogue, Some(&file))?.latest() {
        Some(record) => Ok((folder, record.id.clone())),
        None => {
            Err(Complaint::new(format!("no run of `{}` is kept in `{}`", file.display(), folder.display()))
                .help(format!("`flowrun {}` runs it", shell_word(&file.to_string_lossy())))
                .into())
        }
    }
}
