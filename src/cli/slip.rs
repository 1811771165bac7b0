//! Slips in the first word of a command line, told better than as a missing file.

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;

use super::args::Arguments;
use super::exit::{Complaint, Fault};
use crate::source::nearest;

/// A first word that is nearly a command and names no file.
pub(super) fn in_command(words: &[OsString]) -> Option<Complaint> {
    let word = words.get(1)?.to_str()?;
    if word.is_empty() || word.contains(['.', '/', '\\']) || word.starts_with('-') || Path::new(word).exists() {
        return None;
    }
    let command = Arguments::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).chain(["help"]).collect();
    if names.contains(&word) {
        return None;
    }
    let complaint = Complaint::new(format!("`{word}` is neither a command nor a pipeline file"));
    Some(match nearest(word, names.iter().copied()) {
        Some(near) => complaint.help(format!("did you mean `flowrun {near}`?")),
        None => complaint.help("`flowrun FILE` runs a pipeline file, `flowrun --help` lists the commands"),
    })
}

/// Options without a file and without a command.
pub(super) fn no_file() -> Fault {
    Complaint::new("no pipeline file is given").help("`flowrun FILE` runs a pipeline file").into()
}
