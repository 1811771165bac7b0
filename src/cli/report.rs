//! `flowrun report`: the page of a kept run, finished or still going on; and the files about a run that its options ask
//! for. What stands in them is the reporters' business.

pub(super) mod files;
mod kept;

use std::fs;

use super::args::ReportArguments;
use super::console::{Console, put, say};
use super::exit::{Complaint, Exit, Fault};
use super::{load, state};
use crate::report;
use crate::store::Catalogue;

/// Writes the page of a run.
pub(super) fn command(console: &Console, arguments: &ReportArguments) -> Result<Exit, Fault> {
    let target = arguments.output.as_deref().filter(|path| path.as_os_str() != "-");
    if target.is_none() && console.stdout_is_terminal {
        return Err(Complaint::new("the page goes to standard output, and that is a terminal")
            .help("`flowrun report -o report.html` writes a file")
            .into());
    }
    let folder = state::find(&arguments.folder)?;
    let catalogue = Catalogue::new(&folder);
    let id = state::run(&catalogue, arguments.run.as_deref().unwrap_or("latest"))?;
    let run = catalogue.open(&id)?;
    run.warnings().iter().for_each(|warning| say(&format!("  warning: {warning}")));
    let page = report::page(&kept::account(&run, &state::commands(&folder, &id))?);
    match target {
        None => put(page.as_bytes())?,
        Some(path) => {
            fs::write(path, page).map_err(|error| load::cannot("write the report", path, &error))?;
            say(&format!(
                "  wrote {} ({})",
                path.display(),
                report::bytes(fs::metadata(path).map_or(0, |file| file.len()))
            ));
        }
    }
    Ok(Exit::Success)
}
