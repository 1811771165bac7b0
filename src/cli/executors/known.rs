//! The executors that `--on` can name stand in two files at most, and a few are built in. No file beside a pipeline is ever
//! looked for: what stands in it is run by shells, and a cloned repository must not bring any along.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::console::Console;
use crate::cli::exit::Fault;
use crate::cli::load;
use crate::config::{self, Executor, ExecutorKind, FileKind, SpanIndex};
use crate::source::SourceFile;

/// The file of the machine.
const OF_MACHINE: &str = "/etc/flowrun/executors.yaml";

/// What is there without any file.
const BUILT_IN: [ExecutorKind; 2] = [ExecutorKind::Processes, ExecutorKind::Slurm];

/// One executor that can be named.
#[derive(Debug, Clone)]
pub(in crate::cli) struct KnownExecutor {
    pub(in crate::cli) name: String,
    pub(in crate::cli) executor: Executor,
    /// As it is written, whole.
    pub(in crate::cli) written: Value,
    /// Where it stands; `None`: nowhere.
    pub(in crate::cli) file: Option<Arc<ExecutorsFile>>,
}

/// An executors file without a mistake.
#[derive(Debug)]
pub(in crate::cli) struct ExecutorsFile {
    pub(in crate::cli) text: Arc<SourceFile>,
    pub(in crate::cli) spans: SpanIndex,
}

/// All that can be named, and where it was looked for.
#[derive(Debug, Default)]
pub(in crate::cli) struct KnownExecutors {
    entries: Vec<KnownExecutor>,
    places: Vec<(PathBuf, bool)>,
    /// The first file that is there.
    first: Option<Arc<ExecutorsFile>>,
}

impl KnownExecutors {
    /// Reads the files; `given` stands in the place of the user's own.
    pub(in crate::cli) fn find(console: &Console, given: Option<&Path>) -> Result<Self, Fault> {
        let mut known = Self::default();
        match given {
            // A file that is named has to be there.
            Some(path) => {
                let bytes = fs::read(path);
                let bytes = bytes.map_err(|error| load::cannot("read the executors file", path, &error))?;
                known.add(path, &bytes)?;
            }
            None => known.look_into(of_user(console))?,
        }
        known.look_into(Some(PathBuf::from(OF_MACHINE)))?;
        for kind in BUILT_IN {
            let executor = Executor::standard(kind);
            let executor =
                executor.ok_or_else(|| Fault::Internal("a built-in executor lacks a key".to_owned()))?;
            let written = json!({ "kind": kind.name() });
            known.insert(KnownExecutor { name: kind.name().to_owned(), executor, written, file: None });
        }
        Ok(known)
    }

    /// All, those of files first, in their order.
    pub(in crate::cli) fn entries(&self) -> impl Iterator<Item = &KnownExecutor> {
        self.entries.iter()
    }

    /// The first of the files that are there; `None`: none is.
    pub(in crate::cli) fn first(&self) -> Option<&ExecutorsFile> {
        self.first.as_deref()
    }

    /// Where it was looked, for people.
    pub(in crate::cli) fn places<'a>(&'a self, console: &'a Console) -> impl Iterator<Item = String> + 'a {
        self.places.iter().map(|(path, is_there)| {
            let path = shortened(path, console);
            if *is_there { path } else { format!("{path}, which is not there") }
        })
    }

    fn look_into(&mut self, path: Option<PathBuf>) -> Result<(), Fault> {
        let Some(path) = path else { return Ok(()) };
        match fs::read(&path) {
            Ok(bytes) => self.add(&path, &bytes),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                self.places.push((path, false));
                Ok(())
            }
            Err(error) => Err(load::cannot("read the executors file", &path, &error).into()),
        }
    }

    fn add(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
        self.places.push((path.to_owned(), true));
        let loaded = config::load_as(FileKind::Executors, bytes, &path.to_string_lossy(), path);
        if !loaded.is_valid() {
            return Err(Fault::Invalid(loaded.diagnostics, Vec::new()));
        }
        let Some(document) = loaded.document else { return Ok(()) };
        let decoded = config::decode_executors(&document.value);
        let decoded = decoded
            .map_err(|error| Fault::Internal(format!("the schema accepts what the types do not: {error}")))?;
        let file = Arc::new(ExecutorsFile { text: loaded.file, spans: document.spans });
        self.first.get_or_insert_with(|| Arc::clone(&file));
        for (name, executor) in decoded.executors {
            let written = document.value["executors"][&name].clone();
            self.insert(KnownExecutor { name, executor, written, file: Some(Arc::clone(&file)) });
        }
        Ok(())
    }

    /// The first entry of a name counts, whole.
    fn insert(&mut self, entry: KnownExecutor) {
        if !self.entries.iter().any(|known| known.name == entry.name) {
            self.entries.push(entry);
        }
    }
}

/// The file of the user, where the environment says where that would be.
fn of_user(console: &Console) -> Option<PathBuf> {
    // As the specification of these folders wants it: a path that is not absolute is none.
    let folder = |name: &str| console.env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(config.join("flowrun/executors.yaml"))
}

/// Where an executor stands, for people.
pub(in crate::cli) fn from_file(file: Option<&ExecutorsFile>, console: &Console) -> String {
    file.map_or_else(|| "built in".to_owned(), |file| shortened(file.text.path(), console))
}

/// A path with `~` for the home folder.
fn shortened(path: &Path, console: &Console) -> String {
    let home = console.env.get("HOME").filter(|home| !home.is_empty());
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
