//! This module checks and finds a program as a Lua function names it, before anything is started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mlua::Value;
use rustix::fs::{AtFlags, FileType};

use crate::lua::host::call::Call;
use crate::lua::host::options::Options;
use crate::lua::host::outside::Account;
use crate::lua::host_error::HostError;
use crate::lua::permissions::{HeldPlace, Program as Granted, missing, numbered, search_path};
use crate::lua::process::{self, Start, StartFile};

/// Bytes of each stream, unless `max_output` says otherwise.
const OUTPUT_MAX: usize = 16_000_000;
/// What a word of a list costs beside its bytes.
const WORD_BYTES: usize = 24;

/// A program as `exec.run` names it, found and checked, with what it is given.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) start: Start,
    pub(super) stdin: Option<Vec<u8>>,
    pub(super) timeout: Option<Duration>,
    pub(super) max_output: usize,
    /// What it may hold here.
    pub(super) account: Account,
}

impl Program {
    /// Reads the arguments of `exec.run`.
    pub(super) fn read(call: &Call<'_>, words: &Value, options: &Value) -> mlua::Result<Self> {
        let mut words = self::words(call, words)?.into_iter();
        let name =
            words.next().ok_or_else(|| call.bad_because(1, "the list is empty: the program is missing"))?;
        let options = Options::of(call, 2, options, &["stdin", "cwd", "env", "timeout", "max_output"])?;
        let permissions = &call.state.permissions;
        let granted =
            name.to_str().ok_or_else(|| call.bad_because(1, "the program's name is not valid UTF-8"))?;
        let file = found(granted, permissions.exec(granted)?)?;
        let folder = match options.text("cwd")? {
            None => permissions.root().cloned().ok_or_else(|| no_folder("."))?,
            Some(cwd) => match permissions.handle(Path::new(&cwd))? {
                Ok(folder) if is_folder(&folder) => Arc::new(folder),
                _ => return Err(no_folder(&cwd).into()),
            },
        };
        let mut variables = BTreeMap::from([(OsString::from("PATH"), search_path())]);
        for (name, value) in options.pairs("env")? {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains(&0) {
                return Err(call.bad_because(2, &format!("`{}` cannot be a variable", name.escape_debug())));
            }
            variables.insert(name.into(), OsString::from_vec(value));
        }
        let stdin = options.bytes("stdin")?;
        let account = call.account()?;
        let size = |(name, value): (&OsString, &OsString)| name.len() + value.len();
        account.take(
            stdin.as_ref().map_or(0, Vec::len)
                + words.as_slice().iter().map(|word| word.len()).sum::<usize>()
                + variables.iter().map(size).sum::<usize>(),
        )?;
        Ok(Self {
            start: Start { name, file, arguments: words.collect(), folder, env: variables },
            stdin,
            timeout: options.seconds("timeout")?,
            max_output: options.size("max_output", OUTPUT_MAX)?,
            account,
        })
    }
}

/// The program and its arguments: strings, or numbers, as Lua writes them.
fn words(call: &Call<'_>, list: &Value) -> mlua::Result<Vec<OsString>> {
    let Value::Table(list) = list else { return Err(call.bad(1, "table", list)) };
    let mut words = Vec::new();
    // One string may stand in the list many times.
    let mut tally = call.tally();
    for (at, word) in list.sequence_values::<Value>().enumerate() {
        let word = match word? {
            Value::String(word) => word.as_bytes().to_vec(),
            Value::Integer(word) => word.to_string().into_bytes(),
            Value::Number(word) => word.to_string().into_bytes(),
            other => {
                let kind = crate::lua::host::call::describe(&other);
                let why = format!("strings and numbers expected in the list, got a {kind} at {}", at + 1);
                return Err(call.bad_because(1, &why));
            }
        };
        tally.add(word.len() + WORD_BYTES)?;
        if word.contains(&0) {
            return Err(call.bad_because(1, &format!("the word at {} contains a zero byte", at + 1)));
        }
        words.push(OsString::from_vec(word));
    }
    Ok(words)
}

fn is_folder(file: &OwnedFd) -> bool {
    rustix::fs::fstat(file).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

fn no_folder(named: &str) -> HostError {
    HostError::refusal(format!("there is no folder `{named}` to run a program in"))
}

/// The file of a program: that of a path, or the first of that name on flowrun's own search path. What the program
/// itself gets as `PATH` has no say, or it could make one name mean another program.
fn found(name: &str, program: Granted) -> Result<StartFile, HostError> {
    let name = match program {
        Granted::At(place, real) => return held(&place, real).ok_or_else(|| missing(name)),
        Granted::Named(name) => name,
    };
    let path = process::find(Path::new("/"), &name);
    let path =
        path.ok_or_else(|| HostError::refusal(format!("there is no program `{name}` on the search path")))?;
    Ok(StartFile { path, through: None })
}

/// A program by its place: started through the number of the open folder.
fn held(place: &HeldPlace, real: PathBuf) -> Option<StartFile> {
    let stat = rustix::fs::statat(place.parent(), place.name(), AtFlags::empty()).ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if !is_file || stat.st_mode & 0o111 == 0 {
        return None;
    }
    Some(match numbered(place.parent()) {
        Some(folder) => {
            StartFile { path: folder.join(place.name()), through: Some(Arc::clone(place.parent())) }
        }
        None => StartFile { path: real, through: None },
    })
}
