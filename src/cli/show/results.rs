//! This module shows the results of a step's items, in their order.

use std::io::Write;

use serde_json::value::RawValue;

use super::failed::comma;
use super::log::cut;
use super::page::cell;
use super::view::{Broken, View};
use crate::cli::args::ShowFormat;
use crate::cli::exit::Complaint;
use crate::store::{LinesPerItem, Results, StepRecord};

/// Writes them.
pub(super) fn write(view: &View<'_>, out: &mut impl Write) -> Result<(), Broken> {
    let step = chosen(view)?;
    let open = || view.run.results(&step.step);
    let damaged = match view.format {
        ShowFormat::Json => {
            out.write_all(b"{\"run\":")?;
            serde_json::to_writer(&mut *out, &view.run.record().id)?;
            out.write_all(b",\"step\":")?;
            serde_json::to_writer(&mut *out, &step.step)?;
            out.write_all(b",\"results\":[")?;
            list(&mut open()?, out)?;
            // The same values under both names, as in expressions.
            out.write_all(b"],\"successful_results\":[")?;
            let damaged = list(&mut open()?, out)?;
            out.write_all(b"]}\n")?;
            damaged
        }
        ShowFormat::Text => lines(&mut open()?, |index, _, value| {
            Ok(writeln!(out, "{index:>8}  {}", cut(&String::from_utf8_lossy(value)))?)
        })?,
        ShowFormat::Jsonl => lines(&mut open()?.with_keys(), |index, key, value| {
            write!(out, "{{\"index\":{index},\"key\":")?;
            out.write_all(key)?;
            out.write_all(b",\"value\":")?;
            out.write_all(value)?;
            Ok(out.write_all(b"}\n")?)
        })?,
        ShowFormat::Csv => {
            out.write_all(b"index,key,value\n")?;
            lines(&mut open()?.with_keys(), |index, key, value| {
                Ok(writeln!(out, "{index},{},{}", cell(&plain(key)), cell(&plain(value)))?)
            })?
        }
    };
    match damaged {
        0 => Ok(()),
        damaged => {
            out.flush()?;
            let message = format!("{damaged} results of step `{}` are damaged and left out", step.step);
            let help = format!("`{}` works them out again", view.commands.resume());
            Err(Broken::Usage(Complaint::new(message).help(help)))
        }
    }
}

/// The step that is meant, which is one whose results are kept.
fn chosen<'a>(view: &View<'a>) -> Result<&'a StepRecord, Broken> {
    let mut kept = view.steps.iter().filter(|step| step.shape.is_some());
    match (kept.next(), kept.next()) {
        (Some(step), None) => Ok(step),
        (Some(_), Some(_)) => {
            let names: Vec<&str> =
                view.steps.iter().filter(|step| step.shape.is_some()).map(|step| &*step.step).collect();
            let example = format!("`flowrun show {} {} --results`", view.commands.run, names[0]);
            let message = format!("more than one step has results: {}", names.join(", "));
            Err(Broken::Usage(Complaint::new(message).help(format!("name one, as in {example}"))))
        }
        (None, _) => {
            let message = match view.steps {
                [step] => {
                    format!(
                        "run `{}` keeps no results of the {} step `{}`",
                        view.commands.run, step.verb, step.step
                    )
                }
                _ => format!("run `{}` keeps no results", view.commands.run),
            };
            let help = "results of `map`, `flat_map` and `filter` are kept once such a step has begun";
            Err(Broken::Usage(Complaint::new(message).help(help)))
        }
    }
}

/// Hands every item's result over with its key, `null` where that is not known, and says how many cannot be read.
fn lines(
    results: &mut Results,
    mut take: impl FnMut(u64, &[u8], &[u8]) -> Result<(), Broken>,
) -> Result<u64, Broken> {
    while let Some(line) = results.next() {
        if let Some(value) = line.value {
            take(line.index, line.key.unwrap_or(b"null"), value)?;
        }
    }
    Ok(results.damaged())
}

/// All values, one after the other; a `flat_map` has several for an item.
fn list(results: &mut Results, out: &mut impl Write) -> Result<u64, Broken> {
    let (shape, mut is_first) = (results.shape(), true);
    lines(results, |_, _, value| {
        let values: Vec<&RawValue> = if shape == LinesPerItem::Many {
            serde_json::from_slice(value)?
        } else {
            vec![serde_json::from_slice(value)?]
        };
        for value in values {
            comma(&mut is_first, out)?;
            out.write_all(value.get().as_bytes())?;
        }
        Ok(())
    })
}

/// A string without its quotes; everything else as JSON.
fn plain(json: &[u8]) -> String {
    serde_json::from_slice::<String>(json).unwrap_or_else(|_| String::from_utf8_lossy(json).into_owned())
}
