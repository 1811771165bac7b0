//! These tests compare joins with a model that looks for the partners of each item from the front.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// All that comes of a join, or why it fails.
fn joined(rule: JoinRule, partners: &[Value], items: &[Value]) -> Result<Vec<String>, String> {
    let dir = tempfile::tempdir().expect("a folder");
    let mut joiner = Joiner::new(rule, "p", "others", dir.path());
    let mut lines = Vec::new();
    let mut give = |line: &[u8]| -> Result<(), DataError> {
        lines.push(String::from_utf8(line.to_vec()).expect("UTF-8"));
        Ok(())
    };
    let mut run = || -> Result<(), DataError> {
        for partner in partners {
            joiner.add(partner["k"].to_string().as_bytes(), partner.to_string().as_bytes())?;
        }
        for (at, item) in items.iter().enumerate() {
            // Looking ahead changes nothing, however often and over what.
            let keys: Vec<String> = items[at..].iter().take(3).map(|item| item["k"].to_string()).collect();
            let keys = keys.iter().map(String::as_bytes).chain([&b"{"[..]]);
            joiner.look_ahead(&keys.collect::<Vec<_>>());
            joiner.find(item["k"].to_string().as_bytes(), item.to_string().as_bytes(), &mut give)?;
        }
        Ok(())
    };
    run().map_err(|error| error.to_string())?;
    let late = joiner.finish::<DataError>(&mut || Ok(())).map_err(|error| error.to_string())?;
    if let Some(mut late) = late {
        while let Some((_, line)) = late.next().expect("readable") {
            give(line).expect("it takes everything");
        }
    }
    Ok(lines)
}

fn model(rule: JoinRule, partners: &[Value], items: &[Value]) -> Result<Vec<String>, String> {
    let with = |item: &Value, partner: Value| {
        let mut item = item.clone();
        item["p"] = partner;
        item.to_string()
    };
    let mut lines = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let is_partner = |other: &&Value| !item["k"].is_null() && other["k"] == item["k"];
        let mut found: Vec<&Value> = partners.iter().filter(is_partner).collect();
        let gives = matches!(rule.how, JoinHow::Left | JoinHow::Inner);
        if gives && rule.many == JoinMany::Error && found.len() > 1 {
            return Err(format!("item {}: items {} and {} of", at + 1, found[0]["n"], found[1]["n"]));
        }
        if rule.many == JoinMany::First || !gives {
            found.truncate(1);
        }
        match (rule.how, found.is_empty()) {
            (JoinHow::Left, true) => lines.push(with(item, Value::Null)),
            (JoinHow::Anti, true) | (JoinHow::Semi, false) => lines.push(item.to_string()),
            (JoinHow::Left | JoinHow::Inner, _) => {
                lines.extend(found.into_iter().map(|partner| with(item, partner.clone())));
            }
            _ => {}
        }
    }
    Ok(lines)
}

/// Items with a number each, and keys of which some are the same, some null.
fn items(keys: &[Option<u8>], text: usize) -> Vec<Value> {
    let item =
        |(at, key): (usize, &Option<u8>)| json!({ "k": key, "n": at + 1, "t": "x".repeat(at % 7 * text) });
    keys.iter().enumerate().map(item).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn for_any_items_and_any_bound_the_join_is_that_of_a_search(
        partners in prop::collection::vec(prop::option::weighted(0.9, 0..40_u8), 0..60),
        looking in prop::collection::vec(prop::option::weighted(0.9, 0..40_u8), 0..60),
        (how, many) in (0..4_usize, 0..3_usize),
        memory in prop_oneof![Just(1_usize), 200..4000_usize, Just(1 << 30)],
        text in 0..40_usize,
    ) {
        let how = [JoinHow::Left, JoinHow::Inner, JoinHow::Semi, JoinHow::Anti][how];
        let many = [JoinMany::Error, JoinMany::First, JoinMany::All][many];
        let rule = JoinRule { how, many, memory };
        let (partners, looking) = (items(&partners, text), items(&looking, text));
        match (joined(rule, &partners, &looking), model(rule, &partners, &looking)) {
            (Err(found), Err(expect)) => prop_assert!(found.contains(&expect), "{} {}", found, expect),
            (found, expect) => prop_assert_eq!(found, expect),
        }
    }
}

#[test]
fn many_partners_of_one_key_are_given_whatever_memory_is_there() {
    let partners = items(&[Some(1); 300], 20);
    let looking = items(&[Some(1), None, Some(2), Some(1)], 20);
    let rule = JoinRule { how: JoinHow::Left, many: JoinMany::All, memory: 2000 };
    let found = joined(rule, &partners, &looking).expect("all is allowed");
    assert_eq!(found, model(rule, &partners, &looking).expect("all is allowed"));
    assert_eq!(found.len(), 602);
}

#[test]
fn a_spilled_join_leaves_no_file_behind() {
    let dir = tempfile::tempdir().expect("a folder");
    let rule = JoinRule { how: JoinHow::Inner, many: JoinMany::First, memory: 1000 };
    let mut joiner = Joiner::new(rule, "p", "others", dir.path());
    for number in 0..1000 {
        joiner.add(number.to_string().as_bytes(), b"{}").expect("writable");
    }
    assert!(joiner.spilled.is_some(), "a thousand keys do not fit in a thousand bytes");
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0, "its files have no names");
}

#[test]
fn fields_are_added_behind_all_others() {
    for (item, expect) in [("{}", "{\"f\":1}"), ("{\"a\":{}}", "{\"a\":{},\"f\":1}"), ("{ }", "{ \"f\":1}")] {
        let mut seen = Vec::new();
        let mut give = |line: &[u8]| -> Result<(), DataError> {
            seen.push(String::from_utf8_lossy(line).into_owned());
            Ok(())
        };
        let partners = std::iter::once(&b"1"[..]);
        super::joined(JoinHow::Inner, item.as_bytes(), b"\"f\"", partners, &mut Vec::new(), &mut give)
            .expect("nothing fails");
        assert_eq!(seen, [expect]);
    }
}
