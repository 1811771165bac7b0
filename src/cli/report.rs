//! `flowrun report` writes the page of a kept run, finished or still going on, and the files about a run that its
//! options ask for. The reporters write their content.

pub(super) mod files;
mod kept;
mod later;

use std::fs;
use std::path::Path;

use super::args::{InputArguments, ReportArguments, SelectArguments};
use super::console::{Console, put, say};
use super::exit::{Complaint, Exit, Fault};
use super::outputs::{self, OutputFile};
use super::request::Request;
use super::{job, load, named, resume, state};
use crate::plan::{Inputs, Plan};
use crate::report;
use crate::store::{Catalogue, StoredRun};

/// Writes the page of a run.
pub(super) fn command(console: &Console, arguments: &ReportArguments) -> Result<Exit, Fault> {
    let target = arguments.output.as_deref().filter(|path| path.as_os_str() != "-");
    if target.is_none() && console.stdout_is_terminal {
        return Err(Complaint::new("the page goes to standard output, and that is a terminal")
            .help("`flowrun report -o report.html` writes a file")
            .into());
    }
    let (folder, id) = named::kept(arguments.run.as_deref(), &arguments.folder)?;
    let catalogue = Catalogue::new(&folder);
    let run = catalogue.open(&id)?;
    if let Some(target) = target {
        refuse(target, &run, &folder, console)?;
    }
    run.warnings().iter().for_each(|warning| say(&format!("  warning: {warning}")));
    let later = later::Later::of(&catalogue, &id)?;
    let page = report::page(&kept::account(&run, &state::commands(&folder, &id), later.as_ref())?);
    match target {
        None => put(page.as_bytes())?,
        Some(path) => {
            outputs::make_folders(path)
                .and_then(|()| fs::write(path, page))
                .map_err(|error| load::cannot("write the report", path, &error))?;
            say(&format!(
                "  wrote {} ({})",
                path.display(),
                report::bytes(fs::metadata(path).map_or(0, |file| file.len()))
            ));
        }
    }
    Ok(Exit::Success)
}

/// Refuses a page in the place of a file of the run.
fn refuse(target: &Path, run: &StoredRun, folder: &Path, console: &Console) -> Result<(), Fault> {
    let output = OutputFile::new("-o", target);
    let file = resume::pipeline_file(run.record(), folder);
    // What is not there is no file of a run that is over.
    let plan = output.is_there().then(|| plan(&file, run, console)).flatten();
    let run = outputs::RunFiles { file: &file, plan: plan.as_ref(), params_file: None, state: Some(folder) };
    let complaints = OutputFile::check_all(&[output], &run);
    if complaints.is_empty() { Ok(()) } else { Err(Fault::Usage(complaints)) }
}

/// What the pipeline file says now, if it can still be run as it was.
fn plan(file: &Path, run: &StoredRun, console: &Console) -> Option<Plan> {
    let request = Request::kept(run.request().as_deref(), &run.record().params);
    let (inputs, _) =
        request.under(&InputArguments::default(), &SelectArguments { only: Vec::new(), until: Vec::new() });
    let inputs = load::inputs(&inputs, console, &job::id()).ok()?;
    load::pipeline(file, &Inputs { params_kept: request.into_params(), ..inputs }).ok()?.plan
}
