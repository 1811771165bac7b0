//! These tests cut sources into parts: together the parts are what one reading gives.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::data::read::open_at;
use crate::data::tests::sources::{Given, many_lines, packed, parquet, parquets, texts};
use crate::data::tests::{LARGE, Seen, sent, whole};
use crate::data::{GlobBy, GlobOptions, glob, glob_at, items_reader, items_reader_at};

/// Cuts the source while counting, and reads the parts.
fn check_parts(options: &ReadOptions, parts: usize) {
    let whole = whole(options);
    let counted = match count(options, parts) {
        Ok(counted) => counted,
        Err(error) => return assert_eq!(Some(error.to_string()), whole.error),
    };
    assert!((1..=parts.max(1)).contains(&counted.parts.len()));
    let mut seen = Seen::default();
    for part in &counted.parts {
        let (items, bad) = (seen.items.len() as u64, seen.bad.len() as u64);
        assert_eq!(part.first(), items + 1, "the first index is exact");
        seen.read(part.open(options), LARGE);
        assert_eq!((part.items, part.bad), (seen.items.len() as u64 - items, seen.bad.len() as u64 - bad));
    }
    assert_eq!(seen, whole);
    assert_eq!((counted.items, counted.bad), (seen.items.len() as u64, seen.bad.len() as u64));
}

/// Counts the source and reads it in slices of which each begins anywhere.
fn check_slices(options: &ReadOptions, of: u64) {
    let whole = whole(options);
    let Ok(counted) = count(options, 3) else { return };
    let mut seen = Seen::default();
    for number in 0..of {
        let (from, until) = (counted.items * number / of, counted.items * (number + 1) / of);
        let slice = counted.slice(from, until - from, &mut |position| open_at(options, position));
        let slice = slice.expect("what was read can be read again");
        assert_eq!((slice.first(), slice.items), (from + 1, until - from));
        if until > from || number + 1 == of {
            seen.read(slice.open(options), LARGE);
            assert_eq!(seen.items.len() as u64, until, "indices are exact");
        }
    }
    assert_eq!(seen, whole);
}

/// Cuts the source where it lies, and reads the stretches. How many there are is the result.
fn check_stretches(options: &ReadOptions, parts: usize) -> usize {
    let (whole, stretches) = (whole(options), cut(options, parts).expect("it can be entered"));
    let count = stretches.len();
    assert!((1..=parts.max(1)).contains(&count));
    let (mut seen, mut end) = (Seen::default(), None::<Position>);
    for stretch in stretches {
        let stretch = match &end {
            None => stretch,
            Some(end) => {
                assert!(stretch.first_row.is_none_or(|row| row == end.rows + 1));
                stretch.behind(&sent(end)).expect("they lie side by side")
            }
        };
        let reader = seen.read(stretch.open(options), LARGE);
        if seen.error.is_some() {
            break;
        }
        end = reader.and_then(|reader| reader.position());
    }
    assert_eq!(seen, whole);
    count
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn for_every_number_of_parts_they_are_together_what_one_reading_gives(
        given in texts(),
        parts in 0..9_usize,
    ) {
        check_parts(&given.options, parts);
        check_stretches(&given.options, parts);
        check_slices(&given.options, parts as u64 + 1);
    }

    #[test]
    fn for_every_limit_the_parts_end_there(given in texts(), parts in 1..5_usize, limit in 0..6_u64) {
        let options = ReadOptions { limit: Some(limit), ..given.options.clone() };
        check_parts(&options, parts);
        check_stretches(&options, parts);
    }

    #[test]
    fn for_every_parquet_file_it_is_the_same(given in parquets(), parts in 1..7_usize) {
        check_slices(&given.options, parts as u64);
        check_parts(&given.options, parts);
        check_stretches(&given.options, parts);
    }

    #[test]
    fn for_every_item_a_part_can_be_split_before_it(given in texts()) {
        let Ok(counted) = count(&given.options, 2) else { return Ok(()) };
        for part in counted.parts {
            for items in 0..=part.items {
                let mut reader = part.open(&given.options).expect("readable");
                let (one, two) = part.clone().split(&mut *reader, items).expect("it has them");
                prop_assert_eq!((one.items, one.items + two.items, one.bad + two.bad), (items, part.items, part.bad));
                let (mut seen, mut expected) = (Seen::default(), Seen::default());
                seen.read(one.open(&given.options), LARGE);
                seen.read(two.open(&given.options), LARGE);
                expected.read(part.open(&given.options), LARGE);
                prop_assert_eq!(seen, expected);
            }
        }
    }
}

#[test]
fn sources_of_many_blocks_are_cut_evenly() {
    let text = many_lines();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let cuts = [100, 200_000, 200_001, 300_000, 400_000];
        let mut given = Given::new(Format::Jsonl, &[packed(compression, &text, &cuts)]);
        given.options.compression = Some(compression);
        check_parts(&given.options, 7);
        let counted = count(&given.options, 7).expect("readable");
        let even = counted.items / 7;
        assert!(counted.parts.iter().all(|part| part.items.abs_diff(even) < even / 8), "{counted:?}");
        let stretches = check_stretches(&given.options, 7);
        assert_eq!(stretches, if compression == Compression::None { 7 } else { 1 });
    }
}

#[test]
fn a_small_source_has_a_part_for_each_item() {
    let given = Given::new(Format::Lines, &[b"a\nb\nc\n".to_vec()]);
    let counted = count(&given.options, 5).expect("readable");
    let firsts: Vec<(u64, u64)> = counted.parts.iter().map(|part| (part.first(), part.items)).collect();
    assert_eq!(firsts, [(1, 1), (2, 1), (3, 1)]);
}

#[test]
fn tables_and_arrays_are_cut_between_files_only_where_they_are_not_read() {
    let given = Given::new(Format::Csv, &[b"a\n\"1\n2\"\n3\n".to_vec(), b"a\n4\n".to_vec()]);
    assert_eq!(check_stretches(&given.options, 9), 2);
    let given = Given::new(Format::Json, &[b"[1,\n2,\n3]".to_vec()]);
    assert_eq!(check_stretches(&given.options, 9), 1);
}

#[test]
fn parquet_files_are_cut_between_row_groups_whose_first_rows_are_known() {
    let given = Given::new(Format::Parquet, &[parquet(&[5, 5, 5, 5], 0)]);
    let firsts: Vec<Option<u64>> =
        cut(&given.options, 4).expect("readable").iter().map(|stretch| stretch.first_row).collect();
    assert_eq!(firsts, [Some(1), Some(6), Some(11), Some(16)]);
}

#[test]
fn lists_of_items_and_of_files_are_entered_by_index() {
    let list: Arc<[Arc<str>]> = ["1", "2", "3"].map(Arc::from).into();
    let given = Given::new(Format::Lines, &[vec![], vec![], vec![]]);
    let globbed =
        GlobOptions { pattern: "*".into(), root: given.path().into(), by: GlobBy::Modified, limit: None };
    let readers = |position: Option<&Position>| match position {
        None => vec![items_reader(Arc::clone(&list), None), glob(&globbed).expect("usable")],
        Some(position) if matches!(position.at, PositionAt::List { .. }) => {
            vec![items_reader_at(Arc::clone(&list), None, position).expect("the same list")]
        }
        Some(position) => vec![glob_at(&globbed, position).expect("the same files")],
    };
    for at in 0..2 {
        let (mut expected, mut seen) = (Seen::default(), Seen::default());
        expected.read(Ok(readers(None).remove(at)), LARGE);
        let counted = count_parts(&mut *readers(None).remove(at), 2).expect("readable");
        assert_eq!((counted.items, counted.parts.len()), (3, 2));
        for part in counted.parts {
            seen.read(Ok(part.bound(readers(Some(&sent(&part.position))).remove(0))), LARGE);
        }
        assert_eq!(seen, expected);
    }
}

#[test]
fn standard_input_cannot_be_cut() {
    let given = Given::new(Format::Jsonl, &[b"1\n".to_vec()]);
    let stdin = ReadOptions { path: "-".into(), ..given.options.clone() };
    let expect =
        "the source can be read only from its front, as standard input and pipes are; it cannot be cut";
    assert_eq!(cut(&stdin, 2).expect_err("a stream").to_string(), expect);
    assert_eq!(count(&stdin, 2).expect_err("a stream").to_string(), expect);
}
