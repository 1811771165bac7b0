//! These tests cover what each type becomes, over its whole range and at every level.

use arrow_array::builder::{Int64Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Date64Array, Decimal32Array,
    Decimal64Array, Decimal128Array, DictionaryArray, DurationMillisecondArray, FixedSizeBinaryArray,
    FixedSizeListArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    LargeBinaryArray, LargeListArray, LargeStringArray, NullArray, StringArray, StringViewArray, StructArray,
    Time32MillisecondArray, Time32SecondArray, Time64NanosecondArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt8Array, UInt16Array,
    UInt32Array, UInt64Array,
};
use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::data_type::{
    ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int96, Int96Type,
};
use parquet::file::properties::WriterVersion;

use super::*;
use crate::data::ColumnType;

/// Writes one column and compares its values as JSON.
#[track_caller]
fn check(array: impl Array + 'static, expect: &[&str]) {
    let found = items(file(vec![("v", Arc::new(array))]));
    let expect: Vec<String> = expect.iter().map(|value| format!("{{\"v\":{value}}}")).collect();
    assert_eq!(found, expect);
}

#[test]
fn numbers_are_exact() {
    check(Int8Array::from(vec![Some(i8::MIN), None, Some(i8::MAX)]), &["-128", "null", "127"]);
    check(Int16Array::from(vec![i16::MIN, i16::MAX]), &["-32768", "32767"]);
    check(Int32Array::from(vec![i32::MIN, i32::MAX]), &["-2147483648", "2147483647"]);
    check(Int64Array::from(vec![i64::MIN, i64::MAX]), &["-9223372036854775808", "9223372036854775807"]);
    check(UInt8Array::from(vec![0, u8::MAX]), &["0", "255"]);
    check(UInt16Array::from(vec![0, u16::MAX]), &["0", "65535"]);
    check(UInt32Array::from(vec![0, u32::MAX]), &["0", "4294967295"]);
    check(UInt64Array::from(vec![0, i64::MAX as u64]), &["0", "9223372036854775807"]);
    check(
        Float64Array::from(vec![0.1, -0.0, f64::MAX, 5e-324]),
        &["0.1", "-0.0", "1.7976931348623157e+308", "5e-324"],
    );
    // The float that is stored, not another with fewer digits.
    check(Float32Array::from(vec![1.5, 0.1]), &["1.5", "0.10000000149011612"]);
    check(BooleanArray::from(vec![Some(true), None, Some(false)]), &["true", "null", "false"]);
    check(NullArray::new(2), &["null", "null"]);
    let halves = [[0x00, 0x3e], [0x01, 0x00]].map(|bytes| ByteArray::from(bytes.to_vec()).into()).to_vec();
    let halves = stored::<FixedLenByteArrayType>("required fixed_len_byte_array(2) v (float16)", &halves);
    assert_eq!(items(halves), [r#"{"v":1.5}"#, r#"{"v":5.960464477539063e-8}"#]);
}

#[test]
fn decimals_are_exact_text() {
    let decimal = Decimal128Array::from(vec![Some(-5), None, Some(10_i128.pow(38) - 1)]);
    check(
        decimal.with_precision_and_scale(38, 3).expect("fits"),
        &["\"-0.005\"", "null", "\"99999999999999999999999999999999999.999\""],
    );
    check(Decimal32Array::from(vec![-123]).with_precision_and_scale(9, 2).expect("fits"), &["\"-1.23\""]);
    check(
        Decimal64Array::from(vec![7]).with_precision_and_scale(18, 18).expect("fits"),
        &["\"0.000000000000000007\""],
    );
    let bytes = [vec![0x80], vec![0; 3], [vec![0x7f], vec![0xff; 39]].concat()].map(ByteArray::from);
    let wide = stored::<ByteArrayType>("required binary v (decimal(96, 1))", &bytes);
    let last = r#"{"v":"106799351796354299321034911300811214493117206136022033119325640204196083384466964206369041099227.6"}"#;
    let found = items(wide);
    assert_eq!((found[0].as_str(), found[1].as_str()), (r#"{"v":"-12.8"}"#, r#"{"v":"0.0"}"#));
    assert_eq!(found[2].len(), last.len());
}

#[test]
fn times_are_exact_text_of_one_width() {
    check(
        Date32Array::from(vec![Some(-1), None, Some(2_932_897)]),
        &["\"1969-12-31\"", "null", "\"+10000-01-01\""],
    );
    check(Date64Array::from(vec![86_400_000]), &["\"1970-01-02\""]);
    check(Time32SecondArray::from(vec![3_723]), &["\"01:02:03\""]);
    check(Time32MillisecondArray::from(vec![5]), &["\"00:00:00.005\""]);
    check(Time64NanosecondArray::from(vec![86_399_999_999_999]), &["\"23:59:59.999999999\""]);
    check(TimestampSecondArray::from(vec![-1]), &["\"1969-12-31T23:59:59\""]);
    check(
        TimestampMillisecondArray::from(vec![0, i64::MAX]).with_timezone("+02:00"),
        &["\"1970-01-01T00:00:00.000Z\"", "\"+292278994-08-17T07:12:55.807Z\""],
    );
    check(
        TimestampMicrosecondArray::from(vec![500_000, 0]).with_timezone("UTC"),
        &["\"1970-01-01T00:00:00.500000Z\"", "\"1970-01-01T00:00:00.000000Z\""],
    );
    check(TimestampNanosecondArray::from(vec![i64::MIN]), &["\"1677-09-21T00:12:43.145224192\""]);
    check(DurationMillisecondArray::from(vec![-1500]), &["\"-PT1.500S\""]);
    let mut time = Int96::new();
    time.set_data(0, 0, 5_373_484);
    let far = stored::<Int96Type>("required int96 v", &[time]);
    assert_eq!(items(far), [r#"{"v":"9999-12-31T00:00:00.000000000"}"#]);
    time.set_data(1, 0, 2_440_589);
    let padded = stored_by::<Int96Type>("fastparquet-python version 1", "required int96 v", &[time]);
    assert_eq!(items(padded), [r#"{"v":"1970-01-02T00:00:00.000000001"}"#]);
    let interval = FixedLenByteArray::from(ByteArray::from([1_u32, 2, 3500].map(u32::to_le_bytes).concat()));
    let interval =
        stored::<FixedLenByteArrayType>("required fixed_len_byte_array(12) v (interval)", &[interval]);
    assert_eq!(items(interval), [r#"{"v":"P1M2DT3.5S"}"#]);
}

#[test]
fn text_and_bytes_come_in_all_forms() {
    check(StringArray::from(vec![Some("é\n\""), None]), &["\"é\\n\\\"\"", "null"]);
    check(LargeStringArray::from(vec![""]), &["\"\""]);
    check(StringViewArray::from(vec!["longer than twelve bytes"]), &["\"longer than twelve bytes\""]);
    check(BinaryArray::from(vec![&b"\x00\xff"[..], b""]), &["\"00ff\"", "\"\""]);
    check(LargeBinaryArray::from(vec![&b"a"[..]]), &["\"61\""]);
    check(BinaryViewArray::from(vec![&b"a"[..]]), &["\"61\""]);
    let ids = FixedSizeBinaryArray::try_from_iter([[0x12_u8; 16]].into_iter()).expect("one length");
    check(ids, &["\"12121212121212121212121212121212\""]);
    let id = FixedLenByteArray::from(ByteArray::from((0..16).collect::<Vec<u8>>()));
    let id = stored::<FixedLenByteArrayType>("required fixed_len_byte_array(16) v (uuid)", &[id]);
    assert_eq!(items(id), [r#"{"v":"00010203-0405-0607-0809-0a0b0c0d0e0f"}"#]);
    let word = stored::<ByteArrayType>("required binary v (enum)", &["RED".into()]);
    assert_eq!(items(word), [r#"{"v":"RED"}"#]);
}

#[test]
fn dictionaries_hold_values_of_any_type() {
    let words: DictionaryArray<Int32Type> = vec![Some("b"), None, Some("b")].into_iter().collect();
    check(words, &["\"b\"", "null", "\"b\""]);
    let keys = || Int32Array::from(vec![Some(1), None, Some(0)]);
    let of = |values: ArrayRef| DictionaryArray::new(keys(), values);
    check(of(Arc::new(Int64Array::from(vec![7, 8]))), &["8", "null", "7"]);
    check(of(Arc::new(Date32Array::from(vec![0, 1]))), &["\"1970-01-02\"", "null", "\"1970-01-01\""]);
    check(of(Arc::new(Float64Array::from(vec![0.5, 1.0]))), &["1.0", "null", "0.5"]);
    check(of(Arc::new(BinaryArray::from(vec![&b"a"[..], b"b"]))), &["\"62\"", "null", "\"61\""]);
}

#[test]
fn lists_and_maps_have_nulls_at_every_level() {
    let lists = vec![Some(vec![Some(1), None]), Some(vec![]), None];
    let large = LargeListArray::from_iter_primitive::<Int32Type, _, _>(lists);
    check(large, &["[1,null]", "[]", "null"]);
    let pairs = vec![Some(vec![Some(1), Some(2)]), None];
    check(FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(pairs, 2), &["[1,2]", "null"]);
    let mut deep = ListBuilder::new(ListBuilder::new(Int64Builder::new()));
    deep.values().values().append_option(None);
    deep.values().append(true);
    deep.values().append(false);
    deep.append(true);
    deep.append(false);
    check(deep.finish(), &["[[null],null]", "null"]);
    let inner: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, None]));
    let field = arrow_schema::Field::new("x", arrow_schema::DataType::Int64, true);
    let rows = StructArray::new(vec![field].into(), vec![inner], Some(vec![true, true, false].into()));
    check(rows, &["{\"x\":1}", "{\"x\":null}", "null"]);
    let mut words = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    words.keys().append_value("a\"");
    words.values().append_option(None);
    words.append(true).expect("pairs");
    words.append(true).expect("pairs");
    words.append(false).expect("pairs");
    check(words.finish(), &["{\"a\\\"\":null}", "{}", "null"]);
    let mut numbers = MapBuilder::new(None, Int64Builder::new(), StringBuilder::new());
    numbers.keys().append_value(-1);
    numbers.values().append_value("x");
    numbers.append(true).expect("pairs");
    check(numbers.finish(), &["{\"-1\":\"x\"}"]);
}

#[test]
fn files_of_one_source_agree_on_what_only_their_own_schemas_say() {
    let files = ["a", "b"].map(|note| {
        let array: ArrayRef = Arc::new(DurationMillisecondArray::from(vec![1]));
        let batch = RecordBatch::try_from_iter([("d", array)]).expect("a column");
        let schema = batch
            .schema()
            .as_ref()
            .clone()
            .with_metadata(std::collections::HashMap::from([("note".to_owned(), note.to_owned())]));
        let mut writer = ArrowWriter::try_new(Vec::new(), Arc::new(schema.clone()), None).expect("a schema");
        writer.write(&batch.with_schema(Arc::new(schema)).expect("the same columns")).expect("memory");
        writer.into_inner().expect("memory")
    });
    let given = Given::new(Format::Parquet, &files);
    let source = crate::data::TypeSource::of("docs".into(), &given.options);
    let columns = crate::data::read::source_columns(&source).expect("readable").own;
    let [(_, Some(stored))] = columns.as_slice() else { panic!("{columns:?}") };
    let hint = stored.hint.as_ref().expect("it is a duration by this alone");
    assert_eq!((hint.field.data_type().to_string().as_str(), &hint.text), ("Duration(ms)", &None));
}

#[test]
fn maps_are_known_with_the_keys_that_they_have() {
    let mut numbers = MapBuilder::new(None, Int64Builder::new(), Int64Builder::new());
    numbers.keys().append_value(1);
    numbers.values().append_value(2);
    numbers.append(true).expect("pairs");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("maps");
    std::fs::write(&path, file(vec![("m", Arc::new(numbers.finish()))])).expect("writable");
    let columns = super::super::typed_columns(&path, "maps", None).expect("readable");
    let [(name, Some(stored))] = columns.as_slice() else { panic!("{columns:?}") };
    assert_eq!(name, "m");
    let mut text = Vec::new();
    parquet::schema::printer::print_schema(&mut text, &stored.node);
    let text = String::from_utf8(text).expect("text");
    assert!(text.contains("REQUIRED INT64 key"), "{text}");
}

#[test]
fn every_codec_encoding_and_page_version_gives_the_same() {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ];
    let ids: Vec<Option<i64>> = (0..3000).map(|id| (id % 10 > 0).then_some(id * 37)).collect();
    let expect: Vec<String> = ids
        .iter()
        .map(|id| match id {
            Some(id) => format!("{{\"id\":{id},\"word\":\"w{}\"}}", id % 7),
            None => "{\"id\":null,\"word\":null}".to_owned(),
        })
        .collect();
    let words: StringArray = ids.iter().map(|id| id.map(|id| format!("w{}", id % 7))).collect();
    let columns = || -> Vec<(&str, ArrayRef)> {
        vec![("id", Arc::new(Int64Array::from(ids.clone()))), ("word", Arc::new(words.clone()))]
    };
    for codec in codecs {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let properties =
                WriterProperties::builder().set_compression(codec).set_writer_version(version).build();
            assert!(items(file_with(columns(), properties)) == expect, "{codec} {version:?}");
        }
    }
    for (id, word) in [
        (Encoding::PLAIN, Encoding::DELTA_BYTE_ARRAY),
        (Encoding::DELTA_BINARY_PACKED, Encoding::DELTA_LENGTH_BYTE_ARRAY),
        (Encoding::BYTE_STREAM_SPLIT, Encoding::PLAIN),
    ] {
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_column_encoding("id".into(), id)
            .set_column_encoding("word".into(), word)
            .build();
        assert!(items(file_with(columns(), properties)) == expect, "{id} {word}");
    }
}

#[test]
fn integers_are_text_where_text_is_asked_for() {
    let bytes = file(vec![
        ("id", Arc::new(Int64Array::from(vec![Some(-1), None]))),
        ("hash", Arc::new(UInt64Array::from(vec![u64::MAX, 0]))),
    ]);
    let columns = ["hash", "id"].map(|name| Column::typed(name, ColumnType::String)).to_vec();
    let (items, bad) = read(bytes, Some(columns)).expect("readable");
    assert_eq!(bad, []);
    assert_eq!(items, [r#"{"hash":"18446744073709551615","id":"-1"}"#, r#"{"hash":"0","id":null}"#]);
}
