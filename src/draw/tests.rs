//! These tests compare the four drawings of one graph, with names that mean something to each of the languages.

use serde_json::json;

use super::*;

fn graph() -> Graph {
    let value = json!({
        "name": "docs",
        "steps": {
            "raw": { "read": "data/\"a\" <b> & [c].jsonl" },
            "clean": { "from": "raw", "map": "return item" },
            "save": { "from": ["clean", "raw"], "write": { "path": "out/x.jsonl" } },
            "dead": { "from": "clean.failed", "needs": "save", "write": "dead.jsonl" },
        }
    });
    Graph::of(&value, "file")
}

#[test]
fn the_text_has_a_layer_below_the_other() {
    let expect = "docs\n\n   read raw    data/\"a\" <b> & [c].jsonl\n        ↓\n    map clean  ← raw\n        ↓\n  write save   \
                  ← clean, raw  out/x.jsonl\n        ↓\n  write dead   ← clean.failed, after save  dead.jsonl\n";
    assert_eq!(text::draw(&graph(), false), expect);
}

#[test]
fn mermaid_is_told_no_character_of_its_own() {
    let expect = "flowchart TD\n    s0([\"raw<br/>read data/#34;a#34; #60;b#62; #38; #91;c#93;.jsonl\"])\n    \
                  s1[\"clean<br/>map\"]\n    s2[(\"save<br/>write out/x.jsonl\")]\n    s3[(\"dead<br/>write dead.jsonl\")]\n    \
                  s0 --> s1\n    s1 --> s2\n    s0 --> s2\n    s1 -->|failed| s3\n    s2 -.->|needs| s3\n";
    assert_eq!(mermaid::draw(&graph()), expect);
}

#[test]
fn graphviz_is_told_no_character_of_its_own() {
    let drawn = dot::draw(&graph());
    assert!(drawn.contains(r#"s0 [label="raw\nread data/\"a\" <b> & [c].jsonl"];"#), "{drawn}");
    assert!(drawn.contains("s1 -> s3 [label=\"failed\", color=\"firebrick\"];"), "{drawn}");
    assert!(drawn.starts_with("digraph \"docs\" {\n") && drawn.ends_with("}\n"));
}

#[test]
fn the_picture_holds_every_step_and_tie_and_nothing_from_elsewhere() {
    let drawn = svg::draw(&graph());
    assert_eq!(drawn.matches("<rect ").count(), 4);
    assert_eq!(drawn.matches("<path class=\"tie").count(), 5);
    assert!(
        drawn.contains("&quot;a&quot; &lt;b&gt; &amp; [c]") && drawn.contains("prefers-color-scheme: dark")
    );
    for step in drawn.split("<g>").skip(1) {
        let places: Vec<_> = step.split("<text ").skip(1).filter_map(|text| text.split('"').nth(3)).collect();
        assert_eq!(places[0], places[1], "name and verb stand one below the other: {step}");
    }
    assert_eq!(drawn.matches("http").count(), 1, "the namespace alone: {drawn}");
}

#[test]
fn a_join_has_two_arrows() {
    let graph = Graph::of(
        &json!({ "steps": {
            "a": { "items": [1] },
            "b": { "from": "a", "map": "return item" },
            "j": { "from": "a", "join": { "with": "b", "by": "item" } },
            "k": { "from": "j", "join": { "with": "b.failed", "by": "item" } },
        }}),
        "file",
    );
    let drawn = text::draw(&graph, false);
    assert!(
        drawn.contains("join j  ← a, with b\n") && drawn.contains("join k  ← j, with b.failed\n"),
        "{drawn}"
    );
    let drawn = mermaid::draw(&graph);
    assert!(
        drawn.contains("s0 --> s2\n    s1 -->|with| s2\n    s2 --> s3\n    s1 -->|with failed| s3"),
        "{drawn}"
    );
    assert!(dot::draw(&graph).contains("s1 -> s2 [label=\"with\"];"));
    let drawn = svg::draw(&graph);
    assert!(
        drawn.contains("<title>j with b</title>") && drawn.contains("<title>k with b.failed</title>"),
        "{drawn}"
    );
}

#[test]
fn a_long_chain_is_drawn_without_running_out_of_stack() {
    let step = |at: usize| match at {
        0 => json!({ "items": [1] }),
        _ => json!({ "from": format!("s{}", at - 1), "map": "return item" }),
    };
    let steps: serde_json::Map<_, _> = (0..20_000).map(|at| (format!("s{at}"), step(at))).collect();
    let graph = Graph::of(&json!({ "steps": steps }), "file");
    assert_eq!(graph.layers().len(), 20_000);
    assert!(text::draw(&graph, false).len() < 2_000_000);
}
