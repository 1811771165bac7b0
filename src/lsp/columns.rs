//! This module shows the columns of a `write` in an editor: each with its type and where that comes from, as `flowrun plan` does.

use super::file::File;
use crate::config;
use crate::plan::{self, Body, Inputs, TypeOrigin, WrittenColumns};

/// Columns that are shown at most.
const SHOWN_MAX: usize = 100;

/// Markdown about the columns of the step with this id; `None` where nothing is known of any.
pub(super) fn of_step(file: &File, inputs: &Inputs, id: &str) -> Option<String> {
    let loaded = config::load(file.text.as_bytes(), &file.path.to_string_lossy(), &file.path);
    let loaded = plan::load(loaded, inputs);
    let step = loaded.plan.as_ref()?.steps.iter().find(|step| *step.name == *id)?;
    let Body::Ready(verb) = &step.body else { return None };
    let text = shown(&plan::written_columns(verb.written()?)?);
    Some(loaded.secrets.mask().owned(text))
}

fn shown(written: &WrittenColumns) -> String {
    let WrittenColumns { source, columns, is_part } = written;
    if columns.is_empty() {
        return match source {
            Some(source) => {
                format!("The types of its columns come from `{source}`, when its files are there.")
            }
            None => "The types of its columns are guessed from the first items.".to_owned(),
        };
    }
    let mut text = "| column | type | |\n|---|---|---|\n".to_owned();
    for column in columns.iter().take(SHOWN_MAX) {
        let origin = match (column.origin, &column.source) {
            (TypeOrigin::Declared, None) => "declared".to_owned(),
            (TypeOrigin::Declared, Some(source)) => format!("declared, that of `{source}`"),
            (TypeOrigin::Source, Some(source)) => format!("from `{source}`"),
            (TypeOrigin::Source, None) => "from the source".to_owned(),
            (TypeOrigin::Guessed, _) => "guessed".to_owned(),
        };
        let kind = column.kind.as_deref().map(cell).unwrap_or_default();
        text = format!("{text}| {} | {kind} | {origin} |\n", cell(&column.name));
    }
    if columns.len() > SHOWN_MAX {
        text = format!("{text}\nand {} more", columns.len() - SHOWN_MAX);
    }
    match source {
        _ if !is_part => text,
        Some(source) => format!("{text}\nand those of `{source}`, when its files are there"),
        None => format!("{text}\nand others, which are guessed"),
    }
}

/// A text in a cell of a table, in which it can do nothing.
fn cell(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() || c == '`' { ' ' } else { c }).collect();
    format!("`{}`", text.replace('|', "\\|"))
}
