//! These tests cover the walls around a run, tried in all combinations: every way in × every target × every function
//! of the registry that takes a path. None leads out, and nothing that is kept changes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::project::Project;

/// What a call does with its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// It tells something of what is there.
    Reads,
    /// It changes what is there.
    Writes,
}
use Does::{Reads, Writes};

/// Every call that takes a path, `PATH` in its place: the function of the registry, what it does, and for which kind of target.
const CALLS: &[(&str, Does, &str)] = &[
    ("fs.read", Reads, "fs.read(PATH)"),
    ("fs.exists", Reads, "fs.exists(PATH)"),
    ("fs.stat", Reads, "fs.stat(PATH .. '/')"),
    ("fs.list", Reads, "fs.list(path.dir(PATH))[1]"),
    ("fs.glob", Reads, "fs.glob(path.dir(PATH) .. '/*')[1]"),
    ("fs.copy", Reads, "fs.copy(PATH, 'taken')"),
    ("fs.move", Reads, "fs.move(PATH, 'taken')"),
    ("hash.file", Reads, "hash.file(PATH)"),
    ("image.open", Reads, "image.open(PATH).width"),
    ("sqlite.open", Reads, "sqlite.open(PATH, {readonly = true}):one('SELECT * FROM t')"),
    ("exec.run", Reads, "exec.run({'true'}, {cwd = path.dir(PATH)})"),
    ("exec.run", Reads, "exec.run({PATH})"),
    ("fs.write", Writes, "fs.write(PATH, 'changed')"),
    ("fs.write", Writes, "fs.write(PATH, 'changed', {append = true})"),
    ("fs.write", Writes, "fs.write(PATH, 'changed', {atomic = true})"),
    ("fs.mkdir", Writes, "fs.mkdir(PATH .. '.new')"),
    ("fs.copy", Writes, "fs.copy('mine/a.txt', PATH)"),
    ("fs.move", Writes, "fs.move('mine/a.txt', PATH)"),
    ("fs.move", Writes, "fs.move(PATH, 'mine/gone')"),
    ("fs.remove", Writes, "fs.remove(PATH)"),
    ("fs.remove", Writes, "fs.remove(PATH, {recursive = true})"),
    ("Image:save", Writes, "image.open('mine/a.png'):save(PATH .. '.png')"),
    ("sqlite.open", Writes, "sqlite.open(PATH):exec('CREATE TABLE mine (x)')"),
    ("sqlite.open", Writes, "sqlite.open(PATH .. '.db'):exec('CREATE TABLE mine (x)')"),
];

/// Functions that take a path in a way of their own: names of modules have no slashes, and a suffix is no path.
const OTHERS: [&str; 2] = ["require", "fs.tempfile"];

/// Ways to files outside of what is granted, as Lua writes them; each leads to `FILE` in the folder outside.
const WAYS: &[(&str, &str)] = &[
    ("a link", "'links/out/FILE'"),
    ("a link to the file", "'links/FILE'"),
    ("a relative link", "'links/relative/FILE'"),
    ("a link through another", "'links/chain/FILE'"),
    ("a link and dots", "'links/out/../outside/FILE'"),
    ("dots", "'../outside/FILE'"),
    ("dots behind a folder", "'mine/../../outside/FILE'"),
    ("dots behind a part that is missing", "'missing/../../outside/FILE'"),
    ("an absolute path", "OUTSIDE .. '/FILE'"),
    ("the root of the process", "'/proc/self/root' .. OUTSIDE .. '/FILE'"),
    ("the working folder of the process", "'/proc/self/cwd/../outside/FILE'"),
    ("a link in a granted folder elsewhere", "'granted/out/FILE'"),
    ("an absolute link and dots", "'links/root/' .. OUTSIDE:sub(2) .. '/FILE'"),
];

/// Ways to put something else where a thing lies that is kept: whole expressions, with `IT` as the path of the thing.
const REPLACEMENTS: &[(&str, &str)] = &[
    ("a link put in its place", "fs.move('links/out', IT)"),
    ("a folder put in its place", "fs.move('staged', IT)"),
    ("a file put in its place", "fs.move('mine/a.txt', IT)"),
    ("a copy over it", "fs.copy('mine/a.txt', IT)"),
    ("itself moved away", "fs.move(IT, 'mine/away')"),
    ("itself removed", "fs.remove(IT)"),
    ("itself removed with all in it", "fs.remove(IT, {recursive = true})"),
    ("itself by another spelling", "fs.remove('./mine/../' .. IT)"),
    ("itself by its absolute path", "fs.move(path.absolute(IT), 'mine/away')"),
    ("itself through a link to the folder", "fs.move('links/here/' .. IT, 'mine/away')"),
];

/// What is kept: a name, the path, and whether writing its content counts as well.
const KEPT: &[(&str, &str, bool)] = &[
    ("the pipeline file", "'pipeline.yaml'", true),
    ("another name of the pipeline file", "'mine/pipeline-too'", true),
    ("the folder of runs", "'.flowrun'", false),
    ("a file in the folder of runs", "'.flowrun/runs/x'", true),
    ("a file in a folder of runs elsewhere", "'mine/.FlowRun/x'", true),
    ("a granted folder", "'granted'", false),
    ("a granted folder that was missing", "'made'", false),
    ("the way to a granted folder", "'deep'", false),
    ("the pipeline's folder", "path.absolute('.')", false),
    ("a program", "'tools/run'", true),
    ("a program that is missing", "'tools/none'", true),
    ("a program behind a link", "'linked/run'", true),
    ("another name of a program", "'mine/run-too'", true),
    ("the folder of a program", "'tools'", false),
    ("the folder that a link to a program leads to", "'real'", false),
    ("the link on the way to a program", "'linked'", false),
    ("the folder of a program that is missing", "'absent'", false),
    ("a program whose folder is missing", "'absent/run'", true),
    ("the folder for temporary files", "path.dir(fs.tempfile())", false),
    (
        "the folder for temporary files by another way",
        "path.dir(fs.tempfile()) .. '/../' .. path.base(path.dir(fs.tempfile()))",
        false,
    ),
];

/// A project whose pipeline lies in `in`, and secrets beside it in `outside`.
fn project() -> (Project, PathBuf) {
    let png = png(64);
    let project = Project::new()
        .file("outside/secret.txt", "SECRET")
        .file("outside/secret.png", self::png(17))
        .file("in/mine/a.txt", "mine")
        .file("in/mine/a.png", png)
        .file("in/staged/run", "#!/bin/sh\necho of-lua\n")
        .file("in/granted/kept.txt", "kept")
        .file("in/deep/er/kept.txt", "kept")
        .file("in/tools/run", "#!/bin/sh\necho good\n")
        .file("in/real/run", "#!/bin/sh\necho good\n")
        .file("in/mine/.FlowRun/x", "kept")
        .file("in/pipeline.yaml", "");
    let database = rusqlite::Connection::open(project.path("outside/secret.db")).expect("a folder of ours");
    database.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES ('SECRET')").expect("a new database");
    drop(database);
    let root = project.path("in");
    fs::create_dir(root.join("links")).expect("a folder of ours");
    let outside = project.path("outside");
    let outside = outside.to_str().expect("UTF-8");
    for (target, name) in [
        (outside, "links/out"),
        ("../../outside", "links/relative"),
        ("relative", "links/chain"),
        ("/", "links/root"),
        ("..", "links/here"),
        ("real", "linked"),
        (outside, "granted/out"),
    ] {
        symlink(target, root.join(name)).expect("a folder of ours");
    }
    for file in ["secret.txt", "secret.png", "secret.db"] {
        symlink(project.path("outside").join(file), root.join("links").join(file)).expect("a folder of ours");
    }
    for program in ["tools/run", "real/run", "staged/run"] {
        make_executable(&root.join(program));
    }
    fs::hard_link(root.join("pipeline.yaml"), root.join("mine/pipeline-too")).expect("one file system");
    fs::hard_link(root.join("tools/run"), root.join("mine/run-too")).expect("one file system");
    (project, root)
}

/// A gray picture of so many pixels square.
fn png(size: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(size, size).write_to(&mut bytes, image::ImageFormat::Png).expect("memory");
    bytes.into_inner()
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a file of ours");
}

/// Runs each expression as an item of its own; its error, or the text of its value.
fn try_all(project: &Project, root: &Path, expressions: &[String]) -> Vec<Result<String, String>> {
    let outside = project.path("outside").canonicalize().expect("it is there");
    let functions: Vec<String> =
        expressions.iter().map(|one| format!("          function() return {one} end,\n")).collect();
    let functions = functions.concat();
    let pipeline = format!(
        "x-allow: [not_permitted, unused_step]\npermissions:\n  read: [., granted, deep/er]\n  write: [., granted, deep/er, made]\n  \
         exec: ['true', ./tools/run, ./tools/none, ./linked/run, ./absent/run]\nsteps:\n  numbers:\n    items: {{lua: 'local l = {{}} for i = 1, {} do l[i] = i end \
         return l'}}\n  try:\n    from: numbers\n    map:\n      concurrency: 1\n      timeout: 20s\n      setup: |\n        \
         local OUTSIDE = {:?}\n        local attempts = {{\n{functions}        }}\n      lua: |\n        local ok, value = \
         pcall(attempts[item])\n        if not ok then return {{error = type(value) == 'table' and value.message or tostring(value)}} end\n        \
         if type(value) == 'table' or type(value) == 'userdata' then value = json.encode(value) end\n        \
         return {{value = tostring(value)}}\n  \
         save:\n    from: try\n    write: tried.jsonl\n",
        expressions.len(),
        outside.to_str().expect("UTF-8")
    );
    // Written in its place: the file keeps its other name.
    fs::write(root.join("pipeline.yaml"), pipeline).expect("a file of ours");
    let file = root.join("pipeline.yaml");
    project.run(&["run", file.to_str().expect("UTF-8"), "--quiet", "--progress", "none"]).ok();
    let text = fs::read_to_string(root.join("tried.jsonl")).expect("the run has written it");
    let outcome = |line: &str| {
        let value: Value = serde_json::from_str(line).expect("JSON");
        match value["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(value["value"].as_str().expect("text").to_owned()),
        }
    };
    text.lines().map(outcome).collect()
}

/// All files below a folder with what is in them, links as what they say.
fn contents(folder: &Path) -> BTreeSet<(PathBuf, Vec<u8>)> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        let kind = path.symlink_metadata().expect("it is there").file_type();
        if kind.is_dir() {
            all.insert((path.clone(), Vec::new()));
            all.extend(contents(&path));
        } else if kind.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            all.insert((path, target.into_os_string().into_encoded_bytes()));
        } else {
            all.insert((path.clone(), fs::read(&path).expect("a file")));
        }
    }
    all
}

#[test]
fn every_function_that_takes_a_path_is_tried() {
    let takes_path = |function: &&flowrun::lua::Function| {
        let parameters = function.signature.split("):").next().unwrap_or_default();
        !["path", "tbl", "re"].contains(&function.module)
            && ["path: string", "pattern: string", "from: string", "program:", "name: string"]
                .iter()
                .any(|one| parameters.contains(one))
    };
    let tried: BTreeSet<String> = CALLS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let taking: BTreeSet<String> =
        flowrun::lua::functions().iter().filter(takes_path).map(flowrun::lua::Function::shown).collect();
    let missed: Vec<&String> =
        taking.difference(&tried).filter(|name| !OTHERS.contains(&name.as_str())).collect();
    assert!(missed.is_empty(), "these take a path and are not tried: {missed:?}");
    assert!(tried.is_subset(&taking), "these are no functions that take a path: {tried:?}\n{taking:?}");
}

#[test]
fn no_way_leads_to_what_lies_outside() {
    let (project, root) = project();
    let outside = contents(&project.path("outside"));
    let mut table = Vec::new();
    for (way, path) in WAYS {
        for (function, does, call) in CALLS {
            let file = match *function {
                "image.open" => "secret.png",
                "sqlite.open" => "secret.db",
                _ => "secret.txt",
            };
            let expression = call.replace("PATH", &format!("({})", path.replace("FILE", file)));
            // What stands in the folder is a link, and that may be moved and removed; what it leads to may not.
            let is_own = path.starts_with("'links/FILE")
                && (call.starts_with("fs.remove")
                    || call.contains("fs.move(PATH")
                    || call.contains(", PATH)") && call.contains("fs.move"))
                || path.starts_with("'links/FILE")
                    && (call.contains("path.dir(") || call.contains("PATH .."));
            if !is_own {
                table.push((format!("{way}: {expression} ({does:?})"), expression));
            }
        }
    }
    let expressions: Vec<String> = table.iter().map(|(_, expression)| expression.clone()).collect();
    let outcomes = try_all(&project, &root, &expressions);
    assert_eq!(outcomes.len(), table.len());
    let out: Vec<String> = table
        .iter()
        .zip(&outcomes)
        .filter_map(|((what, _), outcome)| match outcome {
            // `..` behind a part that is missing leads nowhere.
            Ok(value) if value == "nil" && (what.contains("fs.stat") || what.contains("fs.glob")) => None,
            Ok(value) if value == "false" && what.contains("missing") => None,
            Ok(value) => Some(format!("{what}: {value}")),
            Err(message) if message.contains("SECRET") => Some(format!("{what}: {message}")),
            Err(_) => None,
        })
        .collect();
    assert!(out.is_empty(), "{} of {} got out:\n{}", out.len(), table.len(), out.join("\n"));
    assert_eq!(contents(&project.path("outside")), outside, "nothing outside has changed");
    assert!(table.len() >= 290, "{}", table.len());
}

#[test]
fn nothing_that_is_kept_is_replaced_or_written() {
    let (project, root) = project();
    let mut table = Vec::new();
    for (what, path, has_content) in KEPT {
        for (how, expression) in REPLACEMENTS {
            // Spelled from the root, it has no other spelling from here.
            let is_absolute = path.starts_with("path.");
            if is_absolute && (expression.contains(".. IT") || expression.contains("path.absolute")) {
                continue;
            }
            // A copy goes to files, and removing what is not there is no harm.
            let is_other_name = what.starts_with("another name");
            if expression.starts_with("fs.copy") && !has_content || is_other_name && how.contains("folder") {
                continue;
            }
            table.push((format!("{what}: {how}"), expression.replace("IT", path)));
        }
        if *has_content {
            for (_, _, call) in CALLS.iter().filter(|(_, does, _)| *does == Writes) {
                if !call.contains("PATH ..") {
                    table.push((format!("{what}: {call}"), call.replace("PATH", path)));
                }
            }
        }
    }
    let expressions: Vec<String> = table.iter().map(|(_, expression)| expression.clone()).collect();
    let kept = |root: &Path| -> Vec<(PathBuf, Vec<u8>)> {
        let all = contents(root);
        let is_kept = |path: &Path| {
            let inside = path.strip_prefix(root).expect("found below it");
            ["tools", "real", "linked", "absent", "granted", "deep", "mine"]
                .iter()
                .any(|one| inside.starts_with(one))
        };
        all.into_iter().filter(|(path, _)| is_kept(path)).collect()
    };
    let before = kept(&root);
    let outcomes = try_all(&project, &root, &expressions);
    assert_eq!(outcomes.len(), table.len());
    let wrong: Vec<String> = table
        .iter()
        .zip(&outcomes)
        .filter_map(|((what, expression), outcome)| match outcome {
            Ok(value) => Some(format!("{what}: {expression} gave {value}")),
            Err(message) if message.contains("kept from") => None,
            Err(message) if what.contains("missing") && message.contains("No such file") => None,
            // SQLite and folders have words of their own for what cannot be.
            Err(message) => Some(format!("{what}: {expression} failed otherwise: {message}")),
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.len(), wrong.join("\n"));
    let is_pipeline = |(path, _): &(PathBuf, Vec<u8>)| path.ends_with("pipeline-too");
    let after = kept(&root);
    let without = |all: &[(PathBuf, Vec<u8>)]| -> Vec<(PathBuf, Vec<u8>)> {
        all.iter().filter(|one| !is_pipeline(one)).cloned().collect()
    };
    assert_eq!(without(&after), without(&before), "what is kept has not changed");
    assert!(table.len() >= 200, "{}", table.len());
}

/// Calls that open something in `pics`, and what they give there.
const RACES: &[(&str, &str)] = &[
    ("fs.read('pics/a.txt')", "inside"),
    ("#fs.glob('pics/*.outside')", "0"),
    ("hash.file('pics/a.txt', 'md5') == hash.md5('inside')", "true"),
    ("image.open('pics/a.png').width", "64"),
    ("sqlite.open('pics/a.db'):one('SELECT x FROM t').x", "inside"),
    ("fs.write('pics/new' .. item % 8, 'x')", "nil"),
    ("fs.copy('mine.png', 'pics/copy')", "nil"),
    ("saved:save('pics/saved.png')", "nil"),
    ("fs.mkdir('pics/made' .. item % 8)", "nil"),
    ("fs.remove('pics/new' .. item % 8) and 0", ""),
    ("fs.exists('pics/a.outside')", "false"),
    ("fs.stat('pics/a.outside')", "nil"),
    ("table.concat(fs.list('pics'), ' '):find('outside')", "nil"),
    ("fs.move('mine/' .. item, 'pics/moved' .. item % 8)", "nil"),
    ("exec.run({'cat', 'a.txt'}, {cwd = 'pics'}).stdout", "inside"),
    ("require('pics.mod')", "inside"),
];

#[test]
#[cfg(target_os = "linux")]
fn another_process_that_swaps_a_folder_with_a_link_wins_nothing() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use std::sync::atomic::{AtomicBool, Ordering};

    let project = Project::new()
        .file("in/pics/a.txt", "inside")
        .file("in/pics/a.png", png(64))
        .file("in/mine.png", png(64))
        .file("in/pics/mod.lua", "return 'inside'")
        .file("outside/mod.lua", "return 'SECRET'")
        .file("outside/a.txt", "SECRET")
        .file("outside/a.outside", "SECRET")
        .file("outside/a.png", png(17));
    for (place, text) in [("in/pics", "inside"), ("outside", "SECRET")] {
        let database = rusqlite::Connection::open(project.path(place).join("a.db")).expect("ours");
        database.execute_batch(&format!("CREATE TABLE t (x); INSERT INTO t VALUES ('{text}')")).expect("new");
    }
    let root = project.path("in");
    symlink(project.path("outside"), root.join("link")).expect("a folder of ours");
    fs::create_dir(root.join("mine")).expect("a folder of ours");
    for item in 1..=4000 {
        fs::write(root.join("mine").join(item.to_string()), "mine").expect("a folder of ours");
    }
    let attempts: Vec<String> =
        RACES.iter().map(|(call, _)| format!("          function(item) return {call} end,\n")).collect();
    let attempts = attempts.concat();
    let pipeline = format!(
        "x-allow: [unused_step]\npermissions: {{exec: [cat]}}\nsteps:\n  numbers:\n    items: {{lua: 'local l = {{}} for i = 1, 4000 do l[i] = i end return l'}}\n  \
         try:\n    from: numbers\n    map:\n      concurrency: 2\n      setup: |\n        local saved = image.open('mine.png')\n        \
         local attempts = {{\n{attempts}        }}\n      lua: |\n        local at = item % #attempts + 1\n        \
         local ok, value = pcall(attempts[at], item)\n        \
         return {{at = at, value = ok and tostring(value) or json.null}}\n  save: {{from: try, write: tried.jsonl}}\n"
    );
    fs::write(root.join("pipeline.yaml"), pipeline).expect("a folder of ours");
    let outside = contents(&project.path("outside"));
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let (one, other) = (root.join("pics"), root.join("link"));
            while !over.load(Ordering::Relaxed) {
                // Twice, so that things are as before when it ends.
                for _ in 0..2 {
                    renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).expect("both are there");
                }
            }
        });
        let ran =
            project.run(&["run", root.join("pipeline.yaml").to_str().expect("UTF-8"), "--no-state", "-q"]);
        over.store(true, Ordering::Relaxed);
        ran.ok();
    });
    let text = fs::read_to_string(root.join("tried.jsonl")).expect("the run has written it");
    let mut succeeded = BTreeSet::new();
    for line in text.lines() {
        let tried: Value = serde_json::from_str(line).expect("JSON");
        let at = tried["at"].as_u64().expect("a number") as usize - 1;
        let (call, inside) = RACES[at];
        if let Some(value) = tried["value"].as_str() {
            assert!(inside.is_empty() || value == inside, "{call}: {value}");
            succeeded.insert(at);
        }
    }
    assert_eq!(contents(&project.path("outside")), outside, "nothing outside has changed");
    assert!(succeeded.len() > RACES.len() / 2, "most of them are won now and then: {succeeded:?}");
}

#[test]
fn a_granted_file_may_get_another_in_its_place() {
    let pipeline = "x-allow: [unused_step]\npermissions: {read: [state.json], write: [state.json], exec: [mv]}\nsteps:\n  src: {items: [1]}\n  m:\n    \
                    from: src\n    map: |\n      local before = fs.read('state.json')\n      exec.run({'mv', 'new.json', 'state.json'})\n      \
                    local after = fs.read('state.json')\n      fs.write('state.json', 'mine', {atomic = true})\n      \
                    return before .. after .. fs.read('state.json')\n  save: {from: m, write: out.jsonl}\n";
    let project = Project::with(pipeline).file("state.json", "old ").file("new.json", "new ");
    project.run(&["pipeline.yaml", "-q"]).ok();
    assert_eq!(project.read("out.jsonl"), "\"old new mine\"\n");
}

#[test]
fn scripts_run_from_folders_that_are_held_and_see_their_own_path() {
    let pipeline = "permissions: {exec: [./tools/run, ./linked/run]}\nsteps:\n  src: {items: [./tools/run, linked/run]}\n  m:\n    from: src\n    map: |\n      \
                    return exec.run({item, 'a b'}, {cwd = 'mine'}).stdout\n  save: {from: m, write: out.jsonl}\n";
    let project = Project::with(pipeline)
        .file(
            "tools/run",
            "#!/bin/sh\n. \"$(dirname \"$0\")/lib.sh\"\nhello \"$1\" \"$(basename \"$PWD\")\"\n",
        )
        .file("tools/lib.sh", "hello() { echo \"$1 in $2\"; }\n")
        .file("mine/x", "x");
    make_executable(&project.path("tools/run"));
    symlink("tools", project.path("linked")).expect("a folder of ours");
    project.run(&["pipeline.yaml", "-q"]).ok();
    assert_eq!(project.read("out.jsonl"), "\"a b in mine\\n\"\n\"a b in mine\\n\"\n");
}

/// A run over one item whose function this is; the results, or why the step failed.
fn gives(permissions: &str, lua: &str, prepare: impl FnOnce(&Project)) -> Value {
    let lua: Vec<String> = lua.lines().map(|line| format!("      {line}\n")).collect();
    let pipeline = format!(
        "permissions: {permissions}\nx-allow: [not_permitted]\nsteps:\n  src: {{items: [1]}}\n  m:\n    from: src\n    map: |\n{}  save: {{from: m, write: out.jsonl}}\n",
        lua.concat()
    );
    let project = Project::with(&pipeline);
    prepare(&project);
    let ran = project.run(&["pipeline.yaml", "-q"]);
    assert_eq!(ran.code, 0, "{lua:?}: {}", ran.stderr);
    serde_json::from_str(&project.read("out.jsonl")).expect("JSON")
}

#[test]
fn a_granted_file_is_no_way_to_those_beside_it() {
    for (change, path) in [
        ("rm in/a.txt; mkdir in/a.txt", "in/a.txt/../secret.txt"),
        ("ln -sf secret.txt in/a.txt", "in/a.txt"),
        ("ln -sf ../in in/link; rm in/a.txt; ln -s link in/a.txt", "in/a.txt/secret.txt"),
    ] {
        let lua = format!(
            "exec.run({{'sh', '-c', '{change}'}})\nlocal all = {{}}\nfor _, call in {{fs.read, hash.file, fs.list, image.open}} do\n  \
             all[#all + 1] = select(2, pcall(call, '{path}')).message or 'it got through'\nend\nreturn all"
        );
        let got = gives("{read: [in/a.txt], exec: [sh]}", &lua, |project| {
            fs::create_dir(project.path("in")).expect("ours");
            fs::write(project.path("in/a.txt"), "a").expect("ours");
            fs::write(project.path("in/secret.txt"), "SECRET").expect("ours");
        });
        let told = got.to_string();
        assert!(!told.contains("got through") && !told.contains("SECRET"), "{change}: {told}");
    }
}

#[test]
fn what_is_granted_both_ways_and_missing_is_made_and_read() {
    for (permissions, lua) in [
        (
            "{read: [state.json], write: [state.json]}",
            "fs.write('state.json', 'x') return fs.read('state.json')",
        ),
        ("{read: [out/v1.2], write: [out/v1.2]}", "fs.write('out/v1.2/x', 'x') return fs.read('out/v1.2/x')"),
        ("{read: [later, .], write: [.]}", "fs.write('later/x', 'x') return fs.read('later/x')"),
        (
            "{read: [app.db], write: [app.db]}",
            "local db = sqlite.open('app.db') db:exec('CREATE TABLE t (x)') db:exec(\"INSERT INTO t VALUES ('x')\") return db:one('SELECT x FROM t').x",
        ),
    ] {
        assert_eq!(gives(permissions, lua, |_| {}), "x", "{permissions}");
    }
}

#[test]
fn a_database_that_may_only_be_read_is_read_whatever_log_it_keeps() {
    let lua = "local db = sqlite.open('data/a.db', {readonly = true})\nreturn db:one('SELECT x FROM t').x";
    let got = gives("{read: [data], write: [out]}", lua, |project| {
        fs::create_dir(project.path("data")).expect("ours");
        let database = rusqlite::Connection::open(project.path("data/a.db")).expect("ours");
        let text = "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (7)";
        database.execute_batch(text).expect("a new database");
    });
    assert_eq!(got, 7);
}

#[test]
fn a_program_by_path_is_the_one_that_was_there_at_the_start() {
    let lua = "local one = exec.run({'./tools/run'}).stdout\nexec.run({'mv', 'tools', 'old'})\nexec.run({'mv', 'evil', 'tools'})\n\
               return one .. exec.run({'./tools/run'}).stdout .. exec.run({'tools/../tools/run'}).stdout";
    let got = gives("{exec: [./tools/run, mv]}", lua, |project| {
        for (folder, says) in [("tools", "good"), ("evil", "evil")] {
            fs::create_dir(project.path(folder)).expect("ours");
            let program = project.path(folder).join("run");
            fs::write(&program, format!("#!/bin/sh\necho {says}\n")).expect("ours");
            make_executable(&program);
        }
    });
    assert_eq!(got, "good\ngood\ngood\n");
}

#[test]
fn what_sqlite_makes_beside_a_database_is_nothing_that_is_kept() {
    for ending in ["wal", "journal", "shm"] {
        let text = "x-allow: [unused_step]\npermissions: {exec: [./b/tool-ENDING]}\nsteps:\n  src: {items: [job, b/tool]}\n  m:\n    from: src\n    map:\n      \
                    min_success_ratio: 0\n      lua: return sqlite.open(item):exec('CREATE TABLE t (x)')\n  bad: {from: m.failed, write: bad.jsonl}\n";
        let name = format!("job-{ending}");
        let project = Project::new().file(&name, text.replace("ENDING", ending)).file("b/x", "");
        project.run(&[&name, "-q"]).ok();
        let bad = project.read("bad.jsonl");
        assert_eq!(bad.matches("traceback").count(), 2, "{bad}");
        assert_eq!(bad.matches("kept from a pipeline's own code").count(), 4, "told in history too: {bad}");
        assert_eq!(project.read(&name), text.replace("ENDING", ending));
        assert!(!project.has("job") && !project.has("b/tool"));
    }
}

#[test]
fn the_copy_of_a_preview_is_no_way_to_read_what_may_only_be_written() {
    let text = "x-allow: [unused_step]\npermissions: {read: [in], write: [out]}\nsteps:\n  src: {items: [1]}\n  m:\n    from: src\n    map: |\n      \
                fs.write('out/s.txt', '', {append = true})\n      local found = {}\n      local function look(folder)\n        for _, name in fs.list(folder) do\n          \
                local path = folder .. '/' .. name\n          if fs.stat(path).kind == 'dir' then look(path) else found[#found + 1] = path end\n        end\n      end\n      \
                look(path.dir(fs.tempfile()))\n      return #found\n";
    let project = Project::with(text).file("out/s.txt", "SECRET").file("in/x", "x");
    let ran = project.run(&["preview", "pipeline.yaml", "m"]).ok();
    assert!(ran.stdout.contains("→  1\n"), "only the temporary file itself: {}", ran.stdout);
    assert!(!project.run(&["pipeline.yaml", "-q"]).stderr.contains("SECRET"));
}
