//! These tests cover attempts to get out: of the folder, of the permissions, of the sandbox. Every one is refused, and
//! for good. What can be generated, ways × targets × functions, is in `walls`.

mod walls;

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::project::Project;

/// What an attempt must end with.
enum Ends {
    /// The item fails for good after one attempt; its message has this in it.
    Refused(&'static str),
    /// The item fails, and may be tried again; its message has this in it.
    Fails(&'static str),
    /// As [`Ends::Refused`], by a module that says first whether it is there.
    Reached(&'static str),
    /// The attempt comes to nothing: the function gives this.
    Gives(&'static str),
}
use Ends::{Fails, Gives, Reached, Refused};

/// Paths that lead out of the folder in every way that we know, with what names them after the function's name.
const PATHS: [(&str, &str); 22] = [
    ("an absolute path", "'/etc/hostname'"),
    ("the folder above", "'../secret.txt'"),
    ("a way down and up", "'data/../../secret.txt'"),
    ("dots that are nothing", "'./././../secret.txt'"),
    ("slashes in a row", "'data//..//..//secret.txt'"),
    ("a way up from the root", "'/../../../etc/hostname'"),
    ("a link to a file", "'links/file'"),
    ("a link to a folder", "'links/folder/secret.txt'"),
    ("a link through another", "'links/chain'"),
    ("a relative link", "'links/relative/secret.txt'"),
    ("a link up and down again", "'links/folder/../secret.txt'"),
    ("a dangling link", "'links/dangling'"),
    ("a link to the root", "'links/root/etc/hostname'"),
    ("the root of the process", "'/proc/self/root/etc/hostname'"),
    ("the root of the process by a link", "'links/proc/root/etc/hostname'"),
    ("the environment", "'/proc/self/environ'"),
    ("an open file", "'/proc/self/fd/0'"),
    ("an open file by its other name", "'/dev/fd/0'"),
    ("standard input", "'/dev/stdin'"),
    ("an absolute path in the pipeline's own, and out", "path.absolute('.') .. '/../secret.txt'"),
    ("another case", "'/ETC/hostname'"),
    ("a slash at the end", "'../'"),
];

/// Everything else.
const ATTEMPTS: &[(&str, &str, Ends)] = &[
    ("a link in a circle", "fs.read('links/loop')", Fails("symbolic links")),
    ("a NUL byte", "fs.read('data/a.txt\\0/../../../etc/hostname')", Fails("NUL byte")),
    ("an empty path", "fs.read('')", Fails("the path is empty")),
    ("home is no folder here", "fs.read('~/.profile')", Fails("No such file")),
    ("a variable in a path", "fs.read('$HOME/.profile')", Fails("No such file")),
    ("writing the pipeline", "fs.write('pipeline.yaml', 'steps: {}')", Refused("pipeline file")),
    ("writing it through a link", "fs.write('links/pipeline', 'steps: {}')", Refused("pipeline file")),
    ("moving it away", "fs.move('pipeline.yaml', 'x.yaml')", Refused("pipeline file")),
    ("moving another over it", "fs.move('data/a.txt', 'pipeline.yaml')", Refused("pipeline file")),
    ("removing it", "fs.remove('./pipeline.yaml')", Refused("pipeline file")),
    ("removing its folder", "fs.remove('.', {recursive = true})", Refused("not allowed")),
    ("removing it from above", "fs.remove('..', {recursive = true})", Refused("add `permissions: {write: [")),
    ("writing into the runs", "fs.write('.flowrun/x', 'x')", Refused("folder of runs")),
    ("removing the runs", "fs.remove('data/../.flowrun', {recursive = true})", Refused("folder of runs")),
    (
        "writing through a dangling link",
        "fs.write('links/dangling', 'x')",
        Refused("add `permissions: {write: ["),
    ),
    ("a folder through a link", "fs.mkdir('links/folder/new')", Refused("add `permissions: {write: [")),
    ("copying out", "fs.copy('data/a.txt', '../a.txt')", Refused("add `permissions: {write: [")),
    ("copying in", "fs.copy('../secret.txt', 'a.txt')", Refused("add `permissions: {read: [")),
    ("copying over a link", "fs.copy('data/a.txt', 'links/file')", Refused("add `permissions: {write: [")),
    ("a pattern above", "fs.glob('../*')", Refused("add `permissions: {read: [")),
    ("an absolute pattern", "fs.glob('/etc/host*')", Refused("add `permissions: {read: [")),
    ("a pattern through links", "#fs.glob('links/**/secret*')", Gives("0")),
    ("a pattern with dots inside", "#fs.glob('data/*/../../../secret*')", Gives("0")),
    ("a digest of what cannot be read", "hash.file('../secret.txt')", Refused("add `permissions: {read: [")),
    (
        "another place for a temporary file",
        "fs.tempfile('/../../x')",
        Fails("a suffix such as `.png` expected"),
    ),
    (
        "what lies beside a temporary file",
        "fs.read(path.dir(fs.tempfile()) .. '/../x')",
        Refused("not allowed"),
    ),
    (
        "a refusal caught and asked again",
        "select(2, pcall(fs.read, '../secret.txt')) and fs.read('../secret.txt')",
        Refused("add `permissions: {read: ["),
    ),
    (
        "a refusal on a coroutine",
        "coroutine.wrap(function() return fs.read('../secret.txt') end)()",
        Refused("not allowed"),
    ),
    ("a module above", "require('../secret')", Refused("no module name")),
    ("a module above by dots", "require('...secret')", Refused("no module name")),
    ("a module by an absolute path", "require('/etc/hostname')", Refused("no module name")),
    ("a module through a link", "require('links.module')", Refused("outside the pipeline's folder")),
    ("a module of bytecode", "require('data.bytecode')", Refused("")),
    ("files of Lua", "_G.io.open('/etc/hostname')", Fails("nil")),
    ("a shell of Lua", "_G.os.execute('id')", Fails("nil")),
    ("the environment of Lua", "_G.os.getenv('HOME')", Fails("nil")),
    ("removing by Lua", "_G.os.remove('data/a.txt')", Fails("nil")),
    ("leaving the process", "_G.os.exit(0)", Fails("nil")),
    ("a library", "_G.package.loadlib('libc.so.6', 'system')", Fails("nil")),
    ("bytecode", "_G.load('\\27Lua')", Fails("nil")),
    ("code from text", "_G.loadstring('return 1')", Fails("nil")),
    ("code from a file", "_G.dofile('/etc/hostname')", Fails("nil")),
    ("another environment", "_G.getfenv(0)", Fails("nil")),
    ("an environment of one's own", "_G.setfenv(1, {})", Fails("nil")),
    ("the stack", "_G.debug.getupvalue(fs.read, 1)", Fails("nil")),
    ("the registry", "_G.debug.getregistry()", Fails("nil")),
    ("the metatable of strings", "(function() getmetatable('').__index = {} end)()", Fails("")),
    ("the metatable of modules", "setmetatable(fs, {})", Fails("")),
    ("the metatable of globals", "setmetatable(_G, {})", Fails("")),
    ("a new global", "(function() _G.leaked = 1 end)()", Fails("")),
    ("a global by its table", "(function() _G.fs = nil end)()", Fails("")),
    ("a global without its metatable", "rawset(_G, 'fs', {})", Fails("")),
    ("another function in a module", "(function() fs.read = print end)()", Fails("")),
    ("another function in a module within one", "(function() codec.hex.encode = print end)()", Fails("")),
    ("another function of Lua", "(function() string.rep = print end)()", Fails("")),
    ("another function without asking", "rawset(fs, 'read', print)", Fails("")),
    ("other params", "(function() params.x = 1 end)()", Fails("")),
    ("a long string", "#string.rep('x', 2^30)", Fails("memory")),
    ("a string that doubles", "(function() local s = 'x' while true do s = s .. s end end)()", Fails("")),
    ("a bomb of gzip", "#codec.gzip.decode(codec.gzip.decode(fs.read('data/bomb.gz.gz')))", Fails("memory")),
    ("a bomb of zstd", "#codec.zstd.decode(fs.read('data/bomb.zst'))", Fails("memory")),
    ("a file in a template", "template.render(\"{% include '/etc/hostname' %}\")", Fails("cannot include")),
    ("a template of another", "template.render(\"{% extends '../secret.txt' %}\")", Fails("cannot include")),
    ("an import in a template", "template.render(\"{% import 'x' as x %}\")", Fails("cannot include")),
    ("a Python way out of a template", "template.render(\"{{ ''.__class__.__mro__ }}\")", Fails("undefined")),
    (
        "an endless template",
        "template.render('{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}')",
        Fails("too many steps"),
    ),
];

/// Hosts and programs, none of which is granted: what, the module, the call, the line to add.
const NETWORK: [(&str, &str, &str, &str); 12] = [
    ("a host", "http", "http.get('https://example.org/')", "add `permissions: {net: [example.org]}`"),
    ("this machine", "http", "http.get('http://localhost:9/')", "add `permissions: {net: [localhost:9]}`"),
    ("this machine by its address", "http", "http.get('http://127.0.0.1:9/')", "add `permissions: {net: ["),
    ("this machine by a short address", "http", "http.get('http://127.1:9/')", "add `permissions: {net: ["),
    ("this machine by a number", "http", "http.get('http://2130706433:9/')", "add `permissions: {net: ["),
    ("this machine in IPv6", "http", "http.get('http://[::1]:9/')", "add `permissions: {net: ["),
    (
        "a cloud's own service",
        "http",
        "http.get('http://169.254.169.254/latest/')",
        "add `permissions: {net: [",
    ),
    (
        "a host behind a user",
        "http",
        "http.get('http://granted.org@example.org/')",
        "add `permissions: {net: [",
    ),
    (
        "a request in full",
        "http",
        "http.request{method = 'POST', url = 'http://example.org'}",
        "add `permissions: {net: [",
    ),
    ("a program", "exec", "exec.run({'id'})", "add `permissions: {exec: [id]}`"),
    (
        "a program by its path",
        "exec",
        "exec.run({'/bin/sh', '-c', 'id'})",
        "add `permissions: {exec: [/bin/sh]}`",
    ),
    ("a program by a way round", "exec", "exec.run({'data/../../../bin/sh'})", "add `permissions: {exec: ["),
];

/// A folder within a folder: the secret lies beside the pipeline's.
fn project() -> (Project, std::path::PathBuf) {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, bytes).expect("memory takes everything");
        encoder.finish().expect("memory takes everything")
    };
    let zeros = vec![0; 300 << 20];
    let project = Project::new()
        .file("secret.txt", "SECRET")
        .file("secret.lua", "return 'SECRET'")
        .file("in/data/a.txt", "a")
        .file("in/data/bytecode.lua", b"\x06\x03\x00\x01")
        .file("in/data/bomb.gz.gz", gzip(&gzip(&zeros)))
        .file("in/data/bomb.zst", zstd::encode_all(&*zeros, 1).expect("memory takes everything"));
    let root = project.path("in");
    let links = root.join("links");
    fs::create_dir(&links).expect("a folder of ours");
    for (target, name) in [
        (project.path("secret.txt").to_str().expect("UTF-8"), "file"),
        (project.path("").to_str().expect("UTF-8"), "folder"),
        ("../links/file", "chain"),
        ("../..", "relative"),
        ("../../new.txt", "dangling"),
        ("/", "root"),
        ("/proc/self", "proc"),
        ("loop", "loop"),
        ("../pipeline.yaml", "pipeline"),
        ("../../secret.lua", "module.lua"),
    ] {
        symlink(target, links.join(name)).expect("a folder of ours");
    }
    (project, root)
}

/// A pipeline with one item for each expression, whose failures are told.
fn pipeline(permissions: &str, expressions: &[String]) -> String {
    let mut functions = String::new();
    for expression in expressions {
        writeln!(functions, "        function() return {expression} end,").expect("memory takes everything");
    }
    format!(
        "{permissions}\nx-allow: [not_permitted]\nsteps:\n  numbers:\n    items: {{lua: 'local l = {{}} for i = 1, {} do l[i] = i end return l'}}\n  try:\n    from: numbers\n    map:\n      \
         retries: {{max: 1, delay: 0s}}\n      min_success_ratio: 0\n      memory: 64MB\n      timeout: 20s\n      setup: |\n        \
         local attempts = {{\n{functions}        }}\n      lua: return tostring((attempts[item]()))\n  \
         good:\n    from: try\n    write: good.jsonl\n  bad:\n    from: try.failed\n    write: bad.jsonl\n",
        expressions.len()
    )
}

/// What became of each expression: its error, or its value.
fn outcomes(root: &std::path::Path, project: &Project, args: &[&str]) -> Vec<Result<String, Value>> {
    let file = root.join("pipeline.yaml");
    let mut all = vec!["run", file.to_str().expect("UTF-8"), "--quiet"];
    all.extend(args);
    let ran = project.run(&all);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines = |name: &str| {
        let text = fs::read_to_string(root.join(name)).expect("the run has written it");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>()
    };
    let (mut good, bad) = (lines("good.jsonl").into_iter(), lines("bad.jsonl"));
    let count = good.len() + bad.len();
    (1..=count as u64)
        .map(|index| match bad.iter().find(|failure| failure["index"] == index) {
            Some(failure) => Err(failure.clone()),
            None => Ok(good.next().expect("it did not fail").as_str().expect("a string").to_owned()),
        })
        .collect()
}

fn check(what: &str, expect: &Ends, outcome: &Result<String, Value>) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{what}: {why}: {outcome:?}"));
    match (expect, outcome) {
        (Gives(expect), Ok(got)) if expect == got => Ok(()),
        (Gives(_), _) => wrong("not as expected"),
        (Reached(_), Ok(got)) if got == "there is no such module" => Ok(()),
        (_, Ok(_)) => wrong("it got through"),
        (Refused(_) | Reached(_), Err(failure)) if failure["attempts"] != 1 => wrong("it was tried again"),
        (Refused(part) | Reached(part) | Fails(part), Err(failure)) => {
            let message = failure["error"]["message"].as_str().unwrap_or_default();
            if message.contains("SECRET") || !message.contains(part) && failure["error"]["kind"] != *part {
                return wrong("another message is expected");
            }
            Ok(())
        }
    }
}

#[test]
fn no_way_leads_out_of_the_folder_or_the_sandbox() {
    let mut table: Vec<(String, String, Ends)> = Vec::new();
    for (what, path) in PATHS {
        let (read, write) = ("add `permissions: {read: [", "add `permissions: {write: [");
        for (call, line) in [("read", read), ("exists", read), ("list", read)] {
            table.push((format!("{what} ({call})"), format!("fs.{call}({path})"), Refused(line)));
        }
        for call in ["write", "mkdir"] {
            table.push((format!("{what} ({call})"), format!("fs.{call}({path}, 'x')"), Refused(write)));
        }
    }
    for (what, expression, ends) in ATTEMPTS {
        let ends = match ends {
            Refused(part) => Refused(part),
            Fails(part) => Fails(part),
            Reached(part) => Reached(part),
            Gives(value) => Gives(value),
        };
        table.push(((*what).to_owned(), (*expression).to_owned(), ends));
    }
    for (what, module, call, line) in NETWORK {
        let expression = format!("{module} == nil and 'there is no such module' or {call}");
        table.push((what.to_owned(), expression, Reached(line)));
    }
    let (project, root) = project();
    let expressions: Vec<String> = table.iter().map(|(_, expression, _)| expression.clone()).collect();
    fs::write(root.join("pipeline.yaml"), pipeline("", &expressions)).expect("a folder of ours");
    let outcomes = outcomes(&root, &project, &[]);
    assert_eq!(outcomes.len(), table.len());
    let wrong: Vec<String> = table
        .iter()
        .zip(&outcomes)
        .filter_map(|((what, expression, ends), outcome)| {
            check(&format!("{what}: {expression}"), ends, outcome).err()
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.len(), wrong.join("\n"));
    assert_eq!(project.read("secret.txt"), "SECRET");
    let mut beside: Vec<_> = fs::read_dir(project.path(""))
        .expect("ours")
        .map(|entry| entry.expect("ours").file_name().into_string().expect("UTF-8"))
        .collect();
    beside.sort();
    assert_eq!(beside, ["in", "secret.lua", "secret.txt"], "nothing was made outside");
    assert!(root.join("pipeline.yaml").exists() && root.join("data/a.txt").exists());
}

#[test]
fn lists_that_are_given_replace_the_folder_and_are_no_way_to_more() {
    let (project, root) = project();
    let permissions = "permissions: {read: [data, ../secret.txt], write: [out], exec: [./out/tool]}";
    let table = [
        ("fs.read('data/a.txt')", Gives("a")),
        ("fs.read('../secret.txt')", Gives("SECRET")),
        ("fs.read('links/file')", Gives("SECRET")),
        ("fs.read('../secret.lua')", Refused("add `permissions: {read: [")),
        (
            "fs.read('pipeline.yaml')",
            Refused("add `permissions: {read: [., data, ../secret.txt]}` to the pipeline file"),
        ),
        ("fs.write('out/x/y.txt', 'x')", Gives("nil")),
        (
            "fs.write('data/a.txt', 'x')",
            Refused("add `permissions: {write: [data, out]}` to the pipeline file"),
        ),
        ("fs.write('outer', 'x')", Refused("add `permissions: {write: [")),
        ("fs.write('../secret.txt', 'x')", Refused("add `permissions: {write: [")),
        ("fs.move('out/x/y.txt', 'out/z.txt')", Refused("add `permissions: {read: [")),
        ("fs.write('out/tool', '#!/bin/sh')", Refused("programs")),
        ("fs.read(fs.tempfile())", Gives("")),
    ];
    let expressions: Vec<String> = table.iter().map(|(expression, _)| (*expression).to_owned()).collect();
    fs::write(root.join("pipeline.yaml"), pipeline(permissions, &expressions)).expect("a folder of ours");
    let outcomes = outcomes(&root, &project, &[]);
    let wrong: Vec<String> = table
        .iter()
        .zip(&outcomes)
        .filter_map(|((expression, ends), outcome)| check(expression, ends, outcome).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_run_is_allowed_more_for_once_and_so_is_its_resumption() {
    let (project, root) = project();
    let expressions = ["fs.read('../secret.txt')".to_owned(), "fs.write('../new/x.txt', 'x')".to_owned()];
    fs::write(root.join("pipeline.yaml"), pipeline("", &expressions)).expect("a folder of ours");
    let is_refused = |outcome: &[Result<String, Value>]| outcome.iter().all(Result::is_err);
    assert!(is_refused(&outcomes(&root, &project, &[])));
    let allowed = outcomes(&root, &project, &["--allow-read", "secret.txt", "--allow-write", "new"]);
    assert_eq!(allowed, [Ok("SECRET".to_owned()), Ok("nil".to_owned())]);
    assert_eq!(project.read("new/x.txt"), "x");
    assert!(is_refused(&outcomes(&root, &project, &[])), "it was for one run");
    let later = "steps:\n  n: {items: [1]}\n  m: {from: n, map: \"return fs.read('../later.txt')\"}\n  \
                 s: {from: m, write: m.jsonl}\n";
    fs::write(root.join("later.yaml"), later).expect("a folder of ours");
    assert_eq!(project.run(&["run", "in/later.yaml", "-q", "--allow-read", "later.txt"]).code, 1);
    fs::write(project.path("later.txt"), "now").expect("a folder of ours");
    project.run(&["resume", "in/later.yaml", "-q"]).ok();
    assert_eq!(project.read("in/m.jsonl"), "\"now\"\n");
    let ran = project.run(&["run", "in/pipeline.yaml", "--allow-net", "https://a.org"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

#[test]
fn temporary_files_are_gone_when_their_items_have_ended() {
    for sleep in ["", "time.sleep(0.001) "] {
        let pipeline = format!(
            "steps:\n  n: {{items: [1, 2, 3]}}\n  make:\n    from: n\n    map: |\n      local p = fs.tempfile('.txt')\n      \
             fs.write(p, 'x')\n      {sleep}assert(fs.read(p) == 'x')\n      return p\n  save: {{from: make, write: out.jsonl}}\n"
        );
        let project = Project::with(&pipeline);
        project.run(&["pipeline.yaml", "--quiet"]).ok();
        let text = project.read("out.jsonl");
        let paths: Vec<String> =
            text.lines().map(|line| serde_json::from_str(line).expect("a string")).collect();
        assert_eq!(paths.len(), 3);
        for path in paths {
            assert!(path.contains(".txt") && !std::path::Path::new(&path).exists(), "{path}");
        }
    }
}
