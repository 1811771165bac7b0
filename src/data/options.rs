//! These options hold all that may be said about a file of items: nothing has to be guessed when it is opened.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::data::{
    Column, ColumnCompression, Compression, DataError, DeclaredType, Dialect, Format, ListPath, OriginFields,
    Query, RowStyle, TableTarget, TextEncoding, WriteMode,
};
use crate::value::choice;

/// One file, or one pattern, to read items from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// Path or pattern as the user wrote it; `-` is standard input.
    pub path: String,
    /// Folder that a relative path starts from.
    pub root: PathBuf,
    /// `None`: from each file's extension.
    pub format: Option<Format>,
    /// `None`: from each file's extension.
    pub compression: Option<Compression>,
    /// Columns to select and type; `None`: all, as strings.
    pub columns: Option<Vec<Column>>,
    /// Encoding of the text, where no byte order mark says another; `None`: UTF-8.
    pub encoding: Option<TextEncoding>,
    /// How `csv` and `tsv` are cut into rows and fields.
    pub dialect: Dialect,
    /// Fields that say where an item was read.
    pub origin: OriginFields,
    /// Where the list lies in a `json` document; `None`: the document is the list, or an object that is an item.
    pub at: Option<ListPath>,
    /// What is asked of a database.
    pub query: Option<Query>,
    /// Prove every row to be JSON while reading, so that bad rows take no index away from good ones. Without it,
    /// JSONL rows are handed on unread and the consumer finds the bad ones.
    pub validate: bool,
    /// Stop after this many items.
    pub limit: Option<u64>,
    /// Numbers that JSON does not have make no bad rows: floats are the texts `NaN`, `Infinity` and `-Infinity`, integers beyond
    /// 64 signed bits their digits. Only writers that know them get the items.
    pub keeps_beyond_json: bool,
}

impl ReadOptions {
    /// All of a file, in the way that its extension says.
    pub fn of(path: &str, root: &Path) -> Self {
        Self {
            path: path.to_owned(),
            root: root.to_owned(),
            format: None,
            compression: None,
            columns: None,
            encoding: None,
            dialect: Dialect::default(),
            origin: OriginFields::default(),
            at: None,
            query: None,
            validate: true,
            limit: None,
            keeps_beyond_json: false,
        }
    }

    /// Whether the options fit each other and, where the format is known without looking for files, the format.
    ///
    /// # Errors
    /// Fails when an option is given that the format does not have, or a delimiter that cannot be one.
    pub fn check(&self) -> Result<(), DataError> {
        first(self.problems())
    }

    /// All that is wrong with them, each beginning with the name of an option.
    pub fn problems(&self) -> Vec<String> {
        let of_query =
            self.query.as_ref().and_then(|query| query.check().err()).map(|error| error.to_string());
        let standard_input = (self.path == "-").then_some(Format::Jsonl);
        let format = self.format.or(standard_input).or_else(|| Format::of_path(&self.path).ok());
        let others = format.map(|format| self.problems_with(format)).unwrap_or_default();
        of_query.into_iter().chain(others).collect()
    }

    /// Whether the options fit a file of this format.
    pub(super) fn check_format(&self, format: Format) -> Result<(), DataError> {
        first(self.problems_with(format))
    }

    fn problems_with(&self, format: Format) -> Vec<String> {
        if !format.is_built_in() {
            return vec![format.absent()];
        }
        let mut found = Vec::new();
        if !format.streams() {
            if self.path == "-" {
                found.push(format.no_stream());
            }
            if !matches!(self.compression, None | Some(Compression::None)) {
                found.push(format.packed());
            }
            if self.encoding.is_some() {
                found.push(format.unfit("encoding", Format::streams));
            }
        }
        if self.query.is_some() && !format.is_database() {
            found.push(format.unfit("query", Format::is_database));
        }
        if self.query.is_none() && format.is_database() {
            let name = format.name();
            found.push(format!("`query` is missing: it says which rows of a `{name}` file are read"));
        }
        if self.at.is_some() && !format.is_document() {
            found.push(format.unfit("at", Format::is_document));
        }
        let columns = self.columns.as_deref();
        if columns.is_some() && !format.has_columns() {
            found.push(format.unfit("columns", Format::has_columns));
        }
        if columns.is_some_and(<[Column]>::is_empty) {
            found.push("`columns` names no column".to_owned());
        }
        let names = columns.into_iter().flatten().map(|column| column.name.as_str());
        if let Some(twice) = repeated(names) {
            found.push(format!("`columns` names `{twice}` twice"));
        }
        found.extend(self.origin.problem(format, self.dialect.header || columns.is_some()));
        match (format.field_rules(), self.dialect.first_key()) {
            (Some(usual), _) => found.extend(self.dialect.problems(self.dialect.rules(usual), columns)),
            (None, Some(key)) => found.push(format.unfit(key, Format::is_table)),
            (None, None) => {}
        }
        found
    }
}

/// The first of what is wrong.
fn first(problems: Vec<String>) -> Result<(), DataError> {
    problems.into_iter().next().map_or(Ok(()), |problem| Err(DataError::Usage(problem)))
}

choice!(
    /// By what a file is known from one run to the next, beside its path below the root.
    #[derive(Default)]
    pub enum GlobBy: "the values of `by` are" {
        /// Its size and the time of its last change.
        #[default]
        Modified = "modified",
        /// A digest of its bytes, which are read for that.
        Content = "content",
    }
);

/// The first name that stands twice.
pub(super) fn repeated<'n>(mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let mut seen = HashSet::new();
    names.find(|name| !seen.insert(*name))
}

/// A pattern whose matching files are the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobOptions {
    /// The pattern, `**` and `{a,b}` included.
    pub pattern: String,
    /// Folder that a relative pattern starts from.
    pub root: PathBuf,
    /// By what a file is known.
    pub by: GlobBy,
    /// Stop after this many items.
    pub limit: Option<u64>,
}

/// Where a writer writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `-`.
    Stdout,
    /// A file, absolute.
    File(PathBuf),
}

/// One file to write items to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    /// Where.
    pub target: Target,
    /// The name for messages, as the user wrote it.
    pub name: Arc<str>,
    /// How.
    pub format: Format,
    /// Compressed how.
    pub compression: Compression,
    /// Indent JSON.
    pub pretty: bool,
    /// Write the only item as itself.
    pub single: bool,
    /// What becomes of what is there already.
    pub mode: WriteMode,
    /// The table of a database.
    pub table: Option<TableTarget>,
    /// How rows of text are written.
    pub rows: RowStyle,
    /// Columns of `csv` and `tsv` and their order; `None`: from the first item.
    pub columns: Option<Vec<String>>,
    /// What only formats with typed columns have.
    pub typed: TypedOptions,
}

/// Where the types of columns come from that nobody declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeSource {
    /// The source whose fields reach the columns; `None`: it is not known, or has no types.
    pub base: Option<TypeBase>,
    /// Fields that are passed on under a name of their own: that name, and one that the field may have in the source.
    pub fields: Vec<(String, String)>,
    /// Each other field may come under its own name.
    pub rest: bool,
    /// The columns that may get other values.
    pub without: Vec<String>,
    /// The fields that functions give instead of the source, as far as they are known.
    pub set: Vec<String>,
    /// The columns of the source that no item has any more.
    pub removed: Vec<String>,
    /// Whether some items lack some of them, so that none has to be there.
    pub may_lack: bool,
    /// The columns that hold whole items of other sources, which `join` put there.
    pub partners: Vec<TypePartner>,
}

/// A source whose files say types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeBase {
    /// The step that reads it.
    pub step: Arc<str>,
    /// How it is read.
    pub read: ReadOptions,
}

/// A column of items of another source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypePartner {
    /// The name of the column.
    pub name: String,
    /// Where the items come from.
    pub source: TypeSource,
}

impl TypeSource {
    /// All columns of a source.
    pub fn of(step: Arc<str>, read: &ReadOptions) -> Self {
        Self { base: Some(TypeBase { step, read: read.clone() }), rest: true, ..Self::default() }
    }

    /// Whether the items are those of the source, as it gave them.
    pub fn is_whole(&self) -> bool {
        let is_all = self.rest && self.fields.is_empty() && self.without.is_empty();
        is_all && !self.may_lack && self.partners.is_empty()
    }

    /// The step that reads the source.
    pub fn step(&self) -> Option<&Arc<str>> {
        self.base.as_ref().map(|base| &base.step)
    }
}

/// How columns with types are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedOptions {
    /// The types of the columns, one for each; `None`: from the first items.
    pub types: Option<Vec<DeclaredType>>,
    /// Where the types of columns come from that are not declared; `None`: from the first items.
    pub source: Option<Arc<TypeSource>>,
    /// The step whose columns these are, and all of them, as if they were declared: that of `source`, where only its files
    /// say them.
    pub columns_of: Option<Arc<str>>,
    /// How columns are compressed; `None`: as the format has it.
    pub compression: Option<ColumnCompression>,
    /// Bytes of a group of rows; `None`: as the format has it.
    pub row_group: Option<u64>,
}

impl TypedOptions {
    /// Whether a format has them.
    fn check(&self, format: Format) -> Result<(), DataError> {
        if let Some(key) = self.first_key()
            && !format.has_types()
        {
            let what = if key == "columns" { "`columns`: types are" } else { &format!("`{key}` is") };
            let formats = Format::names_of(Format::has_types);
            let message = format!("{what} for {formats}, not for `{}`", format.name());
            return Err(DataError::Usage(message));
        }
        if self.columns_of.is_some() && !format.has_columns() {
            return Err(DataError::Usage(format.unfit("columns_of", Format::has_columns)));
        }
        Ok(())
    }

    /// The first key that says something.
    fn first_key(&self) -> Option<&'static str> {
        let given = [
            ("columns", self.types.is_some()),
            ("compression", self.compression.is_some()),
            ("row_group", self.row_group.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(key, _)| key)
    }
}

impl WriteOptions {
    /// Whether the options fit the format.
    ///
    /// # Errors
    /// Fails when an option is given that the format does not have, when `columns` is empty or names a column twice,
    /// and when a Parquet file is to go to standard output or to be compressed as a whole.
    pub fn check(&self) -> Result<(), DataError> {
        let refuse = |message: String| Err(DataError::Usage(message));
        if !self.format.is_built_in() {
            return refuse(self.format.absent());
        }
        if self.pretty && !self.format.is_indented() {
            return refuse(self.format.unfit("pretty", Format::is_indented));
        }
        if self.single && !self.format.is_document() {
            return refuse(self.format.unfit("single", Format::is_document));
        }
        let has_columns = self.columns.is_some() || self.typed.columns_of.is_some();
        self.rows.check(self.format, has_columns)?;
        self.check_mode()?;
        if !self.format.streams() {
            if self.target == Target::Stdout {
                return refuse(self.format.no_output());
            }
            if self.compression != Compression::None {
                return refuse(format!(
                    "`path`: {} {}; take the {} away",
                    self.format.name(),
                    if self.format.is_database() { "is no stream" } else { "compresses its columns itself" },
                    Compression::extensions()
                ));
            }
        }
        self.typed.check(self.format)?;
        self.check_columns()
    }

    fn check_columns(&self) -> Result<(), DataError> {
        let refuse = |message: String| Err(DataError::Usage(message));
        match &self.columns {
            Some(_) if !self.format.has_columns() => {
                refuse(self.format.unfit("columns", Format::has_columns))
            }
            Some(columns) if columns.is_empty() => refuse("`columns` names no column".to_string()),
            Some(columns) => match repeated(columns.iter().map(String::as_str)) {
                Some(twice) => refuse(format!("`columns` names `{twice}` twice")),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Whether the mode and the table fit each other and the format.
    fn check_mode(&self) -> Result<(), DataError> {
        let refuse = |message: String| Err(DataError::Usage(message));
        match &self.table {
            Some(_) if !self.format.is_database() => {
                return refuse(self.format.unfit("table", Format::is_database));
            }
            Some(table) => table.check(self.mode)?,
            None if self.format.is_database() => {
                return refuse(format!(
                    "`table` is missing: it says where in a `{}` file rows go",
                    self.format.name()
                ));
            }
            None if self.mode == WriteMode::Upsert => {
                return refuse(self.format.unfit("mode: upsert", Format::is_database));
            }
            None => {}
        }
        if self.mode == WriteMode::Append {
            if !self.format.can_grow() {
                return refuse(self.format.unfit("mode: append", Format::can_grow));
            }
            if self.target == Target::Stdout {
                return refuse("`mode: append` is for files, and `path: -` is none".to_owned());
            }
        }
        Ok(())
    }
}
