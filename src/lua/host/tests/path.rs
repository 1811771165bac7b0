//! These tests cover `path`.

use super::{check, check_error};

#[test]
fn join_starts_anew_at_an_absolute_part() {
    check("path.join()", "''");
    check("path.join('a', '', 'b/', 'c')", "'a/b/c'");
    check("path.join('a', '/b', 'c')", "'/b/c'");
    check("path.join('/', 'a')", "'/a'");
    check("path.join('', 'a')", "'a'");
    check("path.join('a', '../b')", "'a/../b'");
    check_error("path.join('a', nil, 'b')", "bad argument #2 to `path.join` (string expected, got nil)");
}

#[test]
fn the_parts_of_a_path() {
    // path, dir, base, stem, ext
    for (path, dir, base, stem, ext) in [
        ("a/b.txt", "a", "b.txt", "b", "txt"),
        ("b.txt", ".", "b.txt", "b", "txt"),
        ("/b", "/", "b", "b", ""),
        ("a//b/", "a", "b", "b", ""),
        ("/", "/", "/", "/", ""),
        ("", ".", "", "", ""),
        ("a/.bashrc", "a", ".bashrc", ".bashrc", ""),
        ("a.b/c", "a.b", "c", "c", ""),
        ("x.tar.gz", ".", "x.tar.gz", "x.tar", "gz"),
        ("x.", ".", "x.", "x", ""),
        ("..", ".", "..", "..", ""),
    ] {
        check(
            &format!("path.dir('{path}'), path.base('{path}'), path.stem('{path}'), path.ext('{path}')"),
            &format!("'{dir}', '{base}', '{stem}', '{ext}'"),
        );
    }
}

#[test]
fn with_ext_changes_the_last_part_only() {
    check("path.with_ext('a.b/c', 'txt')", "'a.b/c.txt'");
    check("path.with_ext('a.b/c.jpg', '.png')", "'a.b/c.png'");
    check("path.with_ext('c.jpg', '')", "'c'");
    check("path.with_ext('c.tar.gz', 'zst')", "'c.tar.zst'");
    check_error("path.with_ext('/', 'x')", "bad argument #1 to `path.with_ext` (a path to a file expected)");
    check_error(
        "path.with_ext('a', 'x/y')",
        "bad argument #2 to `path.with_ext` (an extension expected, got a path)",
    );
}

#[test]
fn relative_and_absolute_are_inverse_in_the_pipelines_folder() {
    check("path.relative(path.absolute('a/../b/./c'))", "'b/c'");
    check("path.relative('a/b', 'a/b')", "'.'");
    check("path.relative('/x/y', '/x/z/w')", "'../../y'");
    check("path.absolute('/../..//a/')", "'/a'");
    check("path.absolute('/')", "'/'");
    check("path.dir(path.absolute('a')) == path.absolute('')", "true");
}
