//! These tests try the second wall with the first one open: host functions that may reach everything run on a thread
//! that the system keeps within the folder.

use std::fs;

use mlua::Value;

use super::{folder, vm_with};
use crate::lua::permissions::{Allowed, Permissions, Protected};

/// Calls that would reach outside, `OUT` being a folder there.
const CALLS: &[&str] = &[
    "fs.read(OUT .. '/secret.txt')",
    "fs.list(OUT)",
    "fs.write(OUT .. '/new.txt', 'x')",
    "fs.write(OUT .. '/secret.txt', 'x')",
    "fs.write(OUT .. '/secret.txt', 'x', {append = true})",
    "fs.write(OUT .. '/secret.txt', 'x', {atomic = true})",
    "fs.mkdir(OUT .. '/new')",
    "fs.copy(OUT .. '/secret.txt', 'taken')",
    "fs.copy('abc.txt', OUT .. '/new.txt')",
    "fs.copy('abc.txt', OUT .. '/secret.txt')",
    "fs.move(OUT .. '/secret.txt', 'taken')",
    "fs.move('abc.txt', OUT .. '/new.txt')",
    "fs.move(OUT .. '/folder', 'folder')",
    "fs.remove(OUT .. '/secret.txt')",
    "fs.remove(OUT .. '/folder', {recursive = true})",
    "hash.file(OUT .. '/secret.txt')",
    "image.open(OUT .. '/photo.png')",
    "image.open('photo.png'):save(OUT .. '/new.png')",
    "sqlite.open(OUT .. '/secret.db', {readonly = true}):one('SELECT * FROM t')",
    "sqlite.open(OUT .. '/secret.db'):exec('DELETE FROM t')",
    "sqlite.open(OUT .. '/new.db'):exec('CREATE TABLE t (x)')",
    "fs.read('/etc/hostname')",
    "fs.write('/tmp/flowrun-of-a-test', 'x')",
];

/// What still works there.
const WORKS: &[&str] = &[
    "fs.read('abc.txt')",
    "fs.write('new/a.txt', 'x')",
    "fs.write('new/a.txt', 'x', {atomic = true})",
    "fs.move('new/a.txt', 'other/a.txt')",
    "fs.copy('other/a.txt', 'new/b.txt')",
    "fs.remove('other', {recursive = true})",
    "#fs.glob('**/*.txt')",
    "hash.file('abc.txt')",
    "image.open('photo.png'):save('new/photo.png')",
    "sqlite.open('new/a.db'):exec('CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)')",
    "sqlite.open('new/a.db'):exec('CREATE INDEX i ON t (x); VACUUM')",
    "sqlite.open('new/a.db', {readonly = true}):one('SELECT count(*) n FROM t').n",
    "time.format(0, '%Y', 'Europe/Paris')",
];

#[test]
fn the_system_keeps_workers_in_where_the_first_wall_is_open() {
    let (inside, outside) = (folder(), folder());
    let out = outside.path().canonicalize().unwrap();
    fs::write(out.join("secret.txt"), "SECRET").unwrap();
    fs::create_dir(out.join("folder")).unwrap();
    fs::write(out.join("folder/x"), "x").unwrap();
    rusqlite::Connection::open(out.join("secret.db"))
        .and_then(|database| database.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES ('SECRET')"))
        .unwrap();
    let narrow =
        Permissions::new(inside.path(), Allowed::default(), &Allowed::default(), Protected::default());
    narrow.begin();
    if narrow.confinement().is_err() {
        // A system without it has the first wall only, and `flowrun plan -v` says so.
        return;
    }
    let everything = Some(vec!["/".to_owned()]);
    let wide = Allowed { read: everything.clone(), write: everything, ..Allowed::default() };
    let root = inside.path().to_owned();
    let shown = out.display().to_string();
    let tried = std::thread::spawn(move || {
        let vm = vm_with(&root, wide);
        narrow.confine();
        let try_one = |call: &&'static str| {
            let chunk = format!("local OUT = {shown:?} return {call}");
            let result = vm.load(chunk).eval::<Value>();
            (*call, result.is_ok(), format!("{result:?}"))
        };
        let works: Vec<_> = WORKS.iter().map(try_one).collect();
        let refused: Vec<_> = CALLS.iter().map(try_one).collect();
        (works, refused)
    });
    let (works, refused) = tried.join().unwrap();
    for (call, is_ok, result) in works {
        assert!(is_ok, "{call}: {result}");
    }
    for (call, is_ok, result) in refused {
        assert!(!is_ok, "{call} got out: {result}");
        let says = ["Permission denied", "unable to open database", "readonly", "authorization", "disk I/O"];
        assert!(says.iter().any(|one| result.contains(one)), "{call}: {result}");
    }
    assert_eq!(fs::read(out.join("secret.txt")).unwrap(), b"SECRET");
    let new = ["new.txt", "new", "new.png", "new.db"];
    assert!(new.iter().all(|name| !out.join(name).exists()), "nothing was made outside");
}
