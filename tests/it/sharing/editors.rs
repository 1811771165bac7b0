//! The language server knows policies, and files that pipelines include.

use serde_json::{Value, json};

use crate::lsp::client::{Client, cursor, edited};
use crate::project::Project;

const PIPELINE: &str = "\
include: [common.yaml]
policies:
  own: { retries: 1 }
steps:
  in: { items: [1] }
  a: { from: in, map: { policy: own, lua: return item } }
  b: { from: a, map: { policy: \"far\", lua: return item } }
  o: { from: b, write: o.jsonl }
";
const COMMON: &str = "policies:\n  far:\n    concurrency: 2\n    retries: 5\n";

/// The answer to a question about the place before `needle`.
fn asked(method: &str, needle: &str, more: &Value) -> (Client, Value) {
    let (text, position) = cursor(&PIPELINE.replacen(needle, &format!("‸{needle}"), 1));
    let mut client = Client::new(Project::new().file("common.yaml", COMMON).file("pipeline.yaml", &text));
    client.open("pipeline.yaml", &text);
    let answer = client.at(method, &position, more);
    (client, answer)
}

#[test]
fn names_of_policies_are_completed_found_and_shown() {
    let (client, offered) = asked("textDocument/completion", "own, lua", &json!({}));
    let labels: Vec<&str> =
        offered["items"].as_array().expect("a list").iter().filter_map(|one| one["label"].as_str()).collect();
    assert_eq!(labels, ["own", "far"]);
    client.leave();
    let (client, place) = asked("textDocument/definition", "own, lua", &json!({}));
    assert_eq!(place["range"]["start"], json!({ "line": 2, "character": 2 }));
    client.leave();
    let (client, place) = asked("textDocument/definition", "far", &json!({}));
    assert_eq!(place["uri"], client.uri("common.yaml"));
    assert_eq!(place["range"]["start"], json!({ "line": 1, "character": 2 }));
    client.leave();
    let (client, shown) = asked("textDocument/hover", "far", &json!({}));
    let text = shown["contents"]["value"].as_str().expect("text");
    assert!(text.starts_with("policy `far` of `"), "{text}");
    assert!(text.ends_with("```yaml\nconcurrency: 2\nretries: 5\n```"), "{text}");
    client.leave();
    let (client, shown) = asked("textDocument/hover", "own, lua", &json!({}));
    assert_eq!(shown["contents"]["value"], "policy `own`\n\n```yaml\n{ retries: 1 }\n```");
    client.leave();
}

#[test]
fn a_policy_is_renamed_where_all_that_name_it_are_known() {
    let new = |name: &str| json!({ "newName": name });
    let (client, answer) = asked("textDocument/rename", "own: {", &new("mine"));
    let edits = answer["changes"][client.uri("pipeline.yaml")].as_array().expect("edits").clone();
    assert_eq!(edited(PIPELINE, &edits), PIPELINE.replace("own", "mine"));
    client.leave();
    for (needle, name, expect) in [
        ("own: {", "far", "there is a policy `far` already"),
        ("far", "own", "there is a policy `own` already"),
        ("own: {", "1", "is no id"),
    ] {
        let (client, answer) = asked("textDocument/rename", needle, &new(name));
        let said = answer["message"].as_str().unwrap_or_default();
        assert!(said.contains(expect), "{answer}");
        client.leave();
    }
}

#[test]
fn findings_in_an_included_file_are_told_about_that_file() {
    let project = Project::new().file("common.yaml", COMMON).file("pipeline.yaml", PIPELINE);
    let mut client = Client::new(project);
    client.open("pipeline.yaml", PIPELINE);
    assert_eq!(client.findings(1), Vec::<Value>::new());
    let common = client.uri("common.yaml");
    let wrong = COMMON.replace("retries: 5", "retries: x");
    client.open("common.yaml", &wrong);
    let about = |message: &Value| message["params"]["uri"] == common.as_str();
    let told = client.wait(about);
    assert_eq!(told["params"]["diagnostics"][0]["code"], "flowrun::wrong_type", "{told}");
    assert_eq!(told["params"]["diagnostics"][0]["range"]["start"]["line"], 3);
    client.leave();
}
