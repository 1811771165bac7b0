//! A page is followed from its top to its end as a reader would: files are saved, commands are typed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::block::{self, Block, HIDDEN, Use};
use super::page::{Page, root};
use super::shown::settled;
use crate::project::binary;

/// Programs in commands that not every system has.
const TOOLS: [&str; 5] = ["jq", "sqlite3", "zstdcat", "python3", "node"];

/// Runs all blocks of a page; what differs from what it shows. `UPDATE_EXPECT=1` writes into the page what was printed.
pub(super) fn run(page: &Page) -> Vec<String> {
    let mut reader = Reader::new();
    let mut wrong = Vec::new();
    let mut printed = Vec::new();
    for block in block::blocks(&page.text) {
        let here = format!("{}:{}", page.name, block.line);
        if block.is_new() {
            reader.folder = TempDir::new().expect("a temporary folder");
        }
        if block.word("needs").is_some_and(|program| is_missing(&here, program)) {
            continue;
        }
        match block.purpose() {
            Use::Pipeline(name) => {
                reader.save(&name, &block.text);
                wrong.extend(reader.check(&here, &name));
            }
            Use::File(name) => reader.save(&name, &block.text),
            Use::Part(place) => wrong.extend(checked_part(&here, &place, &block.text)),
            Use::Data if block.info.starts_with(HIDDEN) => {
                let (printed, code) = reader.type_in(&block.text);
                if code != 0 {
                    wrong.push(format!("{here}: the hidden shell ends with {code}: {printed}"));
                }
            }
            Use::Console => wrong.extend(reader.console(&here, &block, &mut printed)),
            Use::Data | Use::Elsewhere(_) | Use::NotRun | Use::Unknown => {}
        }
    }
    if !printed.is_empty() {
        let mut lines: Vec<String> = page.text.lines().map(str::to_owned).collect();
        for (line, count, now) in printed.into_iter().rev() {
            lines.splice(line..line + count, now);
        }
        fs::write(root().join(&page.name), lines.join("\n") + "\n").expect("the page can be written");
    }
    wrong
}

/// Lines of a page from a place on, and what is to stand there instead.
type Printed = (usize, usize, Vec<String>);

/// Whether a program that is not part of every system is missing; where all of them have to be there, that is a failure.
#[expect(clippy::print_stdout, reason = "whoever runs the tests is to know what was not tested")]
fn is_missing(here: &str, program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_missing = !std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if is_missing {
        assert!(std::env::var_os("FLOWRUN_EDITORS").is_none(), "{here} needs `{program}`");
        println!("NOT RUN: {here} needs `{program}`");
    }
    is_missing
}

/// Checks keys of a pipeline at a place in one.
fn checked_part(here: &str, place: &str, part: &str) -> Option<String> {
    let deeper = |by: &str| part.lines().map(|line| [by, line, "\n"].concat()).collect::<String>();
    let rows = "  rows: { items: [{ id: 1, text: a }] }\n  save: { from: each, write: each.jsonl }\n";
    let pipeline = match place {
        "top" => format!("{part}steps:\n{rows}  each: {{ from: rows, map: return item }}\n"),
        "steps" => format!("x-allow: [unused_step]\nsteps:\n{}", deeper("  ")),
        "map" => format!(
            "steps:\n{rows}  each:\n    from: rows\n    map:\n      lua: return item\n{}",
            deeper("      ")
        ),
        _ => return Some(format!("{here}: `part={place}` is none of `top`, `steps`, `map`")),
    };
    let mut reader = Reader::new();
    reader.save("pipeline.yaml", &pipeline);
    reader.check(here, "pipeline.yaml")
}

/// Who follows a page: a folder, and `flowrun` on the path.
struct Reader {
    folder: TempDir,
    programs: TempDir,
    last_code: i32,
}

impl Reader {
    fn new() -> Self {
        let programs = TempDir::new().expect("a temporary folder");
        std::os::unix::fs::symlink(binary(), programs.path().join("flowrun")).expect("a link");
        Self { folder: TempDir::new().expect("a temporary folder"), programs, last_code: 0 }
    }

    fn save(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).expect("folders can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// What `flowrun check` finds in a pipeline, unless the page wants to show that.
    fn check(&mut self, here: &str, name: &str) -> Option<String> {
        if name.contains("wrong") {
            return None;
        }
        let (printed, code) = self.type_in(&format!("flowrun check --deny-warnings {name}"));
        (code != 0).then(|| format!("{here}: {printed}"))
    }

    /// Runs the commands of a block, and compares or replaces what stands below them.
    fn console(&mut self, here: &str, block: &Block, printed_now: &mut Vec<Printed>) -> Vec<String> {
        let (mut wrong, mut codes_wrong) = (Vec::new(), Vec::new());
        let mut now = String::new();
        let commands = block.commands();
        let codes = block.exit_codes(commands.len());
        for ((command, expected), expected_code) in commands.into_iter().zip(codes) {
            let uses = |tool: &&&str| command.split_whitespace().any(|word| word == **tool);
            if TOOLS.iter().find(uses).is_some_and(|tool| is_missing(here, tool)) {
                now.extend(["$ ", &command, &expected]);
                continue;
            }
            let (printed, code) = self.type_in(&command);
            self.last_code = code;
            if code != expected_code {
                let said = format!("{here}: $ {command}ends with {code}, not {expected_code} (`exit=`)");
                codes_wrong.push(said);
            }
            let differs = settled(&printed) != settled(&expected);
            if differs {
                wrong.push(format!("{here}: $ {command}--- the page\n{expected}--- now\n{printed}"));
            }
            now.extend(["$ ", &command, if differs { &printed } else { &expected }]);
        }
        if !codes_wrong.is_empty() {
            return codes_wrong;
        }
        if wrong.is_empty() || std::env::var_os("UPDATE_EXPECT").is_none() {
            return wrong;
        }
        let line = |line: &str| match line.trim_end() {
            "" => String::new(),
            line => format!("{}{line}", " ".repeat(block.indent)),
        };
        printed_now.push((block.line, block.text.lines().count(), now.lines().map(line).collect()));
        Vec::new()
    }

    /// What a command prints to both outputs, and its exit code.
    fn type_in(&self, command: &str) -> (String, i32) {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut bash = Command::new("bash");
        bash.arg("-c")
            .arg(format!(
                "exec 2>&1; [ -f .environment ] && . ./.environment; (exit {}); {command}",
                self.last_code
            ))
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.programs.path().display()))
            .env("FLOWRUN_PYTHON", root().join("python/flowrun"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        for name in ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "GITHUB_ACTIONS", "FLOWRUN_BIN"] {
            bash.env_remove(name);
        }
        let output = bash.output().expect("bash runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        (without_folder(&printed, self.folder.path()), output.status.code().unwrap_or(-1))
    }
}

/// The name of the reader's folder as `/work`: nobody knows it beforehand.
fn without_folder(text: &str, folder: &Path) -> String {
    text.replace(&folder.display().to_string(), "/home/me/work")
}
