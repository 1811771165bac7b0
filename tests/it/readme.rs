//! What the README shows is what happens.

use std::io::Write as _;

use crate::project::Project;

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
fn the_test_command_is_the_one_of_the_checks() {
    let checks = include_str!("../../.ci/run");
    assert!(README.contains("cargo test") && checks.contains("cargo test"));
}

#[test]
fn every_lua_function_has_its_line() {
    for function in flowrun::lua::functions() {
        let flowrun::lua::Function { module, name, signature, doc, .. } = function;
        let line = format!("\n- `{module}.{name}{signature}` {doc}\n");
        assert!(README.contains(&line), "the README lacks{line}");
    }
}

#[test]
fn the_lua_names_of_the_readme_are_those_that_functions_see() {
    let modules = "{ flow = flow, log = log, json = json, str = str, html = html, re = re, tbl = tbl, time = time, \
                   path = path, fs = fs, hash = hash, template = template, url = url, http = http, exec = exec, [\"codec.base64\"] = codec.base64, \
                   [\"codec.hex\"] = codec.hex, [\"codec.url\"] = codec.url, [\"codec.gzip\"] = codec.gzip, \
                   [\"codec.zstd\"] = codec.zstd }";
    let names = format!(
        "local names = {{}} for module, all in {modules} do for name in all do \
                         table.insert(names, module .. \".\" .. name) end end table.sort(names) return names"
    );
    let project = Project::with(&format!(
        "steps:\n  one:\n    items: [1]\n  names:\n    from: one\n    flat_map: |\n      {names}\n  save:\n    from: names\n    \
         write: names.txt\n"
    ));
    project.run(&["pipeline.yaml"]).ok();
    let section =
        README.split("\n## Lua modules\n").nth(1).expect("a section").split("\n## ").next().unwrap_or("");
    let entries = section.lines().filter_map(|line| line.strip_prefix("- `"));
    let is_name = |character: char| character.is_alphanumeric() || matches!(character, '.' | '_');
    let mut documented: Vec<&str> =
        entries.map(|entry| entry.split(|character| !is_name(character)).next().unwrap_or("")).collect();
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
