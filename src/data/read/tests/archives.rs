//! These tests read compressed files: whole, in several parts, cut off, spoilt.

use std::io::Write;

use super::check;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("memory");
    encoder.include_checksum(true).expect("memory");
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn all_parts_of_an_archive_are_read() {
    check("a.jsonl.gz", &[gzip(b"1\n2"), gzip(b"2\n3\n")].concat(), "1\n22\n3\n");
    check("a.csv.zst", &[zstd(b"a,b\n1"), zstd(b",2\n")].concat(), "{\"a\":\"1\",\"b\":\"2\"}\n");
    check("a.json.gz", &gzip(b"[1]"), "1\n");
}

#[test]
fn an_archive_that_is_cut_off_is_an_error() {
    let text: Vec<u8> = (0..1000).flat_map(|at| format!("{}\n", at * 7919 % 1000).into_bytes()).collect();
    for (name, archive, kind) in [("a.txt.gz", gzip(&text), "gzip"), ("a.txt.zst", zstd(&text), "zstd")] {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join(name), &archive[..archive.len() - 3]).expect("writable");
        let seen = super::transcript(super::open(&super::options(dir.path(), name)), 10_000, 1 << 20);
        let expect = format!(
            "error cannot decompress `{name}`: the {kind} data ends too early; the file is cut off\n"
        );
        assert!(seen.ends_with(&expect), "{seen}");
    }
    check(
        "a.txt.gz",
        b"",
        "error cannot decompress `a.txt.gz`: the gzip data ends too early; the file is cut off\n",
    );
}

#[test]
fn a_checksum_that_does_not_fit_is_an_error() {
    for (name, mut archive) in [("a.txt.gz", gzip(b"a\nb\n")), ("a.txt.zst", zstd(b"a\nb\n"))] {
        // The check value stands last in a frame, and before the length in a member.
        let at = archive.len() - if name.ends_with("gz") { 5 } else { 1 };
        archive[at] ^= 1;
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join(name), &archive).expect("writable");
        let seen = super::transcript(super::open(&super::options(dir.path(), name)), 10, 100);
        assert!(seen.contains(&format!("error cannot decompress `{name}`: ")), "{seen}");
        assert!(seen.to_lowercase().contains("checksum"), "{seen}");
    }
}

#[test]
fn content_that_is_not_what_the_name_says_is_named() {
    check("a.jsonl", &gzip(b"1\n"), "error a.jsonl:1: the content is gzip data; say `compression: gzip`\n");
    check("a.json", &zstd(b"[1]"), "error a.json:1: the content is zstd data; say `compression: zstd`\n");
    check("a.txt", b"\xFF\xFEa\0", "error a.txt:1: the text is UTF-16; only UTF-8 is read\n");
    check(
        "a.txt.gz",
        b"a text that was never compressed\n",
        "error cannot decompress `a.txt.gz`: invalid gzip header\n",
    );
}
