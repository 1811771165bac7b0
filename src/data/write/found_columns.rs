//! This module finds what a source says of the columns of an output: once, however many files the output lies in.

#[cfg(feature = "parquet")]
use crate::data::read::{KnownColumns, source_columns};
use crate::data::{DataError, WriteOptions};

/// What is known of the columns before any item.
pub(super) struct FoundColumns {
    /// Those that are asked for, by their names or as those of a step.
    pub(super) names: Option<Vec<String>>,
    /// Those of the source, with their types.
    #[cfg(feature = "parquet")]
    pub(super) known: KnownColumns,
}

impl FoundColumns {
    /// Looks at the files of the source, if there is one.
    ///
    /// # Errors
    /// Fails when the columns are to be those of a source that does not say them.
    #[cfg(feature = "parquet")]
    pub(super) fn of(options: &WriteOptions) -> Result<Self, DataError> {
        let names = options.columns.clone();
        let Some(source) = &options.typed.source else {
            return Ok(Self { names, known: KnownColumns::default() });
        };
        let found = source_columns(source);
        let Some(step) = &options.typed.columns_of else {
            // Why a source cannot be read is said by the step that reads it.
            return Ok(Self { names, known: found.unwrap_or_default() });
        };
        let refuse = |why: String| DataError::Usage(format!("`columns_of`: {why}"));
        let known = found.map_err(|error| refuse(error.to_string()))?;
        if known.own.is_empty() {
            return Err(refuse(format!("no file that step `{step}` reads says its columns")));
        }
        let names = Some(known.own.iter().map(|(name, _)| name.clone()).collect());
        Ok(Self { names, known })
    }

    /// Without formats that have types no source says any.
    ///
    /// # Errors
    /// Fails when the columns are to be those of a source.
    #[cfg(not(feature = "parquet"))]
    pub(super) fn of(options: &WriteOptions) -> Result<Self, DataError> {
        if options.typed.columns_of.is_some() {
            return Err(DataError::Usage(format!("`columns_of`: {}", crate::data::Format::Parquet.absent())));
        }
        Ok(Self { names: options.columns.clone() })
    }
}
