//! Sources that several sent steps read, some of them together with others: each step has the items of its own sources.

use super::{ON, rows, set};
use crate::project::Project;

/// What each of two steps reads.
const READ: [(&str, &str); 8] = [
    ("[a, b]", "b"),
    ("[a, b]", "a"),
    ("[b, a]", "b"),
    ("[b, a]", "a"),
    ("[a, b]", "[b, a]"),
    ("[none, a, b]", "[b, none]"),
    ("[a, c]", "c"),
    ("[c, b, a]", "[a, c]"),
];

/// Two steps, one behind the other or side by side.
fn project(first: &str, second: &str, needs: &str) -> Project {
    let pipeline = format!(
        "steps:
  a: {{ read: a.csv }}
  b: {{ read: b.csv }}
  c: {{ read: c.jsonl }}
  none: {{ items: [] }}
  first: {{ from: {first}, map: \"return item\" }}
  second: {{ from: {second}, {needs}map: \"return item\" }}
  w1: {{ from: first, write: out/first.jsonl }}
  w2: {{ from: second, write: out/second.jsonl }}
"
    );
    let lines = |name: &str, count: u64| {
        (1..=count).fold("id\n".to_owned(), |text, at| format!("{text}{name}{at}\n"))
    };
    Project::with(&pipeline)
        .file("a.csv", lines("a", 3000))
        .file("b.csv", lines("b", 2000))
        .file("c.jsonl", rows(1500))
}

#[test]
fn each_step_has_the_items_of_its_own_sources() {
    for (first, second) in READ {
        let local = project(first, second, "");
        local.run(&["pipeline.yaml", "-q"]).ok();
        for needs in ["needs: [first], ", "", ""] {
            let sent = project(first, second, needs);
            sent.run(&[&["pipeline.yaml", "-q"], &ON[..], &set(&["workers=2"])].concat()).ok();
            for name in ["out/first.jsonl", "out/second.jsonl"] {
                assert!(
                    sent.read(name) == local.read(name),
                    "{name} of {first} and {second}, {needs:?}: {} lines instead of {}",
                    sent.read(name).lines().count(),
                    local.read(name).lines().count()
                );
            }
        }
    }
}
