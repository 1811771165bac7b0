//! These tests compare what README.md and the book say with the program, where a table of the program has the truth.

use flowrun::data::Format;
use flowrun::lua::{Function, MODULES, functions};
use flowrun::value::Choice as _;

use crate::book::marked;
use crate::project::Project;

const README: &str = include_str!("../../README.md");
const STEPS: &str = include_str!("../../docs/reference/steps.md");
const READING: &str = include_str!("../../docs/reference/reading.md");
const WRITING: &str = include_str!("../../docs/reference/writing.md");
const POLICY: &str = include_str!("../../docs/reference/policy.md");
const COMMANDS: &str = include_str!("../../docs/reference/command-line.md");
const EXIT_CODES: &str = include_str!("../../docs/reference/exit-codes.md");
const SCHEMA: &str = include_str!("../../schemas/pipeline.schema.json");

#[test]
fn the_readme_is_a_door() {
    assert!(README.lines().count() <= 180, "{} lines", README.lines().count());
}

#[test]
fn the_pages_on_files_name_every_format() {
    let names: Vec<&str> = Format::all().map(Format::name).collect();
    let extensions: Vec<String> =
        Format::all().flat_map(Format::extensions).map(|extension| format!(".{extension}")).collect();
    let (names, extensions) = (format!("`{}`", names.join(" ")), format!("`{}`", extensions.join(" ")));
    assert_eq!(STEPS.matches(&names).count(), 2, "`read` and `write` list {names}");
    assert!(WRITING.contains(&names), "writing lists {names}");
    assert!(READING.contains(&extensions), "reading lists {extensions}");
}

#[test]
fn the_test_command_is_the_one_of_the_checks() {
    let checks = include_str!("../../.ci/run");
    assert_eq!(marked("the_test_command_is_the_one_of_the_checks"), ["cargo test\n"]);
    assert!(checks.contains("\ncargo test --locked\n"));
}

#[test]
fn the_pages_on_steps_and_policy_have_every_key() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let keys = |place: &serde_json::Value| -> Vec<String> {
        place["properties"].as_object().expect("keys").keys().cloned().collect()
    };
    let step = &schema["properties"]["steps"]["additionalProperties"];
    for key in keys(step) {
        assert!(STEPS.contains(&format!("| `{key}` |")), "steps.md: `{key}`");
    }
    for key in keys(&step["properties"]["map"]) {
        let is_there = POLICY.lines().any(|line| {
            line.starts_with("| `") && line[..line.find(" | ").unwrap_or(0)].contains(&format!("`{key}`"))
        });
        assert!(is_there, "policy.md: `{key}`");
    }
    for (verb, page) in [("read", READING), ("write", WRITING)] {
        for key in keys(&step["properties"][verb]) {
            assert!(
                page.contains(&format!("`{key}")) || page.contains(&format!(" {key}")),
                "{verb}: `{key}`"
            );
        }
    }
}

#[test]
fn the_page_on_the_command_line_has_every_command() {
    let help = Project::new().run(&["--help"]).ok().stdout;
    let (_, commands) = help.split_once("Commands:\n").expect("commands");
    let (commands, _) = commands.split_once("\n\n").expect("and more behind");
    let names = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<&str> = names.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        let is_shown = [" -h\n", " --help\n", " stats -h\n"]
            .iter()
            .any(|end| COMMANDS.contains(&format!("$ flowrun {name}{end}")));
        assert!(is_shown, "`flowrun {name}` is not shown");
    }
}

#[test]
fn the_page_on_exit_codes_has_those_of_the_help() {
    let help = Project::new().run(&["run", "--help"]).ok().stdout;
    let (_, codes) = help.split_once("Exit codes:\n").expect("exit codes");
    for line in codes.lines().filter(|line| !line.is_empty()) {
        let code = line.split_whitespace().next().expect("a number");
        assert!(EXIT_CODES.contains(&format!("| **{code}** |")), "{code}");
    }
}

#[test]
fn the_lua_names_of_the_book_are_those_that_functions_see() {
    let modules: Vec<String> = MODULES.iter().map(|(name, _)| format!("{name} = {name}")).collect();
    let names = format!(
        "local names = {{}} \
         local function add(prefix, all) for name, value in all do \
           if type(value) == 'table' then add(prefix .. name .. '.', value) \
           else table.insert(names, prefix .. name) end end end \
         add('', {{ {} }}) table.sort(names) return names",
        modules.join(", ")
    );
    let project = Project::with(&format!(
        "steps:\n  one:\n    items: [1]\n  names:\n    from: one\n    flat_map: |\n      {names}\n  save:\n    from: names\n    \
         write: names.txt\n"
    ));
    project.run(&["pipeline.yaml"]).ok();
    let is_in_module = |function: &&Function| {
        MODULES.iter().any(|(name, _)| function.module.split('.').next() == Some(name))
    };
    let mut documented: Vec<String> = functions().iter().filter(is_in_module).map(Function::shown).collect();
    documented.sort_unstable();
    assert_eq!(documented, project.read("names.txt").lines().collect::<Vec<_>>());
}
