//! These tests check that the items are the same for every way in which bytes arrive and chunks are asked for.

use std::io::{self, Read};
use std::sync::Arc;

use proptest::prelude::*;

use super::transcript;
use crate::data::Format;
use crate::data::dialect::FieldRules;
use crate::data::read::block::{ReadBlock, TextForm};
use crate::data::read::input::Input;
use crate::data::read::line_source::{BlankLines, LineSource};
use crate::data::read::records::{NextRecord, Records};
use crate::data::read::{Reader, decode};
use crate::value::Chunk;

/// Hands its bytes out in pieces of the given sizes, over and over.
struct Dribble {
    bytes: Vec<u8>,
    at: usize,
    sizes: Vec<usize>,
    turn: usize,
}

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()];
        self.turn += 1;
        let count = size.min(buffer.len()).min(self.bytes.len() - self.at);
        buffer[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

pub(super) fn input(bytes: &[u8], sizes: &[usize]) -> Input {
    let dribble = Dribble { bytes: bytes.into(), at: 0, sizes: sizes.into(), turn: 0 };
    Input::plain(Box::new(dribble), "f".into())
}

fn block(bytes: &[u8], sizes: &[usize]) -> ReadBlock {
    ReadBlock::new(input(bytes, sizes), TextForm::default())
}

fn reader(format: Format, bytes: &[u8], sizes: &[usize]) -> Box<dyn Reader> {
    let mut options = super::options("/".as_ref(), "f");
    options.dialect.header = format != Format::Csv || !bytes.len().is_multiple_of(2);
    decode(&options, input(bytes, sizes), format).expect("usable")
}

/// Text of the parts that formats take notice of, in any order.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let parts: Vec<&[u8]> = vec![
        b"\n",
        b"\r\n",
        b"\r",
        b"\n\n",
        b"\"",
        b"\\",
        b",",
        b"[",
        b"]",
        b"{",
        b"}",
        b":",
        b" ",
        b"1",
        b"\"a\"",
        b"true",
        b"\xFF",
        b"\xC3\xA4",
        b"\xEF\xBB\xBF",
        b"{\"a\":1}\n",
        b"x,y\n",
    ];
    prop::collection::vec(prop::sample::select(parts), 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn for_every_split_a_reader_yields_the_same(
        text in soup(),
        sizes in prop::collection::vec(1..9_usize, 1..5),
        max_items in 1..5_usize,
        max_bytes in 0..20_usize,
    ) {
        for format in [Format::Jsonl, Format::Json, Format::Csv, Format::Tsv, Format::Lines] {
            let whole = transcript(Ok(reader(format, &text, &[1 << 20])), 1000, 1 << 20);
            let split = transcript(Ok(reader(format, &text, &sizes)), max_items, max_bytes);
            prop_assert_eq!(&split, &whole, "{:?}", format);
        }
    }

    #[test]
    fn for_every_split_unproved_lines_and_their_origins_are_those_of_the_file(
        text in "[ ab\n\r]{0,60}",
        sizes in prop::collection::vec(1..9_usize, 1..5),
        max_items in 1..5_usize,
        max_bytes in 0..20_usize,
        keep_blank in any::<bool>(),
    ) {
        let all = text.split_inclusive('\n').map(|line| line.trim_end_matches('\n').to_string()).zip(1_u64..);
        let expect: Vec<(String, u64)> = all.filter(|(line, _)| keep_blank || !line.trim().is_empty()).collect();
        let blank_lines = if keep_blank { BlankLines::Kept } else { BlankLines::PassedOver };
        let mut lines = LineSource::new(block(text.as_bytes(), &sizes), blank_lines);
        let (mut seen, mut chunk, mut more) = (Vec::new(), Chunk::default(), true);
        while more {
            more = lines.take(max_items, max_bytes, &mut chunk).expect("readable");
            let origin = chunk.origin.clone().expect("known");
            prop_assert_eq!(&origin.file, &Arc::from("f"));
            for at in 0..chunk.len() {
                let item = std::str::from_utf8(chunk.item(at)).expect("UTF-8");
                seen.push((item.strip_suffix('\n').expect("complete").to_string(), origin.line_of(at)));
            }
        }
        prop_assert_eq!(seen, expect);
    }

    #[test]
    fn for_every_table_the_records_are_those_that_the_csv_crate_wrote(
        rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r \u{e4}]{0,6}", 2..4), 0..8),
        sizes in prop::collection::vec(1..9_usize, 1..5),
    ) {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).expect("memory");
        }
        let bytes = writer.into_inner().expect("memory");
        let mut records = Records::new(LineSource::new(block(&bytes, &sizes), BlankLines::Kept), FieldRules::COMMAS, None);
        for row in &rows {
            prop_assert_eq!(records.next().expect("readable"), NextRecord::Record);
            let fields: Vec<&[u8]> = (0..=row.len()).filter_map(|at| records.fields().get(at)).collect();
            prop_assert_eq!(fields, row.iter().map(String::as_bytes).collect::<Vec<_>>());
        }
        prop_assert_eq!(records.next().expect("readable"), NextRecord::End);
    }
}

#[test]
fn a_line_longer_than_the_bound_is_an_error_behind_the_lines_before_it() {
    let mut lines = LineSource::new(block(b"1\n22\n333333333333333333333333\n4\n", &[4]), BlankLines::Kept);
    lines.limit_rows(10);
    let mut chunk = Chunk::default();
    assert!(lines.take(9, 8, &mut chunk).expect("short ones"));
    assert_eq!(chunk.text, b"1\n22\n");
    let error = loop {
        if let Err(error) = lines.take(9, 8, &mut chunk) {
            break error;
        }
    };
    assert_eq!(error.to_string(), "f:3: a line is longer than 10 bytes");
}

#[test]
fn blank_lines_without_end_do_not_pile_up() {
    for line_end in [b'\n', b'\r'] {
        let form = TextForm { may_end_lines_with_cr: true, ..TextForm::default() };
        let block = ReadBlock::new(input(&vec![line_end; 3 << 20], &[1 << 16]), form);
        let mut lines = LineSource::new(block, BlankLines::PassedOver);
        let mut chunk = Chunk::default();
        while lines.take(1 << 20, 1 << 16, &mut chunk).expect("readable") {
            assert!(chunk.is_empty() && chunk.text.capacity() <= 2 << 20);
        }
        assert_eq!(lines.line(), (3 << 20) + 1);
    }
}
