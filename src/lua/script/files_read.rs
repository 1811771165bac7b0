//! This module finds the files that a script visibly reads, by paths that are written out: their content is part of what
//! the function does. A file that it writes as well is no such part.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use super::Script;
use super::host_calls::{HostCall, host_calls};
use super::lexer::{TokenKind, tokens};
use super::reach::doings;
use super::syntax::free_names;
use super::texts::{Texts, bare};

/// Functions whose result depends on the content of the file that they are given. `sqlite.open` is one where it only reads.
const READING: [(&str, &str); 4] = [("fs", "read"), ("hash", "file"), ("image", "open"), ("sqlite", "open")];

impl Script {
    /// The paths that its source, its `setup` and the files that they require by name visibly read and do not write, sorted.
    pub fn files_read(&self) -> BTreeSet<String> {
        let (mut texts, mut read, mut written) = (Texts::of(self), BTreeSet::new(), BTreeSet::new());
        while let Some(text) = texts.next() {
            for call in host_calls(&text) {
                let is_input = reads(&call);
                let writes_too = opens_to_write(&call);
                let doings = doings(&call.module, &call.function).bytes();
                for (doing, path) in doings.zip(call.paths) {
                    match (is_input, doing == b'r' && !writes_too) {
                        (true, _) => read.insert(path),
                        (false, false) => written.insert(path),
                        (false, true) => false,
                    };
                }
            }
            written.extend(saved(&text));
            // What a module reads whose name is known only later, nobody can say.
            texts.follow(&text, &tokens(&text));
        }
        read.retain(|path| !written.contains(path));
        read
    }
}

/// Where a text reads files whose paths it computes.
pub fn computed_reads(text: &str) -> Vec<Range<usize>> {
    let computed = |call: &HostCall| reads(call) && call.paths.is_empty();
    host_calls(text).into_iter().filter(computed).map(|call| call.span).collect()
}

/// Where the text of a Lua file reads files whose paths it computes, outside its functions: once for each worker.
pub fn computed_reads_at_start(text: &str) -> Vec<Range<usize>> {
    let Some(names) = free_names("", text, false, &[]) else { return Vec::new() };
    let at_start: HashSet<usize> =
        names.of_text.iter().filter(|name| name.level == 0).map(|name| name.span.start).collect();
    let mut found = computed_reads(text);
    found.retain(|span| at_start.contains(&span.start));
    found
}

/// Whether a call gives the content of a file that it leaves as it is.
fn reads(call: &HostCall) -> bool {
    READING.contains(&(&*call.module, &*call.function)) && !opens_to_write(call)
}

fn opens_to_write(call: &HostCall) -> bool {
    (&*call.module, &*call.function) == ("sqlite", "open") && !call.is_readonly
}

/// The paths that images are saved to.
fn saved(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let is = |at: usize, expect: &str| tokens.get(at).is_some_and(|token| token.text(text) == expect);
    let path = |at: usize| {
        let argument = if is(at + 2, "(") { at + 3 } else { at + 2 };
        let token = tokens.get(argument).filter(|token| token.kind == TokenKind::String)?;
        Some(bare(token.text(text)).to_owned())
    };
    (0..tokens.len()).filter(|at| is(*at, ":") && is(at + 1, "save")).filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, source};
    use super::*;

    #[track_caller]
    fn check(setup: &str, lua: &str, expect: &[&str]) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("words.lua"), "return json.decode(fs.read('words.json'))")
            .expect("written");
        let file = source("x");
        let script = Script::body(block(&file, 1, lua), folder.path().into());
        let read = script.with_setup(block(&file, 1, setup)).files_read();
        assert_eq!(read.iter().map(String::as_str).collect::<Vec<_>>(), expect, "{setup} {lua}");
    }

    #[test]
    fn paths_that_are_written_out_count_and_those_that_are_written_to_do_not() {
        check(
            "local w = fs.read('w.txt')",
            "return hash.file(\"a.bin\") .. fs.read 'b'",
            &["a.bin", "b", "w.txt"],
        );
        check("", "return `{fs.read('x')}`, image.open('i.png'):size()", &["i.png", "x"]);
        check("local db = sqlite.open('d.db', { readonly = true })", "return 1", &["d.db"]);
        check("local db = sqlite.open('d.db', {readonly=false})", "return 1", &[]);
        check("local db = sqlite.open 'd.db'", "return { readonly = true }", &[]);
        check(
            "",
            "return fs.read([[a]]), fs.read [=[b]=], fs.read(`c`), fs['read']('d')",
            &["a", "b", "c", "d"],
        );
        check("", "local ok, text = pcall(fs.read, 'a') return hash.file('b' .. \".txt\")", &["a", "b.txt"]);
        check(
            "local read, P = nil, 1",
            "local r = fs.read local i = image return r('a'), i.open('b')",
            &["a", "b"],
        );
        check(
            "local P = 'a.txt' local read = fs.read",
            "return fs.read(P), `{read(P .. 'x')}`",
            &["a.txt", "a.txtx"],
        );
        check("", "local P = item.x P = 'a' return fs.read(P), fs.read 'b' .. 'c'", &["b"]);
        check("", "return require('words')[item]", &["words.json"]);
        check("", "if fs.exists('a') then return fs.stat('b'), fs.list('c'), fs.glob('d') end", &[]);
        check("", "fs.write('a', fs.read('a') .. item) fs.copy(item.x, 'b') return fs.read('b')", &["b"]);
        check("", "fs.copy('c', 'b') return fs.read('b'), fs.read('c')", &["c"]);
        check("", "image.open('a.png'):resize(9):save('b.png') return image.open('b.png')", &["a.png"]);
        check("", "return fs.read(item.path), fs.read('a' .. item), item.fs.read('x') -- fs.read('y')", &[]);
    }

    #[test]
    fn computed_paths_are_shown_where_they_are_read() {
        let text =
            "local a = fs.read(params.words)\nlocal b = fs.read('b')\nlocal c = `{hash.file(a .. 'c')}`";
        let found: Vec<&str> = computed_reads(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, ["fs.read", "hash.file"]);
        let text =
            "local r = fs.read local P = 'p' local a, b = r(params.a), tbl.map(l, fs.read) pcall(r, P)";
        let found: Vec<&str> = computed_reads(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, ["r", "fs.read"]);
        assert!(computed_reads("local db = sqlite.open(params.db) fs.write(x, 'y')").is_empty());
        assert_eq!(computed_reads("local db = sqlite.open(params.db, {readonly = true})").len(), 1);
    }

    #[test]
    fn what_functions_of_a_file_read_is_not_read_at_its_start() {
        let text = "local a = fs.read(params.a)\nreturn function(item) return fs.read(item.b) .. a end";
        let found: Vec<usize> = computed_reads_at_start(text).into_iter().map(|span| span.start).collect();
        assert_eq!(found, [10]);
    }
}
