//! The program's sources are read as files and as modules.

use std::fs;
use std::path::{Path, PathBuf};

use super::imports;

/// The folder of the package.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` with this extension.
pub(super) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The sources with the module of the first level each belongs to; `lib.rs` and `main.rs` belong to none.
pub(super) fn sources() -> Vec<(String, PathBuf, String)> {
    let src = root().join("src");
    files(&src, "rs")
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&src).expect("found below it");
            let first = inside.components().next().expect("a file has a name");
            let module = first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            (module, path, text)
        })
        .filter(|(module, ..)| module != "lib" && module != "main")
        .collect()
}

/// The sources of the library by the paths of their modules.
pub(super) fn all() -> Vec<(imports::Path, String)> {
    let src = root().join("src");
    let library = fs::read_to_string(src.join("lib.rs")).expect("the library has a root");
    let module = |path: PathBuf| -> imports::Path {
        let inside = path.strip_prefix(&src).expect("found below it").with_extension("");
        inside.iter().map(|part| part.to_string_lossy().into_owned()).collect()
    };
    let inner = sources().into_iter().map(|(_, path, text)| (module(path), text));
    inner.chain([(imports::Path::new(), library)]).collect()
}

/// The code of a file without its comments.
pub(super) fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}
