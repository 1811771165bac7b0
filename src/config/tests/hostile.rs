//! These tests read files that want to break the reader: each ends in a finding, within its limits, with places
//! inside of the file.

use std::path::Path;

use proptest::prelude::*;

use super::{EVERY_KEY, print, report};
use crate::config::{decode, load};

/// Loads bytes and looks at everything that may be out of range. Gives the codes.
fn codes(bytes: &[u8]) -> Vec<&'static str> {
    let loaded = load(bytes, "p.yaml", Path::new("p.yaml"));
    let text = loaded.file.text();
    for found in &loaded.diagnostics {
        for label in &found.labels {
            assert!(text.get(label.span.start..label.span.end).is_some(), "{:?} of {found:?}", label.span);
        }
    }
    if let Some(document) = &loaded.document {
        for field in document.lua_fields() {
            let Some(block) = document.block(&field.pointer) else { continue };
            for line in 0..3 {
                for column in [0, 1, 7, 1000] {
                    let span = document.lua_span(&field.pointer, block.line + line, column..column + 2);
                    assert!(text.get(span.start..span.end).is_some(), "{span:?} of {field:?}");
                }
            }
        }
        if loaded.is_valid() {
            decode(&document.value).expect("what passes the check is a pipeline");
        }
    }
    loaded.diagnostics.iter().map(|found| found.code).collect()
}

fn check(text: &str, code: &str) {
    let codes = codes(text.as_bytes());
    assert!(codes.contains(&code), "{codes:?}");
}

/// A number of lines, each made from its position.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).flat_map(|at| [line(at), "\n".to_owned()]).collect()
}

#[test]
fn nesting_stops_at_the_limit() {
    check(&"[".repeat(5000), "flowrun::yaml_limit");
    check(&"{a: ".repeat(5000), "flowrun::yaml_limit");
    check(&"- ".repeat(5000), "flowrun::yaml_limit");
    let maps = lines(2500, |depth| format!("{}a:", " ".repeat(depth)));
    check(&maps, "flowrun::yaml_limit");
    let aliases = lines(5000, |i| format!("a{0}: &a{0} [*a{i}]", i + 1));
    check(&format!("a0: &a0 []\n{aliases}"), "flowrun::yaml_limit");
}

#[test]
fn a_long_list_in_one_line_takes_time_by_its_length_not_by_its_square() {
    let begun = std::time::Instant::now();
    let list = vec!["1"; 60_000].join(", ");
    assert_eq!(codes(format!("steps: {{ d: {{ items: [{list}] }} }}\n").as_bytes()), Vec::<&str>::new());
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn alias_bombs_stop_at_the_limit() {
    let lists = lines(12, |i| format!("x{0}: &x{0} [{1}]", i + 1, vec![format!("*x{i}"); 10].join(", ")));
    check(&format!("x0: &x0 [lol]\n{lists}"), "flowrun::yaml_limit");
    let merges = lines(40, |i| format!("x{0}: &x{0} {{a{0}: 1, <<: [*x{i}, *x{i}]}}", i + 1));
    check(&format!("x0: &x0 {{a: 1}}\n{merges}"), "flowrun::yaml_limit");
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 100].join(", "));
    check(&long, "flowrun::yaml_limit");
    check("a: &a [*a]\n", "flowrun::yaml_alias");
}

#[test]
fn long_files_and_strange_bytes_end_in_a_finding() {
    check(&format!("name: {}", "x".repeat(50 << 20)), "flowrun::yaml_limit");
    check(&format!("name: \"{}", "x".repeat(4_000_000)), "flowrun::unclosed_quote");
    check(&"a: '".repeat(1_000_000), "flowrun::yaml_syntax");
    check(&"\t- a\n".repeat(800_000), "flowrun::yaml_tab");
    check(
        &format!("steps: {{a: {{items: [1], deadline: \"{}\"}}}}", "${{".repeat(1_300_000)),
        "flowrun::bad_duration",
    );
    check(&format!("steps: {{a: {{items: [{}]}}}}", "1,".repeat(1_000_000)), "flowrun::yaml_limit");
    check("name: a\0b\n", "flowrun::yaml_control");
    check("name: a\rb\n", "flowrun::yaml_control");
    assert_eq!(codes(b"name: \xff\n"), ["flowrun::not_utf8"]);
    assert_eq!(codes(b"\xff\xfea\0"), ["flowrun::not_utf8"]);
    assert_eq!(codes(b""), ["flowrun::empty_file"]);
    assert_eq!(codes(b"\xef\xbb\xbf# nothing\r\n"), ["flowrun::empty_file"]);
}

#[test]
fn a_file_full_of_mistakes_is_cut_short() {
    let steps = lines(500, |i| format!("  s{i}: {{items: [], bad: 1}}"));
    let report = report(&format!("steps:\n{steps}"));
    assert!(
        report.ends_with("too_many: the file has 400 more findings\n  help: fix these first\n"),
        "{report}"
    );
}

#[test]
fn a_byte_order_mark_and_crlf_change_nothing() {
    let text = EVERY_KEY.replace('\n', "\r\n");
    let loaded = load(format!("\u{feff}{text}").as_bytes(), "p.yaml", Path::new("p.yaml"));
    assert_eq!(print(&loaded.diagnostics), "");
    assert_eq!(loaded.document.expect("read").value, super::loaded(EVERY_KEY).document.expect("read").value);
}

#[test]
fn every_beginning_and_every_end_of_a_file_can_be_read() {
    let boundaries = || (0..EVERY_KEY.len()).filter(|at| EVERY_KEY.is_char_boundary(*at)).step_by(3);
    for at in boundaries() {
        codes(&EVERY_KEY.as_bytes()[..at]);
        codes(&EVERY_KEY.as_bytes()[at..]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_damaged_file_ends_in_findings(
        edits in prop::collection::vec((0usize..4000, 0usize..6, "[\t\n\r \"'\\[\\]{}:#&*!|>%@`,?é<-]{0,3}"), 1..6)
    ) {
        let mut text = EVERY_KEY.to_owned();
        for (at, length, with) in edits {
            let boundary = |mut at: usize| { while !text.is_char_boundary(at) { at -= 1; } at };
            let (start, end) = (boundary(at.min(text.len())), boundary((at + length).min(text.len())));
            text.replace_range(start..end, &with);
        }
        codes(text.as_bytes());
    }

    #[test]
    fn every_text_ends_in_findings(text in "[a-c \n\t\"'\\[\\]{}:#&*!|>%@`,?~0-9é<\\\\-]{0,60}") {
        codes(text.as_bytes());
    }
}
