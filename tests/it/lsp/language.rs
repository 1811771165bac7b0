//! These tests ask what the server says about a text: findings, completion, hover.

use serde_json::{Value, json};

use super::PIPELINE;
use super::client::{Client, cursor};
use crate::project::Project;

/// The labels that are offered at the cursor of a text.
fn offered(text: &str) -> Vec<String> {
    let (text, position) = cursor(text);
    let mut client = Client::with(&text);
    let found = client.at("textDocument/completion", &position, &json!({}));
    client.leave();
    found["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["label"].as_str().expect("text").to_owned())
        .collect()
}

/// The same with a line put behind the steps of `PIPELINE`.
fn offered_in_step(lines: &str) -> Vec<String> {
    offered(&PIPELINE.replace("tests:\n", &format!("  new:\n{lines}\ntests:\n")))
}

/// Findings as `flowrun check --format json` has them, places counted in UTF-16 from 0 instead of in characters from 1.
fn checked(project: &Project) -> Vec<(Value, Value, Value, String)> {
    let printed = project.run(&["check", "--format", "json", "pipeline.yaml"]).stdout;
    let report: Value = serde_json::from_str(&printed).expect("a report");
    let text = project.read("pipeline.yaml");
    let units = |line: &Value, column: &Value| {
        let line = line.as_u64().expect("a number") as usize - 1;
        let column = column.as_u64().expect("a number") as usize - 1;
        let text = text.split('\n').nth(line).unwrap_or("");
        let units: usize = text.chars().take(column).map(char::len_utf16).sum();
        json!({ "line": line, "character": units })
    };
    let list = report["diagnostics"].as_array().expect("a list").iter();
    list.map(|one| {
        let mut message = one["message"].as_str().expect("text").to_owned();
        if let Some(label) = one["labels"][0]["message"].as_str().filter(|label| !label.is_empty()) {
            message = format!("{message}: {label}");
        }
        if let Some(help) = one["help"].as_str() {
            message = format!("{message}\nhelp: {help}");
        }
        let severity = if one["severity"] == "error" { 1 } else { 2 };
        let range = json!({
            "start": units(&one["line"], &one["column"]),
            "end": units(&one["end_line"], &one["end_column"]),
        });
        (one["code"].clone(), json!(severity), range, message)
    })
    .collect()
}

#[test]
fn findings_are_those_of_check_for_every_bad_file() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut seen = 0;
    let mut client = Client::new(Project::new());
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let has_steps = text.lines().any(|line| line.starts_with("steps:"));
        if path.extension().is_none_or(|extension| extension != "yaml")
            || !has_steps
            || text.contains("file:")
        {
            continue;
        }
        client.project = std::mem::replace(&mut client.project, Project::new()).file("pipeline.yaml", &text);
        client.open("pipeline.yaml", &text);
        let found = client.findings(1).into_iter();
        let mut found: Vec<_> = found
            .map(|one| {
                assert_eq!(one["source"], "flowrun");
                let message = one["message"].as_str().expect("text").to_owned();
                (one["code"].clone(), one["severity"].clone(), one["range"].clone(), message)
            })
            .collect();
        let mut expect = checked(&client.project);
        let key = |one: &(Value, Value, Value, String)| format!("{one:?}");
        found.sort_by_key(key);
        expect.sort_by_key(key);
        // What `check` says of a file names it as it was named.
        assert_eq!(found, expect, "{}", path.display());
        let uri = client.uri("pipeline.yaml");
        client.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
    client.leave();
}

#[test]
fn changes_are_checked_and_closed_files_forgotten() {
    let mut client = Client::with("steps:\n  a: { items: [1] }\n  b: { from: a, write: x.jsonl }\n");
    assert_eq!(client.findings(1), Vec::<Value>::new());
    // 𝄞 is two units wide, and the lines end as on Windows.
    client.change(2, "steps:\r\n  a: { items: [1] } # 𝄞\r\n  b:\r\n    from: a\r\n    map: |\r\n      local x = '𝄞' return ) x\r\n  c: { from: b, write: x.jsonl }\r\n");
    let found = client.findings(2);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["code"], "flowrun::lua_syntax");
    assert_eq!(found[0]["range"]["start"], json!({ "line": 5, "character": 28 }), "{found:?}");
    client.change(3, "steps:\n  a: { from: b, map: return 1 }\n  b: { from: a, map: return 1 }\n");
    let found = client.findings(3);
    let cycle = found.iter().find(|one| one["code"] == "flowrun::cycle").expect("a cycle");
    assert_eq!(cycle["relatedInformation"].as_array().map(Vec::len), Some(1), "{cycle}");
    let uri = client.uri("pipeline.yaml");
    client.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    let told = client.wait(|message| {
        message["params"].get("version").is_none() && message["method"] == "textDocument/publishDiagnostics"
    });
    assert_eq!(told["params"]["diagnostics"], json!([]));
    client.leave();
}

#[test]
fn faults_of_lua_files_are_told_about_those() {
    let text = "steps:\n  a: { items: [1] }\n  b: { from: a, map: { file: lua/b.lua } }\n  c: { from: b, write: x.jsonl }\n";
    let mut client =
        Client::new(Project::new().file("lua/b.lua", "return function(item)\n  return ) \nend\n"));
    client.open("pipeline.yaml", text);
    let lua = client.uri("lua/b.lua");
    let is_about = |message: &Value| message["params"]["uri"] == lua.as_str();
    let told = client.wait(is_about);
    assert_eq!(told["params"]["diagnostics"][0]["code"], "flowrun::lua_syntax", "{told}");
    assert_eq!(told["params"]["diagnostics"][0]["range"]["start"]["line"], 1);
    client.change(2, &text.replace("file: lua/b.lua", "lua: return 1"));
    assert_eq!(client.wait(is_about)["params"]["diagnostics"], json!([]));
    client.leave();
}

#[test]
fn secrets_of_the_environment_are_hidden_in_findings() {
    let text = "secrets:\n  key: { file: key }\nsteps:\n  a: { items: [1] }\n  b: { from: hunter2hunter2, map: return 1 }\n";
    let mut client = Client::new(Project::new().file("key", "hunter2hunter2\n"));
    client.open("pipeline.yaml", text);
    let found = client.findings(1);
    let unknown = found.iter().find(|one| one["code"] == "flowrun::unknown_step").expect("a finding");
    assert!(!unknown.to_string().contains("hunter2"), "{unknown}");
    client.leave();
}

#[test]
fn inputs_of_steps_are_completed_in_every_notation() {
    let all = ["load", "load.failed", "clean", "clean.failed", "bad", "save"];
    let inputs = &all[..4];
    assert_eq!(offered_in_step("    from: ‸"), inputs);
    assert_eq!(offered_in_step("    from: cl‸"), inputs);
    assert_eq!(offered_in_step("    from: [‸"), inputs);
    assert_eq!(offered_in_step("    from: [load, ‸]"), ["load.failed", "clean", "clean.failed"]);
    assert_eq!(
        offered_in_step("    from:\n      - clean\n      - ‸"),
        ["load", "load.failed", "clean.failed"]
    );
    assert_eq!(offered_in_step("    from: '‸'"), inputs);
    assert_eq!(offered_in_step("    needs: ‸"), ["load", "clean", "bad", "save"]);
    assert_eq!(offered_in_step("    needs: [clean, s‸]"), ["load", "bad", "save"]);
    assert_eq!(offered_in_step("    write: { path: x.csv, columns_of: ‸"), ["load"]);
    assert_eq!(offered_in_step("    from: bad\n    join: { with: ‸"), inputs);
    assert_eq!(offered_in_step("    from: bad\n    join:\n      with: cl‸"), inputs);
    assert_eq!(offered("steps:\n  a: { items: [1] }\n  b: { from: ‸"), ["a"]);
    let circle = "steps:\n  a: { from: ‸ }\n  b: { from: a.failed, map: return 1 }\n  c: { needs: [b], items: [1] }\n  \
                  d: { items: [1], when: steps.c.total > 0 }\n  e: { items: [1] }\n";
    assert_eq!(offered(circle), ["e"], "what waits for a step cannot be taken from by it");
    assert_eq!(offered(&PIPELINE.replace("step: clean", "step: ‸")), ["clean"]);
}

#[test]
fn keys_are_those_that_can_still_be_added() {
    let top = offered(&format!("‸\n{PIPELINE}"));
    assert_eq!(
        top,
        [
            "version",
            "name",
            "description",
            "permissions",
            "defaults",
            "policies",
            "include",
            "lua_path",
            "at_end",
            "keep",
            "x-allow"
        ]
    );
    let fresh = offered_in_step("    ‸");
    assert_eq!(fresh.len(), 22, "{fresh:?}");
    let mapped = offered_in_step("    map: return 1\n    ‸");
    assert_eq!(mapped, ["description", "from", "needs", "when", "deadline", "local"]);
    let source = offered_in_step("    read: x.csv\n    d‸");
    assert_eq!(source, ["description", "needs", "when", "deadline", "local"]);
    let joined = offered_in_step("    from: clean\n    ‸");
    assert!(!joined.contains(&"read".to_owned()) && joined.contains(&"map".to_owned()), "{joined:?}");
    let policy = offered_in_step("    map:\n      lua: return 1\n      ‸");
    for key in ["concurrency", "retries", "timeout", "min_success_ratio", "fail_fast", "rate_limit", "cache"]
    {
        assert!(policy.contains(&key.to_owned()), "{key}: {policy:?}");
    }
    assert!(!policy.contains(&"file".to_owned()) && !policy.contains(&"lua".to_owned()), "{policy:?}");
    let retries = offered_in_step("    map: { lua: return 1, retries: { max: 1, ‸");
    assert_eq!(retries, ["delay", "factor", "max_delay", "jitter", "when", "budget"]);
    let test = offered(&format!("{PIPELINE}    ‸"));
    assert!(test.contains(&"expect_error".to_owned()) && !test.contains(&"expect".to_owned()), "{test:?}");
}

#[test]
fn values_are_those_of_the_schema_and_of_the_file() {
    assert_eq!(offered_in_step("    map:\n      fail_fast: ‸"), ["true", "false", "drain"]);
    assert_eq!(offered_in_step("    map:\n      retries:\n        jitter: ‸"), ["true", "false", "full"]);
    assert_eq!(offered_in_step("    map:\n      rate_limit: ‸"), ["api"]);
    assert_eq!(offered_in_step("    map:\n      rate_limit:\n        - ‸"), ["limit", "cost", "api"]);
    assert_eq!(offered_in_step("    map:\n      rate_limit: [‸"), ["api"]);
    assert_eq!(offered_in_step("    map:\n      rate_limit:\n        - limit: ‸"), ["api"]);
    let costs = offered_in_step("    map:\n      rate_limit:\n        - limit: api\n          cost: str.le‸");
    assert!(costs.contains(&"len".to_owned()), "{costs:?}");
    let limit = offered_in_step("    map:\n      rate_limit:\n        - limit: api\n          ‸");
    assert_eq!(limit, ["cost", "api"]);
    let breaker = offered_in_step("    map:\n      breaker: { ‸");
    assert_eq!(breaker, ["after", "pause", "max_pause"]);
    assert_eq!(offered_in_step("    map:\n      concurrency: ‸"), ["auto"]);
    assert_eq!(
        offered_in_step("    write: { path: x, format: ‸"),
        ["jsonl", "json", "csv", "tsv", "lines", "parquet", "sqlite"]
    );
    assert!(offered(&format!("{PIPELINE}x-allow: [‸")).contains(&"unused_step".to_owned()));
    assert_eq!(offered_in_step("    map: # ‸"), Vec::<String>::new());
    assert_eq!(offered_in_step("    description: ‸"), Vec::<String>::new());
}

#[test]
fn lua_is_completed_in_blocks_and_expressions() {
    let str_functions = offered_in_step("    map: |\n      local s = 'é𝄞'\n      return str.‸");
    assert!(
        str_functions.contains(&"trim".to_owned()) && !str_functions.contains(&"str".to_owned()),
        "{str_functions:?}"
    );
    assert_eq!(offered_in_step("    map:\n      lua: |\n        if params.‸"), ["size", "größe"]);
    assert_eq!(offered_in_step("    map: return env.‸"), ["HOME"]);
    assert_eq!(offered_in_step("    filter: secrets.t‸"), ["token"]);
    assert_eq!(offered_in_step("    write: x-${{ params.‸ }}.jsonl"), ["size", "größe"]);
    assert_eq!(offered_in_step("    write: { path: \"x-${{ env.‸"), ["HOME"]);
    assert_eq!(offered_in_step("    when: steps.‸"), ["load", "clean", "bad", "save", "new"]);
    assert!(offered_in_step("    when: steps.clean.‸").contains(&"success_ratio".to_owned()));
    assert!(offered_in_step("    map: return codec.‸").contains(&"base64".to_owned()));
    assert!(offered_in_step("    map: return codec.base64.‸").contains(&"decode".to_owned()));
    assert!(offered_in_step("    map: return ctx.‸").contains(&"attempt".to_owned()));
    let all = offered_in_step("    map: return ‸");
    assert!(
        ["item", "params", "str", "http", "flow"].iter().all(|name| all.contains(&(*name).to_owned())),
        "{all:?}"
    );
    let condition = offered_in_step("    when: ‸");
    assert!(
        condition.contains(&"steps".to_owned()) && !condition.contains(&"item".to_owned()),
        "{condition:?}"
    );
    for text in ["    map: return 'str.‸", "    map: |\n      -- str.‸", "    write: ${{ 1 }}-params.‸"]
    {
        assert_eq!(offered_in_step(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_is_completed_replaces_the_whole_word() {
    let (text, position) = cursor(
        "steps:\n  𝄞: { items: [1] }\n  b:\n    fr‸om: x\n    map: return str.tr‸im(x)\n"
            .replacen('‸', "", 2)
            .as_str()
            .replace("fr", "fr‸")
            .as_str(),
    );
    let mut client = Client::with(&text);
    let found = client.at("textDocument/completion", &position, &json!({}));
    let from = found["items"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["label"] == "from")
        .expect("offered");
    assert_eq!(
        from["textEdit"],
        json!({ "range": { "start": { "line": 3, "character": 4 }, "end": { "line": 3, "character": 8 } }, "newText": "from" })
    );
    let position = json!({ "line": 4, "character": 21 });
    let found = client.at("textDocument/completion", &position, &json!({}));
    let trim = found["items"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["label"] == "trim")
        .expect("offered");
    assert_eq!(trim["textEdit"]["range"]["start"]["character"], 20);
    assert_eq!(trim["textEdit"]["range"]["end"]["character"], 24);
    // A space that was typed is no question in Lua.
    let space = json!({ "context": { "triggerKind": 2, "triggerCharacter": " " } });
    let found = client.at("textDocument/completion", &json!({ "line": 4, "character": 16 }), &space);
    assert_eq!(found["items"], json!([]));
    client.leave();
}

#[test]
fn hover_tells_of_keys_steps_and_functions() {
    let hover = |needle: &str| {
        let (text, position) = cursor(&PIPELINE.replacen(needle, &format!("‸{needle}"), 1));
        let mut client = Client::with(&text);
        let found = client.at("textDocument/hover", &position, &json!({}));
        client.leave();
        found["contents"]["value"].as_str().unwrap_or("").to_owned()
    };
    assert!(hover("rate_limit: api").contains("Starts of attempts"), "{}", hover("rate_limit: api"));
    assert_eq!(hover("load\n    map"), "step `load`: `read`\n\nreads 𝄞");
    assert_eq!(hover("clean.failed"), "step `clean`: `map` from `load`");
    let trim = hover("trim(item");
    assert!(trim.starts_with("```luau\nstr.trim(s: string"), "{trim}");
    assert!(hover("str.trim").contains("Text by characters"), "{}", hover("str.trim"));
    assert!(hover("item.text").contains("The item."), "{}", hover("item.text"));
    assert!(hover("params.size").contains("parameters"), "{}", hover("params.size"));
    assert_eq!(hover("data.jsonl"), "");
}

#[test]
fn hover_of_a_write_shows_its_columns_with_their_types() {
    let text = "\
steps:
  docs: { read: types.parquet }
  made: { items: [1] }
  other: { from: docs, map: \"return { id = item.i + 1 }\" }
  a: { from: docs, write: { path: a.parquet, columns: [i, u, tz, \"z|z\"] } }
  b: { from: docs, write: { path: b.parquet, columns: { i: integer!, dec: \"decimal(30,2)\" } } }
  c: { from: other, write: c.parquet }
  d: { from: made, write: { columns_of: docs, path: d.parquet } }
  e: { from: other, write: e.jsonl }
";
    let types = include_bytes!("../../parquet/types.parquet");
    let mut client = Client::new(Project::new().file("types.parquet", types));
    client.open("pipeline.yaml", text);
    let mut hover = |needle: &str| {
        let (_, position) = cursor(&text.replacen(needle, &format!("‸{needle}"), 1));
        let found = client.at("textDocument/hover", &position, &json!({}));
        let text = found["contents"]["value"].as_str().unwrap_or("").to_owned();
        text.split_once("| column").map_or(text.clone(), |(_, table)| format!("| column{table}"))
    };
    let table = |rows: &str| format!("| column | type | |\n|---|---|---|\n{rows}");
    let expect = "| `i` | `integer` | from `docs` |
| `u` | `integer (64 bits, unsigned)` | from `docs` |
| `tz` | `timestamp (milliseconds, UTC)` | from `docs` |
| `z\\|z` |  | guessed |
";
    assert_eq!(hover("write: { path: a.parquet"), table(expect));
    assert_eq!(hover("columns: [i, u"), table(expect));
    let expect = "| `i` | `integer!` | declared |\n| `dec` | `decimal(30,2)` | declared |\n";
    assert_eq!(hover("write: { path: b.parquet"), table(expect));
    assert!(
        hover("write: c.parquet").ends_with("The types of its columns are guessed from the first items.")
    );
    let own = hover("columns_of: docs");
    assert!(own.contains("| `i` | `integer` | declared, that of `docs` |\n"), "{own}");
    assert!(own.contains("| `map` | `map of string to integer"), "{own}");
    assert!(!hover("write: e.jsonl").contains("column |"));
    client.leave();
}
