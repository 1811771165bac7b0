//! These sources are made for tests: rows of every format, good and bad, packed and in several files.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::data::{Compression, Dialect, Format, OriginFields, Quote, Ragged, ReadOptions, TextEncoding};

/// Files in a folder, and how they are read.
#[derive(Debug)]
pub(in crate::data) struct Given {
    dir: TempDir,
    pub(in crate::data) options: ReadOptions,
}

impl Given {
    /// Files of these contents; one file is read by its name and several by a pattern.
    pub(in crate::data) fn new(format: Format, files: &[Vec<u8>]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        for (at, bytes) in files.iter().enumerate() {
            fs::write(dir.path().join(format!("{at}")), bytes).expect("writable");
        }
        let path = if files.len() == 1 { "0" } else { "*" }.to_owned();
        let options = ReadOptions { format: Some(format), ..ReadOptions::of(&path, dir.path()) };
        Self { dir, options }
    }

    /// The folder.
    pub(in crate::data) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Packs `bytes` as several members or frames, cut at these places.
pub(in crate::data) fn packed(compression: Compression, bytes: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let starts = [0].into_iter().chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([bytes.len()]);
    starts.zip(ends).flat_map(|(start, end)| member(compression, &bytes[start..end])).collect()
}

fn member(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).expect("memory");
            encoder.finish().expect("memory")
        }
        Compression::Zstd => zstd::encode_all(bytes, 1).expect("memory"),
    }
}

/// A Parquet file with row groups of these sizes; each row has a number of its own.
pub(in crate::data) fn parquet(groups: &[usize], first: i64) -> Vec<u8> {
    let batch = |ids: Vec<i64>| {
        let words: Vec<String> = ids.iter().map(|id| "w".repeat(*id as usize % 7)).collect();
        let (ids, words) = (Arc::new(Int64Array::from(ids)), Arc::new(StringArray::from(words)));
        RecordBatch::try_from_iter([("id", ids as _), ("word", words as _)]).expect("columns of one length")
    };
    let mut writer = ArrowWriter::try_new(Vec::new(), batch(vec![]).schema(), None).expect("a schema");
    let mut next = first;
    for group in groups {
        writer.write(&batch((next..next + *group as i64).collect())).expect("memory");
        writer.flush().expect("memory");
        next += *group as i64;
    }
    writer.into_inner().expect("memory")
}

/// Text of one format, with bad rows and now and then with faults that end the reading.
fn text(format: Format) -> BoxedStrategy<Vec<u8>> {
    let parts: Vec<&[u8]> = match format {
        Format::Json => vec![
            b"1",
            b" 22 ",
            b"\"a]\\\"\"",
            b"1 2",
            b"[1,\n2]",
            b"{\"a\" 1}",
            b"{\"b\":\n[]}",
            b"\n\"x\"\n",
        ],
        Format::Csv | Format::Tsv => vec![
            b"1,2\n",
            b"3,\"4\"\r\n",
            b"\"5\n\n6\",\"7\"\"\"\n",
            b"\n",
            b"\r\n",
            b"only\n",
            b"\"x\"y,1\n",
            b"\xFF,1\n",
            b"a\tb\n",
            b"8,9\r",
            b"7;\\\n7\n",
            b"\"",
        ],
        Format::Jsonl | Format::Lines | Format::Parquet | Format::Sqlite => {
            vec![
                b"1\n",
                b"{\"a\": 22}\r\n",
                b"{\"line\":1}\n",
                b"\n",
                b" \t\n",
                b"2\r",
                b"x\n",
                b"\"\xFF\"\n",
                b"\"\xC3\xA4\"",
                b"\xEF\xBB\xBF",
            ]
        }
    };
    let rows = prop::collection::vec(prop::sample::select(parts), 0..14);
    let ends = prop::sample::select(vec![&b""[..], b"\n", b"]", b"]\n\n", b"] 1"]);
    let start = prop::sample::select(vec![&b""[..], b"sep=;\n", b"\xEF\xBB\xBF", b"\xFF\xFE", b"\n"]);
    (start, rows, ends)
        .prop_map(move |(start, rows, end)| match format {
            Format::Json => {
                let end = if end.starts_with(b"]") { end } else { b"]" };
                [start, b"[", rows.join(&b","[..]).as_slice(), end].concat()
            }
            _ => [start, rows.concat().as_slice()].concat(),
        })
        .boxed()
}

fn columns() -> impl Strategy<Value = Option<Vec<crate::data::Column>>> {
    let column = |name| crate::data::Column::typed(name, crate::data::ColumnType::Integer);
    prop::sample::select(vec![None, None, Some(vec![column("1"), column("2")])])
}

/// No encoding, one of a byte a character, and one in which many a text of these bytes is none.
fn encoding() -> impl Strategy<Value = Option<TextEncoding>> {
    let label = |label| TextEncoding::of_label(label).ok();
    prop::sample::select(vec![None, None, label("latin1"), label("utf-16be")])
}

/// The usual dialects, and some in which the same text says something else.
fn dialect() -> impl Strategy<Value = Dialect> {
    let usual = Dialect::default();
    let escape = Dialect { escape: Some(b'\\'), skip: 1, ..usual.clone() };
    let bare = Dialect { quote: Some(Quote::None), trim: true, comment: Some("3".into()), ..usual.clone() };
    let padded = Dialect { ragged: Ragged::Pad, quote: Some(Quote::Character(b'"')), ..usual.clone() };
    prop::sample::select(vec![usual.clone(), usual, escape, bare, padded])
}

/// Sources of text of every kind.
pub(in crate::data) fn texts() -> impl Strategy<Value = Given> {
    let formats = vec![Format::Jsonl, Format::Json, Format::Csv, Format::Tsv, Format::Lines];
    let compressions = vec![Compression::None, Compression::None, Compression::Gzip, Compression::Zstd];
    let choice = (prop::sample::select(formats), prop::sample::select(compressions));
    choice.prop_flat_map(|(format, compression)| {
        let cuts = prop::collection::vec(any::<usize>(), 0..4);
        let files = prop::collection::vec((text(format), cuts), 1..4);
        let text = (encoding(), dialect(), any::<bool>());
        (files, any::<bool>(), any::<bool>(), columns(), text).prop_map(
            move |(files, header, validate, columns, (encoding, dialect, origin))| {
                let files: Vec<Vec<u8>> =
                    files.iter().map(|(text, cuts)| packed(compression, text, cuts)).collect();
                let mut given = Given::new(format, &files);
                given.options.compression = Some(compression);
                (given.options.validate, given.options.encoding) = (validate, encoding);
                if format.is_table() {
                    given.options.columns = columns;
                    given.options.dialect = Dialect { header, ..dialect.clone() };
                }
                let wanted = OriginFields { file: None, line: Some("line".into()) };
                if origin && wanted.problem(format, header).is_none() {
                    given.options.origin = wanted;
                }
                given
            },
        )
    })
}

/// Parquet files, one or more.
pub(in crate::data) fn parquets() -> impl Strategy<Value = Given> {
    let groups = prop::collection::vec(0..6_usize, 0..5);
    prop::collection::vec(groups, 1..4).prop_map(|files| {
        let files: Vec<Vec<u8>> =
            files.iter().enumerate().map(|(at, groups)| parquet(groups, at as i64 * 100)).collect();
        Given::new(Format::Parquet, &files)
    })
}

/// Lines of different lengths, some of which are blank.
pub(in crate::data) fn many_lines() -> Vec<u8> {
    let text = (0..30_000).fold(String::new(), |mut text, at| {
        let _ = writeln!(
            text,
            "{}",
            if at % 97 == 0 { String::new() } else { format!("[{at},\"{}\"]", "x".repeat(at % 31)) }
        );
        text
    });
    text.into_bytes()
}
