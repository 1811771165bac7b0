//! `write` with placeholders in its path: each item goes to the file of its key, and to the next one when that is full.

use super::frame::{ITEMS, StepFrame};
use super::keyed::with_values;
use crate::data::{PartFile, SplitWriter, Written, split_key};
use crate::engine::lookout::Cut;
use crate::lua::Script;
use crate::plan::Split;
use crate::value::Chunk;
use crate::value::json::on_one_line;

/// Writes all items, and puts the files in their places. Gives what was written.
pub(super) fn split(frame: &mut StepFrame<'_>, split: &Split) -> Result<Vec<Written>, Cut> {
    let mut writer = SplitWriter::create(&split.options, frame.context.temp_dir())?;
    let mut line = Vec::new();
    let mut push = |key: &str, item: &[u8]| {
        line.clear();
        on_one_line(item, &mut line);
        line.push(b'\n');
        writer.push(key, &line)
    };
    if let Some(by) = &split.by {
        let mut index = 0;
        with_values(frame, "by", by, &mut |_, item, value| {
            index += 1;
            let key = split_key(value).map_err(|what| Cut::failed(no_key(what, index, by)))?;
            Ok(push(&key, item)?)
        })?;
    } else {
        let mut chunk = Chunk::default();
        while frame.read(ITEMS, &mut chunk)? {
            frame.taken += chunk.len() as u64;
            (0..chunk.len()).try_for_each(|at| push("", chunk.item(at)))?;
        }
    }
    let parts = writer.commit(&mut || frame.look())?;
    let written = |part: PartFile| Written {
        name: part.name,
        rows: Some(part.rows),
        bytes: Some(part.bytes),
        said: None,
    };
    Ok(parts.into_iter().map(written).collect())
}

/// Why the value of `by` is no key. A name that stands for nothing is most likely a field of the item.
fn no_key(what: &str, index: u64, by: &Script) -> String {
    let message = format!("`by` is {what} for item {index}; it must be a string, a number or a boolean");
    match by.bare_name().filter(|name| what == "nil" && !matches!(*name, "nil" | "item" | "index")) {
        Some(name) => format!("{message}; did you mean `item.{name}`?"),
        None => message,
    }
}
