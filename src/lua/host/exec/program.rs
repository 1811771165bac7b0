//! A program as a Lua function names it, checked and found before anything is started.

use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mlua::Value;

use crate::lua::host::HostError;
use crate::lua::host::call::Call;
use crate::lua::host::options::Options;

/// Bytes of each stream, unless `max_output` says otherwise.
const OUTPUT_MAX: usize = 16_000_000;
/// Where programs are looked for when the environment does not say.
const PATHS: &str = "/usr/local/bin:/usr/bin:/bin";

/// See the module.
#[derive(Debug)]
pub(super) struct Program {
    /// As it was written.
    pub(super) name: OsString,
    pub(super) file: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) stdin: Option<Vec<u8>>,
    pub(super) folder: PathBuf,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) timeout: Option<Duration>,
    pub(super) max_output: usize,
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
        let file = found(permissions.exec(granted)?)?;
        let folder = match options.text("cwd")? {
            None => call.state.root.clone(),
            Some(cwd) => {
                let folder = permissions.read(Path::new(&cwd))?;
                if !folder.is_dir() {
                    return Err(HostError::refusal(format!(
                        "there is no folder `{cwd}` to run a program in"
                    ))
                    .into());
                }
                folder
            }
        };
        let path = env::var_os("PATH").unwrap_or_else(|| PATHS.into());
        let mut variables = vec![(OsString::from("PATH"), path)];
        for (name, value) in options.pairs("env")? {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains(&0) {
                return Err(call.bad_because(2, &format!("`{}` cannot be a variable", name.escape_debug())));
            }
            variables.push((name.into(), OsString::from_vec(value)));
        }
        Ok(Self {
            name,
            file,
            arguments: words.collect(),
            stdin: options.bytes("stdin")?,
            folder,
            env: variables,
            timeout: options.seconds("timeout")?,
            max_output: options.size("max_output", OUTPUT_MAX)?,
        })
    }
}

/// The program and its arguments: strings, or numbers, as Lua writes them.
fn words(call: &Call<'_>, list: &Value) -> mlua::Result<Vec<OsString>> {
    let Value::Table(list) = list else { return Err(call.bad(1, "table", list)) };
    let mut words = Vec::new();
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
        if word.contains(&0) {
            return Err(call.bad_because(1, &format!("the word at {} contains a zero byte", at + 1)));
        }
        words.push(OsString::from_vec(word));
    }
    Ok(words)
}

/// The file of a program: that of a path, or the first of that name on flowrun's own search path. What the program
/// itself gets as `PATH` has no say, or it could make one name mean another program.
fn found(program: PathBuf) -> Result<PathBuf, HostError> {
    let runs = |file: &Path| {
        file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let missing = |why: &str| HostError::refusal(format!("there is no program `{}`{why}", program.display()));
    if program.components().count() > 1 {
        return if runs(&program) { Ok(program) } else { Err(missing(": no file that can be run")) };
    }
    let paths = env::var_os("PATH").unwrap_or_else(|| PATHS.into());
    let mut places =
        env::split_paths(&paths).filter(|folder| folder.is_absolute()).map(|folder| folder.join(&program));
    places.find(|file| runs(file)).ok_or_else(|| missing(" on the search path"))
}
