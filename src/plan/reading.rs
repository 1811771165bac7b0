//! This module turns a `read` as written into the options of its reader.

use super::resolve::{Built, Findings, StepBuilder};
use super::step::Read;
use crate::config;
use crate::data::{DataError, Dialect, ListPath, OriginFields, Query, Ragged, ReadOptions, TextEncoding};
use crate::value::Ratio;

impl StepBuilder<'_> {
    /// What is read, and how many of its rows may be bad.
    pub(super) fn read(&self, at: &str, read: &config::Read) -> Built<Read> {
        let columns = self.known(&format!("{at}/columns"), read.columns.as_ref())?;
        let counts = [read.max_failures.as_ref(), read.min_items.as_ref()];
        let policy = self.source_policy(at, read.min_success_ratio.as_ref(), counts)?;
        let list = self.known(&format!("{at}/at"), read.at.as_ref())?;
        let list = list.map(|list| ListPath::parse(&list)).transpose();
        let encoding = self.known(&format!("{at}/encoding"), read.encoding.as_ref())?;
        let encoding = encoding.map(|label| TextEncoding::of_label(&label)).transpose();
        let query = self.known(&format!("{at}/query"), read.query.as_ref())?;
        let params = self.known(&format!("{at}/params"), read.params.as_ref())?;
        if params.is_some() && query.is_none() {
            return Err(self.bad_option(at, "`params` are those of a `query`, which is missing").into());
        }
        let query = query.map(|text| Query { text, params: params.unwrap_or_default() });
        let refuse = |error: DataError| self.bad_option(at, &error.to_string());
        let options = ReadOptions {
            format: self.known(&format!("{at}/format"), read.format.as_ref())?,
            compression: self.known(&format!("{at}/compression"), read.compression.as_ref())?,
            columns: columns.map(|columns| columns.0),
            encoding: encoding.map_err(refuse)?,
            dialect: self.dialect(at, read)?,
            origin: read.origin.as_ref().map_or_else(OriginFields::default, |origin| OriginFields {
                file: origin.file.clone(),
                line: origin.line.clone(),
            }),
            query,
            at: list.map_err(|reason| self.bad_option(at, &reason))?,
            // Where bad rows are borne, they must not shift the indices of the good ones.
            validate: policy.min_success_ratio != Ratio::ONE || policy.max_failures.is_some(),
            limit: self.limit,
            ..ReadOptions::of(&read.path, self.root)
        };
        let problems = options.problems();
        if !problems.is_empty() {
            return Err(Findings(problems.iter().map(|problem| self.bad_option(at, problem)).collect()));
        }
        Ok(Read { options, policy })
    }

    fn dialect(&self, at: &str, read: &config::Read) -> Built<Dialect> {
        let field = |key: &str| format!("{at}/{key}");
        let usual = Dialect::default();
        Ok(Dialect {
            delimiter: self.known(&field("delimiter"), read.delimiter.as_ref())?.map(|delimiter| delimiter.0),
            quote: self.known(&field("quote"), read.quote.as_ref())?,
            escape: self.known(&field("escape"), read.escape.as_ref())?.map(|escape| escape.0),
            comment: self.known(&field("comment"), read.comment.as_ref())?.map(|comment| comment.0),
            skip: self.known(&field("skip"), read.skip.as_ref())?.map_or(usual.skip, |skip| skip.0),
            trim: self.known(&field("trim"), read.trim.as_ref())?.unwrap_or(usual.trim),
            ragged: self.known(&field("ragged"), read.ragged.as_ref())?.unwrap_or(Ragged::Error),
            null_values: self.known(&field("null_values"), read.null_values.as_ref())?.unwrap_or_default(),
            header: self.known(&field("header"), read.header.as_ref())?.unwrap_or(usual.header),
        })
    }
}
