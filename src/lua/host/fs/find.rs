//! `fs.glob` finds files by pattern, as far as they may be read. The syntax is that of the `glob` step.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use mlua::Value;
use rustix::fs::FileType;

use super::arguments::cannot;
use super::look::{Halted, NAME_BYTES, is_absence};
use crate::lua::host::call::Call;
use crate::lua::host::tally::Tally;
use crate::lua::permissions::Identity;
use crate::value::check_braces;

/// Characters that make a name a pattern.
const SPECIALS: [char; 5] = ['*', '?', '[', '{', '\\'];

/// Bytes of a pattern: as many as a path has. The compiler of patterns panics at what is far too large.
const PATTERN_BYTES_MAX: usize = 4096;

/// `fs.glob`
pub(super) fn glob(call: &Call<'_>, pattern: &Value) -> mlua::Result<mlua::Table> {
    let text = call.text(1, pattern)?;
    if text.len() > PATTERN_BYTES_MAX {
        return Err(call.bad_because(1, &format!("a pattern of at most {PATTERN_BYTES_MAX} bytes expected")));
    }
    let pattern = SearchPattern::new(&text)
        .map_err(|error| call.bad_because(1, &format!("a pattern expected, but in `{}` {error}", &*text)))?;
    let mut search = Search { call, pattern, seen: 0, tally: call.tally(), found: Vec::new() };
    search.start()?;
    search.found.sort_unstable();
    let mut list = call.list()?;
    for name in &search.found {
        list.push_bytes(name)?;
    }
    list.finish()
}

/// A pattern, split where its first special character is.
struct SearchPattern {
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

impl SearchPattern {
    fn new(pattern: &str) -> Result<Self, String> {
        let special = pattern.find(SPECIALS);
        let split = pattern[..special.unwrap_or(pattern.len())].rfind('/').map_or(0, |at| at + 1);
        let rest = pattern[split..].replace("/./", "/");
        check_braces(pattern)?;
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
    pattern: SearchPattern,
    seen: usize,
    tally: Tally<'a>,
    found: Vec<Vec<u8>>,
}

/// A folder of the search: as the pattern names it, and what the system calls the folders above it.
struct Folder {
    inside: PathBuf,
    above: Vec<Identity>,
}

impl Search<'_> {
    fn start(&mut self) -> mlua::Result<()> {
        let top = self.named(Path::new(""));
        // Refused as a whole, where what lies in it would only be passed over.
        let _ = self.call.state.permissions.handle(&top)?;
        if let Some(plain) = self.pattern.plain.clone() {
            if self.kind(Path::new(&plain)) == Some(FileType::RegularFile) {
                self.found.push(format!("{}{plain}", self.pattern.folder).into_bytes());
            }
            return Ok(());
        }
        let mut todo = vec![Folder { inside: PathBuf::new(), above: Vec::new() }];
        while let Some(folder) = todo.pop() {
            self.look(&folder, &mut todo)?;
        }
        Ok(())
    }

    /// The path of what lies at `inside`, as Lua code would name it.
    fn named(&self, inside: &Path) -> PathBuf {
        let folder = if self.pattern.folder.is_empty() { "." } else { &self.pattern.folder };
        Path::new(folder).join(inside)
    }

    /// What may be read at `inside`, links followed.
    fn kind(&self, inside: &Path) -> Option<FileType> {
        let handle = self.call.state.permissions.handle(&self.named(inside)).ok()?.ok()?;
        Some(FileType::from_raw_mode(rustix::fs::fstat(&handle).ok()?.st_mode))
    }

    fn look(&mut self, folder: &Folder, todo: &mut Vec<Folder>) -> mlua::Result<()> {
        let path = self.named(&folder.inside);
        let failed = |error: io::Error| cannot("look through", &path, &error);
        let listing = match self.call.state.permissions.list(&path) {
            Ok(Ok(listing)) => listing,
            // It has gone, or leads elsewhere since it was seen.
            Err(_) => return Ok(()),
            Ok(Err(error)) if is_absence(&error) => return Ok(()),
            Ok(Err(error)) => return Err(failed(error)),
        };
        let own = listing.identity().map_err(failed)?;
        // A link back to a folder above ends there.
        if folder.above.contains(&own) {
            return Ok(());
        }
        let mut entries = Vec::new();
        let inside = folder.inside.as_os_str();
        let listed = listing.names(|name, kind| -> Result<(), Halted> {
            self.seen += 1;
            self.call.checkpoint_each(self.seen)?;
            if self.pattern.sees(OsStr::from_bytes(name)) {
                self.tally.add(inside.len() + name.len() + NAME_BYTES)?;
                entries.push((folder.inside.join(OsStr::from_bytes(name)), kind));
            }
            Ok(())
        });
        listed.map_err(|error| error.or(failed))?;
        for (at, (inside, listed)) in entries.into_iter().enumerate() {
            self.call.checkpoint_each(at)?;
            let kind = match listed {
                // Links, and folders that do not tell.
                FileType::Symlink | FileType::Unknown => self.kind(&inside),
                known => Some(known),
            };
            if kind == Some(FileType::RegularFile) && self.pattern.matcher.is_match(&inside) {
                self.keep(&inside)?;
            } else if kind == Some(FileType::Directory) && inside.components().count() < self.pattern.depth {
                let above = folder.above.iter().copied().chain([own]).collect();
                todo.push(Folder { inside, above });
            }
        }
        Ok(())
    }

    fn keep(&mut self, inside: &Path) -> mlua::Result<()> {
        let name = [self.pattern.folder.as_bytes(), inside.as_os_str().as_bytes()].concat();
        self.tally.add(name.len() + NAME_BYTES)?;
        self.found.push(name);
        Ok(())
    }
}
