//! This module recognises slips on the command line: in its first word, in options that others have, in the name of the
//! file; so that the message says what is meant.

mod foreign;
mod meaning;
mod unread_file;

pub(super) use foreign::foreign;
pub(super) use unread_file::unread_file;

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;

use super::args::Arguments;
use super::exit::Complaint;
use crate::source::nearest;

/// A first word that is nearly a command and names no file.
pub(super) fn in_command(words: &[OsString]) -> Option<Complaint> {
    let word = words.get(1)?.to_str()?;
    if word.is_empty() || word.contains(['.', '/', '\\']) || word.starts_with('-') || Path::new(word).exists()
    {
        return None;
    }
    let command = Arguments::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).chain(["help"]).collect();
    if names.contains(&word) {
        return None;
    }
    let complaint = Complaint::new(format!("`{word}` is neither a command nor a pipeline file"));
    if let Some(meant) = meaning::of(word) {
        return Some(complaint.help(meant));
    }
    if let Some(file) = unread_file::with_extension(Path::new(word)) {
        return Some(complaint.help(format!("did you mean `flowrun {}`?", file.display())));
    }
    Some(match nearest(word, names.iter().copied()) {
        Some(near) => complaint.help(format!("did you mean `flowrun {near}`?")),
        None => complaint.help("`flowrun FILE` runs a pipeline file, `flowrun --help` lists the commands"),
    })
}

/// A word behind the pipeline file, which takes none.
pub(super) fn behind_file(file: &Path, extra: &str) -> Complaint {
    let word = file.to_string_lossy();
    if !file.exists() && Arguments::command().find_subcommand(&*word).is_some() {
        return Complaint::new(format!("the command `{word}` comes too late"))
            .help(format!("commands come before their options: `flowrun {word} {extra}`"));
    }
    let complaint =
        Complaint::new(format!("`{extra}` is one argument too many: a run takes one pipeline file"));
    if Path::new(extra).exists() {
        complaint.help("run the files one after the other")
    } else if extra.contains('=') {
        complaint.help(format!("parameters are given as `-p {extra}`"))
    } else {
        complaint
    }
}
