//! The definition of an item program is what stands under `program`, and how it becomes a process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::sayings::Sayings;
use crate::lua::process::{self, Start, StartFile};
use crate::value::Secrets;

/// Letters of a variable's name that is looked for, at least, and names that are told at most.
const WITHHELD_LEAST: usize = 3;
const WITHHELD_MOST: usize = 3;

/// A program that is an item function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemProgram {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// The pipeline's folder, from which the program is found, if it is named by a path.
    pub root: PathBuf,
    /// Where it runs.
    pub folder: PathBuf,
    /// Variables that it gets beside `PATH`, `HOME` and `LANG`, by name.
    pub env: BTreeMap<String, ProgramValue>,
    /// How long it may take from its start to its first word.
    pub ready: Duration,
    /// Deaths in a row without an answer that stop the step.
    pub restart: u32,
}

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramValue {
    /// As it is written.
    Text(String),
    /// That of the secret with this name.
    Secret(String),
}

impl ItemProgram {
    /// The program and its arguments, as people write them.
    pub fn shown(&self) -> String {
        let shown = |word: &String| {
            let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
            if !word.is_empty() && word.chars().all(is_plain) { word.clone() } else { format!("{word:?}") }
        };
        self.words.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    /// The file that is started; `None`: it is not there, or cannot be run.
    pub fn file(&self) -> Option<PathBuf> {
        process::find(&self.root, self.words.first()?)
    }

    /// The files below the pipeline's folder that the command line names, relative to that folder, each once.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            let from = if at == 0 { &self.root } else { &self.folder };
            // An option may have its value behind it.
            let value = word.split_once('=').filter(|_| word.starts_with('-')).map(|(_, value)| value);
            let is_found = at > 0 || word.contains('/');
            let named = [Some(word.as_str()), value].into_iter().flatten().filter(|_| is_found);
            for file in named.filter(|named| !named.is_empty()).map(|named| from.join(named)) {
                if let Some(file) = file.is_file().then(|| below(&self.root, &file)).flatten() {
                    files.push(file);
                }
            }
        }
        files.sort();
        files.dedup();
        files
    }

    /// What starts it.
    ///
    /// # Errors
    /// Fails when the program or its folder is not there, and says so.
    pub(super) fn start(&self, secrets: &Secrets) -> Result<Start, String> {
        let path = self.file().ok_or_else(|| self.not_there())?;
        let folder = File::open(&self.folder)
            .map_err(|error| format!("its folder `{}` cannot be opened: {error}", self.folder.display()))?;
        let mut env = process::environment();
        for (name, value) in &self.env {
            let value = match value {
                ProgramValue::Text(text) => text.as_str(),
                ProgramValue::Secret(name) => {
                    let known = secrets.iter().find(|(known, _)| known == name);
                    known.map(|(_, value)| value).ok_or_else(|| format!("secret `{name}` has no value"))?
                }
            };
            env.insert(name.into(), value.into());
        }
        let mut words = self.words.iter().map(OsString::from);
        Ok(Start {
            name: words.next().unwrap_or_default(),
            file: StartFile { path, through: None },
            arguments: words.collect(),
            folder: Arc::new(folder.into()),
            env,
        })
    }

    /// The variables that flowrun has and the program has not, and that the program named last: it may have wanted them.
    pub fn withheld(&self, last_words: &Sayings) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let lines = last_words.last();
        let words =
            lines.iter().flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
        for word in words.filter(|word| word.len() >= WITHHELD_LEAST) {
            let is_new = !self.env.contains_key(word) && !names.iter().any(|name| name == word);
            if is_new && process::is_withheld(word) {
                names.push(word.to_owned());
            }
        }
        names.truncate(WITHHELD_MOST);
        names
    }

    /// Why it cannot be started.
    pub fn not_there(&self) -> String {
        match self.words.first() {
            Some(name) if name.contains('/') => {
                format!("there is no program `{name}`: no file that can be run")
            }
            Some(name) if !name.is_empty() => format!("there is no program `{name}` on the search path"),
            _ => "no program is named".to_owned(),
        }
    }
}

/// The path of a file relative to a folder above it.
fn below(root: &Path, file: &Path) -> Option<String> {
    let mut plain = PathBuf::new();
    for part in file.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain.strip_prefix(root).ok()?.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(root: &Path, folder: &str, words: &[&str]) -> ItemProgram {
        ItemProgram {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            root: root.to_owned(),
            folder: root.join(folder),
            env: BTreeMap::new(),
            ready: Duration::from_secs(30),
            restart: 3,
        }
    }

    #[test]
    fn the_files_that_a_command_line_names_are_those_below_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        std::fs::create_dir(root.join("sub")).expect("room");
        for name in ["clean.py", "sub/conf.yaml", "sub/clean.py"] {
            std::fs::write(root.join(name), "").expect("room");
        }
        for (cwd, words, expect) in [
            ("", &["python3", "clean.py", "clean.py", "other.py", "/bin/sh"][..], &["clean.py"][..]),
            ("", &["./clean.py", "--config=sub/conf.yaml"], &["clean.py", "sub/conf.yaml"]),
            ("sub", &["python3", "clean.py", "../clean.py", "-x="], &["clean.py", "sub/clean.py"]),
            ("", &["clean.py", "sub"], &[]),
        ] {
            assert_eq!(program(root, cwd, words).files(), expect, "{words:?} in `{cwd}`");
        }
    }

    #[test]
    fn a_command_line_is_shown_as_people_write_it() {
        let shown = |words: &[&str]| program(Path::new("/"), "", words).shown();
        assert_eq!(shown(&["python3", "-u", "a b.py", ""]), r#"python3 -u "a b.py" """#);
    }
}
