//! These tests look at single files: the length of functions, lines that stand twice, and the words that a head begins
//! with.

use std::collections::HashMap;

use super::sources::{files, root, sources};

/// Lines of a function, from its name to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// So many equal lines in two places are one thing that was written twice.
const EQUAL_LINES: usize = 12;

/// A head that begins so names no subject.
const QUESTIONS: [&str; 9] = ["What", "How", "Where", "Whether", "Which", "Who", "When", "Why", "See"];

/// Lines of the functions of a formatted file, by name and first line.
fn functions(text: &str) -> Vec<(usize, usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some((before, after)) = code.split_once("fn ") else { continue };
        let is_head = before.split(' ').all(|word| {
            word.is_empty()
                || word.starts_with("pub")
                || word.starts_with('"')
                || word.ends_with(')')
                || ["in", "async", "const", "unsafe", "extern"].contains(&word)
        });
        let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !is_head || name.is_empty() {
            continue;
        }
        let close = format!("{}}}", &line[..line.len() - code.len()]);
        let last = lines[first..].iter().position(|line| *line == close);
        let end = lines[first..].iter().position(|line| line.ends_with(';') || line.ends_with('{'));
        // A head without a body ends with a semicolon.
        if end.is_some_and(|end| lines[first + end].ends_with('{')) {
            found.extend(last.map(|last| (last + 1, first + 1, name)));
        }
    }
    found
}

/// The lines of a file's code that are no comments and no tests, with their numbers.
fn production(text: &str) -> Vec<(usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let own = lines.take_while(|(_, line)| !line.starts_with("mod tests {"));
    own.filter(|(_, line)| !line.is_empty() && !line.starts_with("//")).collect()
}

fn is_test(path: &str) -> bool {
    path.contains("/tests")
}

#[test]
fn functions_are_read_at_one_glance() {
    let mut found = Vec::new();
    for (_, path, text) in sources() {
        for (lines, first, name) in functions(&text) {
            if lines > FUNCTION_LINES_MAX {
                found.push(format!("{}:{first}: `{name}` has {lines} lines", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "more than {FUNCTION_LINES_MAX} lines:\n{}", found.join("\n"));
}

#[test]
fn nothing_is_written_twice() {
    let sources = sources();
    let mut places: HashMap<Vec<&str>, Vec<String>> = HashMap::new();
    for (_, path, text) in &sources {
        let path = path.strip_prefix(root()).unwrap_or(path).display().to_string();
        if is_test(&path) {
            continue;
        }
        for window in production(text).windows(EQUAL_LINES) {
            let lines = window.iter().map(|(_, line)| *line).collect();
            places.entry(lines).or_default().push(format!("{path}:{}", window[0].0));
        }
    }
    let twice: Vec<_> = places.values().filter(|places| places.len() > 1).collect();
    assert!(twice.is_empty(), "{EQUAL_LINES} equal lines: {twice:?}");
}

#[test]
fn heads_are_sentences_with_a_subject() {
    let mut wrong = Vec::new();
    for path in ["src", "tests/it", "benches", "fuzz/fuzz_targets"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), "rs"))
    {
        let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
        let first = text.strip_prefix("//!").and_then(|rest| rest.split_whitespace().next());
        if first.is_none_or(|first| QUESTIONS.contains(&first)) {
            wrong.push(format!("{}: begins with `{}`", path.display(), first.unwrap_or("no head")));
        }
        if text.contains(concat!("/// Se", "e ")) {
            wrong.push(format!("{}: sends the reader elsewhere", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lengths_and_doubles_are_seen() {
    let text = "impl A {\n    pub(super) const fn one(\n        a: u8,\n    ) -> u8 {\n        a\n    }\n\n    fn none(&self);\n}\n";
    assert_eq!(functions(text), [(5, 2, "one".to_owned())]);
    assert_eq!(production("// a\nx();\n\nmod tests {\ny();\n"), [(2, "x();")]);
}
