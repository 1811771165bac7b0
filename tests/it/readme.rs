//! What the README shows is what happens.

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
