//! These tests run what the README shows.

use std::io::Write as _;

use flowrun::data::Format;
use flowrun::lua::{Function, MODULES, Meaning, NAMED, functions};
use flowrun::value::Choice as _;
use flowrun::{config, plan};

use crate::project::{Project, untimed};

const README: &str = include_str!("../../README.md");

/// The fenced blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or("")).collect()
}

/// Ids of runs as `RUN`: no two are the same.
fn without_ids(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let before = words.last().map_or("", |word: &String| word.trim());
        let is_id = ["show", "resume"].contains(&before) && word.trim().len() == 6;
        words.push(if is_id { word.replace(word.trim(), "RUN") } else { word.to_owned() });
    }
    words.concat()
}

/// Times and rates as `#`, because they differ from run to run; the spaces before them go with them.
fn without_times(text: &str) -> String {
    let line = |line: &str| -> String {
        let line = untimed(line);
        let mut words: Vec<&str> = line.split("  ").filter(|word| !word.is_empty()).collect();
        let is_time = |word: &str| {
            let word = word.trim();
            let number = word.strip_suffix("/s").or_else(|| word.strip_suffix('s')).unwrap_or("");
            !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.')
        };
        words.retain(|word| !is_time(word));
        words.join("  ").trim_end().to_owned()
    };
    without_ids(text).trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_prints_what_the_readme_says() {
    let project = Project::with(blocks("yaml")[1]);
    let ran = project.run(&["pipeline.yaml"]).ok();
    assert_eq!(without_times(&ran.stderr), without_times(blocks("text")[0]));
    for line in project.read("out/gross.jsonl").lines() {
        assert!(README.contains(&format!("`{line}`")), "{line}");
    }
}

#[test]
fn every_pipeline_in_the_readme_is_valid() {
    for pipeline in blocks("yaml").into_iter().filter(|block| block.contains("steps:")) {
        let project = Project::with(pipeline);
        let ran = project.run(&["check", "pipeline.yaml", "--deny-warnings"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
}

#[test]
fn the_readme_names_every_format() {
    let names: Vec<&str> = Format::all().map(Format::name).collect();
    let extensions: Vec<String> =
        Format::all().flat_map(Format::extensions).map(|extension| format!(".{extension}")).collect();
    let (names, extensions) = (format!("`{}`", names.join(" ")), format!("`{}`", extensions.join(" ")));
    assert_eq!(README.matches(&names).count(), 2, "`read` and `write` list {names}");
    assert!(README.contains(&extensions), "reading lists {extensions}");
}

#[test]
fn the_test_command_is_the_one_of_the_checks() {
    let checks = include_str!("../../.ci/run");
    assert!(README.contains("cargo test") && checks.contains("cargo test"));
}

/// A section, from its heading to the next one.
fn section(readme: &str, heading: &str) -> (usize, usize) {
    let start = readme.find(&format!("\n## {heading}\n")).expect("a section") + 1;
    let end = readme[start..].find("\n## ").map_or(readme.len(), |end| start + end + 1);
    (start, end)
}

/// The same, made from the table of functions.
fn expected_section() -> String {
    let mut text = "## Lua modules\n\nSignatures are in Luau's notation; `?` marks what may be left out. Editors complete and check `.lua` \
                    files with the stubs that `flowrun types DIR`\nwrites.\n"
        .to_owned();
    let mut heading = |title: &str, doc: &str, is_here: &dyn Fn(&Function) -> bool| {
        let entries: Vec<String> = functions()
            .iter()
            .filter(|function| is_here(function))
            .map(|function| format!("- `{}{}` {}\n", function.shown(), function.signature, function.doc))
            .collect();
        if !entries.is_empty() {
            text.extend(["\n**", title, "**: ", doc, "\n\n", &entries.concat()]);
        }
    };
    for (module, doc) in MODULES {
        let inner = format!("{module}.");
        heading(&format!("`{module}`"), doc, &|function| {
            function.module == *module || function.module.starts_with(&inner)
        });
    }
    for named in NAMED {
        heading(&format!("`{}`", named.name), named.doc, &|function| function.module == named.name);
    }
    heading("Global", "Beside Lua's own.", &|function| function.module.is_empty());
    text.push_str("\n**Types** that signatures name:\n\n");
    for named in NAMED {
        let meaning = match named.meaning {
            Meaning::Alias(kind) => format!(" is `{kind}`"),
            Meaning::Fields(fields) => {
                let fields = fields.iter().map(|field| format!(", `{}: {}`", field.name, field.kind));
                fields.collect::<Vec<_>>().concat()
            }
        };
        text.extend(["- `", named.name, "`", &meaning, ": ", named.doc, "\n"]);
    }
    text.push('\n');
    text
}

/// Whether a section is what a table of the program says; `UPDATE_EXPECT=1` makes it so.
fn check_section(heading: &str, expected: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).expect("the README");
    let (start, end) = section(&readme, heading);
    if &readme[start..end] != expected && std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, [&readme[..start], expected, &readme[end..]].concat()).expect("written");
        return;
    }
    let differs = readme[start..end].lines().zip(expected.lines()).find(|(is, should)| is != should);
    assert!(
        &readme[start..end] == expected,
        "section `{heading}` is not what the program says (UPDATE_EXPECT=1 rewrites it): {differs:?}"
    );
}

#[test]
fn the_section_on_lua_modules_is_made_from_the_table_of_functions() {
    check_section("Lua modules", &expected_section());
}

#[test]
fn the_section_on_findings_has_every_code() {
    let mut rows: Vec<String> = config::CODES
        .iter()
        .chain(&plan::CODES)
        .map(|(code, meaning)| format!("| `{code}` | {} |\n", meaning.replace('|', "\\|")))
        .collect();
    rows.sort();
    let head = "## Findings\n\nEvery finding about a pipeline file has a code; `flowrun explain CODE` shows an example and says what to do.\n\n\
                | code | what it is about |\n|---|---|\n";
    check_section("Findings", &format!("{head}{}\n", rows.concat()));
}

#[test]
fn the_lua_names_of_the_readme_are_those_that_functions_see() {
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

#[test]
fn the_orders_example_does_what_the_readme_says() {
    let pipeline =
        blocks("yaml").into_iter().find(|block| block.contains("name: orders")).expect("it is there");
    let day = "id,country,tags,paid\n1,DE,a;b,true\n2,FR,c,true\n3,DE,d,false\n4,DE,,TRUE\n";
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(day.as_bytes()).expect("memory takes it");
    let project = Project::with(pipeline)
        .file("data/orders-2024-05-01-x.csv.gz", gz.finish().expect("memory takes it"));
    let ran = project.run(&["pipeline.yaml", "-p", "day=2024-05-01"]).ok();
    assert_eq!(ran.stdout, "id,tag\n1,a\n1,b\n");
    assert_eq!(project.read("out/dead.jsonl"), "");
    assert_eq!(project.run(&["pipeline.yaml"]).code, 2);
}

#[test]
fn the_options_of_the_readme_are_there() {
    let help = Project::new().run(&["run", "--help"]).ok().stdout;
    let listed =
        README.split("Options of a run: `").nth(1).expect("the list").split('`').next().unwrap_or("");
    for option in listed.split(' ').filter(|word| word.starts_with("--")) {
        assert!(help.contains(option), "{option}");
    }
}
