//! What the binary prints about itself: the schema, completion scripts, the manual page.

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Arguments;
use super::console::put;
use super::exit::{Exit, Fault};
use crate::spec;

/// `flowrun schema`
pub(super) fn schema() -> Result<Exit, Fault> {
    put(spec::schema_text().as_bytes())?;
    Ok(Exit::Success)
}

/// `flowrun completions SHELL`
pub(super) fn completions(shell: Shell) -> Result<Exit, Fault> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "flowrun", &mut script);
    put(&script)?;
    Ok(Exit::Success)
}

/// `flowrun man`
pub(super) fn manual() -> Result<Exit, Fault> {
    put(&page().map_err(|error| Fault::Internal(format!("cannot write the manual page: {error}")))?)?;
    Ok(Exit::Success)
}

/// One page for all commands.
fn page() -> std::io::Result<Vec<u8>> {
    let mut command = Arguments::command();
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for subcommand in command.get_subcommands().filter(|subcommand| is_described(subcommand.get_name())) {
        let mut section = Vec::new();
        Man::new(subcommand.clone()).render_options_section(&mut section)?;
        let heading = format!(".SH \"OPTIONS OF {}\"", subcommand.get_name().to_uppercase());
        page.extend(String::from_utf8_lossy(&section).replacen(".SH OPTIONS", &heading, 1).into_bytes());
    }
    man.render_subcommands_section(&mut page)?;
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// Commands with options of their own; those of `run` are those of `flowrun FILE`.
fn is_described(name: &str) -> bool {
    matches!(name, "check" | "plan")
}
