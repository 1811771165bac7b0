//! `flowrun graph` draws the steps and what flows between them.

use super::args::{GraphArguments, GraphFormat};
use super::console::{Console, put};
use super::exit::{Exit, Fault};
use super::load;
use crate::config;
use crate::draw::{self, Graph};
use crate::source::Severity;

/// Draws the graph.
pub(super) fn command(console: &Console, arguments: &GraphArguments) -> Result<Exit, Fault> {
    load::refuse_standard_input(&arguments.file)?;
    let checked = load::pipeline(&arguments.file, &load::no_inputs(console))?;
    if checked.diagnostics.iter().any(|found| found.severity == Severity::Error) {
        return Err(Fault::Invalid(checked.diagnostics, checked.complaints));
    }
    let bytes = std::fs::read(&arguments.file).map_err(|error| load::unread(&arguments.file, &error))?;
    let document = config::load(&bytes, &arguments.file.to_string_lossy(), &arguments.file).document;
    let stem = arguments.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let value = document.map(|document| document.value).unwrap_or_default();
    let graph = Graph::of(&value, &stem.unwrap_or_default());
    let drawn = match arguments.format {
        GraphFormat::Text => draw::text(&graph, console.stdout_color(arguments.console.color)),
        GraphFormat::Mermaid => draw::mermaid(&graph),
        GraphFormat::Dot => draw::dot(&graph),
        GraphFormat::Svg => draw::svg(&graph),
    };
    put(drawn.as_bytes())?;
    Ok(Exit::Success)
}
