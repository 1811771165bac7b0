//! A footprint is what a script's results depend on beside the item: its own tokens, the files it requires, the
//! params, variables and secrets it may see. Comments, white space and places are left out; the caller compares it
//! with that of an old run.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::lexer::{Token, TokenKind, substitutions, tokens};
use super::{Script, ScriptSource};
use crate::lua::lua_path::LuaPath;

/// Folders below those of `lua_path` that are looked into for modules whose names are only known when they are required.
const DEPTH_MAX: u32 = 8;
/// Modules of that kind: beyond them somebody keeps other things there.
const MODULES_MAX: usize = 10_000;

/// Which fields of a table of the run a script may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// These, by name.
    Fields(BTreeSet<String>),
    /// Any: it uses the table as a whole.
    All,
}

impl Seen {
    fn add(&mut self, field: Option<String>) {
        match (&mut *self, field) {
            (Self::Fields(fields), Some(field)) => {
                fields.insert(field);
            }
            _ => *self = Self::All,
        }
    }

    /// Whether it may look at this field.
    pub fn sees(&self, field: &str) -> bool {
        match self {
            Self::Fields(fields) => fields.contains(field),
            Self::All => true,
        }
    }
}

/// What the results of a script depend on beside the item, as digests.
#[derive(Debug, Clone)]
pub struct Footprint {
    /// Digest of the function with its `setup`, its field and the files it requires.
    pub function: u128,
    /// Which params it may see.
    pub params: Seen,
    /// Which variables of the environment it may see.
    pub env: Seen,
    /// Which secrets it may see.
    pub secrets: Seen,
    /// The Lua files it is made of, by their paths from the pipeline's folder, with their texts.
    pub files: Vec<(PathBuf, Arc<str>)>,
}

impl Footprint {
    /// Of a function that is no Lua and sees nothing but its item and these secrets: all else that is known of it is in this text.
    pub fn of_text(text: &str, secrets: BTreeSet<String>) -> Self {
        Self {
            function: xxhash_rust::xxh3::xxh3_128(text.as_bytes()),
            params: Seen::Fields(BTreeSet::new()),
            env: Seen::Fields(BTreeSet::new()),
            secrets: Seen::Fields(secrets),
            files: Vec::new(),
        }
    }
}

impl Script {
    /// What its results depend on. Reads the files that it requires, as they are now.
    pub fn footprint(&self) -> Footprint {
        let mut reading = FootprintReading {
            lua_path: &self.lua_path,
            hasher: Xxh3::new(),
            params: Seen::Fields(BTreeSet::new()),
            env: Seen::Fields(BTreeSet::new()),
            secrets: Seen::Fields(BTreeSet::new()),
            modules: BTreeMap::new(),
            pending: VecDeque::new(),
        };
        let (kind, field) = match &self.source {
            ScriptSource::Body(_) => ("body", None),
            ScriptSource::Expression(_) => ("expression", None),
            ScriptSource::File { field, .. } => ("file", field.as_deref()),
        };
        let mut files = Vec::new();
        if let ScriptSource::File { block, .. } = &self.source {
            let path = block.file.path();
            files.push((self.lua_path.relative(path), Arc::clone(&block.text)));
        }
        reading.part(kind);
        reading.part(field.unwrap_or(""));
        reading.text(&self.source.block().text);
        if let Some(setup) = &self.setup {
            reading.part("setup");
            reading.text(&setup.text);
        }
        while let Some((path, text)) = reading.pending.pop_front() {
            reading.required(&path, text);
        }
        let FootprintReading { hasher, params, env, secrets, modules, .. } = reading;
        let modules = modules.into_iter().filter_map(|(path, text)| Some((path, text?)));
        files.extend(modules.map(|(path, text)| (self.lua_path.relative(&path), text)));
        Footprint { function: hasher.digest128(), params, env, secrets, files }
    }
}

struct FootprintReading<'a> {
    lua_path: &'a LuaPath,
    hasher: Xxh3,
    params: Seen,
    env: Seen,
    secrets: Seen,
    /// Files that were required, with their texts; `None`: not readable.
    modules: BTreeMap<PathBuf, Option<Arc<str>>>,
    /// Those of them that are still to be looked into. A list, because a chain of modules may be longer than a stack.
    pending: VecDeque<(PathBuf, Option<Arc<str>>)>,
}

impl FootprintReading<'_> {
    /// Lengths keep parts apart whatever is in them.
    fn part(&mut self, text: &str) {
        self.hasher.update(&(text.len() as u64).to_le_bytes());
        self.hasher.update(text.as_bytes());
    }

    fn text(&mut self, text: &str) {
        let tokens = tokens(text);
        for (at, token) in tokens.iter().enumerate() {
            self.part(token.text(text));
            match token.kind {
                TokenKind::Name => self.name(text, &tokens, at),
                TokenKind::Template => {
                    let template = token.text(text);
                    match substitutions(template) {
                        Some(found) => found.into_iter().for_each(|inner| self.text(&template[inner])),
                        None => self.anything(),
                    }
                }
                _ => {}
            }
        }
        self.part("end");
    }

    fn name(&mut self, text: &str, tokens: &[Token], at: usize) {
        let is_field = at > 0 && matches!(tokens[at - 1].text(text), "." | ":");
        if is_field {
            return;
        }
        let next = |ahead: usize| tokens.get(at + ahead);
        match tokens[at].text(text) {
            "params" => self.params.add(field(text, next(1), next(2), next(3))),
            "env" => self.env.add(field(text, next(1), next(2), next(3))),
            "secrets" => self.secrets.add(field(text, next(1), next(2), next(3))),
            "_G" | "getfenv" => self.globals(),
            "require" => {
                let argument = tokens[at + 1..].iter().find(|token| token.text(text) != "(");
                match argument.filter(|token| token.kind == TokenKind::String) {
                    Some(argument) => self.module(unquoted(argument.text(text))),
                    None => self.any_module(),
                }
            }
            _ => {}
        }
    }

    /// Every parameter, variable and secret may be meant.
    fn globals(&mut self) {
        self.params.add(None);
        self.env.add(None);
        self.secrets.add(None);
    }

    /// A part whose content is not looked at.
    fn anything(&mut self) {
        self.globals();
        self.any_module();
    }

    fn module(&mut self, name: &str) {
        if let Ok(path) = self.lua_path.module(name) {
            self.file(&path);
        }
    }

    fn file(&mut self, path: &Path) {
        if self.modules.contains_key(path) || self.modules.len() >= MODULES_MAX {
            return;
        }
        let text = self.lua_path.module_text(path);
        self.modules.insert(path.to_owned(), text.clone());
        self.pending.push_back((path.to_owned(), text));
    }

    fn required(&mut self, path: &Path, text: Option<Arc<str>>) {
        self.part(&self.lua_path.below(path).to_string_lossy());
        match text {
            Some(text) => self.text(&text),
            None => self.part("missing"),
        }
    }

    /// Any module may be meant.
    fn any_module(&mut self) {
        let lua_path = self.lua_path;
        lua_path.searched().iter().for_each(|folder| self.all_modules(folder, DEPTH_MAX));
    }

    fn all_modules(&mut self, folder: &Path, depth: u32) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if hidden {
                continue;
            }
            if path.extension().is_some_and(|extension| extension == "lua") {
                self.file(&path);
            } else if depth > 0 && path.is_dir() {
                self.all_modules(&path, depth - 1);
            }
        }
    }
}

/// The field that is taken of a name by what follows it; `None`: it is used in another way.
fn field(text: &str, first: Option<&Token>, second: Option<&Token>, third: Option<&Token>) -> Option<String> {
    let second = second?;
    match first?.text(text) {
        "." if second.kind == TokenKind::Name => Some(second.text(text).to_owned()),
        "[" if second.kind == TokenKind::String && third?.text(text) == "]" => {
            let name = unquoted(second.text(text));
            (!name.contains('\\')).then(|| name.to_owned())
        }
        _ => None,
    }
}

/// A string without its quotes or brackets.
fn unquoted(text: &str) -> &str {
    match text.strip_prefix('[') {
        Some(rest) => {
            let level = rest.bytes().take_while(|byte| *byte == b'=').count() + 2;
            text.get(level..text.len().saturating_sub(level)).unwrap_or("")
        }
        None => text.get(1..text.len().saturating_sub(1)).unwrap_or(""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, source};
    use super::*;

    fn footprint(folder: &Path, setup: &str, lua: &str) -> Footprint {
        let file = source("x");
        Script::body(block(&file, 1, lua), folder.into()).with_setup(block(&file, 1, setup)).footprint()
    }

    #[test]
    fn comments_and_white_space_change_nothing_and_everything_else_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let of = |setup: &str, lua: &str| footprint(folder.path(), setup, lua).function;
        let plain = of("local a = 1", "return item.x + a");
        for (setup, lua) in
            [("local a=1", "return item.x+a"), ("local a = 1 -- one", "--[[ why ]] return item.x\n\n  + a\n")]
        {
            assert_eq!(of(setup, lua), plain, "{setup} {lua}");
        }
        for (setup, lua) in [
            ("local a = 2", "return item.x + a"),
            ("local a = 1", "return item.x - a"),
            ("local a = 1", "return item.x + a .. ' '"),
            ("local a = 1 return item.x", "+ a"),
        ] {
            assert_ne!(of(setup, lua), plain, "{setup} {lua}");
        }
        assert_ne!(of("", "return 'a b'"), of("", "return 'a  b'"), "what is in a string counts");
    }

    #[test]
    fn required_files_count_with_what_they_require() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        write("a.lua", "return require('b') + params.deep");
        write("b.lua", "return 1");
        let of = |lua: &str| footprint(folder.path(), "", lua);
        let before = of("return require('a')");
        assert_eq!(before.files.len(), 2);
        assert!(before.params.sees("deep") && !before.params.sees("other"));
        let dynamic = of("return require(item.name)");
        write("b.lua", "return 1 -- one");
        assert_eq!(of("return require 'a'").function, of("return require 'a'").function);
        assert_eq!(of("return require('a')").function, before.function, "a comment");
        write("b.lua", "return 2");
        assert_ne!(of("return require('a')").function, before.function);
        assert_ne!(of("return require(item.name)").function, dynamic.function, "any file may be meant");
    }

    #[test]
    fn params_are_seen_by_name_or_as_a_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        for (lua, size, other) in [
            ("return params.size", true, false),
            ("return params['size']", true, false),
            ("return `{params.size}`", true, false),
            ("return item.params.size", false, false),
            ("return params[item.name]", true, true),
            ("local p = params return p.size", true, true),
            ("return _G", true, true),
            ("return 'params.size' -- params", false, false),
        ] {
            let seen = footprint(folder.path(), "", lua).params;
            assert_eq!((seen.sees("size"), seen.sees("other")), (size, other), "{lua}");
            let seen = footprint(folder.path(), "", &lua.replace("params", "secrets")).secrets;
            assert_eq!((seen.sees("size"), seen.sees("other")), (size, other), "{lua}");
        }
    }
}
