//! These tests write the same findings in every format.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::source::{SourceFile, Span};

const TEXT: TextOptions = TextOptions { width: 80, color: false, form: TextForm::Unicode };

fn rendered(format: Format, found: &[Diagnostic]) -> String {
    let mut out = Vec::new();
    write(&mut out, format, found).expect("memory takes everything");
    String::from_utf8(out).expect("every format is UTF-8")
}

/// Labels `needles` in `text`, in this order, and compares what is written.
fn check(format: Format, text: &str, needles: &[(&str, &str)], expect: &Expect) {
    expect.assert_eq(&rendered(format, &[finding("pipeline.yaml", text, needles)]));
}

fn finding(name: &str, text: &str, needles: &[(&str, &str)]) -> Diagnostic {
    let file = SourceFile::new(name, name, text.to_owned());
    let mut found = Diagnostic::error("flowrun::unknown_key", &file, "unknown key `retrys`");
    for (needle, label) in needles {
        let start = text.find(needle).expect("the test's needle is there");
        found = found.label(Span::new(start, start + needle.len()), *label);
    }
    found.help("keys that may stand here: `retries`")
}

#[test]
fn text_counts_the_header_column_in_characters() {
    check(
        Format::Text(TEXT),
        "steps:\n  日本: { retrys: 3 }\n  x: 1\n",
        &[("retrys", "did you mean `retries`?")],
        &expect![[r#"
            flowrun::unknown_key

              × unknown key `retrys`
               ╭─[pipeline.yaml:2:9]
             1 │ steps:
             2 │   日本: { retrys: 3 }
               ·           ───┬──
               ·              ╰── did you mean `retries`?
             3 │   x: 1
               ╰────
              help: keys that may stand here: `retries`
        "#]],
    );
}

#[test]
fn text_shows_far_labels_apart_and_names_the_place_of_each() {
    check(
        Format::Text(TEXT),
        "first: 1\n\n\n\n\n\nsecond: 2\nthird: 3",
        &[("second", "again here"), ("first", "first here")],
        &expect![[r#"
            flowrun::unknown_key

              × unknown key `retrys`
               ╭─[pipeline.yaml:1:1]
             1 │ first: 1
               · ──┬──
               ·   ╰── first here
             2 │ 
               ╰────
               ╭─[pipeline.yaml:7:1]
             6 │ 
             7 │ second: 2
               · ───┬──
               ·    ╰── again here
             8 │ third: 3
               ╰────
              help: keys that may stand here: `retries`
        "#]],
    );
}

#[test]
fn text_cuts_long_lines_and_pictures_control_characters() {
    let text = format!("{}: \u{1b}[31m retrys {}", "a".repeat(300), "b".repeat(300));
    check(
        Format::Text(TextOptions { form: TextForm::Ascii, width: 60, ..TEXT }),
        &text,
        &[("retrys", "")],
        &expect![[r#"
            flowrun::unknown_key

              x unknown key `retrys`
               ,-[pipeline.yaml:1:309]
             1 | …aaaaaaaa: ␛[31m retrys bbbbbbbbbbbbbbbbbbbbbbb…
               :                  ^^^^^^
               `----
              help: keys that may stand here: `retries`
        "#]],
    );
}

#[test]
fn text_is_coloured_only_when_told_to() {
    let found = [finding("pipeline.yaml", "retrys", &[("retrys", "")])];
    let colored = rendered(Format::Text(TextOptions { color: true, ..TEXT }), &found);
    assert!(colored.contains("\u{1b}[31m"), "{colored:?}");
    assert!(!rendered(Format::Text(TEXT), &found).contains('\u{1b}'));
}

#[test]
fn text_names_the_file_of_a_finding_without_a_place() {
    check(
        Format::Text(TEXT),
        "",
        &[],
        &expect![[r#"
            flowrun::unknown_key

              × pipeline.yaml: unknown key `retrys`
              help: keys that may stand here: `retries`
        "#]],
    );
}

#[test]
fn narrated_text_has_no_drawing() {
    check(
        Format::Text(TextOptions { form: TextForm::Narrated, ..TEXT }),
        "steps:\n  日本: { retrys: 3 }\n",
        &[("retrys", "did you mean `retries`?"), ("steps", "in here")],
        &expect![[r#"
            error: unknown key `retrys`
                in file pipeline.yaml, line 2, column 9
                line 2 reads: 日本: { retrys: 3 }
                label at line 2, columns 9 to 14: did you mean `retries`?
                line 1 reads: steps:
                label at line 1, columns 1 to 5: in here
                help: keys that may stand here: `retries`
                code: flowrun::unknown_key
        "#]],
    );
}

#[test]
fn json_has_the_keys_of_the_contract() {
    check(
        Format::Json,
        "é: { retrys: 3 }\n",
        &[("retrys", "here")],
        &expect![[r#"
            {
              "diagnostics": [
                {
                  "code": "flowrun::unknown_key",
                  "severity": "error",
                  "message": "unknown key `retrys`",
                  "help": "keys that may stand here: `retries`",
                  "file": "pipeline.yaml",
                  "line": 1,
                  "column": 6,
                  "end_line": 1,
                  "end_column": 12,
                  "labels": [
                    {
                      "message": "here",
                      "line": 1,
                      "column": 6,
                      "end_line": 1,
                      "end_column": 12
                    }
                  ]
                }
              ]
            }
        "#]],
    );
    expect![[r#"
        {
          "diagnostics": []
        }
    "#]]
    .assert_eq(&rendered(Format::Json, &[]));
}

#[test]
fn sarif_is_a_log_with_one_run() {
    let found = finding("my data/é.yaml", "a: { retrys: 3 }\n", &[("retrys", "here")]);
    expect![[r#"
        {
          "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
          "version": "2.1.0",
          "runs": [
            {
              "tool": {
                "driver": {
                  "name": "flowrun",
                  "version": "0.1.0",
                  "rules": [
                    {
                      "id": "flowrun::unknown_key"
                    }
                  ]
                }
              },
              "columnKind": "unicodeCodePoints",
              "results": [
                {
                  "ruleId": "flowrun::unknown_key",
                  "ruleIndex": 0,
                  "level": "error",
                  "message": {
                    "text": "unknown key `retrys`\nhelp: keys that may stand here: `retries`"
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "my%20data/%C3%A9.yaml"
                        },
                        "region": {
                          "startLine": 1,
                          "startColumn": 6,
                          "endLine": 1,
                          "endColumn": 12
                        }
                      }
                    }
                  ],
                  "relatedLocations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "my%20data/%C3%A9.yaml"
                        },
                        "region": {
                          "startLine": 1,
                          "startColumn": 6,
                          "endLine": 1,
                          "endColumn": 12
                        }
                      },
                      "id": 0,
                      "message": {
                        "text": "here"
                      }
                    }
                  ]
                }
              ]
            }
          ]
        }
    "#]]
    .assert_eq(&rendered(Format::Sarif, &[found]));
}

#[test]
fn github_commands_escape_what_would_end_them() {
    let mut found = finding("a,b:c%.yaml", "a: { retrys: 3 }\n", &[("retrys", "100 %, sure")]);
    found.message = "two\r\nlines".to_owned();
    expect![[r#"
        ::error file=a%2Cb%3Ac%25.yaml,line=1,col=6,endLine=1,endColumn=12,title=flowrun%3A%3Aunknown_key::two%0D%0Alines: 100 %25, sure%0Ahelp: keys that may stand here: `retries`
    "#]]
    .assert_eq(&rendered(Format::Github, &[found]));
}

#[test]
fn findings_of_all_files_come_sorted_by_file_and_position() {
    let text = "a b c";
    let found = [
        finding("y.yaml", text, &[("b", "")]),
        finding("x.yaml", text, &[("c", "")]),
        finding("x.yaml", text, &[("a", "")]),
    ];
    let lines = rendered(Format::Github, &found);
    let places: Vec<&str> = lines.lines().filter_map(|line| line.split(",endLine").next()).collect();
    assert_eq!(
        places,
        [
            "::error file=x.yaml,line=1,col=1",
            "::error file=x.yaml,line=1,col=5",
            "::error file=y.yaml,line=1,col=3"
        ]
    );
    assert_eq!(summary(&found).as_deref(), Some("3 errors"));
    assert_eq!(summary(&[]), None);
}

proptest! {
    #[test]
    fn for_every_text_and_place_every_format_holds(
        text in "(\\PC|[\\x00-\\x1f\r\n\t]|é|日|\u{202e}){0,80}",
        message in "(\\PC|[\\x00-\\x1f\u{80}-\u{9f}]){0,20}",
        places in proptest::collection::vec((0usize..400, 0usize..60), 0..4),
        width in 0usize..90,
    ) {
        let file = SourceFile::new("x\u{1b}.yaml", "x", text);
        let mut found = Diagnostic::warning("flowrun::x", &file, message.clone()).help(message.clone());
        for (start, len) in places {
            found = found.label(Span::new(start, start + len), message.clone());
        }
        let found = [found];
        for form in [TextForm::Unicode, TextForm::Ascii, TextForm::Narrated] {
            let text = rendered(Format::Text(TextOptions { width, color: false, form }), &found);
            prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
        }
        let json: serde_json::Value = serde_json::from_str(&rendered(Format::Json, &found))?;
        prop_assert_eq!(json["diagnostics"][0]["message"].as_str(), Some(message.as_str()));
        let sarif: serde_json::Value = serde_json::from_str(&rendered(Format::Sarif, &found))?;
        prop_assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(1));
        prop_assert_eq!(rendered(Format::Github, &found).lines().count(), 1);
    }
}
