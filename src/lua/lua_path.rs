//! This module knows the folders in which Lua files are looked for, `lua_path` of the pipeline. What may be read is for
//! the permissions to say.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::source::OpenTexts;

/// Folders, each looked into when the one before has no file of the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LuaPath(Arc<Folders>);

#[derive(Debug, PartialEq, Eq)]
struct Folders {
    /// The pipeline's.
    root: PathBuf,
    searched: Vec<PathBuf>,
    /// What an editor has open of them.
    open: OpenTexts,
}

/// The pipeline's folder alone.
impl<T: Into<PathBuf>> From<T> for LuaPath {
    fn from(root: T) -> Self {
        let root = root.into();
        Self::new(root.clone(), vec![root])
    }
}

impl LuaPath {
    /// These folders, for a pipeline in the folder `root`.
    pub fn new(root: PathBuf, searched: Vec<PathBuf>) -> Self {
        Self(Arc::new(Folders { root, searched, open: OpenTexts::default() }))
    }

    /// The same folders, with files that an editor has open.
    #[must_use]
    pub fn with_open(&self, open: OpenTexts) -> Self {
        let Folders { root, searched, .. } = &*self.0;
        Self(Arc::new(Folders { root: root.clone(), searched: searched.clone(), open }))
    }

    /// The files that an editor has open.
    pub fn open(&self) -> &OpenTexts {
        &self.0.open
    }

    /// The pipeline's folder.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// The folders, in the order in which they are looked into.
    pub fn searched(&self) -> &[PathBuf] {
        &self.0.searched
    }

    /// Whether only the pipeline's folder is looked into.
    pub fn is_default(&self) -> bool {
        self.0.searched == [self.0.root.as_path()]
    }

    /// The file of a module: the first that is there, or where it would be first.
    ///
    /// # Errors
    /// Fails when a module cannot have this name.
    pub fn module(&self, name: &str) -> Result<PathBuf, String> {
        let below = module_name(name)?;
        Ok(self.find(|folder| Some(folder.join(&below))).unwrap_or(below))
    }

    /// The first file that is there of those that `within` names in the folders, or else the first of them.
    pub fn find(&self, within: impl Fn(&Path) -> Option<PathBuf>) -> Option<PathBuf> {
        let named = || self.0.searched.iter().filter_map(|folder| within(folder));
        // Nobody asks the disk where there is no choice.
        if self.0.searched.len() == 1 {
            return named().next();
        }
        named().find(|path| self.has(path)).or_else(|| named().next())
    }

    /// Whether there is such a file; in doubt there is.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.0.open.get(path).is_some() || path.try_exists().unwrap_or(true)
    }

    /// The text of a module, for those who look into it before it runs. A pipe is none: nobody may ever write to it.
    pub(super) fn module_text(&self, path: &Path) -> Option<Arc<str>> {
        if let Some(text) = self.0.open.get(path) {
            return Some(Arc::clone(text));
        }
        if !std::fs::metadata(path).ok()?.is_file() {
            return None;
        }
        std::fs::read_to_string(path).ok().map(|text| file_text(text).into())
    }

    /// What a file is called below the folder in which it is found: a module is the same one in another folder.
    pub(super) fn below<'a>(&self, path: &'a Path) -> &'a Path {
        self.0.searched.iter().find_map(|folder| path.strip_prefix(folder).ok()).unwrap_or(path)
    }

    /// A path as it is written from the pipeline's folder, with `..` where it lies outside.
    pub fn relative(&self, path: &Path) -> PathBuf {
        let root = &self.0.root;
        if let Ok(below) = path.strip_prefix(root) {
            return below.to_owned();
        }
        let common = root.ancestors().find(|above| path.starts_with(above));
        let Some(common) = common.filter(|common| !common.as_os_str().is_empty()) else {
            return path.to_owned();
        };
        let up = root.strip_prefix(common).map_or(0, |rest| rest.components().count());
        let down = path.strip_prefix(common).unwrap_or(path);
        std::iter::repeat_n(Component::ParentDir.as_os_str(), up).map(Path::new).chain([down]).collect()
    }
}

/// The file of the module `name` below a folder; whether it lies inside is only known once links are resolved.
pub(super) fn module_name(name: &str) -> Result<PathBuf, String> {
    let plain = |part: &str| {
        !part.is_empty()
            && part.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-'))
    };
    if !name.split('.').all(plain) {
        return Err(format!("`{name}` is no module name: write `lib.text` for `lib/text.lua`"));
    }
    let mut path: PathBuf = name.split('.').collect();
    path.set_extension("lua");
    Ok(path)
}

/// The Lua of a file, which may begin with a byte order mark, and with a line that says which program runs it. Places stay.
pub fn file_text(mut text: String) -> String {
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    if text.starts_with("#!") {
        text.replace_range(..2, "--");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_from_the_pipelines_folder() {
        let path = LuaPath::from("/home/pipes/a");
        for (full, expect) in [
            ("/home/pipes/a/x.lua", "x.lua"),
            ("/home/pipes/a/lib/x.lua", "lib/x.lua"),
            ("/home/pipes/lua/x.lua", "../lua/x.lua"),
            ("/opt/x.lua", "../../../opt/x.lua"),
        ] {
            assert_eq!(path.relative(Path::new(full)), Path::new(expect));
        }
        assert_eq!(LuaPath::from(".").relative(Path::new("/x.lua")), Path::new("/x.lua"), "nobody knows");
    }

    #[test]
    fn the_first_folder_that_has_a_module_gives_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let put = |name: &str| {
            let file = dir.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("room");
            std::fs::write(file, "return 1").expect("room");
        };
        for name in ["a/lib/x.lua", "b/lib/x.lua", "b/y.lua"] {
            put(name);
        }
        let searched = vec![dir.path().join("a"), dir.path().join("b")];
        let path = LuaPath::new(dir.path().join("a"), searched);
        let check = |name: &str, expect: &str| {
            assert_eq!(path.module(name), Ok(dir.path().join(expect)), "{name}");
        };
        check("lib.x", "a/lib/x.lua");
        check("y", "b/y.lua");
        check("z", "a/z.lua");
        std::fs::remove_file(dir.path().join("a/lib/x.lua")).expect("it is there");
        check("lib.x", "b/lib/x.lua");
        assert_eq!(path.below(&dir.path().join("b/lib/x.lua")), Path::new("lib/x.lua"));
        assert!(path.module("../y").is_err());
    }
}
