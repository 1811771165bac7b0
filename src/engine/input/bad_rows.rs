//! Rows that a source cannot read are booked with it, kept and told of, each once however many steps read the source.

use crate::data::BadRow;
use crate::engine::context::Context;
use crate::engine::failed_item;
use crate::event::{Event, FailureKind, Place, StepId};

/// Books a bad row and tells of it; `false` when the source is lost with it.
pub(super) fn book(context: &Context<'_>, source: StepId, row: &BadRow) -> bool {
    let mask = context.mask();
    let masked = (!mask.is_empty()).then(|| BadRow {
        file: mask.text(&row.file).into_owned(),
        message: mask.text(&row.message).into_owned(),
        ..row.clone()
    });
    let row = masked.as_ref().unwrap_or(row);
    let mut source_status = context.source_status(source);
    match source_status.bad_row(row) {
        Ok(true) => {
            let key = failed_item::key(row.text.as_bytes());
            context.keep_bad_row(source, row.index, key, failed_item::bad_row_item(row));
            context.emit(Event::ItemFailed {
                step: source,
                index: row.index,
                key: None,
                kind: FailureKind::BadRow,
                message: row.message.as_str().into(),
                place: Some(Place {
                    file: row.file.as_str().into(),
                    line: row.line,
                    column: None,
                    source: None,
                }),
                fields: None,
                attempts: 1,
            });
        }
        Ok(false) => {}
        Err(error) => source_status.broke(error.to_string()),
    }
    !source_status.is_lost()
}
