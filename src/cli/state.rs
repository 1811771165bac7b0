//! This module finds where runs are kept: beside the pipeline file, or where an option says. It also gives the text
//! of the commands about a run.

use std::path::{Path, PathBuf};

use super::args::{FolderArguments, StateArguments};
use super::exit::{Complaint, Fault};
use crate::report::Commands;
use crate::store::{Catalogue, StoreError};
use crate::value::shell_word;

/// The name of the folder beside a pipeline file.
const NAME: &str = ".flowrun";

/// Characters of an abbreviated id, at least: the digits of the second in which the run began. Fewer would do until
/// the next run begins, and the command that was printed would then mean two runs.
const SHORT: usize = 6;

/// The folder that keeps a run of this file; `None`: it is not to be kept.
pub(super) fn of_run(file: &Path, arguments: &StateArguments) -> Option<PathBuf> {
    if arguments.no_state {
        return None;
    }
    Some(arguments.state_dir.clone().unwrap_or_else(|| beside(file)))
}

/// `.flowrun` in the folder of a file.
pub(super) fn beside(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(NAME)
}

/// Whether a path ends in the name of such a folder, as systems compare names that do not mind the case.
pub(super) fn is_named(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(NAME))
}

/// The folder that an option names, or the nearest one from the current folder upwards.
pub(super) fn find(arguments: &FolderArguments) -> Result<PathBuf, Complaint> {
    match &arguments.state_dir {
        Some(folder) if folder.is_dir() => Ok(folder.clone()),
        Some(folder) => {
            Err(Complaint::new(format!("cannot find runs in `{}`: it is no folder", folder.display())))
        }
        None => nearest().ok_or_else(|| {
            Complaint::new(format!("there is no folder `{NAME}` here or above"))
                .help("runs lie beside their pipeline file; `--state-dir D` names another folder")
        }),
    }
}

/// The nearest folder of that name from the current folder upwards.
pub(super) fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let found = here.ancestors().map(|folder| folder.join(NAME)).find(|folder| folder.is_dir())?;
    let is_here = found.parent() == Some(&*here);
    Some(if is_here { PathBuf::from(NAME) } else { found })
}

/// The run that is meant.
pub(super) fn run(catalogue: &Catalogue, wanted: &str) -> Result<String, Complaint> {
    catalogue.find(wanted).map_err(|error| {
        let is_unknown = matches!(error, StoreError::NoRun { .. });
        let complaint = Complaint::new(error.to_string());
        if is_unknown { complaint.help("`flowrun runs` lists those that there are") } else { complaint }
    })
}

/// How a run is called for in the commands that are printed, before it begins.
pub(super) fn commands(state: &Path, run: &str) -> Commands {
    let ids = Catalogue::new(state).ids().unwrap_or_default();
    let is_near = nearest().is_some_and(|near| same(&near, state))
        || std::env::current_dir().is_ok_and(|here| same(&here.join(NAME), state));
    let folder = (!is_near).then(|| shell_word(&state.to_string_lossy()));
    Commands { run: short(run, &ids).to_owned(), folder }
}

/// The shortest beginning of an id that names no other run.
pub(super) fn short<'a>(id: &'a str, ids: &[String]) -> &'a str {
    let is_clear = |length: &usize| {
        id.is_char_boundary(*length)
            && !ids.iter().any(|other| other != id && other.starts_with(&id[..*length]))
    };
    (SHORT..id.len()).find(is_clear).map_or(id, |length| &id[..length])
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    real(one) == real(other)
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Complaint::new(error.to_string()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviation_names_one_run() {
        let ids = ["1xak40007", "1xak400x7", "1xak41abc"].map(str::to_owned);
        for (id, expect) in [("1xak40007", "1xak4000"), ("1xak41abc", "1xak41"), ("ab", "ab")] {
            assert_eq!(short(id, &ids), expect);
        }
        assert_eq!(short("1xak40007", &[]), "1xak40");
    }

    #[test]
    fn runs_are_kept_beside_the_file_unless_told_otherwise() {
        let of = |state_dir: Option<&str>, no_state| {
            of_run(
                Path::new("a/p.yaml"),
                &StateArguments { state_dir: state_dir.map(PathBuf::from), no_state },
            )
        };
        assert_eq!(of(None, false), Some("a/.flowrun".into()));
        assert_eq!(of(Some("x"), false), Some("x".into()));
        assert_eq!(of(None, true), None);
        assert_eq!(beside(Path::new("p.yaml")), Path::new(".flowrun"));
    }
}
