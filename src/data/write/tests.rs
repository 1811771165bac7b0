//! These tests use the writers from outside: items go in, files come out.

mod append;
mod databases;
mod round_trips;
mod row_styles;
#[cfg(feature = "parquet")]
mod typed;

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::*;
use crate::data::{Compression, NoLedger, RowStyle, Target, TypedOptions, WriteMode};

fn options(path: &Path, format: Format) -> WriteOptions {
    WriteOptions {
        target: Target::File(path.into()),
        name: "out".into(),
        format,
        compression: Compression::None,
        pretty: false,
        single: false,
        mode: WriteMode::Replace,
        table: None,
        rows: RowStyle::default(),
        columns: None,
        typed: TypedOptions::default(),
    }
}

/// Writes each of `pieces` and commits.
fn write_all(options: &WriteOptions, pieces: &[&str]) -> Result<(), DataError> {
    let mut writer = create(options, &std::env::temp_dir(), &NoLedger)?;
    for piece in pieces {
        writer.write(piece.as_bytes())?;
    }
    while writer.work_off()? {}
    writer.commit(&NoLedger).map(drop)
}

/// Compares the file, or the error, that `pieces` come to.
fn check_with(format: Format, change: impl Fn(&mut WriteOptions), pieces: &[&str], expect: &str) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    let mut options = options(&path, format);
    change(&mut options);
    let seen = match write_all(&options, pieces) {
        Ok(()) => fs::read_to_string(&path).expect("a file"),
        Err(error) => {
            assert_eq!(names(dir.path()), [""; 0], "nothing is left behind");
            error.to_string()
        }
    };
    assert_eq!(seen, expect);
}

fn check(format: Format, pieces: &[&str], expect: &str) {
    check_with(format, |_| {}, pieces, expect);
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a folder");
    entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn json_is_written_as_lines_or_as_an_array() {
    check(Format::Jsonl, &["{\"a\":1}\n2\n", "", "3\n"], "{\"a\":1}\n2\n3\n");
    check(Format::Json, &["{\"a\":[1,-0.0]}\n2\n", "", "3\n"], "[\n{\"a\":[1,-0.0]},\n2,\n3\n]\n");
    check(Format::Json, &[], "[]\n");
    let pretty = |options: &mut WriteOptions| options.pretty = true;
    check_with(
        Format::Json,
        pretty,
        &["{\"a\":[1]}\n", "[]\n"],
        "[\n  {\n    \"a\": [\n      1\n    ]\n  },\n  []\n]\n",
    );
    check_with(Format::Json, pretty, &[], "[]\n");
    check_with(Format::Jsonl, pretty, &[], "`pretty` is for `json`, not for `jsonl`");
}

#[test]
fn tables_take_their_columns_from_the_first_item() {
    check(
        Format::Csv,
        &["{\"a\":\"x,\\\"y\\\"\",\"b\":null,\"c\":{\"d\":[1]}}\n", "{\"c\":1.50,\"a\":true}\n{}\n"],
        "a,b,c\n\"x,\"\"y\"\"\",,\"{\"\"d\"\":[1]}\"\ntrue,,1.50\n,,\n",
    );
    check(Format::Tsv, &["{\"a b\":\"1,2\",\"c\":\"\\t\"}\n"], "a b\tc\n1,2\t\\t\n");
    check(Format::Tsv, &["{\"a\":\"\\\"\\n\",\"b\\r\":\"\\\\n\"}\n"], "a\tb\\r\n\"\\n\t\\\\n\n");
    check(
        Format::Tsv,
        &["{\"a\":\"x\"}\n", "{\"a\":null}\n"],
        "cannot write item 2 to `out`: the value of `a`: it is the only field and empty, and the line would be a blank one, which is no row; say `quoting: needed`",
    );
    check(Format::Csv, &["{\"a\":null}\n"], "a\n\"\"\n");
    check(Format::Csv, &["{\"sep=;\":1}\n"], "\"sep=;\"\n1\n");
    check(Format::Csv, &["{\"sep=\":1,\"\":\"a;b\"}\n"], "\"sep=\",\n1,a;b\n");
    check(Format::Csv, &["{\"a;b\":\"c;d\"}\n"], "\"a;b\"\nc;d\n");
    check(Format::Csv, &[], "");
    check(
        Format::Csv,
        &["{\"a\":1}\n", "{\"a\":1,\"b\\n\":2}\n"],
        "cannot write item 2 to `out`: it has a key `b\n` and the first item, whose keys are the columns, does not; say `columns` or `all_columns: true`",
    );
    check(
        Format::Csv,
        &["{\"a\":1}\n[1]\n"],
        "cannot write item 2 to `out`: it is a list, and a row is made of an object",
    );
    check(
        Format::Csv,
        &["{}\n"],
        "cannot write item 1 to `out`: it has no keys, which would be the columns; say `columns`",
    );
}

#[test]
fn given_columns_choose_and_order() {
    let columns =
        |options: &mut WriteOptions| options.columns = Some(vec!["b".into(), "x".into(), "a".into()]);
    check_with(Format::Csv, columns, &["{\"a\":1,\"b\":2,\"c\":3}\n"], "b,x,a\n2,,1\n");
    check_with(Format::Csv, columns, &[], "b,x,a\n");
    check_with(Format::Json, columns, &[], "`columns` is for `csv`, `tsv` and `parquet`, not for `json`");
    let twice = |options: &mut WriteOptions| options.columns = Some(vec!["a".into(), "a".into()]);
    check_with(Format::Csv, twice, &[], "`columns` names `a` twice");
}

#[test]
fn text_has_strings_bare_and_other_values_as_json() {
    check(
        Format::Lines,
        &["\"a \\\"b\\\"\\t\"\n12\n", "{\"a\":\"\\n\"}\n\"\"\n"],
        "a \"b\"\t\n12\n{\"a\":\"\\n\"}\n\n",
    );
    let message = "cannot write item 2 to `out`: the string holds a line end and would become two items; say `format: jsonl`";
    check(Format::Lines, &["1\n\"a\\nb\"\n"], message);
}

#[test]
fn archives_hold_what_was_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    let lines: String = (0..5000).fold(String::new(), |lines, at| lines + &at.to_string() + "\n");
    let mut options = options(&path, Format::Jsonl);
    options.compression = Compression::Gzip;
    write_all(&options, &[&lines, &lines]).expect("writable");
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(&path).expect("a file"))
        .read_to_string(&mut text)
        .expect("gzip");
    assert!(text == lines.repeat(2));
    options.compression = Compression::Zstd;
    write_all(&options, &[&lines, &lines]).expect("writable");
    let archive = fs::read(&path).expect("a file");
    assert!(zstd::decode_all(archive.as_slice()).expect("zstd") == text.as_bytes());
    let (mut spoilt, at) = (archive.clone(), archive.len() - 1);
    spoilt[at] ^= 1;
    assert!(zstd::decode_all(spoilt.as_slice()).is_err(), "a checksum is there");
}

#[test]
fn the_old_file_stays_until_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    fs::write(&path, "old").expect("writable");
    for format in [Format::Jsonl, Format::Json, Format::Csv, Format::Lines] {
        let mut writer = create(&options(&path, format), dir.path(), &NoLedger).expect("writable");
        writer.write(b"{\"a\":1}\n").expect("writable");
        assert_eq!((fs::read_to_string(&path).expect("there").as_str(), names(dir.path()).len()), ("old", 2));
        drop(writer);
        assert_eq!((fs::read_to_string(&path).expect("there").as_str(), names(dir.path()).len()), ("old", 1));
    }
    write_all(&options(&path, Format::Jsonl), &["1\n"]).expect("writable");
    assert_eq!((fs::read_to_string(&path).expect("there").as_str(), names(dir.path()).len()), ("1\n", 1));
}

#[test]
fn missing_folders_are_made_and_links_followed() {
    let dir = tempfile::tempdir().expect("a folder");
    let deep = dir.path().join("a/b/out");
    write_all(&options(&deep, Format::Jsonl), &["1\n"]).expect("writable");
    let link = dir.path().join("link");
    symlink("a/b/out", &link).expect("writable");
    write_all(&options(&link, Format::Jsonl), &["2\n"]).expect("writable");
    assert_eq!(fs::read_to_string(&deep).expect("there"), "2\n");
    assert!(link.symlink_metadata().expect("there").is_symlink());
    symlink("new", dir.path().join("dangling")).expect("writable");
    write_all(&options(&dir.path().join("dangling"), Format::Jsonl), &["3\n"]).expect("writable");
    assert_eq!(fs::read_to_string(dir.path().join("new")).expect("there"), "3\n");
    symlink("round", dir.path().join("round")).expect("writable");
    let error = create(&options(&dir.path().join("round"), Format::Jsonl), dir.path(), &NoLedger)
        .err()
        .expect("a loop");
    assert_eq!(error.to_string(), "cannot open `out`: too many links lead on from one another");
}

#[test]
fn permissions_are_those_of_the_old_file_or_of_any_new_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let mode = |name: &str| {
        let meta = fs::metadata(dir.path().join(name)).expect("there");
        meta.permissions().mode() & 0o777
    };
    fs::write(dir.path().join("any"), "").expect("writable");
    write_all(&options(&dir.path().join("new"), Format::Jsonl), &["1\n"]).expect("writable");
    assert_eq!(mode("new"), mode("any"));
    fs::set_permissions(dir.path().join("any"), fs::Permissions::from_mode(0o640)).expect("ours");
    write_all(&options(&dir.path().join("any"), Format::Jsonl), &["1\n"]).expect("writable");
    assert_eq!(mode("any"), 0o640);
}

#[test]
fn what_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let seen = |path: &Path| {
        create(&options(path, Format::Jsonl), dir.path(), &NoLedger).err().map(|error| error.to_string())
    };
    assert_eq!(seen(dir.path()).as_deref(), Some("cannot write `out`: it is a folder"));
    fs::write(dir.path().join("file"), "").expect("writable");
    let below = seen(&dir.path().join("file/x"));
    assert_eq!(below.as_deref(), Some("cannot create the folder of `out`: File exists (os error 17)"));
}

#[test]
fn a_full_disk_is_an_error_with_the_name() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    for format in [Format::Jsonl, Format::Json, Format::Csv, Format::Lines] {
        let error = write_all(&options(full, format), &["{\"a\":1}\n"]).expect_err("full");
        assert_eq!(error.to_string(), "cannot write `out`: No space left on device (os error 28)");
    }
    assert!(full.metadata().is_ok_and(|meta| !meta.is_file()), "a device is written to, not replaced");
}
