//! These tests append to files that are there already, or were killed while they did.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Mutex;

use super::{names, options};
use crate::data::write::addition;
use crate::data::{
    Appended, Compression, DataError, FileEnd, Format, Ledger, LineEnd, NoLedger, Quoting, RunMarks,
    WriteMode, WriteOptions, clear_leftovers,
};

/// What a run and the one that goes on with it keep.
#[derive(Default)]
struct Kept {
    notes: Mutex<Vec<Appended>>,
    goes_on: bool,
}

impl Ledger for Kept {
    fn earlier(&self, _: &str) -> Result<Option<Appended>, DataError> {
        let notes = self.notes.lock().expect("no panics");
        Ok(notes.last().filter(|_| self.goes_on).cloned())
    }

    fn marks(&self) -> Result<RunMarks, DataError> {
        Ok(RunMarks::default())
    }

    fn note(&self, _: &str, before: &FileEnd, after: &FileEnd) -> Result<(), DataError> {
        let (run, before, after) = ("r1".to_owned(), before.clone(), after.clone());
        self.notes.lock().expect("no panics").push(Appended { run, before, after });
        Ok(())
    }
}

fn append_kept(options: &WriteOptions, lines: &str, ledger: &dyn Ledger) -> Result<Option<u64>, DataError> {
    let mut writer = super::create(options, &std::env::temp_dir(), ledger)?;
    writer.write(lines.as_bytes())?;
    while writer.work_off()? {}
    Ok(writer.commit(ledger)?[0].bytes)
}

fn to(path: &Path, format: Format) -> WriteOptions {
    WriteOptions { mode: WriteMode::Append, ..options(path, format) }
}

/// Appends `lines` to a file that holds `before`; what it holds then, or the error.
fn appended(format: Format, change: impl Fn(&mut WriteOptions), before: &str, lines: &str) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    if !before.is_empty() {
        fs::write(&path, before).expect("room");
    }
    let mut options = to(&path, format);
    change(&mut options);
    let seen = match append_kept(&options, lines, &NoLedger) {
        Ok(_) => fs::read_to_string(&path).expect("there"),
        Err(error) => {
            assert_eq!(fs::read_to_string(&path).unwrap_or_default(), before, "nothing of it is there");
            error.to_string()
        }
    };
    assert_eq!(names(dir.path()).iter().filter(|name| *name != "out").count(), 0, "nothing else is left");
    seen
}

fn check(format: Format, before: &str, lines: &str, expect: &str) {
    assert_eq!(appended(format, |_| {}, before, lines), expect);
}

#[test]
fn items_come_behind_those_that_are_there() {
    check(Format::Jsonl, "1\n", "2\n3\n", "1\n2\n3\n");
    check(Format::Jsonl, "", "2\n", "2\n");
    check(Format::Jsonl, "1", "2\n", "1\n2\n");
    check(Format::Jsonl, "1\n", "", "1\n");
    check(Format::Lines, "a\n", "\"b\"\n", "a\nb\n");
    check(Format::Jsonl, "1\n", "\"\u{feff}\"\n", "1\n\"\u{feff}\"\n");
}

#[test]
fn a_header_is_written_where_there_is_none() {
    check(Format::Csv, "", "{\"a\":1,\"b\":2}\n", "a,b\n1,2\n");
    check(Format::Csv, "b,a\n7,8\n", "{\"a\":1,\"b\":2}\n{\"a\":3}\n", "b,a\n7,8\n2,1\n,3\n");
    check(Format::Csv, "\u{feff}a\r\n1", "{\"a\":\"sep=;\"}\n", "\u{feff}a\r\n1\nsep=;\n");
    check(Format::Tsv, "a\\tb\tc\n", "{\"c\":\"x\",\"a\\tb\":\"y\"}\n", "a\\tb\tc\ny\tx\n");
    check(Format::Csv, "a\n1\n", "{\"a\":null}\n", "a\n1\n\"\"\n");
    check(
        Format::Csv,
        "a\n1\n",
        "{\"a\":1}\n{\"b\":2}\n",
        "cannot write item 2 to `out`: it has a key `b`, and the file has no such column",
    );
    let columns = |options: &mut WriteOptions| options.columns = Some(vec!["a".into()]);
    assert_eq!(appended(Format::Csv, columns, "a\n1\n", "{\"a\":2,\"b\":3}\n"), "a\n1\n2\n");
    assert_eq!(
        appended(Format::Csv, columns, "a,b\n1,2\n", "{\"a\":2}\n"),
        "cannot append to `out`: its columns are `a, b`, and `columns` says `a`"
    );
    let excel = |options: &mut WriteOptions| {
        let rows = &mut options.rows;
        (rows.delimiter, rows.bom, rows.line_end) = (Some(b';'), true, LineEnd::Crlf);
        (rows.quoting, rows.all_columns) = (Some(Quoting::All), true);
    };
    let first = appended(Format::Csv, excel, "", "{\"a\":1}\n{\"b\":2}\n");
    assert_eq!(first, "\u{feff}\"a\";\"b\"\r\n\"1\";\"\"\r\n\"\";\"2\"\r\n");
    let second = appended(Format::Csv, excel, &first, "{\"b\":3}\n");
    assert_eq!(second, format!("{first}\"\";\"3\"\r\n"));
}

#[test]
fn archives_get_a_member_more() {
    let dir = tempfile::tempdir().expect("a folder");
    for compression in [Compression::Gzip, Compression::Zstd] {
        let path = dir.path().join(compression.name());
        let options = WriteOptions { compression, ..to(&path, Format::Csv) };
        for lines in ["{\"a\":1}\n", "", "{\"a\":2}\n{\"a\":3}\n"] {
            append_kept(&options, lines, &NoLedger).expect("room");
        }
        let archive = fs::read(&path).expect("there");
        let mut text = String::new();
        match compression {
            Compression::Zstd => zstd::Decoder::new(&*archive).expect("zstd").read_to_string(&mut text),
            _ => flate2::read::MultiGzDecoder::new(&*archive).read_to_string(&mut text),
        }
        .expect("whole");
        assert_eq!(text, "a\n1\n2\n3\n");
        fs::write(&path, &archive[..archive.len() - 3]).expect("room");
        let error = append_kept(&options, "{\"a\":4}\n", &NoLedger).expect_err("it is broken");
        assert!(error.to_string().starts_with("cannot append to `out`: "), "{error}");
    }
}

#[test]
fn what_cannot_grow_is_refused() {
    check(
        Format::Json,
        "",
        "1\n",
        "`mode: append` is for `jsonl`, `csv`, `tsv`, `lines` and `sqlite`, not for `json`",
    );
    let utf16 = appended(Format::Jsonl, |_| {}, "", "1\n");
    assert_eq!(utf16, "1\n");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    fs::write(&path, [0xFF, 0xFE, b'1', 0, b'\n', 0]).expect("room");
    let error = append_kept(&to(&path, Format::Jsonl), "1\n", &NoLedger).expect_err("other text");
    assert_eq!(error.to_string(), "cannot append to `out`: it is UTF-16, and what is written is UTF-8");
}

/// A file with `old` and the first bytes of what a killed process was appending.
fn killed(dir: &Path, old: &str, added: &str, there: &str) -> std::path::PathBuf {
    let path = dir.join("out");
    let mut file = tempfile::NamedTempFile::new_in(dir).expect("room");
    file.write_all(added.as_bytes()).expect("room");
    fs::write(&path, format!("{old}{there}")).expect("room");
    addition::prepare(file, old.len() as u64).expect("room").put(&path).expect("room");
    path
}

#[test]
fn wherever_a_process_is_killed_the_next_one_finds_all_or_nothing() {
    let (old, added) = ("{\"a\":1}\n", "{\"a\":2}\n{\"a\":3}\n");
    for at in 0..=added.len() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = killed(dir.path(), old, added, &added[..at]);
        let expect = if at == added.len() { format!("{old}{added}") } else { old.to_owned() };
        clear_leftovers(&path);
        assert_eq!((fs::read_to_string(&path).expect("there"), names(dir.path()).len()), (expect.clone(), 1));
        // The writer sees to it as well.
        let path = killed(dir.path(), old, added, &added[..at]);
        append_kept(&to(&path, Format::Jsonl), "4\n", &NoLedger).expect("room");
        assert_eq!(fs::read_to_string(&path).expect("there"), format!("{expect}4\n"));
    }
}

#[test]
fn what_others_have_appended_is_never_cut_off() {
    let (old, added) = ("1\n", "22\n");
    for (there, is_refused) in [("", false), ("22\n", false), ("2", true)] {
        let dir = tempfile::tempdir().expect("a folder");
        let path = killed(dir.path(), old, added, &format!("{there}foreign\n"));
        clear_leftovers(&path);
        let text = format!("{old}{there}foreign\n");
        assert_eq!(fs::read_to_string(&path).expect("there"), text);
        let done = append_kept(&to(&path, Format::Jsonl), "4\n", &NoLedger);
        assert_eq!(done.is_err(), is_refused, "{there}: {done:?}");
        if let Err(error) = done {
            let message = error.to_string();
            assert!(message.contains("look at the file from byte 2 on, where up to 1 bytes"), "{message}");
        }
    }
}

#[test]
fn a_run_that_goes_on_takes_back_what_the_one_before_has_appended() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    let options = to(&path, Format::Csv);
    let kept = Kept::default();
    append_kept(&options, "{\"a\":1}\n", &NoLedger).expect("room");
    append_kept(&options, "{\"a\":2}\n", &kept).expect("room");
    let goes_on = Kept { goes_on: true, ..kept };
    append_kept(&options, "{\"a\":3}\n{\"a\":4}\n", &goes_on).expect("room");
    assert_eq!(fs::read_to_string(&path).expect("there"), "a\n1\n3\n4\n");
    // It had taken the rows back and was killed then.
    fs::write(&path, "a\n1\n").expect("room");
    append_kept(&options, "{\"a\":5}\n", &goes_on).expect("room");
    assert_eq!(fs::read_to_string(&path).expect("there"), "a\n1\n5\n");
    let mut file = OpenOptions::new().append(true).open(&path).expect("there");
    file.write_all(b"foreign\n").expect("room");
    let error = append_kept(&options, "{\"a\":6}\n", &goes_on).expect_err("others were there").to_string();
    assert!(error.contains("run r1 had appended its rows there (bytes 4 to 6), and others have"), "{error}");
    assert_eq!(fs::read_to_string(&path).expect("there"), "a\n1\n5\nforeign\n");
    fs::remove_file(&path).expect("ours");
    append_kept(&options, "{\"a\":7}\n", &goes_on).expect("who removed it has taken the rows away");
    assert_eq!(fs::read_to_string(&path).expect("there"), "a\n7\n");
}

#[test]
fn a_first_append_that_is_done_again_writes_its_header_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = to(&dir.path().join("out"), Format::Csv);
    let kept = Kept { goes_on: true, ..Kept::default() };
    for lines in ["{\"a\":1}\n", "{\"b\":2}\n"] {
        append_kept(&options, lines, &kept).expect("room");
    }
    assert_eq!(fs::read_to_string(dir.path().join("out")).expect("there"), "b\n2\n");
}

#[test]
fn rows_of_an_earlier_run_stay_until_the_new_ones_are_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    let options = to(&path, Format::Csv);
    let kept = Kept { goes_on: true, ..Kept::default() };
    append_kept(&options, "{\"a\":1}\n", &NoLedger).expect("room");
    append_kept(&options, "{\"a\":2}\n", &kept).expect("room");
    let writer = super::create(&options, &std::env::temp_dir(), &kept).expect("begun");
    drop(writer);
    append_kept(&options, "5\n", &kept).expect_err("5 is no row");
    assert_eq!(fs::read_to_string(&path).expect("there"), "a\n1\n2\n");
    append_kept(&options, "", &kept).expect("nothing to add");
    assert_eq!(fs::read_to_string(&path).expect("there"), "a\n1\n", "the new ones are none");
}

#[test]
fn files_that_cannot_be_gone_on_with_stay_as_they_are() {
    let item = "{\"a\":1,\"b\":2}\n";
    let said = |format, before: &str| appended(format, |_| {}, before, item);
    let cr = "its lines end with CR alone";
    assert!(said(Format::Csv, "a,b\r3,4\r").contains(cr) && said(Format::Jsonl, "1\r2\r").contains(cr));
    assert!(said(Format::Csv, "a,b,a\n1,2,3\n").contains("it names `a` twice"));
    assert!(said(Format::Csv, "sep=;\na;b\n1;2\n").contains("cannot write item 1"), "another delimiter");
    let with = |options: &mut WriteOptions| options.rows.delimiter = Some(b';');
    let gone_on = appended(Format::Csv, with, "sep=;\na;b\n3;4\n", item);
    assert_eq!(gone_on, "sep=;\na;b\n3;4\n1;2\n");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    fs::write(&path, b"\x1F\x8B\x08\x00").expect("room");
    let error = append_kept(&to(&path, Format::Jsonl), "1\n", &NoLedger).expect_err("an archive").to_string();
    assert!(error.contains("its content is compressed"), "{error}");
}

#[test]
fn an_archive_of_nothing_is_a_new_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out");
    for compression in [Compression::Gzip, Compression::Zstd] {
        let options = WriteOptions { compression, ..to(&path, Format::Csv) };
        append_kept(&options, "", &NoLedger).expect("nothing");
        append_kept(&options, "{\"a\":1}\n", &NoLedger).expect("the first row");
        append_kept(&options, "{\"a\":2}\n", &NoLedger).expect("a row more");
        let file = fs::File::open(&path).expect("there");
        let mut text = String::new();
        match compression {
            Compression::Zstd => zstd::Decoder::new(file).expect("zstd").read_to_string(&mut text),
            _ => flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text),
        }
        .expect("whole");
        assert_eq!(text, "a\n1\n2\n");
        fs::remove_file(&path).expect("ours");
    }
}
