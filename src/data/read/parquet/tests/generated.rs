//! This test reads files of every encoding, type, kind of nulls and amount of statistics, which it makes by a fixed seed. What the
//! library cannot read may be a fault of the file, but it never ends the process, and no value is another one.

use std::fmt::Write as _;

use parquet::basic::{Compression, Encoding, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::file::properties::{EnabledStatistics, WriterVersion};
use parquet::schema::types::Type;

use super::*;

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// How nulls lie in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Required,
    None,
    Some,
    All,
    /// Lists of up to three values and nulls.
    Lists,
}

/// One file.
#[derive(Debug)]
struct Recipe {
    physical: Physical,
    encoding: Encoding,
    has_dictionary: bool,
    version: WriterVersion,
    statistics: EnabledStatistics,
    nulls: Nulls,
    codec: Compression,
    rows: usize,
    /// Values of a page at most.
    page: usize,
}

impl Recipe {
    /// The file, and its items.
    fn make(&self, numbers: &mut Numbers) -> (Vec<u8>, Vec<String>) {
        let is_list = self.nulls == Nulls::Lists;
        let repetition =
            if self.nulls == Nulls::Required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
        let length = if self.physical == Physical::FIXED_LEN_BYTE_ARRAY { 4 } else { -1 };
        let leaf = Type::primitive_type_builder(if is_list { "element" } else { "v" }, self.physical)
            .with_length(length)
            .with_repetition(repetition)
            .build();
        let mut node = leaf.expect("a type");
        if is_list {
            let list = parse_message_type(
                "message m { optional group v (list) { repeated group list { optional int32 x; } } }",
            );
            node = with_element(&list.expect("a schema").get_fields()[0], node);
        }
        let schema = Type::group_type_builder("schema").with_fields(vec![Arc::new(node)]).build();
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(self.has_dictionary)
            .set_writer_version(self.version)
            .set_statistics_enabled(self.statistics)
            .set_compression(self.codec)
            .set_data_page_row_count_limit(self.page)
            .set_write_batch_size(self.page.max(1));
        // Beside a dictionary it is what follows when that has become too large.
        let properties = properties.set_encoding(self.encoding).set_dictionary_page_size_limit(200).build();
        let mut writer =
            SerializedFileWriter::new(Vec::new(), Arc::new(schema.expect("a schema")), Arc::new(properties))
                .expect("memory");
        let mut items = Vec::new();
        for _ in 0..2 {
            let mut group = writer.next_row_group().expect("memory");
            let mut column = group.next_column().expect("memory").expect("one");
            self.fill(column.untyped(), numbers, &mut items);
            column.close().expect("memory");
            group.close().expect("memory");
        }
        (writer.into_inner().expect("memory"), items)
    }

    fn fill(&self, column: &mut ColumnWriter<'_>, numbers: &mut Numbers, items: &mut Vec<String>) {
        let (mut defs, mut reps, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rows {
            let mut text = String::from("{\"v\":");
            let is_null = match self.nulls {
                Nulls::All => true,
                Nulls::Some | Nulls::Lists => numbers.below(3) == 0,
                Nulls::Required | Nulls::None => false,
            };
            if is_null {
                text.push_str("null");
                defs.push(0);
                reps.push(0);
            } else if self.nulls == Nulls::Lists {
                text.push('[');
                let count = numbers.below(4);
                for at in 0..count {
                    let value = (numbers.below(2) == 0).then(|| numbers.below(1000));
                    defs.push(if value.is_some() { 3 } else { 2 });
                    reps.push(i16::from(at > 0));
                    let comma = if at > 0 { "," } else { "" };
                    let shown = value.map_or_else(|| "null".to_owned(), |value| self.text(value));
                    let _ = write!(text, "{comma}{shown}");
                    values.extend(value);
                }
                if count == 0 {
                    defs.push(1);
                    reps.push(0);
                }
                text.push(']');
            } else {
                let value = numbers.below(1000);
                defs.push(1);
                text.push_str(&self.text(value));
                values.push(value);
            }
            text.push('}');
            items.push(text);
        }
        let defs = (self.nulls != Nulls::Required).then_some(&*defs);
        write(column, &values, defs, (self.nulls == Nulls::Lists).then_some(&*reps));
    }

    /// A value in an item.
    fn text(&self, value: usize) -> String {
        match self.physical {
            Physical::BOOLEAN => (value.is_multiple_of(2)).to_string(),
            Physical::INT32 | Physical::INT64 => format!("-{}", value + 1),
            Physical::FLOAT | Physical::DOUBLE => format!("{value}.5"),
            Physical::INT96 => format!("\"1970-01-01T00:00:00.{value:09}\""),
            Physical::BYTE_ARRAY => format!("\"{}\"", "00".repeat(value % 7)),
            Physical::FIXED_LEN_BYTE_ARRAY => format!("\"{value:08x}\""),
        }
    }
}

fn with_element(list: &Type, element: Type) -> Type {
    let repeated = Type::group_type_builder("list")
        .with_fields(vec![Arc::new(element)])
        .with_repetition(Repetition::REPEATED)
        .build();
    Type::group_type_builder("v")
        .with_fields(vec![Arc::new(repeated.expect("a type"))])
        .with_converted_type(list.get_basic_info().converted_type())
        .with_repetition(Repetition::OPTIONAL)
        .build()
        .expect("a type")
}

fn write(column: &mut ColumnWriter<'_>, values: &[usize], defs: Option<&[i16]>, reps: Option<&[i16]>) {
    /// The values as the column stores them.
    macro_rules! put {
        ($column:ident, $one:expr) => {
            $column.write_batch(&values.iter().map($one).collect::<Vec<_>>(), defs, reps)
        };
    }
    let written = match column {
        ColumnWriter::BoolColumnWriter(column) => put!(column, |value| value.is_multiple_of(2)),
        ColumnWriter::Int32ColumnWriter(column) => put!(column, |value| -(*value as i32) - 1),
        ColumnWriter::Int64ColumnWriter(column) => put!(column, |value| -(*value as i64) - 1),
        ColumnWriter::Int96ColumnWriter(column) => {
            put!(column, |value| Int96::from(vec![*value as u32, 0, 2_440_588]))
        }
        ColumnWriter::FloatColumnWriter(column) => put!(column, |value| *value as f32 + 0.5),
        ColumnWriter::DoubleColumnWriter(column) => put!(column, |value| *value as f64 + 0.5),
        ColumnWriter::ByteArrayColumnWriter(column) => {
            put!(column, |value| ByteArray::from(vec![0; value % 7]))
        }
        ColumnWriter::FixedLenByteArrayColumnWriter(column) => {
            put!(column, |value| FixedLenByteArray::from((*value as u32).to_be_bytes().to_vec()))
        }
    };
    written.expect("memory");
}

/// The encodings that the library writes for a type.
fn encodings(physical: Physical) -> &'static [Encoding] {
    use Encoding::{
        BYTE_STREAM_SPLIT, DELTA_BINARY_PACKED, DELTA_BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY, PLAIN, RLE,
    };
    match physical {
        Physical::BOOLEAN => &[PLAIN, RLE],
        Physical::INT32 | Physical::INT64 => &[PLAIN, DELTA_BINARY_PACKED, BYTE_STREAM_SPLIT],
        Physical::INT96 => &[PLAIN],
        Physical::FLOAT | Physical::DOUBLE => &[PLAIN, BYTE_STREAM_SPLIT],
        Physical::BYTE_ARRAY => &[PLAIN, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY],
        Physical::FIXED_LEN_BYTE_ARRAY => &[PLAIN, DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT],
    }
}

/// Every recipe of a type.
fn recipes(physical: Physical) -> Vec<Recipe> {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::ZSTD(parquet::basic::ZstdLevel::default()),
        Compression::GZIP(parquet::basic::GzipLevel::default()),
    ];
    let mut recipes = Vec::new();
    for encoding in encodings(physical) {
        for has_dictionary in [false, true] {
            for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
                for statistics in [EnabledStatistics::None, EnabledStatistics::Chunk, EnabledStatistics::Page]
                {
                    for nulls in [Nulls::Required, Nulls::None, Nulls::Some, Nulls::All, Nulls::Lists] {
                        for (rows, page) in [(0, 10), (1, 10), (9, 1), (70, 33)] {
                            let (encoding, codec) = (*encoding, codecs[recipes.len() % codecs.len()]);
                            recipes.push(Recipe {
                                physical,
                                encoding,
                                has_dictionary,
                                version,
                                statistics,
                                nulls,
                                codec,
                                rows,
                                page,
                            });
                        }
                    }
                }
            }
        }
    }
    recipes
}

/// All items and the number of bad rows; and the items behind the first five, read from where these end.
fn twice(given: &Given) -> Result<(Vec<String>, usize, Vec<String>), DataError> {
    let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
    let mut reader = open(&given.options)?;
    let mut all = Vec::new();
    reader.read(5, 1 << 16, &mut chunk, &mut bad)?;
    push_items(&chunk, &mut all);
    let position = reader.position().expect("a place in a file");
    let mut behind = Vec::new();
    for (reader, items) in
        [(reader, &mut all), (crate::data::open_at(&given.options, &position)?, &mut behind)]
    {
        let mut reader = reader;
        while reader.read(100, 1 << 16, &mut chunk, &mut bad)? {
            push_items(&chunk, items);
        }
        push_items(&chunk, items);
    }
    Ok((all, bad.len(), behind))
}

fn push_items(chunk: &Chunk, items: &mut Vec<String>) {
    let text = |at| String::from_utf8(chunk.item(at).to_vec()).expect("text").trim_end().to_owned();
    items.extend((0..chunk.len()).map(text));
}

#[test]
fn every_encoding_of_every_type_gives_its_values_or_a_fault_of_the_file() {
    let types = [
        Physical::BOOLEAN,
        Physical::INT32,
        Physical::INT64,
        Physical::INT96,
        Physical::FLOAT,
        Physical::DOUBLE,
        Physical::BYTE_ARRAY,
        Physical::FIXED_LEN_BYTE_ARRAY,
    ];
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let (mut right, mut faults) = (0, Vec::new());
    let given = Given::new(Format::Parquet, &[Vec::new()]);
    for recipe in types.into_iter().flat_map(recipes) {
        let (bytes, expect) = recipe.make(&mut numbers);
        std::fs::write(given.path().join("0"), bytes).expect("writable");
        match twice(&given) {
            Ok((items, bad, behind)) => {
                assert_eq!((&items, bad), (&expect, 0), "{recipe:?}");
                assert_eq!(behind, items[items.len().min(5)..], "{recipe:?}");
                right += 1;
            }
            Err(fault) => faults.push(format!("{recipe:?}: {fault}")),
        }
    }
    assert!(right > 3000, "{right}");
    assert_eq!(faults, Vec::<String>::new());
}
