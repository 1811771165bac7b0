//! These notices are given when a source has been opened: no file matches its pattern, or a name looks like a pattern.

use std::path::Path;

use crate::data::{self, DataError, Reader};
use crate::engine::context::Context;
use crate::event::StepId;

/// Passes on what deserves a warning although nothing is wrong, and refuses a pattern without a file where rows are expected.
pub(super) fn expecting(
    context: &Context<'_>,
    source: StepId,
    is_pattern: bool,
    (root, path): (&Path, &str),
    reader: Box<dyn Reader>,
) -> Result<Box<dyn Reader>, DataError> {
    let no_file = context.source_status(source).expect_rows(is_pattern, reader.notice())?;
    for notice in no_file.into_iter().chain(data::name_like_a_pattern(root, path)) {
        // Several steps may read the source.
        if context.source_status(source).is_news(&notice) {
            context.notice(source, notice);
        }
    }
    Ok(reader)
}
