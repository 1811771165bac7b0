//! These tests cover greeting, goodbye, and messages that make no sense.

use serde_json::{Value, json};

use super::client::Client;
use crate::project::Project;

fn code(answer: &Value) -> Option<i64> {
    answer["error"]["code"].as_i64()
}

#[test]
fn the_server_says_what_it_can_do_and_leaves_when_told() {
    let mut client = Client::silent(Project::new());
    let early = client.ask("textDocument/hover", json!({}));
    assert_eq!(code(&early), Some(-32002), "{early}");
    let answer = client.ask("initialize", json!({ "capabilities": {} }));
    let can = &answer["result"]["capabilities"];
    for provider in
        ["completion", "hover", "definition", "references", "documentSymbol", "rename", "codeAction"]
    {
        assert!(!can[format!("{provider}Provider")].is_null(), "{provider}: {can}");
    }
    let again = client.ask("initialize", json!({ "capabilities": {} }));
    assert_eq!(code(&again), Some(-32600), "{again}");
    client.leave();
}

#[test]
fn an_end_without_shutdown_is_a_bad_one() {
    let mut client = Client::new(Project::new());
    client.tell("exit", Value::Null);
    assert_eq!(client.end(), Some(1));
    assert_eq!(Client::new(Project::new()).end(), Some(1));
    let mut client = Client::new(Project::new());
    client.ask("shutdown", Value::Null);
    let late = client.ask("textDocument/hover", json!({}));
    assert_eq!(code(&late), Some(-32600), "{late}");
    client.tell("exit", Value::Null);
    assert_eq!(client.end(), Some(0));
}

#[test]
fn malformed_messages_cost_only_themselves() {
    let mut client = Client::new(Project::new());
    client.raw(b"Content-Length: 1\r\n\r\n{");
    assert_eq!(code(&client.wait(|message| message["id"].is_null())), Some(-32700));
    client.raw(b"Content-Length: 2\r\n\r\n\xff\xfe");
    assert_eq!(code(&client.wait(|message| message["id"].is_null())), Some(-32700));
    client.raw(b"Content-Type: x\r\n\r\nnonsense\r\n");
    client.send(&json!([1, 2]));
    assert_eq!(code(&client.wait(|message| message["id"].is_null())), Some(-32600));
    client.send(&json!({ "jsonrpc": "2.0", "id": "x", "method": 3 }));
    assert_eq!(code(&client.wait(|message| message["id"] == "x")), Some(-32600));
    for (method, expect) in [
        ("textDocument/nothing", -32601),
        ("workspace/symbol", -32601),
        ("textDocument/hover", -32602),
        ("textDocument/rename", -32602),
    ] {
        let answer = client.ask(method, json!({ "textDocument": 3 }));
        assert_eq!(code(&answer), Some(expect), "{method}: {answer}");
    }
    let unknown = client.ask(
        "textDocument/hover",
        json!({ "textDocument": { "uri": "file:///no.yaml" }, "position": { "line": 0, "character": 0 } }),
    );
    assert_eq!(code(&unknown), Some(-32602), "{unknown}");
    // Notifications have no answer, sensible or not.
    for method in
        ["textDocument/didOpen", "textDocument/didChange", "textDocument/didClose", "$/x", "$/cancelRequest"]
    {
        client.tell(method, json!({ "textDocument": [] }));
    }
    client.send(&json!({ "jsonrpc": "2.0", "id": 99, "result": null }));
    client.leave();
}

#[test]
fn cancelled_requests_are_answered_all_the_same() {
    let mut client = Client::with("steps:\n  a: { items: [1] }\n");
    let params = json!({ "textDocument": { "uri": client.uri("pipeline.yaml") }, "position": { "line": 0, "character": 0 } });
    let ask = json!({ "jsonrpc": "2.0", "id": 500, "method": "textDocument/hover", "params": params });
    let cancel = json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": 500 } });
    // Both in one write, so that the server has the second before it looks at the first, or answers before.
    let framed = |message: &Value| {
        let text = message.to_string();
        format!("Content-Length: {}\r\n\r\n{text}", text.len())
    };
    client.raw((framed(&ask) + &framed(&cancel)).as_bytes());
    let answer = client.wait(|message| message["id"] == 500);
    assert!(code(&answer) == Some(-32800) || answer.get("result").is_some(), "{answer}");
    client.leave();
}

#[test]
fn files_that_are_no_pipelines_are_left_alone() {
    let mut client = Client::new(Project::new());
    client.open("pipeline.yaml", "jobs:\n  steps: [unclosed\n");
    for (method, more) in [
        ("textDocument/completion", json!({})),
        ("textDocument/hover", json!({})),
        ("textDocument/definition", json!({})),
        ("textDocument/documentSymbol", json!({})),
        ("textDocument/formatting", json!({ "options": { "tabSize": 2, "insertSpaces": true } })),
    ] {
        assert_eq!(client.at(method, &json!({ "line": 0, "character": 0 }), &more), Value::Null, "{method}");
    }
    // It becomes one, and ceases to be one.
    client.change(2, "steps: {}\n");
    assert_eq!(client.findings(2).len(), 1);
    client.change(3, "jobs: {}\n");
    assert_eq!(client.findings(3), Vec::<Value>::new());
    client.leave();
}

#[test]
fn huge_and_hostile_texts_are_survived() {
    let mut client = Client::with("steps:\n");
    let steps: Vec<String> =
        (0..90_000).map(|at| format!("  step_{at}: {{ from: step_{at}, map: return item }}\n")).collect();
    let long = format!("steps:\n{}", steps.concat());
    assert!(long.len() > 4_500_000);
    let deep = format!("steps: {}", "[{a: ".repeat(50_000));
    let shorter = long[..100_000].to_owned();
    let texts = [
        shorter.as_str(),
        long.as_str(),
        deep.as_str(),
        "steps: \u{0}\u{7}",
        "steps:\r\r\n\t- {",
        "{steps: \"",
        "steps:\n  é: *x\n  <<: 3",
    ];
    for (version, text) in (2..).zip(texts) {
        client.change(version, text);
        assert!(!client.findings(version).is_empty(), "{}", &text[..40.min(text.len())]);
        for place in [(0, 0), (1, 3), (1, 9), (60_000, 20), (u32::MAX, u32::MAX)] {
            let position = json!({ "line": place.0, "character": place.1 });
            for method in [
                "textDocument/completion",
                "textDocument/hover",
                "textDocument/definition",
                "textDocument/prepareRename",
            ] {
                let answer = client.at(method, &position, &json!({}));
                assert_ne!(answer["code"], -32603, "{method}");
            }
        }
        client.at("textDocument/documentSymbol", &Value::Null, &json!({}));
        client.at(
            "textDocument/formatting",
            &Value::Null,
            &json!({ "options": { "tabSize": 2, "insertSpaces": true } }),
        );
    }
    client.leave();
}
