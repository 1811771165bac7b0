//! These tests check what a function finds in scope, and what it does not.

use super::*;
use crate::event::LogLevel;
use crate::lua::permissions::{Allowed, Permissions, Protected};

#[test]
fn scope_is_what_the_page_says() {
    check(
        "return { ctx.step, ctx.run, ctx.attempt, ctx.max_attempts, ctx.worker, ctx.remaining() == math.huge, #ctx.key,\n\
         params.size, params.tags[1], env.HOME, typeof(json.null), tostring(json.null) }",
        &["1"],
        r#"["clean","r1",1,3,1,true,32,224,"a","/home/x","null","null"]"#,
    );
    for name in [
        "io",
        "debug",
        "os.execute",
        "os.getenv",
        "os.difftime",
        "load",
        "loadstring",
        "loadfile",
        "dofile",
        "getfenv",
        "setfenv",
        "newproxy",
        "gcinfo",
        "collectgarbage",
        "steps",
        "run",
        "vector",
        "package",
    ] {
        check(&format!("return {name} == nil"), &["1"], "true");
    }
    for name in
        ["string", "table", "math", "utf8", "coroutine", "bit32", "buffer", "os.time", "os.date", "os.clock"]
    {
        check(&format!("return {name} ~= nil"), &["1"], "true");
    }
}

#[test]
fn params_cannot_be_changed_and_items_are_fresh() {
    check("params.size = 1", &["1"], "1! error at p.yaml:5: attempt to modify a readonly table");
    check("params.tags[1] = 1", &["1"], "1! error at p.yaml:5: attempt to modify a readonly table");
    check("ctx.step = 1", &["1"], "1! error at p.yaml:5: attempt to modify a readonly table");
    check("local before = item.n\nitem.n = 9\nreturn before", &["{\"n\":1}", "{\"n\":1}"], "1\n1");
}

#[test]
fn setup_runs_once_and_its_locals_are_visible() {
    let file = source(
        "setup: |\n  local n = 10\n  local function add(x)\n    n += x\n    return n\n  end\nlua: |\n  return add(item)\n  -- end\n",
    );
    let setup = "local n = 10\nlocal function add(x)\n  n += x\n  return n\nend\n";
    for (setup_line, body_line) in [(2, 8), (8, 2)] {
        let script = Script::body(block(&file, body_line, "return add(item)\n-- end"), ".".into());
        let mut bench = bench(&script.with_setup(block(&file, setup_line, setup)), &options());
        assert_eq!(run(&mut bench, &["1", "2"]), "11\n13\n");
        let got = run(&mut bench, &["\"x\""]);
        let line = setup_line + 2;
        assert!(got.starts_with(&format!("1! error at p.yaml:{line}:")), "{got}");
    }
}

#[test]
fn a_setup_that_fails_or_hangs_is_reported_in_its_place() {
    let file = source("a\nb\nc");
    let broken = script("return 1").with_setup(block(&file, 2, "local x = nil\nlocal y = x.z"));
    let error = try_bench(&broken, &options(), None).err().expect("fails");
    assert_eq!(
        (error.message.as_str(), error.place.expect("known").line),
        ("attempt to index nil with 'z'", 3)
    );
    let hanging = script("return 1").with_setup(block(&file, 2, "while true do end"));
    let cancel = Arc::new(Cancel::default());
    let guard = Guard::new(Arc::clone(&cancel), StepId(0), None);
    let watchdog = Watchdog::start(Box::new(|_| {})).expect("a thread");
    cancel.raise(crate::lua::CancelLevel::Interrupt);
    let error = Worker::new(&hanging, &options(), &guard, &watchdog).expect_err("is interrupted");
    assert_eq!(error.message, "interrupted");
}

#[test]
fn files_give_functions_or_tables_of_them() {
    let file = crate::source::SourceFile::new(
        "lua/f.lua",
        "lua/f.lua",
        "local M = {}\nfunction M.double(x)\n  return x * 2\nend\nreturn M\n".into(),
    );
    let whole = |text: &str| crate::lua::Block { file: Arc::clone(&file), line: 1, text: text.into() };
    let with_field = Script::file(whole(file.text()), Some("double".into()), ".".into());
    let mut ready = bench(&with_field, &options());
    let got = run(&mut ready, &["4", "{}"]);
    assert!(got.starts_with("8\n2! error at lua/f.lua:3:12: attempt to perform arithmetic (mul)"), "{got}");
    let mut direct = bench(
        &Script::file(whole("return function(item, index) return index end"), None, ".".into()),
        &options(),
    );
    assert_eq!(run(&mut direct, &["4"]), "1\n");
    for (field, expect) in [
        (Some("gone".to_owned()), "`lua/f.lua` returns no table with a function `gone`"),
        (None, "`lua/f.lua` does not return a function"),
    ] {
        let script = Script::file(whole(file.text()), field, ".".into());
        assert_eq!(try_bench(&script, &options(), None).err().expect("fails").message, expect);
    }
}

#[test]
fn require_reads_modules_below_the_folder_once_and_nothing_else() {
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(outside.path().join("secret.lua"), "return 1").expect("written");
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    std::fs::create_dir(folder.path().join("lib")).expect("made");
    write(
        "lib/count.lua",
        "local M = { n = 0 }\nfunction M.next()\n  M.n += 1\n  return M.n\nend\nreturn M\n",
    );
    write("broken.lua", "local x = 1\nreturn x +\n");
    write("fails.lua", "local x\nreturn x.y\n");
    write("a.lua", "return require('b')\n");
    write("b.lua", "return require('a')\n");
    write("nothing.lua", "local x = 1\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path().join("secret.lua"), folder.path().join("link.lua"))
        .expect("linked");
    for (lua, expect) in [
        ("return require('lib.count').next() + require('lib.count').next()", "3"),
        ("return require('nothing')", "true"),
        (
            "require('broken')",
            "1! error at p.yaml:1: broken.lua:2: Expected identifier when parsing expression, got <eof> (for good)",
        ),
        ("require('fails')", "1! error at fails.lua:2:8: attempt to index nil with 'y'"),
        (
            "require('a')",
            "1! error at p.yaml:1: modules require each other in a circle: a → b → a (for good)",
        ),
        (
            "require('link')",
            "1! error at p.yaml:1: module `link` lies outside the pipeline's folder (for good)",
        ),
        (
            "require('../secret')",
            "1! error at p.yaml:1: `../secret` is no module name: write `lib.text` for `lib/text.lua` (for good)",
        ),
        (
            "require('gone')",
            "1! error at p.yaml:1: cannot read module `gone` (`gone.lua`): No such file or directory (os error 2) (for good)",
        ),
    ] {
        let file = source(lua);
        let script = Script::body(block(&file, 1, lua), folder.path().into());
        let mut options = options();
        let (folder, nothing) = (folder.path(), Allowed::default());
        let permissions = Permissions::new(folder, Allowed::default(), &nothing, Protected::default());
        options.scope.permissions = Arc::new(permissions);
        let mut bench = bench(&script, &options);
        assert_eq!(run(&mut bench, &["1"]).trim_end(), expect, "{lua}");
    }
}

#[test]
fn random_numbers_depend_on_seed_item_and_attempt_alone() {
    let lua = "return { math.random(1, 1000000), math.random() < 1, math.random(3) <= 3 }";
    let mut one = bench(&script(lua), &options());
    let mut two = bench(&script(lua), &options());
    let forward = run(&mut one, &["1", "2", "3"]);
    let mut backward: Vec<String> = run(&mut two, &["3", "2", "1"]).lines().map(str::to_owned).collect();
    backward.reverse();
    assert_eq!(forward.lines().collect::<Vec<_>>(), backward);
    assert!(forward.lines().all(|line| line.ends_with(",true,true]")), "{forward}");
    let mut other = bench(&script(lua), &WorkerOptions { seed: 8, ..options() });
    assert_ne!(run(&mut other, &["1", "2", "3"]), forward);
    let mut out = Vec::new();
    let second = Attempt { number: 2, item_deadline: None, last: None };
    one.worker.run(&chunk(&["1"]), 0..1, &second, Duration::from_secs(9), &mut out, &mut |_, _, _, _| true);
    assert_ne!(Some(String::from_utf8_lossy(&out).trim_end()), forward.lines().next());
    check(
        "math.random(2, 1)",
        &["1"],
        "1! error at p.yaml:5: `math.random` has nothing to choose from between 2 and 1",
    );
}

#[test]
fn rand_and_uuid_depend_on_seed_key_and_attempt_alone() {
    let lua = "if item.n % 2 == 0 then math.random() end
        return { rand.int(1, 1000000), rand.float(), rand.pick({ 'a', 'b', 'c', 'd' }), rand.shuffle({ 1, 2, 3, 4, 5 }), uuid.v4(),
          uuid.v7():sub(16) }";
    let items = ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"];
    let mut one = bench(&script(lua), &options());
    let forward = run(&mut one, &items);
    let mut two = bench(&script(lua), &options());
    let mut backward: Vec<String> =
        run(&mut two, &[items[2], items[1], items[0]]).lines().map(str::to_owned).collect();
    backward.reverse();
    assert_eq!(forward.lines().collect::<Vec<_>>(), backward);
    assert_eq!(run(&mut two, &items), forward);
    let mut other = bench(&script(lua), &WorkerOptions { seed: 8, ..options() });
    assert_ne!(run(&mut other, &items), forward);
}

#[test]
fn tables_that_json_cannot_hold_are_printed_without_addresses() {
    let lua = "local t = { [7] = 'x' } print(t)\nprint({ 1, nil, 3 })\nlocal f = { go = print } print(f)\n\
               local own = {} own.own = own print(own)\nprint({ a = { 1 } })\nreturn 1";
    let mut loud = bench(&script(lua), &options());
    run(&mut loud, &["5"]);
    let lines: Vec<String> = loud.worker.take_logs().into_iter().map(|line| line.message).collect();
    let expect = ["{[7] = \"x\"}", "{[1] = 1, [3] = 3}", "{go = function}", "{own = {…}}", "{\"a\":[1]}"];
    assert_eq!(lines, expect);
}

#[test]
fn logs_carry_level_fields_and_item() {
    let lua =
        "print('a', 1, nil, true)\nlog.warn('w', { k = { 1 } })\nlog.debug(item)\nlog.error('e')\nreturn 1";
    let mut loud = bench(&script(lua), &options());
    run(&mut loud, &["5", "6"]);
    let line = |index, level, message: &str, fields: Option<&str>| LogLine {
        index,
        level,
        message: message.to_owned(),
        fields: fields.map(str::to_owned),
    };
    let mut expect = Vec::new();
    for index in 1..=2 {
        expect.push(line(index, LogLevel::Info, "a\t1\tnil\ttrue", None));
        expect.push(line(index, LogLevel::Warn, "w", Some("{\"k\":[1]}")));
        expect.push(line(index, LogLevel::Debug, &(index + 4).to_string(), None));
        expect.push(line(index, LogLevel::Error, "e", None));
    }
    assert_eq!(loud.worker.take_logs(), expect);
    assert_eq!(loud.worker.take_logs(), []);
    let tables =
        "print(item, { b = 1 }, json.null, setmetatable({}, { __tostring = function() return 'own' end }))
        log.info({ 1, 2 }) local t = {} t.t = t print(#tostring(t) > 9, print ~= nil) return 1";
    let mut loud = bench(&script(tables), &options());
    run(&mut loud, &[r#"{"z":17,"a":[true]}"#]);
    let said: Vec<String> = loud.worker.take_logs().into_iter().map(|line| line.message).collect();
    assert_eq!(said, ["{\"a\":[true],\"z\":17}\t{\"b\":1}\tnull\town", "[1,2]", "true\ttrue"]);
    let mut quiet = bench(&script(lua), &WorkerOptions { logs: false, ..options() });
    run(&mut quiet, &["5"]);
    let expect = [line(1, LogLevel::Warn, "w", Some("{\"k\":[1]}")), line(1, LogLevel::Error, "e", None)];
    assert_eq!(quiet.worker.take_logs(), expect);
    let mut endless = bench(&script("for i = 1, 50000 do print(i) end return 1"), &options());
    run(&mut endless, &["5"]);
    assert_eq!(endless.worker.take_logs().len(), 10_001);
}

#[test]
fn json_in_lua_is_the_json_of_items() {
    for (lua, expect) in [
        (
            "return json.decode('[1,{\"a\":null},9007199254740993,[]]')",
            r#"[1,{"a":null},9007199254740993,[]]"#,
        ),
        ("return json.decode('9007199254740993')", "9007199254740993"),
        (
            "return json.encode({ b = 1, a = { 9007199254740992, 'é' } })",
            r#""{\"a\":[9007199254740992,\"é\"],\"b\":1}""#,
        ),
        (
            "return json.encode({ a = { 1 }, b = {} }, { pretty = true })",
            r#""{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}""#,
        ),
        ("return json.lines('1\\n\\n{\"a\":2}\\r\\n')", r#"[1,{"a":2}]"#),
        ("return #json.lines('')", "0"),
        ("return json.encode(nil)", "\"null\""),
    ] {
        check(lua, &["1"], expect);
    }
    for (lua, expect) in [
        ("json.decode('[1,')", "`json.decode`: expected a value, found the end of the text at byte 4"),
        ("json.decode(5)", "bad argument #1 to `json.decode` (string expected, got number)"),
        ("json.encode({ a = print })", "`json.encode`: `.a` is a function"),
        ("json.lines('1\\nx')", "`json.lines`: expected a value, found `x` at byte 1 of line 2"),
    ] {
        check(lua, &["1"], &format!("1! error at p.yaml:5: {expect}"));
        check(
            &format!(
                "local ok, e = pcall(function() {lua} end) return {{ ok, e.message, e.kind, e.retryable }}"
            ),
            &["1"],
            &serde_json::json!([false, expect, "error", true]).to_string(),
        );
    }
}

#[test]
fn errors_of_host_functions_have_fields() {
    check(
        "local ok, e = pcall(require, 'gone')\nreturn { ok, e.kind, e.retryable, e.message:sub(1, 18), tostring(e):sub(1, 11), e.other == nil }",
        &["1"],
        r#"[false,"error",false,"cannot read module","cannot read",true]"#,
    );
    check(
        "local ok, e = pcall(require, 'gone')\nerror(e)",
        &["1"],
        "1! error at p.yaml:6: cannot read module `gone` (`gone.lua`): No such file or directory (os error 2) (for good)",
    );
}
