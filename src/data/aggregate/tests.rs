//! These tests compare aggregates with a model that keeps all values of a group in lists.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::value::Ratio;

fn field(name: &str, kind: AggregateKind) -> AggregateField {
    AggregateField { name: name.to_owned(), kind, value: 0 }
}

/// All kinds of fields, of one value.
fn fields() -> Vec<AggregateField> {
    let share = |text: &str| AggregateKind::Quantile(Ratio::parse(text).expect("a share"));
    vec![
        field("n", AggregateKind::Count),
        field("sum", AggregateKind::Sum),
        field("mean", AggregateKind::Mean),
        field("min", AggregateKind::Min),
        field("max", AggregateKind::Max),
        field("first", AggregateKind::First),
        field("last", AggregateKind::Last),
        field("p25", share("0.25")),
        field("p100", share("1")),
        field("different", AggregateKind::Distinct),
    ]
}

fn aggregated(has_key: bool, memory: usize, items: &[(Value, Value)]) -> Result<Vec<Value>, String> {
    let dir = tempfile::tempdir().expect("a folder");
    let mut all = Aggregator::new(AggregateOptions::new(has_key, fields(), memory), dir.path());
    for (at, (key, value)) in items.iter().enumerate() {
        // Looking ahead changes nothing, however often and over what.
        let keys: Vec<String> = items[at..].iter().take(3).map(|(key, _)| key.to_string()).collect();
        let keys = keys.iter().map(String::as_bytes).chain([&b"{"[..]]);
        all.look_ahead(&keys.collect::<Vec<_>>());
        let added = all.add(key.to_string().as_bytes(), &[value.to_string().as_bytes()]);
        added.map_err(|error| error.to_string())?;
    }
    let mut lines = Vec::new();
    let ended = all.finish::<DataError>(&mut || Ok(()), &mut |line| {
        lines.push(serde_json::from_slice(line).expect("JSON"));
        Ok(())
    });
    ended.map(|()| lines).map_err(|error| error.to_string())
}

fn model(items: &[(Value, Value)]) -> Vec<Value> {
    let mut keys: Vec<&Value> = Vec::new();
    for (key, _) in items {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let group = |key: &Value| {
        let of = || items.iter().filter(|(other, _)| other == key).map(|(_, value)| value);
        let values: Vec<i64> = of().filter_map(Value::as_i64).collect();
        let mut sorted = values.clone();
        sorted.sort_unstable();
        let sum: i64 = values.iter().sum();
        // A quarter of the way is exact in binary.
        let quarter = |place: f64| {
            let (at, rest) = (place as usize, place.fract());
            let low = sorted[at];
            let high = if rest == 0.0 { low } else { sorted[at + 1] };
            if low == high { json!(low) } else { json!(low as f64 + (high - low) as f64 * rest) }
        };
        let p25 = sorted.len().checked_sub(1).map(|last| quarter(last as f64 * 0.25));
        let mean = sorted.len().checked_sub(1).map(|_| sum as f64 / values.len() as f64);
        let (min, max, first, last) = (sorted.first(), sorted.last(), values.first(), values.last());
        let mut different = sorted.clone();
        different.dedup();
        let different = Some(different.len()).filter(|count| *count > 0);
        json!({
            "key": key, "n": of().count(), "sum": sum, "mean": mean, "min": min, "max": max, "first": first, "last": last,
            "p25": p25, "p100": max, "different": different,
        })
    };
    keys.into_iter().map(group).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn for_any_items_and_any_bound_the_groups_are_those_of_lists(
        items in prop::collection::vec((0..12_u8, prop::option::weighted(0.8, -1000..1000_i64)), 0..120),
        memory in prop_oneof![Just(0_usize), 500..8000_usize, Just(1 << 30)],
    ) {
        let items: Vec<(Value, Value)> = items.into_iter().map(|(key, value)| (json!(key), json!(value))).collect();
        prop_assert_eq!(aggregated(true, memory, &items), Ok(model(&items)));
        let (of_all, one): (Vec<_>, _) = (items.into_iter().map(|(_, value)| (json!(0), value)).collect(), memory);
        let mut expect = model(&of_all);
        for line in &mut expect {
            line.as_object_mut().expect("a map").shift_remove("key");
        }
        let found = aggregated(false, one, &of_all);
        if of_all.is_empty() {
            let none = json!({
                "n": 0, "sum": 0, "mean": null, "min": null, "max": null, "first": null, "last": null, "p25": null, "p100": null,
                "different": null,
            });
            prop_assert_eq!(found, Ok(vec![none]));
        } else {
            prop_assert_eq!(found, Ok(expect));
        }
    }
}

#[test]
fn a_sum_beyond_64_bits_and_what_is_no_number_fail_with_their_places() {
    for memory in [0, 1 << 30] {
        let failed = |items: &[(Value, Value)]| aggregated(true, memory, items).expect_err("it fails");
        let large = [(json!(1), json!(i64::MAX)), (json!(2), json!(1)), (json!(1), json!(1))];
        assert_eq!(failed(&large), "`aggregate` failed: the sum `sum` of the group 1 is beyond 64 bits");
        let text = [(json!(1), json!(1)), (json!(1), json!("x"))];
        assert_eq!(
            failed(&text),
            "`aggregate` failed at item 2: the sum `sum` is made of numbers, and this is \"x\""
        );
        // What is beyond them on the way only does no harm.
        let back = [(json!(1), json!(i64::MAX)), (json!(1), json!(i64::MAX)), (json!(1), json!(-i64::MAX))];
        assert_eq!(aggregated(true, memory, &back).expect("a sum")[0]["sum"], json!(i64::MAX));
    }
}

#[test]
fn zeros_of_both_signs_are_one_group_and_one_value() {
    let items = [(json!(-0.0), json!(0.0)), (json!(0), json!(-0.0))];
    for memory in [0, 1 << 30] {
        let found = aggregated(true, memory, &items).expect("two numbers");
        assert_eq!((found.len(), &found[0]["n"], &found[0]["different"]), (1, &json!(2), &json!(1)));
    }
}

#[test]
fn what_does_not_fit_goes_to_the_disk_as_soon_as_memory_is_full() {
    let dir = tempfile::tempdir().expect("a folder");
    let space = SpillSpace::from(dir.path());
    let mut all = Aggregator::new(AggregateOptions::new(true, fields(), 8 << 20), space.clone());
    for number in 0..60_000 {
        all.add(number.to_string().as_bytes(), &[b"1"]).expect("room");
    }
    assert!(space.spilled() > 4 << 20, "{} bytes were written", space.spilled());
    assert!(all.bytes <= 8 << 20, "{} bytes are held", all.bytes);
    let mut count = 0;
    let ended = all.finish::<DataError>(&mut || Ok(()), &mut |_| {
        count += 1;
        Ok(())
    });
    ended.expect("it ends");
    assert_eq!(count, 60_000);
}

#[test]
fn a_state_is_small() {
    assert_eq!((size_of::<super::state::State>(), size_of::<Group>()), (24, 128));
}
