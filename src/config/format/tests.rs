//! These tests check what the formatter moves, and what it does not; and for every pipeline, that it means the same
//! and is stable.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::config::tests::EVERY_KEY;

fn formatted(text: &str) -> String {
    format(text.as_bytes(), "p.yaml", Path::new("p.yaml")).expect("it is sound YAML")
}

/// Formats, and holds every formatted text to what all of them must keep.
#[track_caller]
fn proved(text: &str) -> String {
    let once = formatted(text);
    let value = |text: &str| {
        load(text.as_bytes(), "p.yaml", Path::new("p.yaml")).document.map(|document| document.value)
    };
    assert_eq!(value(text), value(&once), "it means the same:\n{text}\n---\n{once}");
    assert_eq!(formatted(&once), once, "formatting again changes nothing:\n{text}");
    let lines = |text: &str| {
        let mut lines: Vec<String> =
            text.lines().map(|line| line.trim_start_matches([' ', '-']).to_owned()).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(lines(text), lines(&once), "no line is lost or made up");
    once
}

#[track_caller]
fn check(text: &str, expect: &Expect) {
    expect.assert_eq(&proved(text));
}

#[test]
fn entries_move_with_their_comments_and_blank_lines_stay() {
    check(
        "\
# yaml-language-server: $schema=x.json
# About the file.

steps:
  # the first
  docs:
    read: x.jsonl

  clean:
    map:
      lua: |
        # no comment of YAML
        return item

        -- the end
      # at the end of lua
      concurrency: 8 # eight
      # about retries
      # and more
      retries:
        # waits
        delay: 2s
        max: 3
      # left over
    # about from
    from: docs
name: p # its name
version: 1
# the end
",
        &expect![[r"
            # yaml-language-server: $schema=x.json
            # About the file.

            version: 1
            name: p # its name
            steps:
              # the first
              docs:
                read: x.jsonl

              clean:
                # about from
                from: docs
                map:
                  # at the end of lua
                  concurrency: 8 # eight
                  # about retries
                  # and more
                  retries:
                    max: 3
                    # waits
                    delay: 2s
                  # left over
                  lua: |
                    # no comment of YAML
                    return item

                    -- the end
            # the end
        "]],
    );
}

#[test]
fn lists_of_maps_keep_their_dashes_and_aliases_stay_below_their_anchors() {
    check(
        "\
tests:
- item: &one { id: 1 }
  # what it is
  step: clean
  name: a
- expect: 1
  name: b
  step: clean
  item: *one
x-allow: [unused_step]
x-common: &common
  timeout: 1s
  concurrency: 2
steps:
  clean:
    map:
      lua: return 1
      <<: *common
    from: docs
  docs: { format: json, read: x }
",
        &expect![[r"
            tests:
            - name: a
              # what it is
              step: clean
              item: &one { id: 1 }
            - name: b
              step: clean
              item: *one
              expect: 1
            x-allow: [unused_step]
            x-common: &common
              timeout: 1s
              concurrency: 2
            steps:
              clean:
                from: docs
                map:
                  <<: *common
                  lua: return 1
              docs: { format: json, read: x }
        "]],
    );
}

#[test]
fn what_cannot_be_moved_safely_stays() {
    for text in [
        // The alias would come before its anchor.
        "steps:\n  a:\n    map: &f return item\n    description: *f\n    from: b\n",
        "{ steps: { a: { map: x, from: b } }, name: x }\n",
        "steps:\n  a: { map: x, from: b }\n",
        "steps:\n  ? a\n  : map: x\n",
    ] {
        assert_eq!(proved(text), text);
    }
    assert_eq!(formatted("steps: {}"), "steps: {}\n");
    assert_eq!(formatted("\u{feff}steps: {}\r\nname: a\r\n"), "\u{feff}name: a\r\nsteps: {}\r\n");
}

/// The values of a text, and of what the formatter makes of it.
#[track_caller]
fn same_values(text: &str) {
    let Ok(once) = format(text.as_bytes(), "p.yaml", Path::new("p.yaml")) else { return };
    let value = |text: &str| {
        let loaded = load(text.as_bytes(), "p.yaml", Path::new("p.yaml"));
        loaded.document.filter(|_| !loaded.mended).map(|document| document.value)
    };
    assert_eq!(value(text), value(&once), "it means the same:\n{text:?}\n{once:?}");
    assert_eq!(formatted(&once), once, "formatting again changes nothing:\n{text:?}");
}

#[test]
fn a_text_that_ends_with_the_file_keeps_its_end() {
    for (end, expect) in [
        ("|\n  x", "|\n  x"),
        ("|+ # why\n  x\n\n   ", "|+ # why\n  x\n\n   "),
        (">2+\n    x", ">2+\n    x"),
        ("|+", "|+"),
        ("|\n  x\n# c", "|\n  x\n# c\n"),
        ("a\n  b", "a\n  b\n"),
    ] {
        for (feed, mark) in [("\n", ""), ("\r\n", "\u{feff}")] {
            let whole = |end: &str| format!("{mark}steps: {{}}\nx-text: {end}").replace('\n', feed);
            same_values(&whole(end));
            assert_eq!(formatted(&whole(end)), whole(expect));
        }
    }
    let text = "version: 1\nsteps: {}\ndescription: |\n  x";
    assert_eq!(formatted(text), text, "it cannot be moved from there");
}

#[test]
fn broken_yaml_is_refused_and_invalid_pipelines_are_not() {
    for text in ["a: [1", "a: 1\na: 2\n", "a: *b", "", "---\na: 1\n---\nb: 1\n"] {
        assert!(format(text.as_bytes(), "p", Path::new("p")).is_err(), "{text}");
    }
    assert_eq!(proved("stesp: 1\nname: x\n"), "stesp: 1\nname: x\n");
}

#[test]
fn every_file_of_the_project_means_the_same_afterwards() {
    proved(EVERY_KEY);
    for folder in ["examples", "tests", "src"] {
        let walk = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).into_iter();
        // What tests install is not of this project.
        for entry in walk.filter_entry(|entry| entry.file_name() != "node_modules") {
            let path = entry.expect("the folder can be listed").into_path();
            let is_yaml = crate::config::is_yaml(&path);
            let Some(text) = std::fs::read_to_string(&path).ok().filter(|_| is_yaml) else { continue };
            if format(text.as_bytes(), "p", &path).is_ok() {
                let once = proved(&text);
                // What is shown to people is written as the formatter writes it.
                let is_shown = folder == "examples" || path.ends_with("init/pipeline.yaml");
                assert!(!is_shown || once == text, "{} is not formatted", path.display());
            }
        }
    }
}

/// Entries of a step in any order, with comments and blank lines in between.
fn step() -> impl Strategy<Value = String> {
    let entry = prop_oneof![
        Just("description: what it is\n".to_owned()),
        Just("from: docs\n".to_owned()),
        Just("needs: [docs,\n      other]\n".to_owned()),
        Just("when: >-\n      a\n      b\n\n      # c\n".to_owned()),
        Just("deadline: \"5m\" # five\n".to_owned()),
        Just("x-own: 'a\n\n      b'\n".to_owned()),
        policy().prop_map(|policy| format!("map:\n{policy}")),
        Just("map: |\n      return item # 1\n\n".to_owned()),
        Just(
            "write:\n      format: csv\n      path: x.csv\n      columns:\n      - a\n      - b\n".to_owned()
        ),
    ];
    let noise = prop_oneof![
        3 => Just(String::new()),
        1 => Just("\n".to_owned()),
        1 => Just("    # a comment\n".to_owned()),
        1 => Just("\n    # one\n\n    # two\n".to_owned()),
        1 => Just("      # deeper\n".to_owned()),
        1 => Just("  # less deep\n".to_owned()),
    ];
    distinct(prop::collection::vec((noise, entry), 1..7), "    ")
}

fn policy() -> impl Strategy<Value = String> {
    let entry = prop_oneof![
        Just("lua: |2\n          return item\n        # x\n".to_owned()),
        Just("concurrency: 8\n".to_owned()),
        Just("retries:\n        max: 1\n        # between\n        delay: 1s\n".to_owned()),
        Just("retries: { delay: 1s, max: 2 }\n".to_owned()),
        Just("setup: local a = 1\n".to_owned()),
        Just("timeout: 1s\n".to_owned()),
        Just("unknown:\n".to_owned()),
    ];
    let noise = prop_oneof![3 => Just(String::new()), 1 => Just("\n".to_owned()), 1 => Just("      # c\n".to_owned())];
    distinct(prop::collection::vec((noise, entry), 1..6), "      ")
}

/// Each key once.
fn distinct(
    entries: impl Strategy<Value = Vec<(String, String)>>,
    indent: &'static str,
) -> impl Strategy<Value = String> {
    entries.prop_map(move |entries| {
        let mut seen = HashSet::new();
        let mut text = String::new();
        for (noise, entry) in entries {
            let key = entry.split(':').next().unwrap_or_default().to_owned();
            if seen.insert(key) {
                text.push_str(&noise);
                text.push_str(indent);
                text.push_str(&entry);
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn for_every_pipeline_the_meaning_stays(steps in prop::collection::vec(step(), 1..4), name in any::<bool>()) {
        let mut text = String::from("# top\nsteps:\n");
        for (at, step) in steps.iter().enumerate() {
            let _ = write!(text, "  s{at}:\n{step}");
        }
        if name {
            text.push_str("\n# about the name\nname: a\nx-a: &a 1\nversion: *a\n");
        }
        if format(text.as_bytes(), "p", Path::new("p")).is_ok() {
            proved(&text);
        }
    }
}

/// A value in any notation, for a map whose keys are indented by two spaces.
fn scalar() -> impl Strategy<Value = String> {
    let block =
        ("[|>]", "[1-3]?", "[-+]?", " {0,2}(# c \\||#)?", "( {0,5}(a|b: c|- d|# e|\t)?\n){0,5}", " {0,5}a?");
    let block = block.prop_map(|(style, indent, chomp, comment, lines, last)| {
        format!("{style}{indent}{chomp}{comment}\n    {lines}{last}\n")
    });
    prop_oneof![
        5 => block,
        1 => "(&a )?(!!str )?(a|1|1.0|~|true|a # b|\\[a, 'b'\\]|\\{a: 1\\}|\\*a)\n",
        1 => "(a|\"a|'a)\n( {0,4}(b|# c|''|\\\\t)?\n){0,3}    (c|c\"|c')\n",
        1 => "\n    b: 1\n    a: \\|\\+\n      x\n\n",
        1 => "\n  - a\n  -   \\|\n   b\n",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn for_every_text_the_values_stay(
        keys in prop::collection::vec((0..6usize, scalar(), "(\n|  # c\n|# c\n|\t\n){0,2}"), 1..5),
        (start, end) in ("(\u{feff})?(%YAML 1.2\n--- # d\n|---\n)?", "(\\.\\.\\.|---|\\.\\.\\.\n| )?"),
        (cut, returns) in (0..4usize, any::<bool>()),
    ) {
        const KEYS: [&str; 6] = ["name", "from", "x-own", "map", "description", "needs"];
        let mut text = format!("{start}steps:\n  s:\n");
        for (key, value, noise) in keys {
            let _ = write!(text, "    {}: {value}{noise}", KEYS[key]);
        }
        text.push_str(&end);
        text.truncate(text.trim_end_matches('\n').len().max(text.len().saturating_sub(cut)));
        let text = if returns { text.replace('\n', "\r\n") } else { text };
        same_values(&text);
        // The same on the first level, where the formatter moves other keys.
        same_values(&text.replace("steps:\n  s:\n", "").replace("\n    ", "\n"));
    }
}
