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
        let line = seen.lines().count();
        let expect = format!(
            "error {name}:{line}: cannot decompress: the {kind} data ends too early; the file is cut off\n"
        );
        assert!(seen.ends_with(&expect), "{seen}");
    }
    check(
        "a.txt.gz",
        b"",
        "error a.txt.gz:1: cannot decompress: the gzip data ends too early; the file is cut off\n",
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
        assert!(seen.contains(&format!("error {name}:")) && seen.contains(": cannot decompress: "), "{seen}");
        assert!(seen.to_lowercase().contains("checksum"), "{seen}");
    }
}

#[test]
fn content_that_is_not_what_the_name_says_is_named() {
    check("a.jsonl", &gzip(b"1\n"), "error a.jsonl:1: the content is gzip data; say `compression: gzip`\n");
    check("a.json", &zstd(b"[1]"), "error a.json:1: the content is zstd data; say `compression: zstd`\n");
    check("a.txt", b"\xFF\xFE\0\0a\0\0\0", "error a.txt:1: the text is UTF-32, which is not read\n");
    check(
        "a.txt.gz",
        b"a text that was never compressed\n",
        "error a.txt.gz:1: cannot decompress: invalid gzip header\n",
    );
}

#[test]
fn zeros_behind_the_last_member_are_padding() {
    let padded = |parts: &[&[u8]]| parts.concat();
    let zeros = vec![0; 200_000];
    check("a.jsonl.gz", &padded(&[&gzip(b"1\n"), &[0; 3]]), "1\n");
    check("a.jsonl.gz", &padded(&[&gzip(b"1\n"), &gzip(b"2\n"), &zeros]), "1\n2\n");
    check("a.jsonl.gz", &padded(&[&gzip(b"1\n"), &zeros, &gzip(b"2\n"), &[0]]), "1\n2\n");
    check(
        "a.jsonl.gz",
        &padded(&[&gzip(b"1\n"), &[0, 0], b"x"]),
        "1\nerror a.jsonl.gz:2: cannot decompress: the gzip data ends too early; the file is cut off\n",
    );
}

#[test]
fn what_stands_behind_the_last_frame_is_named() {
    let whole = [zstd(b"1\n"), vec![0x5A, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9], zstd(b"2\n")].concat();
    check("a.jsonl.zst", &whole, "1\n2\n");
    let expect = |what: &str| {
        let at = whole.len();
        format!(
            "1\n2\nerror a.jsonl.zst:3: cannot decompress: {what} behind the last frame, which no zstd reader takes; the first {at} \
             bytes of the file are whole, `head -c {at}` keeps them\n"
        )
    };
    for zeros in [1, 3, 4, 512, 300_000] {
        check("a.jsonl.zst", &[whole.clone(), vec![0; zeros]].concat(), &expect("zeros stand"));
    }
    check("a.jsonl.zst", &[&whole[..], b"rest"].concat(), &expect("something else stands"));
    let cut =
        "1\n2\nerror a.jsonl.zst:3: cannot decompress: the zstd data ends too early; the file is cut off\n";
    check("a.jsonl.zst", &[&whole[..], &[0x28, 0xB5]].concat(), cut);
}

/// A frame of one raw block whose header asks for this window.
fn frame(window: u8, text: &[u8]) -> Vec<u8> {
    let size = u32::try_from(text.len()).expect("a short text") << 3 | 1;
    [&[0x28, 0xB5, 0x2F, 0xFD, 0, window], &size.to_le_bytes()[..3], text].concat()
}

#[test]
fn a_window_of_two_gibibytes_is_read_and_a_larger_one_is_named() {
    let log = |log: u8| (log - 10) << 3;
    check("a.jsonl.zst", &[frame(log(28), b"1\n"), frame(log(31), b"2\n")].concat(), "1\n2\n");
    let expect = "1\nerror a.jsonl.zst:2: cannot decompress: a frame asks for a window of 4096 MiB, and the most that is read is 2048 MiB; \
                  pack it with a smaller one, `zstd --long=27` say (Frame requires too much memory for decoding)\n";
    check("a.jsonl.zst", &[frame(log(17), b"1\n"), frame(log(32), b"2\n")].concat(), expect);
}
