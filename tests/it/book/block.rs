//! Fenced blocks and what is to be done with them. Words behind the language say it; renderers do not show them.
//!
//! - `yaml`, with `steps:`: a pipeline, saved as `pipeline.yaml` or as `file=NAME` says
//! - `yaml part=PLACE`: keys of a pipeline, checked within a whole one
//! - `console`: commands behind `$ `, and what they print. They end with 0; `exit=65` says what the last one ends with instead,
//!   `exit=1,0` what the last two do
//! - `file=NAME`: any text, saved so
//! - `new`: from here on in an empty folder
//! - `needs=PROGRAM`: without it the block is not run, and says so
//! - `lua tested`: an example that other tests run
//! - `run-by=TEST`: what needs a server, a cluster or a code host; a test of this name takes it from the page and runs it
//! - `not-run`: what nothing runs
//!
//! A comment `<!-- run: … -->`, or `<!-- run needs=PROGRAM: … -->`, is a piece of shell that readers do not see. What it writes to
//! `.environment` is read before each command.

/// A fenced block, or a hidden piece of shell.
pub(super) struct Block {
    /// The line of its first fence, from 1.
    pub(super) line: usize,
    /// What stands behind the fence.
    pub(super) info: String,
    /// Its lines, without the indentation of the fence.
    pub(super) text: String,
    /// How many blanks stand before the fence.
    pub(super) indent: usize,
}

/// What is done with a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Use {
    Pipeline(String),
    Part(String),
    Console,
    File(String),
    /// It shows how data look.
    Data,
    /// The test that runs it.
    Elsewhere(String),
    NotRun,
    Unknown,
}

/// The language of hidden shell.
pub(super) const HIDDEN: &str = "hidden";

impl Block {
    fn words(&self) -> impl Iterator<Item = &str> {
        self.info.split_whitespace()
    }

    /// The value of `NAME=…`.
    pub(super) fn word(&self, name: &str) -> Option<&str> {
        self.words().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    pub(super) fn is_new(&self) -> bool {
        self.words().any(|word| word == "new")
    }

    pub(super) fn purpose(&self) -> Use {
        let language = self.words().next().unwrap_or("");
        if self.words().any(|word| word == "not-run") {
            return Use::NotRun;
        }
        if let Some(test) = self.word("run-by") {
            return Use::Elsewhere(test.to_owned());
        }
        if let Some(place) = self.word("part") {
            return Use::Part(place.to_owned());
        }
        let is_pipeline = language == "yaml" && self.text.lines().any(|line| line.starts_with("steps:"));
        match (self.word("file"), language) {
            (name, _) if is_pipeline => Use::Pipeline(name.unwrap_or("pipeline.yaml").to_owned()),
            (Some(name), _) => Use::File(name.to_owned()),
            (None, "console") => Use::Console,
            (None, "json" | "text" | HIDDEN) => Use::Data,
            (None, "lua") if self.words().any(|word| word == "tested") => Use::Data,
            _ => Use::Unknown,
        }
    }

    /// What so many commands end with.
    pub(super) fn exit_codes(&self, commands: usize) -> Vec<i32> {
        let given: Vec<i32> = self
            .word("exit")
            .map(|codes| codes.split(',').map(|code| code.parse().expect("an exit code")).collect())
            .unwrap_or_default();
        assert!(given.len() <= commands, "line {}: more exit codes than commands", self.line);
        [vec![0; commands - given.len()], given].concat()
    }

    /// Commands behind `$ `, each with what stands below it.
    pub(super) fn commands(&self) -> Vec<(String, String)> {
        let mut commands: Vec<(String, String)> = Vec::new();
        let mut goes_on = false;
        for line in self.text.split_inclusive('\n') {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (None, Some((command, _))) if goes_on => command.push_str(line),
                (Some(command), _) => commands.push((command.to_owned(), String::new())),
                (None, Some((_, printed))) => printed.push_str(line),
                (None, None) => panic!("line {}: no command before `{line}`", self.line),
            }
            let (command, printed) = commands.last().expect("there is one");
            goes_on = printed.is_empty() && command.ends_with("\\\n");
        }
        commands
    }
}

/// The three or more backticks that a line begins with.
pub(super) fn fence(line: &str) -> Option<&str> {
    let count = line.bytes().take_while(|byte| *byte == b'`').count();
    (count >= 3).then(|| &line[..count])
}

/// What a line that begins hidden shell says: what it needs, and what stands in the line.
fn hidden(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("<!-- run")?.split_once(':')
}

/// The blocks of a page, in order.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<(Block, &str)> = None;
    for (index, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        open = match open.take() {
            Some((block, end)) if bare.trim_end() == end => {
                blocks.push(block);
                None
            }
            Some((mut block, end)) => {
                block.text.push_str(line.get(block.indent..).unwrap_or(""));
                block.text.push('\n');
                Some((block, end))
            }
            None => {
                let block = |info: &str| Block {
                    line: index + 1,
                    info: info.to_owned(),
                    text: String::new(),
                    indent,
                };
                let fence = fence(bare);
                match (fence.map(|fence| &bare[fence.len()..]), hidden(bare)) {
                    (Some(info), _) => Some((block(info), fence.unwrap_or(""))),
                    (None, Some((needs, rest))) => {
                        let mut block = block(&format!("{HIDDEN} {needs}"));
                        if let Some(text) = rest.strip_suffix("-->") {
                            text.clone_into(&mut block.text);
                            blocks.push(block);
                            None
                        } else {
                            Some((block, "-->"))
                        }
                    }
                    (None, None) => None,
                }
            }
        };
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}
