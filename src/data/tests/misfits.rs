//! A position that does not fit what is there is an error, never other rows.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::sources::{Given, packed, parquet};
use super::*;

/// The position behind the first row.
fn behind_first(options: &ReadOptions) -> Position {
    let mut reader = open(options).expect("readable");
    reader.read(1, 100, &mut Chunk::default(), &mut Vec::new()).expect("readable");
    reader.position().expect("a file")
}

/// Why a source cannot be entered after a change.
fn refused(given: &Given, change: impl FnOnce(&Path)) -> String {
    let position = behind_first(&given.options);
    change(given.path());
    open_at(&given.options, &position).err().map(|error| error.to_string()).expect("it is another source")
}

fn is_not(file: &str) -> String {
    format!("`{file}` is not what it was when its rows were counted")
}

fn write(path: &Path, file: &str, text: &[u8]) {
    fs::write(path.join(file), text).expect("writable");
}

/// Makes a file look older, so that a change does not hide behind the clock's grain.
fn age(path: &Path) {
    let file = File::options().append(true).open(path).expect("writable");
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).expect("ours");
}

#[test]
fn a_file_that_has_changed_is_refused() {
    let lines = || Given::new(Format::Jsonl, &[b"1\n2\n3\n".to_vec()]);
    let size = |bytes: u64| format!("{}: it has {bytes} bytes instead of 6", is_not("0"));
    assert_eq!(refused(&lines(), |dir| write(dir, "0", b"1\n2\n")), size(4));
    assert_eq!(refused(&lines(), |dir| write(dir, "0", b"1\n2\n3\n4\n")), size(8));
    let gone = refused(&lines(), |dir| fs::remove_file(dir.join("0")).expect("there"));
    assert_eq!(gone, "cannot open `0`: No such file or directory (os error 2)");
    let touched = refused(&lines(), |dir| age(&dir.join("0")));
    assert_eq!(touched, format!("{}: it has been written to", is_not("0")));
    let other = refused(&lines(), |dir| {
        let path = dir.join("0");
        let time = fs::metadata(&path).and_then(|file| file.modified()).expect("it is there");
        write(dir, "0", b"1\n2\n4\n");
        File::options().append(true).open(&path).expect("writable").set_modified(time).expect("ours");
    });
    assert_eq!(other, format!("{}: something else stands in it", is_not("0")));
}

#[test]
fn other_files_of_a_pattern_are_refused() {
    let files = || Given::new(Format::Jsonl, &[b"1\n2\n".to_vec(), b"3\n".to_vec()]);
    let expect = format!("{}: a file that it matches was added, removed or written to", is_not("*"));
    assert_eq!(refused(&files(), |dir| write(dir, "00", b"")), expect);
    assert_eq!(refused(&files(), |dir| write(dir, "1", b"33\n")), expect);
    assert_eq!(refused(&files(), |dir| age(&dir.join("0"))), expect);
    assert_eq!(refused(&files(), |dir| fs::remove_file(dir.join("1")).expect("there")), expect);
}

#[test]
fn a_position_of_another_kind_is_refused() {
    let contents: [(Format, Vec<u8>); 4] = [
        (Format::Jsonl, b"1\n2\n".to_vec()),
        (Format::Json, b"[1,2]".to_vec()),
        (Format::Csv, b"a\n1\n2\n".to_vec()),
        (Format::Parquet, parquet(&[2], 0)),
    ];
    for (format, content) in &contents {
        let given = Given::new(*format, std::slice::from_ref(content));
        for (other, other_content) in contents.iter().filter(|(other, _)| other != format) {
            let position = behind_first(&Given::new(*other, std::slice::from_ref(other_content)).options);
            let error = open_at(&given.options, &position).err().expect("another kind").to_string();
            assert!(error.starts_with(&is_not("0")), "{format:?} {other:?}: {error}");
        }
    }
    let list = Position { rows: 1, bad: 0, at: PositionAt::List { length: 2 } };
    let given = Given::new(Format::Jsonl, &[b"1\n2\n".to_vec()]);
    let expect = format!("{}: the position belongs to another kind of source", is_not("0"));
    assert_eq!(open_at(&given.options, &list).err().expect("a list").to_string(), expect);
    assert!(crate::data::items_reader_at(["1".into()].into(), None, &list).is_err());
}

#[test]
fn a_header_or_a_compression_that_is_read_in_another_way_is_refused() {
    let given = Given::new(Format::Csv, &[b"a,b\n1,2\n3,4\n".to_vec()]);
    let position = behind_first(&given.options);
    let mut semicolon = given.options.clone();
    semicolon.dialect.delimiter = Some(b';');
    let error = open_at(&semicolon, &position).err().expect("one column").to_string();
    assert_eq!(error, format!("{}: the header names other columns", is_not("0")));
    let mut bare = given.options.clone();
    bare.dialect.header = false;
    assert!(open_at(&bare, &position).is_err());
    let zstd = ReadOptions { compression: Some(Compression::Zstd), ..given.options.clone() };
    let error = open_at(&zstd, &position).err().expect("plain").to_string();
    assert_eq!(error, format!("{}: it is compressed in another way", is_not("0")));
}

#[test]
fn a_position_that_somebody_has_made_up_is_an_error_and_no_panic() {
    let mut packed_given = Given::new(Format::Lines, &[packed(Compression::Gzip, b"a\nb\nc\n", &[2])]);
    packed_given.options.compression = Some(Compression::Gzip);
    let givens = [
        packed_given,
        Given::new(Format::Lines, &[b"a\nb\n".to_vec()]),
        Given::new(Format::Json, &[b"[1,2]".to_vec()]),
        Given::new(Format::Csv, &[b"a\n1\n2\n".to_vec()]),
        Given::new(Format::Parquet, &[parquet(&[2, 2], 0)]),
        Given::new(Format::Lines, &[b"a\n".to_vec(), b"b\n".to_vec()]),
    ];
    for given in &givens {
        let text = serde_json::to_string(&behind_first(&given.options)).expect("plain data");
        for number in ["0", "1", "7", "18446744073709551615"] {
            let numbers: Vec<_> =
                text.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at).collect();
            for at in numbers {
                let changed = format!("{}{number}{}", &text[..at], &text[at + 1..]);
                let Ok(position) = serde_json::from_str::<Position>(&changed) else { continue };
                let mut seen = Seen::default();
                if let Ok(mut reader) = open_at(&given.options, &position) {
                    while reader.read(10, 100, &mut Chunk::default(), &mut Vec::new()).unwrap_or(false) {
                        seen.items.push(String::new());
                        assert!(seen.items.len() < 100, "it ends: {changed}");
                    }
                }
            }
        }
    }
}

#[test]
fn standard_input_cannot_be_entered() {
    let given = Given::new(Format::Jsonl, &[b"1\n".to_vec()]);
    let position = behind_first(&given.options);
    let stdin = ReadOptions { path: "-".into(), ..given.options.clone() };
    assert!(open_at(&stdin, &position).is_err());
}
