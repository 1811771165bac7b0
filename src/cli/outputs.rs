//! This module checks that the files of `--events`, `--report`, `--junit` and `--trace` are no files of the run: it
//! compares them with all that the run is known to touch, before one of them is opened or made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::args::OutputArguments;
use super::exit::Complaint;
use super::state;
use crate::data::Reached;
use crate::plan::{FileRole, Plan, Touched};

/// What `-` reaches when it is written to.
const STDOUT: &str = "/dev/stdout";

/// What the files of a run are.
pub(super) struct RunFiles<'a> {
    /// The pipeline file.
    pub(super) file: &'a Path,
    /// What it says, if that is known.
    pub(super) plan: Option<&'a Plan>,
    /// `--params-file`
    pub(super) params_file: Option<&'a Path>,
    /// The folder that keeps the run.
    pub(super) state: Option<&'a Path>,
}

/// A file that is about to be written.
pub(super) struct OutputFile<'a> {
    option: &'static str,
    path: &'a Path,
    reached: Reached,
}

/// Complains of outputs that are a file of the run, or one file together. Opens nothing.
pub(super) fn check(arguments: &OutputArguments, run: &RunFiles<'_>) -> Vec<Complaint> {
    let given = [
        ("--events", "events", &arguments.events),
        ("--report", "the report", &arguments.report),
        ("--junit", "the JUnit file", &arguments.junit),
        ("--trace", "the trace", &arguments.trace),
    ];
    let (mut outputs, mut complaints): (Vec<OutputFile<'_>>, Vec<Complaint>) = (Vec::new(), Vec::new());
    for (option, intent, path) in given {
        let Some(path) = path else { continue };
        if path.as_os_str() != "-" {
            outputs.push(OutputFile::new(option, path));
        } else if option != "--events" {
            let message = format!("{intent} goes to a file, not to standard output");
            complaints.push(Complaint::new(message).help("name a file, as in `--report report.html`"));
        }
    }
    complaints.extend(OutputFile::check_all(&outputs, run));
    let streamed = arguments.events.as_deref().filter(|path| path.as_os_str() == "-");
    let reached = || Reached::of(Path::new(STDOUT));
    outputs.extend(streamed.map(|path| OutputFile { option: "--events", path, reached: reached() }));
    complaints.extend(twins(&outputs));
    complaints
}

/// Complains of outputs that are one file.
fn twins(outputs: &[OutputFile<'_>]) -> Vec<Complaint> {
    let complaint = |(at, second): (usize, &OutputFile<'_>)| {
        let first = outputs[..at].iter().find(|first| first.reached.is(&second.reached))?;
        let message = format!("two outputs of the run want `{}`: {first} and {second}", first.path.display());
        Some(Complaint::new(message).help("give each a file of its own"))
    };
    outputs.iter().enumerate().filter_map(complaint).collect()
}

/// The folders above a file that is about to be written, made as `write` makes them.
pub(super) fn make_folders(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        Some(folder) => fs::create_dir_all(folder),
        None => Ok(()),
    }
}

impl std::fmt::Display for OutputFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{} {}`", self.option, self.path.display())
    }
}

impl<'a> OutputFile<'a> {
    /// The file that an option names.
    pub(super) fn new(option: &'static str, path: &'a Path) -> Self {
        Self { option, path, reached: Reached::of(path) }
    }

    /// Whether there is something to be written over.
    pub(super) fn is_there(&self) -> bool {
        self.reached.is_there()
    }

    /// One complaint at most of each.
    pub(super) fn check_all(outputs: &[Self], run: &RunFiles<'_>) -> Vec<Complaint> {
        if outputs.is_empty() {
            return Vec::new();
        }
        let touches = run.plan.map(Plan::touches).unwrap_or_default();
        outputs.iter().filter_map(|output| output.check(run, &touches)).collect()
    }

    fn check(&self, run: &RunFiles<'_>, touches: &[Touched]) -> Option<Complaint> {
        if let Some(state) = self.state(run) {
            let message = format!("{self} is in `{}`, where runs are kept", state.display());
            return Some(Complaint::new(message).help("name a file elsewhere"));
        }
        let is = |path: &Path| self.reached.is(&Reached::of(path));
        let params = run.params_file.filter(|path| is(path));
        let what = if is(run.file) {
            format!("write over `{}`, the pipeline file", run.file.display())
        } else if let Some(path) = params {
            format!("write over `{}`, the params file", path.display())
        } else {
            touches.iter().find_map(|file| self.touches(file)).or_else(|| self.lua(run))?
        };
        let help = "name a file that the run neither reads nor writes";
        Some(Complaint::new(format!("{self} would {what}")).help(help))
    }

    /// What would become of a file that the run touches.
    fn touches(&self, file: &Touched) -> Option<String> {
        let path = &file.path;
        // A stream may be a file that the shell has opened.
        let place = match (path.as_str(), &file.role) {
            ("-", FileRole::Read(_)) => Path::new("/dev/stdin"),
            ("-", FileRole::Written(_)) => Path::new(STDOUT),
            _ => &file.root.join(path),
        };
        let is_same = self.reached.is(&Reached::of(place));
        let what = match &file.role {
            FileRole::Read(step) if is_same => format!("write over `{path}`, which step `{step}` reads"),
            FileRole::Listed(step) if is_same => format!("write over `{path}`, which step `{step}` lists"),
            FileRole::Written(step) if is_same => format!("write over `{path}`, which step `{step}` writes"),
            FileRole::Secret(name) if is_same => format!("write over `{path}`, which holds secret `{name}`"),
            FileRole::Lua if is_same => format!("write over `{path}`, a Lua file of the pipeline"),
            FileRole::Included if is_same => format!("write over `{path}`, which the pipeline includes"),
            FileRole::Read(step) if self.reached.is_read_as(&file.root, path) => {
                format!("write a file that step `{step}` reads as `{path}`")
            }
            FileRole::Listed(step) if self.reached.is_read_as(&file.root, path) => {
                format!("write a file that step `{step}` lists as `{path}`")
            }
            _ => return None,
        };
        Some(what)
    }

    /// Any Lua file in the folders of `lua_path` may be required, by a name that is only known when that happens.
    fn lua(&self, run: &RunFiles<'_>) -> Option<String> {
        let is_lua = |path: &Path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("lua"));
        if !is_lua(self.path) && !is_lua(self.reached.path()) {
            return None;
        }
        let own = run.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let lies_in = |folder: &Path| self.reached.lies_in(&Reached::of(folder));
        if lies_in(own) {
            return Some("write over a Lua file in the pipeline's folder".to_owned());
        }
        let searched = run.plan.into_iter().flat_map(|plan| plan.lua_path.searched());
        let folder = searched.into_iter().find(|folder| lies_in(folder))?;
        Some(format!("write over a Lua file in `{}`, a folder of `lua_path`", folder.display()))
    }

    /// The folder of runs that the file lies in, as it is called.
    fn state(&self, run: &RunFiles<'_>) -> Option<PathBuf> {
        let own = run.state.map(Path::to_owned);
        let absolute = std::path::absolute(self.path).unwrap_or_else(|_| self.path.to_owned());
        let above =
            self.reached.path().ancestors().chain(absolute.ancestors()).filter(|path| state::is_named(path));
        let mut folders = own.into_iter().chain(above.map(Path::to_owned));
        folders.find(|folder| self.reached.lies_in(&Reached::of(folder))).or_else(|| self.twin_in_state(run))
    }

    /// The same, for a file there that has a second name elsewhere.
    fn twin_in_state(&self, run: &RunFiles<'_>) -> Option<PathBuf> {
        if !self.reached.has_names() {
            return None;
        }
        let beside = state::beside(run.file);
        let folders = run.state.into_iter().chain([&*beside]);
        folders.map(Path::to_owned).find(|folder| {
            let mut files = walkdir::WalkDir::new(folder).into_iter().flatten();
            files.any(|entry| entry.file_type().is_file() && self.reached.is(&Reached::of(entry.path())))
        })
    }
}
