//! These tests count rows from above, and follow how far a reading is.

use std::fs;
use std::sync::atomic::AtomicBool;

use super::{options, transcript};
use crate::data::read::{most_rows, open};
use crate::data::{Compression, Format, ReadOptions};
use crate::value::{Chunk, Extent};

fn most(files: &[(&str, &[u8])], change: impl Fn(&mut ReadOptions)) -> Option<u64> {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(dir.path().join(name), text).expect("writable");
    }
    let mut options = options(dir.path(), "*");
    change(&mut options);
    let most = most_rows(&options, &AtomicBool::new(false)).expect("readable");
    let rows = transcript(open(&options), 100, 1 << 16).lines().count() as u64;
    assert!(most.is_none_or(|most| most >= rows), "{most:?} {rows}");
    assert_eq!(
        most_rows(&options, &AtomicBool::new(true)).expect("readable").filter(|_| most.is_none()),
        None
    );
    most
}

#[test]
fn rows_are_bounded_by_line_ends() {
    assert_eq!(most(&[("a.jsonl", b"1\n2\n3"), ("b.txt", b"a\n\n")], |_| {}), Some(5));
    assert_eq!(most(&[("a.csv", b"a\r\n\"1\r\n\"\r\n2\r\n")], |_| {}), Some(3));
    assert_eq!(most(&[("a.csv", b"1\n2\n")], |options| options.dialect.header = false), Some(2));
    assert_eq!(most(&[("a.csv", b"")], |_| {}), Some(0));
    assert_eq!(most(&[("a.jsonl", b"1\n2\n3")], |options| options.limit = Some(2)), Some(2));
    assert_eq!(most(&[("a.json", b"[1,2]")], |_| {}), None);
}

#[test]
fn an_archive_is_counted_by_its_text_and_followed_by_its_bytes() {
    let text: Vec<u8> = (0..50_000).flat_map(|at| format!("{}\n", at * 7919 % 50_000).into_bytes()).collect();
    let zstd = zstd::encode_all(text.as_slice(), 1).expect("memory");
    let dir = tempfile::tempdir().expect("a folder");
    for (name, compression, bytes) in [("b", Compression::Zstd, &zstd), ("a", Compression::None, &text)] {
        fs::write(dir.path().join(name), bytes).expect("writable");
        let how = (Some(Format::Lines), Some(compression));
        let options = ReadOptions { format: how.0, compression: how.1, ..options(dir.path(), name) };
        assert_eq!(most_rows(&options, &AtomicBool::new(false)).expect("readable"), Some(50_000));
        let mut reader = open(&options).expect("readable");
        let of = bytes.len() as u64;
        assert_eq!(reader.extent(), Some(Extent { done: 0, of }), "{name}");
        let (mut chunk, mut seen) = (Chunk::default(), 0);
        while reader.read(1000, 1 << 20, &mut chunk, &mut Vec::new()).expect("readable") {
            let extent = reader.extent().expect("a file");
            assert!(extent.done >= seen && extent.done <= of, "{extent:?}");
            seen = extent.done;
        }
        assert_eq!(reader.extent(), Some(Extent { done: of, of }));
    }
}

#[test]
fn many_files_are_followed_as_one() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in [("a.jsonl", "1\n2\n"), ("b.jsonl", ""), ("c.csv", "x\n1\n")] {
        fs::write(dir.path().join(name), text).expect("writable");
    }
    let mut reader = open(&options(dir.path(), "*")).expect("readable");
    let mut seen = vec![reader.extent().expect("files").done];
    while reader.read(1, 1, &mut Chunk::default(), &mut Vec::new()).expect("readable") {
        seen.push(reader.extent().expect("files").done);
    }
    assert!(seen.is_sorted() && seen[0] == 0, "{seen:?}");
    assert_eq!(reader.extent(), Some(Extent { done: 8, of: 8 }));
    let limited = ReadOptions { limit: Some(4), ..options(dir.path(), "*") };
    let mut reader = open(&limited).expect("readable");
    reader.read(1, 1, &mut Chunk::default(), &mut Vec::new()).expect("readable");
    assert_eq!(reader.extent(), Some(Extent { done: 2, of: 8 }));
    reader.read(1, 1, &mut Chunk::default(), &mut Vec::new()).expect("readable");
    assert_eq!(reader.extent(), Some(Extent { done: 4, of: 8 }));
}
