//! For every source, every position can be entered.

use std::sync::Arc;

use proptest::prelude::*;

use super::sources::{Given, many_lines, packed, parquets, texts};
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn for_every_position_reading_goes_on_with_the_same_rows(
        given in texts(),
        max_items in 1..5_usize,
        max_bytes in 0..20_usize,
    ) {
        check_positions(&given.options, (max_items, max_bytes));
    }

    #[test]
    fn for_every_limit_it_holds_behind_a_position_too(given in texts(), limit in 0..6_u64) {
        let options = ReadOptions { limit: Some(limit), ..given.options.clone() };
        check_positions(&options, (2, 100));
    }

    #[test]
    fn for_every_row_of_a_parquet_file_reading_goes_on_there(given in parquets(), max_items in 1..4_usize) {
        check_positions(&given.options, (max_items, 1000));
    }
}

#[test]
fn a_list_inside_of_a_document_is_entered_between_its_elements() {
    let document = b"\xEF\xBB\xBF{\"a\": [{\"b\": 1}, {\"rows\": [1,\n {\"x\": [2]},\n 3 4,\n \"5\" ], \"c\": [\n]}, 6]}\n";
    let mut given = Given::new(Format::Json, &[document.to_vec()]);
    given.options.at = Some(ListPath::parse("a[1].rows").expect("a path"));
    for sizes in [(1, 1), (2, 1000), (9, 1000)] {
        check_positions(&given.options, sizes);
    }
    // A document that ends too early is noticed behind a position, too.
    let mut given = Given::new(Format::Json, &[document[..document.len() - 4].to_vec()]);
    given.options.at = Some(ListPath::parse("a[1].rows").expect("a path"));
    check_positions(&given.options, (1, 1));
}

#[test]
fn an_object_that_is_one_item_is_entered_before_and_behind_it() {
    for object in ["\n{\"a\": [1,\n2]} \n", "{\"a\": 1} {}", "{\"a\" 1}"] {
        check_positions(&Given::new(Format::Json, &[object.as_bytes().to_vec()]).options, (1, 1));
    }
    let files = ["{\"a\": 1}\n", "[1, 2]", "{\"a\": 2}"].map(|file| file.as_bytes().to_vec());
    check_positions(&Given::new(Format::Json, &files).options, (1, 1));
}

#[test]
fn sources_of_many_blocks_are_entered_between_them() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let cuts = [100, 200_000, 200_001, 300_000, 400_000];
        let mut given = Given::new(Format::Jsonl, &[packed(compression, &many_lines(), &cuts)]);
        given.options.compression = Some(compression);
        check_positions(&given.options, (4000, 100_000));
    }
}

#[test]
fn text_that_is_read_from_its_front_is_entered_at_its_last_line() {
    for (format, text) in
        [(Format::Jsonl, "1\r2\r3"), (Format::Jsonl, "\u{feff}1\r2\r"), (Format::Csv, "a\r1\r2")]
    {
        check_positions(&Given::new(format, &[text.as_bytes().to_vec()]).options, (1, 1));
    }
    let mut given = Given::new(Format::Lines, &[b"\xE4\n\xF6".to_vec()]);
    given.options.encoding = TextEncoding::of_label("latin1").ok();
    check_positions(&given.options, (1, 1));
}

#[test]
fn an_archive_is_entered_at_the_member_that_holds_the_position() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let cuts = [100, 200_000, 300_000];
        let mut given = Given::new(Format::Lines, &[packed(compression, &many_lines(), &cuts)]);
        given.options.compression = Some(compression);
        let mut reader = open(&given.options).expect("readable");
        let mut entered = Vec::new();
        while reader.read(5000, 100_000, &mut Chunk::default(), &mut Vec::new()).expect("readable") {
            let position = reader.position().expect("a file");
            let PositionAt::File { spot: Spot::Lines(bytes), .. } = position.at else {
                panic!("one file of lines")
            };
            let member = bytes.member.expect("an archive");
            assert!(member.before <= bytes.offset);
            assert!(
                cuts.iter().all(|cut| *cut as u64 <= member.before || *cut as u64 > bytes.offset),
                "{bytes:?}"
            );
            entered.push(member);
        }
        entered.dedup();
        assert!(entered.len() > 2, "{entered:?}");
    }
}

#[test]
fn lists_of_items_and_of_files_are_entered_by_index() {
    let list: Arc<[Arc<str>]> = ["1", "2", "3"].map(Arc::from).into();
    let given = Given::new(Format::Lines, &[vec![], vec![], vec![]]);
    let globbed =
        GlobOptions { pattern: "*".into(), root: given.path().into(), by: GlobBy::Modified, limit: Some(2) };
    for at in 0..2 {
        let fresh = || match at {
            0 => items_reader(Arc::clone(&list), None),
            _ => glob(&globbed).expect("usable"),
        };
        let (mut expected, mut seen) = (Seen::default(), Seen::default());
        expected.read(Ok(fresh()), LARGE);
        let mut reader = fresh();
        assert!(seen.read_chunk(&mut *reader, (1, 1000)));
        let position = sent(&reader.position().expect("a list"));
        let again = match at {
            0 => items_reader_at(Arc::clone(&list), None, &position),
            _ => glob_at(&globbed, &position),
        };
        seen.read(again, LARGE);
        assert_eq!(seen, expected);
    }
}
