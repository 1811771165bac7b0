//! These tests cover ids of steps: rename, definition, references, symbols; and quick fixes and formatting, which are
//! edits too.

use serde_json::{Value, json};

use super::PIPELINE;
use super::client::{Client, cursor, edited};
use crate::project::Project;

/// `PIPELINE` with a cursor in front of the first `needle`, and the client that has it open.
fn at(needle: &str) -> (Client, Value) {
    let (text, position) = cursor(&PIPELINE.replacen(needle, &format!("‸{needle}"), 1));
    (Client::with(&text), position)
}

fn renamed(text: &str, new: &str) -> Result<String, String> {
    let (text, position) = cursor(text);
    let mut client = Client::with(&text);
    let answer = client.at("textDocument/rename", &position, &json!({ "newName": new }));
    let uri = client.uri("pipeline.yaml");
    client.leave();
    match answer["changes"][&uri].as_array() {
        Some(edits) => Ok(edited(&text, edits)),
        None => Err(answer["message"].as_str().unwrap_or("nothing").to_owned()),
    }
}

#[test]
fn rename_finds_every_place_and_nothing_else() {
    let expect = "\
steps:
  a: { items: [1] } # b
  \"c\":
    from: [a, \"a\"]
    when: steps.a.total > 0 -- steps.b
    map: return \"steps.b\"
  d: { from: c.failed, needs: ['c'], when: 'steps.c.total > 0 and steps[\"c\"].b', write: \"é𝄞-${{ steps.c.total }}\" }
  e: { from: d, write: { path: x.csv, columns_of: c } }
  f: { from: a, join: { with: c, as: b, by: item } }
  g: { from: a, join: { with: c.failed, by: item, as: b } }
tests:
- { step: c, item: 1, expect: b }
"
    .to_owned();
    let text = expect
        .replace("\"c\":", "\"‸b\":")
        .replace("from: c.", "from: b.")
        .replace("['c']", "['b']")
        .replace("steps.c", "steps.b")
        .replace("[\"c\"].b", "[\"b\"].b")
        .replace("columns_of: c", "columns_of: b")
        .replace("with: c, as: b,", "with: b,")
        .replace("with: c.", "with: b.")
        .replace("step: c", "step: b");
    assert_eq!(renamed(&text, "c"), Ok(expect));
}

#[test]
fn a_partner_keeps_its_field_when_its_step_is_renamed() {
    let text = |step: &str, kept: &str| {
        format!(
            "steps:\n  {step}: {{ items: [{{ id: 1 }}] }}\n  all:\n    from: {step}\n    join:\n      with: '{step}'  # both\n{kept}      \
             by: item.id\n  odd:\n    from: all\n    join:\n      by: item.id\n      with: {step}.failed"
        )
    };
    let before = text("a", "").replacen("  a:", "  ‸a:", 1);
    let expect = text("b", "      as: a\n") + "\n      as: a";
    assert_eq!(renamed(&before, "b"), Ok(expect.clone()));
    let lines = |text: &str| text.replace('\n', "\r\n");
    assert_eq!(renamed(&lines(&before), "b"), Ok(lines(&expect)));
    let none = |step: &str| {
        format!(
            "steps:\n  {step}: {{ items: [1] }}\n  c: {{ from: {step}, join: {{ with: {step}, by: item, how: anti }} }}\n"
        )
    };
    assert_eq!(renamed(&none("a").replacen("  a:", "  ‸a:", 1), "b"), Ok(none("b")));
}

#[test]
fn ids_that_are_no_names_of_lua_are_put_in_brackets() {
    let text = |from: &str, plain: &str, quoted: &str| {
        format!(
            "steps:\n  {from}: {{ items: [1] }}\n  c:\n    needs: {from}\n    items: [1]\n    when: steps{plain}.total > 0\n  d: {{ needs: {from}, items: [2], when: \"steps{quoted}.total > 0\" }}\n"
        )
    };
    let before = text("a", ".a", ".a").replacen("  a:", "  ‸a:", 1);
    assert_eq!(renamed(&before, "a-b"), Ok(text("a-b", "[\"a-b\"]", "['a-b']")));
    assert_eq!(renamed(&before, "end"), Ok(text("end", "[\"end\"]", "['end']")));
}

#[test]
fn rename_refuses_what_would_change_the_meaning() {
    let text = "steps:\n  ‸a: { items: [1] }\n  b: { from: a, write: x.jsonl }\n";
    let refused = |text: &str, new: &str| renamed(text, new).expect_err(new);
    assert_eq!(refused(text, "b"), "there is a step `b` already");
    assert!(refused(text, "1a").contains("is no id"));
    assert!(refused(text, "a b").contains("is no id"));
    assert!(refused(text, "true").contains("would not be read as an id"));
    assert!(refused("steps:\n  ‸a: { items: [1 }\n", "b").contains("no sound YAML"));
    assert!(
        refused("‸steps:\n  a: { items: [1] }\n", "b")
            .contains("no name of a step, a policy or a rate limit")
    );
}

#[test]
fn definition_references_and_prepare_agree() {
    let (mut client, position) = at("clean.failed");
    let uri = client.uri("pipeline.yaml");
    let definition = client.at("textDocument/definition", &position, &json!({}));
    assert_eq!(definition["uri"], uri.as_str());
    assert_eq!(
        definition["range"],
        json!({ "start": { "line": 13, "character": 2 }, "end": { "line": 13, "character": 7 } })
    );
    let prepared = client.at("textDocument/prepareRename", &position, &json!({}));
    assert_eq!(prepared["placeholder"], "clean");
    assert_eq!(prepared["range"]["end"]["character"], 16);
    let mut lines = |with: bool| {
        let found = client.at(
            "textDocument/references",
            &position,
            &json!({ "context": { "includeDeclaration": with } }),
        );
        let places = found.as_array().expect("a list").iter();
        places.map(|one| one["range"]["start"]["line"].as_u64().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(lines(true), [13, 21, 22, 23, 24, 26, 29]);
    assert_eq!(lines(false), [21, 22, 23, 24, 26, 29]);
    let nowhere = json!({ "line": 0, "character": 0 });
    for method in ["textDocument/definition", "textDocument/prepareRename"] {
        assert_eq!(client.at(method, &nowhere, &json!({})), Value::Null, "{method}");
    }
    client.leave();
}

#[test]
fn symbols_are_the_steps_also_of_broken_files() {
    let mut client = Client::with(PIPELINE);
    let symbols = |client: &mut Client| {
        let found = client.at("textDocument/documentSymbol", &Value::Null, &json!({}));
        let found = found.as_array().expect("a list").iter();
        found
            .map(|one| {
                let line = |at: &str| one["range"][at]["line"].to_string();
                format!("{} {} {}-{}", one["name"], one["detail"], line("start"), line("end"))
            })
            .collect::<Vec<_>>()
    };
    let expect = [
        "\"load\" \"read\" 10-12",
        "\"clean\" \"map\" 13-19",
        "\"bad\" \"write\" 20-24",
        "\"save\" \"write\" 25-27",
    ];
    assert_eq!(symbols(&mut client), expect);
    client.change(2, &PIPELINE.replace("from: [clean.failed, 'load']", "from: [clean.failed, 'load'"));
    assert_eq!(symbols(&mut client), expect);
    client.leave();
}

#[test]
fn quick_fixes_repair_what_was_meant() {
    let text = "steps:\n  load: { raed: x.jsonl }\n  é𝄞: { from: 'lod.failed', map: { retrys: 1, lua: return 1 } }\n";
    let mut client = Client::with(text);
    // Asked before the check: the answer is about the text as it is.
    let uri = client.uri("pipeline.yaml");
    let all = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let mut actions = |range: &Value, only: Value| {
        let mut context = json!({ "diagnostics": [] });
        if !only.is_null() {
            context["only"] = only;
        }
        let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": context });
        client.ask("textDocument/codeAction", params)["result"].as_array().expect("a list").clone()
    };
    let found = actions(&all, Value::Null);
    let titles: Vec<&str> = found.iter().filter_map(|one| one["title"].as_str()).collect();
    assert_eq!(
        titles,
        [
            "replace `raed` with `read`",
            "replace `'lod.failed'` with `'load.failed'`",
            "replace `retrys` with `retries`"
        ]
    );
    let edits: Vec<Value> = found.iter().map(|one| one["edit"]["changes"][&uri][0].clone()).collect();
    assert_eq!(
        edited(text, &edits),
        text.replace("raed", "read").replace("lod", "load").replace("retrys", "retries")
    );
    assert!(
        found.iter().all(|one| one["kind"] == "quickfix" && one["diagnostics"][0]["source"] == "flowrun")
    );
    let first = json!({ "start": { "line": 1, "character": 12 }, "end": { "line": 1, "character": 12 } });
    assert_eq!(actions(&first, json!(["quickfix"])).len(), 1);
    assert_eq!(actions(&all, json!(["refactor"])).len(), 0);
    client.leave();
}

#[test]
fn formatting_is_that_of_the_command() {
    let text = "# é𝄞\nsteps:\r\n  a:\r\n    map: return 1\r\n    from: b # here\r\n  b: { items: [1] }\r\nversion: 1\r\n";
    let project = Project::with(text);
    project.run(&["fmt", "pipeline.yaml"]).ok();
    let formatted = project.read("pipeline.yaml");
    assert_ne!(formatted, text);
    let options = json!({ "options": { "tabSize": 2, "insertSpaces": true } });
    let mut client = Client::with(text);
    let edits = client.at("textDocument/formatting", &Value::Null, &options);
    assert_eq!(edited(text, edits.as_array().expect("a list")), formatted);
    client.change(2, &formatted);
    let edits = client.at("textDocument/formatting", &Value::Null, &options);
    assert_eq!(edits, json!([]));
    client.change(3, "steps: [\n");
    assert_eq!(client.at("textDocument/formatting", &Value::Null, &options), Value::Null);
    client.leave();
}
