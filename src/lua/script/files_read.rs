//! This module finds the files that a script visibly reads, by paths that are written out: their content is part of what
//! the function does. A file that it writes as well is no such part.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Script;
use super::lexer::{TokenKind, tokens};
use super::reach::{Look, doings, each_global};
use super::texts::{Texts, bare};

/// Functions whose result depends on the content of the file that they are given. `sqlite.open` is one where it only reads.
const READING: [(&str, &str); 4] = [("fs", "read"), ("hash", "file"), ("image", "open"), ("sqlite", "open")];

impl Script {
    /// The paths that its source, its `setup` and the files that they require by name visibly read and do not write, sorted.
    pub fn files_read(&self) -> BTreeSet<String> {
        let (mut texts, mut read, mut written) = (Texts::of(self), BTreeSet::new(), BTreeSet::new());
        while let Some(text) = texts.next() {
            let mut uses = |look: &Look<'_>, at: usize, _: usize| {
                let (module, Some(function)) = look.member(at) else { return };
                let writes_too = (module, function) == ("sqlite", "open") && !opens_readonly(look, at);
                let reads = READING.contains(&(module, function)) && !writes_too;
                for (is_read, _, path) in look.paths(at + 3, doings(module, function)) {
                    match (reads, is_read && !writes_too) {
                        (true, _) => read.insert(path),
                        (false, false) => written.insert(path),
                        (false, true) => false,
                    };
                }
            };
            each_global(&text, 0, &mut uses);
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
    let mut found = Vec::new();
    each_global(text, 0, &mut |look, at, start| {
        let (module, Some(function)) = look.member(at) else { return };
        if !READING.contains(&(module, function)) || (module == "sqlite" && !opens_readonly(look, at)) {
            return;
        }
        let argument = look.argument(at + 3);
        if !matches!(look.literal(argument), Some((.., true))) {
            found.extend(look.span(at, at + 2).map(|span| span.start + start..span.end + start));
        }
    });
    found
}

/// Whether `sqlite.open`, whose name begins at `at`, is called with `readonly = true`.
fn opens_readonly(look: &Look<'_>, at: usize) -> bool {
    let first = look.argument(at + 3);
    let is_end = |at: &usize| look.is(*at, "}") || look.span(*at, *at).is_none();
    let options = (first..).take_while(|at| !is_end(at));
    let mut options = options.skip_while(|at| !look.is(*at, "{"));
    options.any(|at| look.is(at, "readonly") && look.is(at + 1, "=") && look.is(at + 2, "true"))
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
        assert!(computed_reads("local db = sqlite.open(params.db) fs.write(x, 'y')").is_empty());
        assert_eq!(computed_reads("local db = sqlite.open(params.db, {readonly = true})").len(), 1);
    }
}
