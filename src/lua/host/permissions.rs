//! What the host functions of one run may reach: hosts, paths, programs. Answers questions about names.
//!
//! Leaves to each module what it does with the answer; files are opened by `fs`'s own handles, which follow no link.

mod address;
mod refusal;
mod walk;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::HostError;
use crate::lua::script::Reached;
use refusal::{Kind, refused};
use walk::Stopped;

/// The folder of runs, wherever it lies: Lua code must not rewrite what has been journalled.
const STATE: &str = ".flowrun";

/// Lists as they are written in a pipeline file or given to one run; `None` where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Hosts: `api.example.org`, `localhost:8080`, `*.example.org`, `*`.
    pub net: Option<Vec<String>>,
    /// Folders and files to read.
    pub read: Option<Vec<String>>,
    /// Folders and files to write.
    pub write: Option<Vec<String>>,
    /// Programs to start.
    pub exec: Option<Vec<String>>,
}

/// What one run may reach. The default reaches nothing.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    /// The pipeline's folder, absolute.
    root: PathBuf,
    net: Vec<String>,
    read: Vec<String>,
    write: Vec<String>,
    exec: Vec<String>,
    /// Files and folders that are never written.
    protected: Vec<PathBuf>,
    /// The folder of `fs.tempfile`, which is readable and writable, made when it is first wanted.
    scratch: Arc<OnceLock<tempfile::TempDir>>,
}

impl Permissions {
    /// What a pipeline file in the folder `root` grants, and what a run adds to it. Without a word on it, `fs` reaches
    /// that folder; `http` and `exec` reach nothing.
    #[must_use]
    pub fn new(root: &Path, written: Allowed, added: &Allowed) -> Self {
        let folder = || vec![".".to_owned()];
        let all = |written: Option<Vec<String>>, default: Vec<String>, added: &Option<Vec<String>>| {
            let mut all = written.unwrap_or(default);
            all.extend(added.iter().flatten().cloned());
            all
        };
        let mut permissions = Self {
            root: std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf()),
            net: all(written.net, Vec::new(), &added.net),
            read: all(written.read, folder(), &added.read),
            write: all(written.write, folder(), &added.write),
            exec: all(written.exec, Vec::new(), &added.exec),
            ..Self::default()
        };
        // A program that Lua code could rewrite would do whatever that code likes.
        let programs = permissions.exec.iter().filter(|program| program.contains('/'));
        permissions.protected = programs.map(|program| permissions.root.join(program)).collect();
        permissions.protected.push(permissions.root.join(STATE));
        permissions
    }

    /// The same without any file to write: for expressions, which are asked and change nothing.
    #[must_use]
    pub fn reading(&self) -> Self {
        Self { write: Vec::new(), ..self.clone() }
    }

    /// Keeps these from ever being written: the pipeline file, the folder of runs.
    pub fn protect(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        self.protected.extend(paths.into_iter().map(|path| std::path::absolute(&path).unwrap_or(path)));
    }

    /// Why something that Lua code visibly reaches for would be refused, and what to do about it.
    pub fn complaint(&self, reached: &Reached) -> Option<(String, String)> {
        let needs = |module: &str, what: &str, entry: &str| {
            let message = format!("`{module}` is used, and the file grants no {what}");
            Some((message, format!("add `permissions: {{{entry}}}` to the pipeline file")))
        };
        let refused = match reached {
            Reached::AnyHost if self.net.is_empty() => return needs("http", "host", "net: [HOST]"),
            Reached::AnyProgram if self.exec.is_empty() => {
                return needs("exec", "program", "exec: [PROGRAM]");
            }
            Reached::AnyHost | Reached::AnyProgram => return None,
            Reached::Url(text) => {
                let url = url::Url::parse(text).ok()?;
                self.net(url.host_str()?, url.port_or_known_default().unwrap_or(0))
            }
            Reached::Program(program) => self.exec(program).map(drop),
            Reached::Read(path) => self.read(Path::new(path)).map(drop),
            Reached::Write(path) => self.write(Path::new(path)).map(drop),
        };
        let error = refused.err().filter(|error| !error.retryable)?;
        let (message, help) = error.message.split_once("; ").unwrap_or((&error.message, ""));
        Some((message.to_owned(), help.to_owned()))
    }

    /// Whether this host may be reached: a name or an address, as it stands in a URL. To be asked for each redirect
    /// too.
    pub(in crate::lua) fn net(&self, host: &str, port: u16) -> Result<(), HostError> {
        if self.net.iter().any(|granted| address::covers(granted, host, port)) {
            return Ok(());
        }
        let wanted = address::shown(host);
        Err(refused(Kind::Net, &wanted, None, &wanted, &self.net))
    }

    /// Whether this program may be started, and what to start: a name for the search path as it is, a path with the
    /// links of its folder resolved. A program may be a link itself, because many look at the name they are called by.
    pub(in crate::lua) fn exec(&self, program: &str) -> Result<PathBuf, HostError> {
        let is_path = program.contains('/');
        let placed = |path: &str| walk::place(&self.root, Path::new(path)).ok();
        let found = if is_path { placed(program) } else { Some(PathBuf::from(program)) };
        let granted = |granted: &&String| {
            if granted.contains('/') {
                return is_path && found.is_some() && placed(granted) == found;
            }
            !is_path && !program.is_empty() && *granted == program
        };
        match found.as_ref().filter(|_| !program.contains('\0') && self.exec.iter().any(|one| granted(&one)))
        {
            Some(found) => Ok(found.clone()),
            None => Err(refused(Kind::Exec, program, None, program, &self.exec)),
        }
    }

    /// Where a file that may be read really is, all links resolved. It need not exist.
    pub(in crate::lua) fn read(&self, path: &Path) -> Result<PathBuf, HostError> {
        self.checked(Kind::Read, path, walk::resolve(&self.root, path))
    }

    /// Where a file that may be written really is or will be, all links resolved. Its folder need not exist.
    pub(in crate::lua) fn write(&self, path: &Path) -> Result<PathBuf, HostError> {
        let real = self.checked(Kind::Write, path, walk::resolve(&self.root, path))?;
        self.unprotected(path, real)
    }

    /// [`Permissions::read`] of what stands there itself, which may be a link to anywhere.
    pub(in crate::lua) fn look(&self, path: &Path) -> Result<PathBuf, HostError> {
        self.checked(Kind::Read, path, walk::place(&self.root, path))
    }

    /// [`Permissions::write`] of what stands there itself: to replace it, or to take it away with all that is in it.
    pub(in crate::lua) fn remove(&self, path: &Path) -> Result<PathBuf, HostError> {
        let real = self.checked(Kind::Write, path, walk::place(&self.root, path))?;
        let inside =
            |kept: &PathBuf| walk::resolve(Path::new("/"), kept).is_ok_and(|kept| kept.starts_with(&real));
        if let Some(kept) = self.protected.iter().find(|kept| kept.exists() && inside(kept)) {
            return Err(refusal::protected(path, kept));
        }
        self.unprotected(path, real)
    }

    /// The folder for temporary files, which everything below may use.
    pub(super) fn scratch(&self) -> std::io::Result<PathBuf> {
        if let Some(folder) = self.scratch.get() {
            return Ok(folder.path().to_owned());
        }
        let made = tempfile::Builder::new().prefix("flowrun-").tempdir()?;
        // Where two workers ask at once, the folder of one of them goes again.
        Ok(self.scratch.get_or_init(|| made).path().to_owned())
    }

    fn checked(
        &self,
        kind: Kind,
        path: &Path,
        walked: Result<PathBuf, Stopped>,
    ) -> Result<PathBuf, HostError> {
        let (real, error) = match walked {
            Ok(real) => (real, None),
            Err(stopped) => (stopped.at, Some(stopped.error)),
        };
        let granted = if kind == Kind::Read { &self.read } else { &self.write };
        if !self.covers(granted, &real) {
            let folder = refusal::folder(&self.root, &real);
            return Err(refused(
                kind,
                &path.to_string_lossy(),
                self.elsewhere(path, &real),
                &folder,
                granted,
            ));
        }
        match error {
            None => Ok(real),
            Some(error) => {
                Err(HostError::error(format!("cannot {} `{}`: {error}", kind.verb(), path.display())))
            }
        }
    }

    fn covers(&self, granted: &[String], real: &Path) -> bool {
        let below =
            |folder: &Path| walk::resolve(&self.root, folder).is_ok_and(|folder| real.starts_with(folder));
        granted.iter().any(|folder| below(Path::new(folder)))
            || self.scratch.get().is_some_and(|folder| below(folder.path()))
    }

    /// The real path, where the one given does not show it.
    fn elsewhere(&self, path: &Path, real: &Path) -> Option<String> {
        let given = self.root.join(path);
        (given.components().ne(real.components())).then(|| real.to_string_lossy().into_owned())
    }

    fn unprotected(&self, path: &Path, real: PathBuf) -> Result<PathBuf, HostError> {
        let is_state = |part: &std::ffi::OsStr| part.eq_ignore_ascii_case(STATE);
        if let Some(state) = real.ancestors().find(|path| path.file_name().is_some_and(is_state)) {
            return Err(refusal::protected(path, state));
        }
        // Files with two names and folders that do not mind the case are one file all the same.
        let identity = |path: &Path| path.metadata().ok().map(|found| (found.dev(), found.ino()));
        let mine: BTreeSet<_> = real.ancestors().filter_map(identity).collect();
        let same = |kept: &&PathBuf| {
            identity(kept).is_some_and(|kept| mine.contains(&kept)) || real.starts_with(kept)
        };
        match self.protected.iter().find(same) {
            Some(kept) => Err(refusal::protected(path, kept)),
            None => Ok(real),
        }
    }
}

#[cfg(test)]
mod tests;
