//! These tests cover secrets through the real program: where they come from, who sees them, and that nothing that
//! flowrun writes shows one.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::project::{Project, Ran};

/// Long enough to be nothing else, and changed by every encoding.
const TOKEN: &str = "t0p/s3cr?t>>\"é\" +&~";
/// In a file; with several lines.
const KEY: &str = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA+/x\n-----END KEY-----";

const LIBRARY: &str = r#"
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local function base64(text)
  local out = {}
  for at = 1, #text, 3 do
    local a, b, c = string.byte(text, at, at + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    for shift = 18, 0, -6 do
      local digit = bit32.extract(n, shift, 6)
      out[#out + 1] = string.sub(alphabet, digit + 1, digit + 1)
    end
    if not b then out[#out] = "=" out[#out - 1] = "=" elseif not c then out[#out] = "=" end
  end
  return table.concat(out)
end
local function percent(text, form)
  return (string.gsub(text, "[^%w]", function(c) return string.format(form, string.byte(c)) end))
end
return { base64 = base64, percent = percent }
"#;

const PIPELINE: &str = r#"
params:
  given: nothing
env:
  COPY: nothing
secrets:
  token: { env: TOKEN }
  key: { file: keys/key.txt }
steps:
  list:
    items: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
  work:
    from: list
    map:
      min_success_ratio: 0
      retries: { max: 1, delay: 1ms }
      key: item .. secrets.token
      setup: |
        local lib = require("lib")
        local t = secrets.token
        print("setup", t)
      lua: |
        local deep = function() error("deep " .. json.encode({ k = t, key = secrets.key })) end
        log.debug(t)
        log.info("key " .. ctx.key, { t = t, [t] = { lib.base64(t) } })
        print(t, lib.base64("x" .. t), lib.base64("xy" .. t .. "z"))
        log.warn(lib.percent(t, "%%%02X") .. " " .. lib.percent(t, "%%%02x"))
        log.error(secrets.key, { lines = str.lines(secrets.key) })
        if item == 1 then error(t) end
        if item == 2 then error({ message = t, code = lib.base64(t) }) end
        if item == 3 then error(setmetatable({}, { __tostring = function() return t end })) end
        if item == 4 then flow.skip("skip " .. t) end
        if item == 5 then flow.fail("fail " .. lib.percent(t, "%%%02X"), { token = t, deep = { lib.base64(t) } }) end
        if item == 6 then flow.retry("retry " .. lib.base64("x" .. t .. "yz"), { after = 0.001 }) end
        if item == 7 then deep() end
        if item == 8 then error(string.rep(t, 2000)) end
        if item == 9 then return { [t] = print } end
        if item == 10 then error(string.rep("x", 16 * 1024 - 5) .. t) end
        if item == 11 then assert(false, string.format("%q", t)) end
        if item == 12 then error({ code = t, inner = { lib.base64(t) } }) end
        if item == 13 then local ok, e = pcall(error, t) error(e, 0) end
        return { id = item }
  save:
    from: work
    write: out.jsonl
  lost:
    from: work.failed
    map:
      lua: |
        return { key = item.key, error = item.error, history = item.history }
  save_lost:
    from: lost
    write: lost.jsonl
  broken:
    from: list
    when: error("when " .. env.COPY)
    map: return item
  save_broken:
    from: broken
    write: broken.jsonl
  unready:
    from: list
    map:
      setup: error("setup " .. secrets.token)
      lua: return item
  save_unready:
    from: unready
    write: unready.jsonl
"#;

fn project() -> Project {
    Project::with(PIPELINE).file("lib.lua", LIBRARY).file("keys/key.txt", format!("{KEY}\n"))
}

fn run(project: &Project, token: Option<&str>, args: &[&str]) -> Ran {
    let mut command = project.command(args);
    command.stdin(Stdio::null()).env_remove("TOKEN");
    command.envs(token.map(|token| ("TOKEN", token))).envs(token.map(|token| ("COPY", token)));
    Ran::from(command.output().expect("the binary runs"))
}

/// The forms in which a secret may get into text, with what to call each.
fn forms() -> Vec<(String, Vec<u8>)> {
    let percent = |form: fn(u8) -> String| -> String {
        TOKEN
            .bytes()
            .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { form(byte) })
            .collect()
    };
    let upper = percent(|byte| format!("%{byte:02X}"));
    let mut forms = vec![
        ("value".to_owned(), TOKEN.to_owned()),
        ("JSON".to_owned(), serde_json::to_string(TOKEN).expect("JSON").trim_matches('"').to_owned()),
        ("URL".to_owned(), upper.clone()),
        ("URL in lower case".to_owned(), percent(|byte| format!("%{byte:02x}"))),
        ("form".to_owned(), upper.replace("%20", "+")),
        ("key".to_owned(), KEY.to_owned()),
        ("line of the key".to_owned(), "MIIEowIBAAKCAQEA+/x".to_owned()),
        ("end of the value".to_owned(), "cr?t>>".to_owned()),
        ("beginning of the value".to_owned(), "t0p/s".to_owned()),
    ];
    for before in 0..3 {
        for (name, engine) in [("base64", &STANDARD), ("url-safe base64", &URL_SAFE)] {
            let text = engine.encode(format!("{}{TOKEN}", &"xyz"[..before]));
            // Without the characters that hold something else as well.
            forms.push((format!("{name}, {before} before"), text[before + 1..text.len() - 5].to_owned()));
        }
    }
    forms.into_iter().map(|(name, text)| (name, text.into_bytes())).collect()
}

#[track_caller]
fn assert_hidden(what: &str, bytes: &[u8]) {
    for (name, form) in forms() {
        if let Some(at) = bytes.windows(form.len()).position(|window| window == form) {
            let around = &bytes[at.saturating_sub(80)..(at + 80).min(bytes.len())];
            panic!("{what} shows the {name}: {}", String::from_utf8_lossy(around));
        }
    }
}

/// Every file below a folder, as it is and as it reads.
fn assert_folder_hidden(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.display().to_string();
        if path.is_dir() {
            count += assert_folder_hidden(&path);
            continue;
        }
        count += 1;
        let bytes = fs::read(&path).expect("a file");
        assert_hidden(&name, &bytes);
        if path.extension().is_some_and(|extension| extension == "zst") {
            assert_hidden(&name, &zstd::decode_all(bytes.as_slice()).expect("zstd"));
        }
        if path.extension().is_some_and(|extension| extension == "db") {
            assert_hidden(&name, rows(&path).as_bytes());
        }
    }
    count
}

/// All rows of all tables.
fn rows(path: &Path) -> String {
    let database = rusqlite::Connection::open(path).expect("a database");
    let mut tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").expect("SQL");
    let names: Vec<String> =
        tables.query_map([], |row| row.get(0)).expect("SQL").collect::<Result<_, _>>().expect("names");
    let mut text = String::new();
    for name in names {
        let mut all = database.prepare(&format!("SELECT * FROM \"{name}\"")).expect("SQL");
        let columns = all.column_count();
        let mut found = all.query([]).expect("SQL");
        while let Some(row) = found.next().expect("a row") {
            for column in 0..columns {
                match row.get_ref(column).expect("a value") {
                    rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes) => {
                        text.push_str(&String::from_utf8_lossy(bytes));
                    }
                    rusqlite::types::ValueRef::Integer(number) => text.push_str(&number.to_string()),
                    rusqlite::types::ValueRef::Real(number) => text.push_str(&number.to_string()),
                    rusqlite::types::ValueRef::Null => {}
                }
                text.push('\t');
            }
            text.push('\n');
        }
    }
    text
}

#[test]
fn nothing_that_flowrun_writes_shows_a_secret() {
    let project = project();
    let given = format!("given=is {TOKEN}");
    let verbose =
        ["pipeline.yaml", "-v", "--output", "json", "--events", "events.jsonl", "-p", given.as_str()];
    let ran = run(&project, Some(TOKEN), &verbose);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("***") && ran.stdout.contains("***"), "{}\n{}", ran.stderr, ran.stdout);
    let mut said = vec![("run -v", ran)];
    for (name, args) in [
        ("run", &["pipeline.yaml", "--no-state"][..]),
        ("run -q", &["pipeline.yaml", "--no-state", "-q"]),
        ("events", &["pipeline.yaml", "--no-state", "--events", "-"]),
        ("plan", &["plan", "pipeline.yaml", "-p", given.as_str()]),
        ("check", &["check", "pipeline.yaml"]),
        ("wrong parameter", &["pipeline.yaml", "-p", "gven=x", "--set", given.as_str()]),
        ("runs", &["runs", "--format", "json"]),
        ("show", &["show"]),
        ("show json", &["show", "--format", "json"]),
        ("show failed", &["show", "latest", "--failed"]),
        ("show failed json", &["show", "latest", "work", "--failed", "--format", "json"]),
        ("show failed jsonl", &["show", "latest", "work", "--failed", "--format", "jsonl"]),
        ("show failed csv", &["show", "latest", "work", "--failed", "--format", "csv"]),
        ("show results", &["show", "latest", "work", "--results"]),
        ("resume", &["resume", "-v", "-p", given.as_str()]),
    ] {
        said.push((name, run(&project, Some(TOKEN), args)));
    }
    for (name, ran) in &said {
        assert!(!ran.stderr.contains("panic"), "{name}: {}", ran.stderr);
        assert_hidden(name, ran.stdout.as_bytes());
        assert_hidden(name, ran.stderr.as_bytes());
    }
    for file in ["events.jsonl", "lost.jsonl", "out.jsonl"] {
        assert_hidden(file, project.read(file).as_bytes());
    }
    assert!(project.read("lost.jsonl").contains("***"));
    assert!(assert_folder_hidden(&project.path(".flowrun")) > 10);
}

#[test]
fn diagnostics_and_copies_hide_a_secret_that_stands_in_the_file() {
    let text = format!(
        "secrets: {{a: {{env: TOKEN}}}}\nsteps:\n  a:\n    items: ['{}']\n  b:\n    from: a\n    map: |\n      # {TOKEN}\n",
        "x"
    );
    let project = Project::with(&text);
    let ran = run(&project, Some(TOKEN), &["pipeline.yaml"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert_hidden("diagnostics", ran.stderr.as_bytes());
    for format in ["text", "json", "sarif", "github"] {
        let ran = run(&project, Some(TOKEN), &["check", "pipeline.yaml", "--format", format]);
        assert_hidden(format, format!("{}{}", ran.stdout, ran.stderr).as_bytes());
    }
    let text = format!(
        "secrets: {{a: {{env: TOKEN}}}}\nsteps:\n  a:\n    items: [1]\n  b:\n    from: a\n    map: |\n      -- {TOKEN}\n      return 1\n  c: {{from: b, write: out.jsonl}}\n"
    );
    let project = Project::with(&text);
    run(&project, Some(TOKEN), &["pipeline.yaml"]).ok();
    assert_folder_hidden(&project.path(".flowrun"));
}

const SMALL: &str = "secrets:
  token: { env: TOKEN }
steps:
  list:
    items: [1, 2]
  with:
    from: list
    map: |
      if item == 2 then error('no') end
      return { sees = #secrets.token, is = secrets.token }
  without:
    from: list
    map: return item
  save:
    from: with
    write: with.jsonl
  save_without:
    from: without
    write: without.jsonl
";

#[test]
fn a_result_is_data_and_is_not_touched() {
    let project = Project::with(&SMALL.replace("if item == 2", "if item == 3"));
    run(&project, Some("hush-hush"), &["pipeline.yaml"]).ok();
    assert_eq!(project.read("with.jsonl").lines().next(), Some("{\"is\":\"hush-hush\",\"sees\":9}"));
    let shown = run(&project, Some("hush-hush"), &["show", "latest", "with", "--results"]).ok();
    assert!(shown.stdout.contains("hush-hush"), "{}", shown.stdout);
}

#[test]
fn a_changed_secret_redoes_the_steps_that_see_it_and_no_other() {
    let project = Project::with(SMALL);
    assert_eq!(run(&project, Some("hush-hush"), &["pipeline.yaml"]).code, 1);
    let same = run(&project, Some("hush-hush"), &["resume"]);
    assert!(same.stderr.contains("reused 1, redone 1 (failed before)"), "{}", same.stderr);
    let other = run(&project, Some("hush-hush-hush"), &["resume"]);
    assert!(other.stderr.contains("reused 0, redone 2 (secrets changed)"), "{}", other.stderr);
    assert!(other.stderr.contains("reused 2, redone 0"), "{}", other.stderr);
    assert!(project.has(".flowrun/secret.key"));
}

#[test]
fn a_missing_secret_is_named_and_only_a_run_needs_it() {
    let project = Project::with(SMALL);
    let ran = run(&project, None, &["pipeline.yaml"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("secret `token`: environment variable `TOKEN` is not set"), "{}", ran.stderr);
    assert!(!project.has(".flowrun") && !project.has("without.jsonl"), "nothing has run");
    run(&project, None, &["check", "pipeline.yaml"]).ok();
    run(&project, None, &["plan", "pipeline.yaml"]).ok();
    let project = Project::with(
        "secrets: {k: {file: keys/none.txt}}\nsteps:\n  a: {items: [1]}\n  b: {from: a, write: out.jsonl}\n",
    );
    let ran = run(&project, None, &["pipeline.yaml"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let expect = "secret `k`: file `keys/none.txt` cannot be read: no such file or directory";
    assert!(ran.stderr.contains(expect), "{}", ran.stderr);
}

#[test]
fn an_unknown_secret_raises_with_the_nearest_and_the_table_is_read_only() {
    for (lua, expect) in [
        ("return secrets.tokn", "there is no `secrets.tokn`: did you mean `secrets.token`?"),
        ("secrets.token = 'x'", "attempt to modify a readonly table"),
    ] {
        let text = format!(
            "secrets: {{token: {{env: TOKEN}}}}\nsteps:\n  a: {{items: [1]}}\n  b: {{from: a, map: \"{lua} return 1\"}}\n  c: {{from: b, write: o.jsonl}}\n"
        );
        let text = text.replace("tokn return 1", "tokn");
        let ran = run(&Project::with(&text), Some("hush-hush"), &["pipeline.yaml"]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        let expect = expect.replace("`secrets.token`?", "`token`?");
        assert!(
            ran.stderr.contains(&expect)
                || ran.stderr.contains(&expect.replace("`token`?", "`secrets.token`?")),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn expressions_do_not_see_secrets() {
    for text in [
        "secrets: {t: {env: TOKEN}}\nsteps:\n  a: {items: [1]}\n  b: {from: a, when: secrets.t ~= '', write: o.jsonl}\n",
        "secrets: {t: {env: TOKEN}}\nsteps:\n  a: {items: [1]}\n  b: {from: a, write: \"${{ secrets.t }}.jsonl\"}\n",
    ] {
        let ran = run(&Project::with(text), Some("hush-hush"), &["pipeline.yaml"]);
        assert_eq!(ran.code, 65, "{}", ran.stderr);
        assert!(ran.stderr.contains("`secrets` cannot be used here"), "{}", ran.stderr);
    }
    let items = "secrets: {t: {env: TOKEN}}\nsteps:\n  a:\n    items: {lua: 'return { #secrets.t }'}\n  b: {from: a, write: o.jsonl}\n";
    let project = Project::with(items);
    run(&project, Some("hush-hush"), &["pipeline.yaml"]).ok();
    assert_eq!(project.read("o.jsonl"), "9\n");
}

#[test]
fn keys_with_secrets_are_hidden_and_known_by_what_they_are() {
    let project = Project::with(
        "secrets: {t: {env: TOKEN}}\nsteps:\n  a: {items: [1, 2, 3]}\n  b:\n    from: a\n    map:\n      key: secrets.t .. item % 2\n      lua: |\n        if item == 2 then error('no') end\n        return #ctx.key\n  c: {from: b, write: o.jsonl}\n",
    );
    assert_eq!(run(&project, Some("hush-hush"), &["pipeline.yaml"]).code, 1);
    let resumed = run(&project, Some("hush-hush"), &["resume"]);
    assert!(resumed.stderr.contains("reused 2, redone 1 (failed before)"), "{}", resumed.stderr);
    let failed = run(&project, Some("hush-hush"), &["show", "latest", "b", "--failed", "--format", "jsonl"]);
    assert!(failed.stdout.contains("\"key\":\"***0\""), "{}", failed.stdout);
}

#[test]
fn a_parameter_with_a_secret_is_not_kept_and_is_asked_for_again() {
    let text = SMALL.replace("steps:", "params: {who: nobody}\nsteps:");
    let project = Project::with(&text);
    assert_eq!(run(&project, Some("hush-hush"), &["pipeline.yaml", "-p", "who=x hush-hush"]).code, 1);
    let resumed = run(&project, Some("hush-hush"), &["resume"]);
    assert_eq!(resumed.code, 2, "{}", resumed.stderr);
    assert!(resumed.stderr.contains("was given `who` with a secret in it"), "{}", resumed.stderr);
    let resumed = run(&project, Some("hush-hush"), &["resume", "-p", "who=x hush-hush"]);
    assert_eq!(resumed.code, 1, "{}", resumed.stderr);
}
