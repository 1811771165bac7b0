//! `flowrun init` writes a small pipeline that works, with what an editor wants to know about it. It overwrites
//! nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::args::InitArguments;
use super::console::say;
use super::exit::{Complaint, Exit, Fault};
use super::load::cannot;
use crate::config;

/// The files by their paths.
const FILES: [(&str, &str); 5] = [
    ("pipeline.yaml", include_str!("init/pipeline.yaml")),
    ("data/reviews.jsonl", include_str!("init/reviews.jsonl")),
    (".vscode/settings.json", include_str!("init/settings.json")),
    (".vscode/extensions.json", "{\n  \"recommendations\": [\"redhat.vscode-yaml\"]\n}\n"),
    (".gitignore", "/.flowrun/\n/out/\n"),
];

/// Where this binary's schema goes: beside the pipelines, so that editors need no network.
const SCHEMA: &str = ".vscode/flowrun.schema.json";

/// Makes the project.
pub(super) fn command(arguments: &InitArguments) -> Result<Exit, Fault> {
    let dir = &arguments.dir;
    let files: Vec<(PathBuf, &str)> = FILES
        .into_iter()
        .chain([(SCHEMA, config::schema_text())])
        .map(|(name, text)| (dir.join(name), text))
        .collect();
    refuse_existing(dir, &files)?;
    for (path, text) in &files {
        write(path, text)?;
        say(&format!("  made {}", path.display()));
    }
    let file = dir.join("pipeline.yaml");
    let shown = file.strip_prefix(".").unwrap_or(&file).display().to_string();
    say(&format!("\n  flowrun test {shown}\n  flowrun {shown}"));
    Ok(Exit::Success)
}

/// Nothing is written unless everything can be.
fn refuse_existing(dir: &Path, files: &[(PathBuf, &str)]) -> Result<(), Fault> {
    if dir.exists() && !dir.is_dir() {
        return Err(Complaint::new(format!("`{}` is a file", dir.display())).help("name a folder").into());
    }
    let in_the_way: Vec<Complaint> = files
        .iter()
        .filter(|(path, _)| path.symlink_metadata().is_ok())
        .map(|(path, _)| {
            Complaint::new(format!("`{}` is there already", path.display()))
                .help("nothing was written; `flowrun init DIR` makes the pipeline in another folder")
        })
        .collect();
    if in_the_way.is_empty() { Ok(()) } else { Err(Fault::Usage(in_the_way)) }
}

fn write(path: &Path, text: &str) -> Result<(), Complaint> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot("make the folder", folder, &error))?;
    }
    // What has come into being since the look is not overwritten either.
    let made = fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = made.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(|error| cannot("write", path, &error))
}
