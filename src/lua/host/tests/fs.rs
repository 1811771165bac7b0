//! These tests cover what `fs` does within its permissions. `tests/it/escapes.rs` shows what it refuses.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use mlua::{Lua, Value};

use super::{TestVm, check_error, host_error, vm};

/// A VM in a folder with a few files.
fn project() -> (tempfile::TempDir, TestVm) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("data/deep")).unwrap();
    for name in ["b.txt", "data/a.txt", "data/.hidden.txt", "data/deep/c.md", "data/deep/a.txt"] {
        fs::write(root.join(name), name).unwrap();
    }
    symlink("data", root.join("link")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    let lua = vm(root);
    (folder, lua)
}

/// Whether the chunk gives this JSON-like text.
fn gives(lua: &Lua, chunk: &str, expect: &str) {
    let value: Value = lua.load(chunk).eval().unwrap_or_else(|error| panic!("{chunk}: {error}"));
    let got = match &value {
        Value::Table(list) => {
            list.sequence_values::<String>().map(|name| name.unwrap()).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string().unwrap(),
    };
    assert_eq!(got, expect, "{chunk}");
}

fn fails(lua: &Lua, chunk: &str, expect: &str) {
    let error = lua.load(chunk).eval::<Value>().expect_err(chunk);
    let message = &host_error(&error).unwrap_or_else(|| panic!("{chunk}: {error}")).message;
    assert!(message.contains(expect), "{chunk}: {message}");
}

#[test]
fn files_are_written_read_and_appended_to() {
    let (folder, lua) = project();
    gives(
        &lua,
        "fs.write('new/er/x', 'one') fs.write('new/er/x', ' two', {append = true}) return fs.read('new/er/x')",
        "one two",
    );
    gives(&lua, "fs.write('b.txt', 's') return fs.read('b.txt')", "s");
    gives(
        &lua,
        "local s = string.rep('\\0\\255x', 1000000) fs.write('big', s) return tostring(fs.read('big') == s)",
        "true",
    );
    gives(&lua, "fs.write('link/via', 'x') return fs.read('data/via')", "x");
    gives(&lua, "fs.write('dangling', 'x') return fs.read('nowhere')", "x");
    fs::set_permissions(folder.path().join("b.txt"), fs::Permissions::from_mode(0o640)).unwrap();
    gives(&lua, "fs.write('b.txt', 'atomic', {atomic = true}) return fs.read('b.txt')", "atomic");
    let mode = fs::metadata(folder.path().join("b.txt")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    gives(&lua, "return fs.glob('{.*,*}.part')", "");
    fails(&lua, "fs.write('data', 'x')", "cannot write `data`: ");
    fails(&lua, "fs.read('data')", "cannot read `data`: it is a folder");
    fails(&lua, "fs.read('gone')", "cannot read `gone`: No such file or directory");
    fails(&lua, "fs.read('b.txt/x')", "cannot read `b.txt/x`: ");
    fails(&lua, "fs.write('x', 'y', {apend = true})", "only `append`, `atomic` may stand there");
    fails(&lua, "fs.write('x', 'y', {append = 1})", "`append` must be true or false, not a");
    fails(&lua, "fs.write('x', 'y', {append = true, atomic = true})", "exclude each other");
}

#[test]
fn what_a_killed_writer_has_left_makes_room_and_what_is_being_written_stays() {
    let (folder, lua) = project();
    let part = |number| {
        let digest = xxhash_rust::xxh3::xxh3_64(b"a.txt");
        folder.path().join(format!(".flowrun-{digest:016x}-{number}.part"))
    };
    let held = fs::File::create(part(0)).unwrap();
    held.lock().unwrap();
    fs::write(part(1), "half").unwrap();
    gives(&lua, "fs.write('a.txt', 'whole', {atomic = true}) return fs.read('a.txt')", "whole");
    assert!(part(0).exists() && !part(1).exists());
}

#[test]
fn a_look_tells_what_is_there() {
    let (_folder, lua) = project();
    gives(
        &lua,
        "local s = fs.stat('data/a.txt') return s.kind .. s.size .. tostring(s.modified > 1e9)",
        "file10true",
    );
    gives(&lua, "return fs.stat('link').kind .. fs.stat('link/').kind .. fs.stat('.').kind", "linkdirdir");
    gives(
        &lua,
        "return tostring(fs.stat('gone')) .. tostring(fs.stat('gone/x')) .. tostring(fs.stat('b.txt/x'))",
        "nilnilnil",
    );
    gives(&lua, "return tostring(fs.exists('dangling')) .. tostring(fs.exists('link/a.txt'))", "falsetrue");
    gives(&lua, "return fs.list('.')", "b.txt dangling data link");
    gives(&lua, "return fs.list('link')", ".hidden.txt a.txt deep");
    fails(&lua, "return fs.list('b.txt')", "cannot list `b.txt`: ");
}

#[test]
fn patterns_find_files_as_the_glob_step_does() {
    let (folder, lua) = project();
    gives(&lua, "return fs.glob('**/*.txt')", "b.txt data/a.txt data/deep/a.txt link/a.txt link/deep/a.txt");
    gives(&lua, "return fs.glob('data/*')", "data/a.txt");
    gives(&lua, "return fs.glob('data/.*')", "data/.hidden.txt");
    gives(&lua, "return fs.glob('data/**/{a,c}.*')", "data/a.txt data/deep/a.txt data/deep/c.md");
    gives(&lua, "return fs.glob('b.txt')", "b.txt");
    gives(&lua, "return fs.glob('gone/*')", "");
    symlink("..", folder.path().join("data/up")).unwrap();
    gives(&lua, "return fs.glob('data/**/b.txt')", "data/up/b.txt");
    symlink("/etc", folder.path().join("data/out")).unwrap();
    gives(&lua, "return fs.glob('data/o*/host*')", "");
    fails(&lua, "return fs.glob('data/out/*')", "reading `data/out/` (which is `/etc`) is not allowed");
    fails(&lua, "return fs.glob('data/[')", "a pattern expected");
}

#[test]
fn files_and_folders_are_moved_copied_and_removed() {
    let (folder, lua) = project();
    gives(
        &lua,
        "fs.copy('b.txt', 'x/y') fs.copy('b.txt', 'b.txt') return fs.read('x/y') .. fs.read('b.txt')",
        "b.txtb.txt",
    );
    gives(&lua, "fs.move('x', 'z/x') return tostring(fs.exists('x')) .. fs.read('z/x/y')", "falseb.txt");
    gives(&lua, "fs.move('dangling', 'still') return fs.stat('still').kind", "link");
    gives(&lua, "fs.mkdir('m/n') fs.mkdir('m/n') return fs.stat('m/n').kind", "dir");
    fails(&lua, "fs.remove('data')", "the folder is not empty; `{recursive = true}` removes what is in it");
    gives(&lua, "return tostring(fs.remove('link')) .. tostring(fs.exists('data/a.txt'))", "truetrue");
    gives(
        &lua,
        "return tostring(fs.remove('m/n')) .. tostring(fs.remove('m/n')) .. tostring(fs.remove('no/x'))",
        "truefalsefalse",
    );
    symlink("/etc/hostname", folder.path().join("data/deep/away")).unwrap();
    gives(&lua, "fs.remove('data', {recursive = true}) return tostring(fs.exists('data'))", "false");
    assert!(fs::symlink_metadata("/etc/hostname").is_ok());
    fails(&lua, "fs.move('gone', 'x2')", "cannot move `gone`: No such file");
    fails(&lua, "fs.mkdir('b.txt')", "cannot make the folder `b.txt`: ");
    fs::create_dir_all(folder.path().join("sub/.flowrun")).unwrap();
    fails(&lua, "fs.remove('sub', {recursive = true})", "a folder of runs is in it");
}

#[test]
fn temporary_files_are_of_their_own_and_go_with_the_vm() {
    let (_folder, lua) = project();
    let chunk =
        "local a, b = fs.tempfile('.png'), fs.tempfile() fs.write(a, 'x') assert(a ~= b and fs.read(b) == '')
        assert(path.ext(a) == 'png') return a";
    let path: String = lua.load(chunk).eval().unwrap();
    assert!(fs::metadata(&path).is_ok());
    drop(lua);
    assert!(fs::metadata(&path).is_err());
    check_error(
        "fs.tempfile('/../x')",
        "bad argument #1 to `fs.tempfile` (a suffix such as `.png` expected)",
    );
}

#[test]
fn a_pipe_and_a_device_are_no_files() {
    let (folder, lua) = project();
    let pipe = std::ffi::CString::new(folder.path().join("pipe").to_str().unwrap()).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    fails(&lua, "return fs.read('pipe')", "cannot read `pipe`: it is not a file");
    fails(&lua, "return hash.file('pipe')", "it is not a file");
    fails(&lua, "return fs.write('pipe', 'x')", "cannot write `pipe`: ");
    gives(&lua, "return fs.stat('pipe').kind", "other");
}
