//! `fs` works on files and folders that the run's permissions open. Paths are relative to the pipeline's folder.
//!
//! `permissions` reaches the files, through the handles of what is granted; a name is never opened again after it was compared.

mod arguments;
mod change;
mod find;
mod look;
mod read;
mod temporary;
mod write;

#[cfg(any(feature = "image", feature = "http"))]
pub(super) use write::Durability;
#[cfg(feature = "http")]
pub(super) use write::Replacement;
#[cfg(feature = "image")]
pub(super) use write::replace;

use super::function::{Function, Module};

const FS: Module = Module("fs");

pub(super) const FUNCTIONS: &[Function] = &[
    FS.rust("read", "(path: string): string", |bind| bind.to(read::read)).explained(
        "The bytes of a file, as far as the worker's memory limit allows.",
        r#"fs.read("abc.txt")"#,
        r#""abc""#,
    ),
    FS.rust(
        "write",
        "(path: string, s: string, options: { append: boolean?, atomic: boolean? }?): ()",
        |bind| bind.to(write::write),
    )
    .explained(
        "Writes a file and makes the folders above it. `append` adds to what is there; `atomic` writes beside it and \
         renames, so that nobody sees half a file.",
        r#"fs.write("out/a.txt", "hello", {atomic = true})"#,
        "",
    ),
    FS.rust("exists", "(path: string): boolean", |bind| bind.to(look::exists)).explained(
        "Whether there is a file or folder; a link counts when it leads to one.",
        r#"fs.exists("abc.txt")"#,
        "true",
    ),
    FS.rust("stat", "(path: string): { size: number, modified: number, kind: string }?", |bind| {
        bind.to(look::stat)
    })
    .explained(
        "Size in bytes, last change in seconds since 1970, and the kind: `file`, `dir`, `link` (not followed) or \
         `other`; nil when nothing is there.",
        r#"fs.stat("abc.txt").kind"#,
        r#""file""#,
    ),
    FS.rust("list", "(path: string): {string}", |bind| bind.to(look::list)).explained(
        "The names in a folder, hidden ones included, sorted by their bytes.",
        r#"fs.list("lib")"#,
        r#"{"text.lua"}"#,
    ),
    FS.rust("glob", "(pattern: string): {string}", |bind| bind.to(find::glob)).explained(
        "The files that a pattern matches, sorted; `*` and `?` stay within a folder, `**` crosses folders, `{a,b}` is \
         either. Links that lead to what may not be read are passed over.",
        r#"fs.glob("*.{txt,md}")"#,
        r#"{"abc.txt"}"#,
    ),
    FS.rust("mkdir", "(path: string): ()", |bind| bind.to(write::mkdir)).explained(
        "Makes a folder and those above it; one that is there already is fine.",
        r#"fs.mkdir("out/2024")"#,
        "",
    ),
    FS.rust("copy", "(from: string, to: string): ()", |bind| bind.to(change::copy)).explained(
        "Copies a file with its mode, and makes the folders above the copy; what is there already is replaced.",
        r#"fs.copy("abc.txt", "out/abc.txt")"#,
        "",
    ),
    FS.rust("move", "(from: string, to: string): ()", |bind| bind.to(change::rename)).explained(
        "Moves a file, folder or link, and makes the folders above its new place; a file that is there already is \
         replaced.",
        r#"fs.move(fs.tempfile(), "out/new.txt")"#,
        "",
    ),
    FS.rust("remove", "(path: string, options: { recursive: boolean? }?): boolean", |bind| {
        bind.to(change::remove)
    })
    .explained(
        "Removes a file, a link, or an empty folder; with `recursive` a folder with all that is in it. Says whether \
         anything was there.",
        r#"fs.remove("gone.txt")"#,
        "false",
    ),
    FS.rust("tempfile", "(suffix: string?): string", |bind| bind.to(temporary::tempfile)).explained(
        "The absolute path of a new, empty file of the item's own, which is removed when the item has ended.",
        r#"fs.stat(fs.tempfile(".png")).size"#,
        "0",
    ),
];
