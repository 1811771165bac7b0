//! The time of a check grows with the length of a file, whatever stands in it: four times the text takes about four times
//! as long. Where it grew with the square, it would take sixteen times as long.

use super::*;

/// What the longer text may take of the shorter one's time: between the four of what is linear and the sixteen of what is not.
const RATIO_MAX: f64 = 8.0;

/// Processor time of this thread; other tests that run meanwhile do not count.
fn processor_ns() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

/// The least time that a check takes, of a few.
fn check_ns(text: &str) -> f64 {
    let inputs = Inputs { check_only: true, ..Inputs::default() };
    let once = || {
        let start = processor_ns();
        assert!(load_text(text, &inputs).diagnostics.len() <= FINDINGS_MAX + 1);
        processor_ns() - start
    };
    once().min(once()).min(once())
}

#[track_caller]
fn check_ratio(what: &str, size: usize, text: impl Fn(usize) -> String) {
    let ratio = check_ns(&text(4 * size)) / check_ns(&text(size)).max(1.0);
    assert!(ratio < RATIO_MAX, "{what}: four times the text takes {ratio:.1} times as long");
}

/// As many pieces, one behind the other.
fn repeated(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |all, at| all + &piece(at))
}

fn map(block: &str) -> String {
    format!(
        "steps:\n  a: {{items: [1]}}\n  b:\n    from: a\n    map: {block}\n  w: {{from: b, write: o.jsonl}}\n"
    )
}

fn lines(line: impl Fn(usize) -> String) -> impl Fn(usize) -> String {
    move |count| {
        let lines = repeated(count, |at| format!("      {}\n", line(at)));
        map(&format!("|\n      local x = {{}}\n{lines}      return x"))
    }
}

#[test]
fn a_check_is_linear_in_the_lines_of_a_block() {
    check_ratio("names", 1500, lines(|_| "x.a = item".to_owned()));
    check_ratio("globals", 1500, lines(|at| format!("x.a = g{at}")));
    check_ratio("params", 1500, lines(|at| format!("x.a = params.p{at}")));
    check_ratio("paths", 1500, lines(|at| format!("fs.read('/etc/{at}')")));
    check_ratio("an error", 1500, |count| {
        lines(|_| "x.a = item".to_owned())(count).replace("return x", "x = = 1")
    });
}

#[test]
fn a_check_is_linear_in_the_length_of_a_line() {
    let list =
        |end: &'static str| move |count: usize| format!("return {{{}{end}}}", "item.a, ".repeat(count));
    check_ratio("one line", 1500, |count| map(&format!("|\n      {}", list("")(count))));
    check_ratio("an error at its end", 1500, |count| map(&format!("|\n      {}", list("= 1")(count))));
    check_ratio("in quotes", 1500, |count| map(&format!("\"{}\"", list("= 1")(count))));
    let calls = |count| repeated(count, |at| format!("      fs.read('/x/{at}');\n"));
    check_ratio("folded", 1500, |count| map(&format!(">\n{}", calls(count))));
    check_ratio("blanks", 20_000, |count| map(&format!("\"{}http.get(item)\"", " ".repeat(count))));
}

#[test]
fn a_check_is_linear_in_steps_and_expressions() {
    let steps = |step: fn(usize) -> String| {
        move |count: usize| format!("steps:\n  a: {{items: [1]}}\n{}", repeated(count, step))
    };
    check_ratio("steps", 250, steps(|at| format!("  s{at}: {{from: {}, map: return item}}\n", before(at))));
    check_ratio("unknown steps", 250, steps(|at| format!("  s{at}: {{from: q{at}, map: return item}}\n")));
    check_ratio(
        "results",
        400,
        steps(|at| format!("  s{at}: {{from: {}, when: steps.s0 == 1, map: item}}\n", before(at))),
    );
    let unclosed = |count: usize| format!("steps:\n  a:\n    read: \"{}\"\n", "${{ { }} ".repeat(count));
    check_ratio("unclosed braces", 300, unclosed);
    let anchors = |count| repeated(count, |at| format!("  - &a{at} 1\n  - *b{at}\n"));
    check_ratio("unknown aliases", 1500, |count| {
        format!("x-list:\n{}steps: {{a: {{items: [1]}}}}\n", anchors(count))
    });
}

fn before(at: usize) -> String {
    at.checked_sub(1).map_or("a".to_owned(), |at| format!("s{at}"))
}
