//! Files by pattern, as far as they may be read. The syntax is that of the `glob` step.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use mlua::Value;

use super::cannot;
use crate::lua::host::call::Call;

/// Characters that make a name a pattern.
const SPECIALS: [char; 5] = ['*', '?', '[', '{', '\\'];

/// `fs.glob`
pub(super) fn glob(call: &Call<'_>, pattern: &Value) -> mlua::Result<mlua::Table> {
    let text = call.text(1, pattern)?;
    let pattern = Pattern::new(&text)
        .map_err(|error| call.bad_because(1, &format!("a pattern expected, but in `{}` {error}", &*text)))?;
    let mut search = Search { call, pattern, seen: 0, found: Vec::new() };
    search.start()?;
    search.found.sort_unstable();
    let mut list = call.list()?;
    for name in &search.found {
        list.push_bytes(name)?;
    }
    Ok(list.finish())
}

/// A pattern, split where its first special character is.
struct Pattern {
    /// The part before, up to a `/` and with it; empty for the pipeline's folder.
    folder: String,
    /// The part behind, literally, when it has no special character.
    plain: Option<String>,
    matcher: GlobMatcher,
    /// Those parts of it that may match names starting with a dot.
    dotted: Vec<GlobMatcher>,
    /// How many folders deep a match can lie.
    depth: usize,
}

impl Pattern {
    fn new(pattern: &str) -> Result<Self, String> {
        let special = pattern.find(SPECIALS);
        let split = pattern[..special.unwrap_or(pattern.len())].rfind('/').map_or(0, |at| at + 1);
        let rest = pattern[split..].replace("/./", "/");
        let compile = |text: &str| {
            let glob = GlobBuilder::new(text).literal_separator(true).build();
            glob.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
        };
        let dotted = rest.split('/').filter(|part| part.starts_with('.')).map(compile);
        Ok(Self {
            folder: pattern[..split].to_owned(),
            plain: special.is_none().then(|| rest.clone()),
            matcher: compile(&rest)?,
            dotted: dotted.collect::<Result<_, _>>()?,
            depth: if rest.contains("**") { usize::MAX } else { rest.matches('/').count() + 1 },
        })
    }

    fn sees(&self, name: &OsStr) -> bool {
        !name.as_bytes().starts_with(b".") || self.dotted.iter().any(|dotted| dotted.is_match(name))
    }
}

struct Search<'a> {
    call: &'a Call<'a>,
    pattern: Pattern,
    seen: usize,
    found: Vec<Vec<u8>>,
}

/// A folder of the search: as the pattern names it, where it is, and the real folders above it.
struct Folder {
    inside: PathBuf,
    real: PathBuf,
    above: Vec<(u64, u64)>,
}

impl Search<'_> {
    fn start(&mut self) -> mlua::Result<()> {
        let folder = if self.pattern.folder.is_empty() { "." } else { &self.pattern.folder };
        let real = self.call.state.permissions.read(Path::new(folder))?;
        if let Some(plain) = self.pattern.plain.clone() {
            if let Ok(real) = self.call.state.permissions.read(&Path::new(folder).join(&plain))
                && real.is_file()
            {
                self.found.push(format!("{}{plain}", self.pattern.folder).into_bytes());
            }
            return Ok(());
        }
        let mut todo = vec![Folder { inside: PathBuf::new(), real, above: Vec::new() }];
        while let Some(folder) = todo.pop() {
            self.look(&folder, &mut todo)?;
        }
        Ok(())
    }

    fn look(&mut self, folder: &Folder, todo: &mut Vec<Folder>) -> mlua::Result<()> {
        let failed = |error: io::Error| cannot("look through", &folder.real, &error);
        let own = match folder.real.metadata() {
            Ok(own) if own.is_dir() => (own.dev(), own.ino()),
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        // A link back to a folder above ends there.
        if folder.above.contains(&own) {
            return Ok(());
        }
        for entry in fs::read_dir(&folder.real).map_err(failed)? {
            self.seen += 1;
            self.call.checkpoint_each(self.seen)?;
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if !self.pattern.sees(&name) {
                continue;
            }
            let (mut kind, mut real) = (entry.file_type().map_err(failed)?, folder.real.join(&name));
            if kind.is_symlink() {
                let target = self.call.state.permissions.read(&real);
                let Some((target, found)) =
                    target.ok().and_then(|target| target.metadata().ok().map(|found| (target, found)))
                else {
                    continue;
                };
                (kind, real) = (found.file_type(), target);
            }
            let inside = folder.inside.join(&name);
            if kind.is_file() && self.pattern.matcher.is_match(&inside) {
                self.keep(&inside)?;
            } else if kind.is_dir() && inside.components().count() < self.pattern.depth {
                let above = folder.above.iter().copied().chain([own]).collect();
                todo.push(Folder { inside, real, above });
            }
        }
        Ok(())
    }

    fn keep(&mut self, inside: &Path) -> mlua::Result<()> {
        let name = [self.pattern.folder.as_bytes(), inside.as_os_str().as_bytes()].concat();
        self.found.push(name);
        self.call.room_for(
            self.found.iter().map(|name| name.len() + 48).sum::<usize>().min(self.found.len() * 4096),
        )
    }
}
