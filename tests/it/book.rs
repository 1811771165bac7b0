//! These tests run what README.md and the book in `docs` show, compare the pages that are generated with the binary, and follow
//! every link.

mod block;
mod built;
mod elsewhere;
mod findings;
mod keys;
mod links;
mod lua;
mod page;
mod picture;
mod running;
mod shown;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

use block::{Block, Use};
pub(crate) use elsewhere::{commands, marked, saved};
use page::{Page, pages, root};

/// How many blocks run, and how many do not and say so.
#[derive(Default)]
struct Count {
    pipelines: usize,
    commands: usize,
    parts: usize,
    elsewhere: usize,
    not_run: usize,
}

#[test]
fn every_pipeline_and_console_block_does_what_the_page_shows() {
    let pages = pages();
    let next = Mutex::new(pages.iter());
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                loop {
                    let Some(page) = next.lock().expect("no thread panics here").next() else { return };
                    let found = running::run(page);
                    wrong.lock().expect("no thread panics here").extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no thread panics here");
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_block_is_left_out_unmarked() {
    let mut count = Count::default();
    let mut unmarked = Vec::new();
    for page in pages() {
        let blocks = block::blocks(&page.text);
        for block in &blocks {
            match block.purpose() {
                Use::Pipeline(name) if is_run(&blocks, block, &name) => count.pipelines += 1,
                Use::Pipeline(name) => {
                    unmarked.push(format!("{}:{}: nothing runs `{name}`", page.name, block.line));
                }
                Use::Console => count.commands += block.commands().len(),
                Use::Part(_) => count.parts += 1,
                Use::Elsewhere(test) if elsewhere::takes(&test) => count.elsewhere += 1,
                Use::Elsewhere(test) => {
                    unmarked.push(format!("{}:{}: no test runs `{test}`", page.name, block.line));
                }
                Use::NotRun => count.not_run += 1,
                Use::Unknown => unmarked.push(format!(
                    "{}:{}: `{}` is neither run nor marked",
                    page.name, block.line, block.info
                )),
                Use::File(_) | Use::Data => {}
            }
        }
    }
    let Count { pipelines, commands, parts, elsewhere, not_run } = count;
    println!(
        "{pipelines} pipelines, {commands} commands, {parts} parts, {elsewhere} by other tests, {not_run} not run"
    );
    assert!(unmarked.is_empty(), "{}", unmarked.join("\n"));
    assert!(pipelines > 60 && commands > 180, "{pipelines} pipelines and {commands} commands run");
    assert_eq!(not_run, 0, "blocks that nothing runs");
}

/// Whether a command below a pipeline names it, in the same folder.
fn is_run(blocks: &[Block], pipeline: &Block, name: &str) -> bool {
    let below = blocks.iter().filter(|block| block.line > pipeline.line);
    let same_folder = below.take_while(|block| !block.is_new());
    let mut commands = same_folder
        .filter(|block| block.purpose() == Use::Console)
        .flat_map(|block| block.commands().into_iter().map(|(command, _)| command).collect::<Vec<_>>());
    let folder = name.rsplit_once('/').map_or(name, |(folder, _)| folder);
    commands.any(|command| command.contains(name) || command.contains(folder))
}

#[test]
fn the_summary_has_every_page_once() {
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).expect("a summary");
    let listed: Vec<String> =
        links::links(&summary).into_iter().map(|(_, link)| format!("docs/{link}")).collect();
    let there: BTreeSet<String> =
        pages().into_iter().map(|page| page.name).filter(|name| name.starts_with("docs/")).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), there);
    assert_eq!(listed.len(), there.len(), "a page stands there twice");
}

#[test]
fn every_link_leads_somewhere() {
    let wrong: Vec<String> = page::all().iter().flat_map(links::wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_has_one_title_and_no_level_is_left_out() {
    for Page { name, text } in pages() {
        let levels: Vec<usize> = page::headings(&text).map(|(level, _)| level).collect();
        assert_eq!(levels.first(), Some(&1), "{name}");
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{name}");
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: {levels:?}");
    }
}

#[test]
fn the_page_of_lua_modules_is_made_from_the_table_of_functions() {
    page::check("docs/reference/lua-modules.md", &lua::page());
}

#[test]
fn the_page_of_findings_is_made_from_their_codes_and_fixtures() {
    page::check("docs/reference/findings.md", &findings::page());
}

#[test]
fn the_page_of_keys_is_made_from_the_schema() {
    page::check("docs/reference/keys.md", &keys::page());
}

#[test]
fn the_picture_of_a_terminal_shows_what_a_run_shows() {
    picture::check();
}
