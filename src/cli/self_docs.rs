//! These commands print what the binary knows about itself: the schema, the manual page.

use std::io;

use clap::CommandFactory;
use clap_mangen::Man;

use super::args::Arguments;
use super::console::put;
use super::exit::{Exit, Fault};
use crate::config;

/// `flowrun schema`
pub(super) fn schema(of_included: bool, of_executors: bool) -> Result<Exit, Fault> {
    let text = match (of_included, of_executors) {
        (true, _) => config::included_schema_text(),
        (_, true) => config::executors_schema_text(),
        _ => config::schema_text(),
    };
    put(text.as_bytes())?;
    Ok(Exit::Success)
}

/// `flowrun man`
pub(super) fn manual() -> Result<Exit, Fault> {
    put(&page().map_err(|error| Fault::Internal(format!("cannot write the manual page: {error}")))?)?;
    Ok(Exit::Success)
}

/// One page for all commands.
fn page() -> io::Result<Vec<u8>> {
    let mut command = Arguments::command();
    command.build();
    let man = Man::new(command.clone());
    let mut page = section(|out| man.render_title(out))?;
    page.push_str(&section(|out| man.render_name_section(out))?);
    page.push_str(&section(|out| man.render_synopsis_section(out))?);
    page.push_str(&section(|out| man.render_description_section(out))?);
    page.push_str(&section(|out| man.render_options_section(out))?);
    // There is one page, not one for each command.
    let commands = section(|out| man.render_subcommands_section(out))?;
    page.push_str(&commands.replace("flowrun\\-", "flowrun ").replace("(1)", ""));
    for name in [
        "check",
        "plan",
        "preview",
        "graph",
        "init",
        "fmt",
        "test",
        "resume",
        "executors",
        "runs",
        "show",
        "report",
        "cache",
        "program-check",
        "types",
    ] {
        let command = command.find_subcommand(name).expect("the command exists").clone();
        let options = section(|out| Man::new(command).render_options_section(out))?;
        page.push_str(&under(&format!("OPTIONS OF {}", name.to_uppercase()), &options));
    }
    let codes = section(|out| man.render_extra_section(out))?;
    page.push_str(&codes.replacen(".SH EXTRA", ".SH \"EXIT STATUS\"\n.nf", 1));
    page.push_str(".fi\n");
    Ok(page.into_bytes())
}

/// A section without the lines that define an apostrophe, which each brings along; the title keeps them.
fn section(render: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<String> {
    let mut bytes = Vec::new();
    render(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let apostrophe = |line: &str| line.starts_with(".ie \\n(.g") || line.starts_with(".el .ds Aq");
    let is_title = text.contains(".TH ");
    let lines = text.lines().filter(|line| is_title || !apostrophe(line));
    Ok(lines.flat_map(|line| [line, "\n"]).collect())
}

/// Sections of one command, as parts of one section of the page.
fn under(heading: &str, sections: &str) -> String {
    let parts = sections.replacen(".SH OPTIONS\n", "", 1).replace(".SH ", ".SS ");
    format!(".SH \"{heading}\"\n{parts}")
}
