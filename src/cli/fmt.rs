//! `flowrun fmt` orders the keys of pipeline files. The floor that knows the keys does the ordering.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use super::args::FmtArguments;
use super::console::{Console, put, say};
use super::exit::{Complaint, Exit, Fault};
use super::load::{cannot, unread};
use super::search::FoundFiles;
use crate::config;
use crate::source::Diagnostic;

/// Formats files, or says which would change.
pub(super) fn command(console: &Console, arguments: &FmtArguments) -> Result<Exit, Fault> {
    if arguments.files.iter().any(|file| file.as_os_str() == "-") {
        return standard_input(arguments);
    }
    let (mut diagnostics, mut complaints) = (Vec::new(), Vec::new());
    let (mut changed, mut done) = (0, 0);
    let found = FoundFiles::of(&arguments.files, arguments.skip_others, |_| true, &mut complaints);
    for path in &found.checked {
        match one(path, arguments.check) {
            Ok(is_changed) => {
                done += 1;
                if is_changed {
                    changed += 1;
                    let what = if arguments.check { "would change" } else { "formatted" };
                    say(&format!("  {what} {}", path.display()));
                }
            }
            Err(Unformatted::Text(found)) => diagnostics.extend(found),
            Err(Unformatted::File(complaint)) => complaints.push(complaint),
        }
    }
    let color = arguments.console.color;
    console.show(&diagnostics, color);
    console.complain(&complaints, color);
    let files = if done == 1 { "file" } else { "files" };
    if done > 0 || complaints.is_empty() {
        say(&format!(
            "{done} {files}, {changed} {}",
            if arguments.check { "would change" } else { "changed" }
        ));
    }
    Ok(if !complaints.is_empty() {
        Exit::Usage
    } else if !diagnostics.is_empty() {
        Exit::Invalid
    } else if arguments.check && changed > 0 {
        Exit::StepFailed
    } else {
        Exit::Success
    })
}

/// Why a file stays as it is.
enum Unformatted {
    /// Its YAML is broken.
    Text(Vec<Diagnostic>),
    /// It cannot be read or written.
    File(Complaint),
}

fn one(path: &Path, check: bool) -> Result<bool, Unformatted> {
    let bytes = fs::read(path).map_err(|error| Unformatted::File(unread(path, &error)))?;
    let formatted = config::format(&bytes, &path.to_string_lossy(), path).map_err(Unformatted::Text)?;
    if formatted.as_bytes() == bytes {
        return Ok(false);
    }
    if !check {
        replace(path, &formatted).map_err(|error| Unformatted::File(cannot("write", path, &error)))?;
    }
    Ok(true)
}

/// All or nothing: a file that is being written when the power fails is the old one or the new one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // What a link points to is changed, not the link.
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

fn standard_input(arguments: &FmtArguments) -> Result<Exit, Fault> {
    if arguments.files.len() > 1 {
        return Err(Complaint::new("`-` stands alone").help("name files, or `-` for standard input").into());
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| Complaint::new(format!("cannot read standard input: {error}")))?;
    let formatted = config::format(&bytes, "standard input", Path::new("standard input"))
        .map_err(|found| Fault::Invalid(found, Vec::new()))?;
    if arguments.check {
        let is_changed = formatted.as_bytes() != bytes;
        return Ok(if is_changed { Exit::StepFailed } else { Exit::Success });
    }
    put(formatted.as_bytes())?;
    Ok(Exit::Success)
}
