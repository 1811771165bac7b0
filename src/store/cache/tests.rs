//! These tests remember, damage and forget results, and look at what comes back.

use super::*;

const F: Digest = Digest(1);

fn result(value: &str) -> Remembered {
    Remembered::Value(value.as_bytes().to_vec())
}

fn cache(state: &Path, values: &[(u128, &str)]) -> Cache {
    let mut cache = Cache::open(state).expect("room");
    let values: Vec<_> = values.iter().map(|(content, value)| (Digest(*content), result(value))).collect();
    cache.put(F, &values).expect("room");
    cache
}

fn check(cache: &Cache, content: u128, shape: LinesPerItem, expect: Option<&str>) {
    let mut out = Vec::new();
    let lines = cache.get(F, Digest(content), shape, &mut out).expect("readable");
    assert_eq!(lines, expect.map(|text| Known::Lines(text.lines().count() as u32)));
    assert_eq!(String::from_utf8_lossy(&out), expect.unwrap_or(""));
    assert_eq!(cache.has(F, Digest(content)).expect("readable"), expect.is_some());
}

#[test]
fn what_was_remembered_comes_back_as_lines() {
    let dir = tempfile::tempdir().expect("a folder");
    let cache = cache(dir.path(), &[(1, "{\"a\":1}"), (2, ""), (3, "[1,[2]]")]);
    check(&cache, 1, LinesPerItem::One, Some("{\"a\":1}\n"));
    check(&cache, 2, LinesPerItem::Optional, Some(""));
    check(&cache, 3, LinesPerItem::Many, Some("1\n[2]\n"));
    check(&cache, 4, LinesPerItem::One, None);
    let other = cache.get(Digest(2), Digest(1), LinesPerItem::One, &mut Vec::new()).expect("readable");
    assert_eq!(other, None, "another function has made nothing yet");
}

#[test]
fn what_was_skipped_stays_so_with_its_reason_and_no_result_is_taken_for_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut cache = cache(dir.path(), &[(1, "+404"), (2, "")]);
    let reasons = [None, Some(String::new()), Some("404 é".to_owned())];
    for (at, reason) in (3..).zip(&reasons) {
        cache.put(F, &[(Digest(at), Remembered::Skipped(reason.clone()))]).expect("room");
    }
    for shape in [LinesPerItem::One, LinesPerItem::Optional, LinesPerItem::Many] {
        for (at, reason) in (3..).zip(&reasons) {
            let known = cache.get(F, Digest(at), shape, &mut Vec::new()).expect("readable");
            assert_eq!(known, Some(Known::Skipped(reason.clone())));
        }
    }
    check(&cache, 1, LinesPerItem::One, Some("+404\n"));
    check(&cache, 2, LinesPerItem::Optional, Some(""));
}

#[test]
fn the_last_result_counts_and_old_ones_can_be_forgotten() {
    let dir = tempfile::tempdir().expect("a folder");
    let cache = cache(dir.path(), &[(1, "1"), (1, "2"), (2, "3")]);
    check(&cache, 1, LinesPerItem::One, Some("2\n"));
    let stats = cache.stats().expect("readable");
    assert_eq!((stats.entries, stats.functions, stats.value_bytes), (2, 1, 2));
    assert!(stats.file_bytes > 0 && stats.oldest.is_some());
    let hour = Some(Duration::from_secs(3600));
    let now = SystemTime::now();
    assert_eq!(cache.prune(hour, now).expect("room"), 0);
    assert_eq!(cache.prune(hour, now + Duration::from_secs(7200)).expect("room"), 2);
    check(&cache, 1, LinesPerItem::One, None);
}

#[test]
fn a_memo_that_is_damaged_is_begun_anew_and_never_believed() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(cache(dir.path(), &[(1, "12345678901234567890")]));
    let path = dir.path().join("cache.db");
    let mut bytes = std::fs::read(&path).expect("readable");
    let at = memchr::memmem::find(&bytes, b"12345678901234567890").expect("checkpointed");
    bytes[at + 3] ^= 1;
    std::fs::write(&path, &bytes).expect("room");
    let cache = Cache::open(dir.path()).expect("still SQLite");
    assert_eq!(cache.get(F, Digest(1), LinesPerItem::One, &mut Vec::new()).expect("readable"), None);
    drop(cache);
    std::fs::write(&path, "no database at all, but long enough to look like one to somebody").expect("room");
    let cache = Cache::open(dir.path()).expect("begun anew");
    assert!(cache.begun_anew().is_some_and(|said| said.ends_with("the cache is begun anew")));
    check(&cache, 1, LinesPerItem::One, None);
}

#[test]
fn the_functions_that_a_step_had_are_known_as_long_as_their_results_are() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut cache = cache(dir.path(), &[(1, "1")]);
    cache.put(Digest(2), &[(Digest(1), result("2"))]).expect("room");
    let print = |text: &str| vec![("function".to_owned(), text.to_owned())];
    for (step, function) in [("s", 1), ("s", 2), ("t", 2)] {
        cache.name("p", step, Digest(function), &print(&function.to_string())).expect("room");
    }
    let earlier = |cache: &Cache, function| cache.earlier("p", "s", Digest(function)).expect("readable");
    assert_eq!(earlier(&cache, 2), [(Digest(1), print("1"))]);
    assert_eq!(earlier(&cache, 3).len(), 2);
    cache.prune(None, SystemTime::now()).expect("room");
    assert!(earlier(&cache, 3).is_empty());
}

#[test]
fn looking_makes_and_mends_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    assert!(Cache::look(dir.path()).expect("nothing").is_none());
    assert!(!dir.path().join("cache.db").exists());
    std::fs::write(dir.path().join("cache.db"), "x".repeat(5000)).expect("room");
    assert!(Cache::look(dir.path()).expect_err("damaged").is_damage());
}
