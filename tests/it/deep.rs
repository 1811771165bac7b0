//! These tests nest deeper than a limit, or wait for what never comes: each is a finding or a failed item, in every
//! command and in the editor; nothing ends the process or holds it up.

use std::fmt::Write as _;

use crate::lsp::client::Client;
use crate::project::Project;

/// A pipeline with this expression in a string of its.
fn with_expression(lua: &str) -> String {
    format!("steps:\n  one: {{items: [1]}}\n  out:\n    from: one\n    write: \"${{{{ {lua} }}}}.jsonl\"\n")
}

fn nested(open: &str, close: &str, levels: usize) -> String {
    format!("{}1{}", open.repeat(levels), close.repeat(levels))
}

/// Pipelines one level beyond a limit, with what is said of it.
fn pipelines() -> Vec<(String, &'static str)> {
    let repeated = |function: &str, open: &str, close: &str, levels: usize| {
        with_expression(&format!("{function}('{open}'):rep({levels}) .. '1' .. ('{close}'):rep({levels}))"))
    };
    vec![
        (format!("steps: {}\n", nested("[", "]", 256)), "flowrun::yaml_limit"),
        (with_expression(&nested("(", ")", 1100)), "exceeded allowed recursion depth"),
        (
            format!("steps:\n  one: {{items: {{lua: \"return {}\"}}}}\n", nested("(", ")", 1100)),
            "exceeded allowed recursion depth",
        ),
        (
            format!("steps:\n  one: {{glob: \"{}\"}}\n", nested("{a,", "}", 17)),
            "more than 16 braces within each other",
        ),
        (repeated("json.decode(", "[", "]", 513), "nested deeper than 512 levels"),
        (repeated("yaml.decode(", "[", "]", 513), "recursion limit exceeded"),
        (repeated("toml.decode('a = ' .. ", "[", "]", 100), "recursion depth"),
        (repeated("re.compile(", "(", ")", 260), "nest"),
        (repeated("template.render('{{ ' .. ", "(", ")", 310), "levels"),
        (repeated("html.select('<a>x</a>', ", ":not(", ")", 17), "more than 16 brackets"),
    ]
}

#[test]
fn one_level_too_many_is_a_finding_of_every_command() {
    for (pipeline, said) in pipelines() {
        let project = Project::with(&pipeline);
        for command in ["check", "plan", "graph"] {
            let ran = project.run(&[command, "pipeline.yaml"]);
            let told = format!("{}{}", ran.stdout, ran.stderr);
            // What `graph` draws does not depend on the expressions.
            let expected = if command == "graph" && ran.code == 0 { "" } else { said };
            assert_eq!(ran.code, if expected.is_empty() { 0 } else { 65 }, "{command}: {told}");
            assert!(told.contains(expected), "{command}, {said}: {told}");
        }
    }
}

#[test]
fn one_level_too_many_is_a_finding_in_the_editor() {
    for (pipeline, said) in pipelines() {
        let mut client = Client::with(&pipeline);
        let findings = client.findings(1);
        assert!(findings.iter().any(|finding| finding.to_string().contains(said)), "{said}: {findings:?}");
        client.leave();
    }
}

#[test]
fn a_chain_of_modules_longer_than_a_stack_is_read_to_its_end() {
    let mut project = Project::with(
        "x-allow: [unread_failures]\nsteps:\n  one: {items: [1, 2]}\n  try:\n    from: one\n    map:\n      min_success_ratio: 0\n      \
         lua: |\n        if item == 1 then return require('m0') end\n        return item\n  out: {from: try, write: out.jsonl}\n",
    );
    for number in 0..4000 {
        let mut text = String::new();
        write!(text, "return require('m{}')", number + 1).expect("memory");
        project = project.file(&format!("m{number}.lua"), text);
    }
    project = project.file("m4000.lua", "return 'deep'");
    // One module within the other is more than Lua's own stack has; the item behind it runs.
    let summary = project.json(&[]);
    assert_eq!((summary.code, summary.counts("try")), (0, [1, 1, 0, 0]), "{}", summary.stderr);
    assert_eq!(project.read("out.jsonl"), "2\n");
}

#[test]
fn a_pipe_that_nobody_writes_to_holds_up_neither_check_nor_a_run() {
    let project = Project::with(
        "x-allow: [unread_failures]\nsteps:\n  one: {items: [1, 2]}\n  try:\n    from: one\n    map:\n      min_success_ratio: 0\n      \
         lua: |\n        if item == 1 then return require('pipe') end\n        return item\n  out: {from: try, write: out.jsonl}\n",
    )
    .file("named.yaml", "steps:\n  one: {items: [1]}\n  try: {from: one, map: {file: pipe.lua}}\n  out: {from: try, write: out.jsonl}\n");
    let made = std::process::Command::new("mkfifo").arg(project.path("pipe.lua")).status();
    assert!(made.is_ok_and(|made| made.success()));
    let summary = project.json(&[]);
    assert_eq!((summary.code, summary.counts("try")), (0, [1, 1, 0, 0]), "{}", summary.stderr);
    let ran = project.run(&["check", "named.yaml"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("it is no regular file"), "{}", ran.stderr);
}
