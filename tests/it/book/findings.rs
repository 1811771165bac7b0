//! The page of findings, made from what `flowrun explain` says of each.

use std::fmt::Write as _;

use crate::project::Project;

const HEAD: &str = "# Findings\n\n\
    Every finding about a pipeline file has a code. `flowrun explain CODE` says the same as this page; \
    `x-allow: [CODE]` at the top of a pipeline accepts a [warning](warnings.md). The examples are those of the tests, with what \
    `flowrun check` answers.\n\n\
    This page is made by the binary.\n\n| code | what it is about |\n|---|---|\n";

/// The whole page.
pub(super) fn page() -> String {
    let project = Project::new();
    let list = project.run(&["explain"]).ok().stdout;
    let codes: Vec<(&str, &str)> =
        list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(' ')).collect();
    let mut text = HEAD.to_owned();
    for (code, meaning) in &codes {
        let meaning = meaning.trim().replace('|', "\\|");
        let _ = writeln!(text, "| [`{code}`](#{code}) | {meaning} |");
    }
    for (code, _) in &codes {
        let said = project.run(&["explain", code]).ok().stdout;
        text.extend(["\n## `", code, "`\n\n", &body(&said)]);
    }
    text
}

/// What is said behind the first line, with its indented texts as blocks.
fn body(said: &str) -> String {
    let (_, rest) = said.split_once("\n\n").expect("a first line");
    let (about, rest) = rest.split_once("\n\nExample\n\n").expect("an example");
    let (file, rest) = rest.split_once("\nwhich `flowrun check` answers with\n\n").expect("an answer");
    let (answer, fix) = rest.split_once("\nWhat to do\n\n").expect("a way out");
    let block = |text: &str| -> String {
        let lines =
            text.trim_end().lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line)));
        format!("````text\n{}````\n", lines.collect::<String>())
    };
    let mut fix = fix.trim_end().to_owned();
    let upper = fix.get(..1).map(str::to_uppercase).unwrap_or_default();
    fix.replace_range(..upper.len(), &upper);
    format!("{about}\n\n{}\n`flowrun check` says:\n\n{}\n{fix}\n", block(file), block(answer))
}
