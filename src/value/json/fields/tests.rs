//! These tests look for fields wherever they may stand.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn for_every_two_texts_it_says_what_starts_with_says(
        text in "[ab]{0,20}", rest in "[ab]{0,20}", flip in any::<prop::sample::Index>()
    ) {
        prop_assert_eq!(begins(rest.as_bytes(), text.as_bytes()), rest.starts_with(&text));
        let mut whole = text.clone().into_bytes();
        whole.extend_from_slice(rest.as_bytes());
        prop_assert!(begins(&whole, text.as_bytes()));
        if !text.is_empty() {
            whole[flip.index(text.len())] ^= 4;
            prop_assert!(!begins(&whole, text.as_bytes()));
        }
    }
}

/// What was read, a field each; `-` for texts that are left to others.
fn shown(reader: &mut FieldReader, text: &str) -> String {
    let Some(path) = reader.read(text.as_bytes(), &mut String::new()) else { return "-".to_owned() };
    let keys: Vec<&str> = reader.keys(path).collect();
    let values = reader.values().iter().map(|value| {
        let text = String::from_utf8_lossy(value.text(text.as_bytes())).into_owned();
        format!("{:?} {text}", value.kind)
    });
    format!("{} | {}", keys.join(" "), values.collect::<Vec<_>>().join(", "))
}

#[test]
fn fields_are_found_wherever_they_stand() {
    let mut reader = FieldReader::new(["a", "longer name"].map(str::to_owned).to_vec());
    for (text, expect) in [
        (r#"{"a":1,"b":[{}],"longer name":"x"}"#, "longer name b a | Number 1, Plain x"),
        (r#"{"a":1,"b":[{}],"longer name":"x"}"#, "longer name b a | Number 1, Plain x"),
        (r#" { "longer name" :1}"#, "-"),
        (r#" { "longer name": 1.0 , "a": [1, 2] } "#, "a longer name | List [1, 2], Spelled 1.0"),
        (r#"{"a":{"a":2},"b":1}"#, "b a | Map {\"a\":2}, Missing "),
        (r#"{"a":null}"#, "a | Null null, Missing "),
        (
            r#"{"a":"\n","longer name":9007199254740993}"#,
            "longer name a | Escaped \"\\n\", Big 9007199254740993",
        ),
        ("{}", " | Missing , Missing "),
        (r#"{"longer nam":true}"#, "longer nam | Missing , Missing "),
        (r#"{"a":1,"a":2}"#, "-"),
        (r#"{"\u0061":1}"#, "-"),
        (r#"{"a":1"#, "-"),
        (r#"{"a":1}x"#, "-"),
        (r#"{"a":1,}"#, "-"),
        (r#"{"b":01}"#, "-"),
        (r#"{"a"#, "-"),
        ("[1]", "-"),
        ("", "-"),
    ] {
        assert_eq!(shown(&mut reader, text), expect, "{text}");
        assert_eq!(shown(&mut reader, text), expect, "{text}, again");
    }
    assert_eq!(reader.read(b"{\"a\":\"\xff\"}", &mut String::new()), None);
}

#[test]
fn ever_new_orders_of_keys_are_left_to_others() {
    let mut reader = FieldReader::new(vec!["a".to_owned()]);
    let read = (0..2 * PLACES_MAX).filter(|n| shown(&mut reader, &format!("{{\"k{n}\":1}}")) != "-").count();
    assert_eq!(read, PLACES_MAX - 1);
    assert_eq!(shown(&mut reader, "{\"k1\":1}"), "k1 | Missing ");
}

proptest! {
    #[test]
    fn for_every_object_it_finds_what_the_reader_of_trees_finds(
        texts in prop::collection::vec(r#"\{("[abc]{1,3}":(1|"x"|\[\]|\{"a":2\}|true|1\.50|null),){0,4}"[abc]{1,9}": ?[01]\}"#, 1..20)
    ) {
        let wanted = ["a", "ab", "cab"];
        let mut reader = FieldReader::new(wanted.map(str::to_owned).to_vec());
        for text in texts {
            let tree = crate::value::json::to_value(text.as_bytes()).expect("valid");
            let keys = text.matches(':').count() - text.matches("{\"a\":2}").count();
            let repeats = tree.as_object().expect("an object").len() < keys;
            let path = reader.read(text.as_bytes(), &mut String::new());
            prop_assert_eq!(path.is_none(), repeats, "{}", text);
            for (name, value) in wanted.iter().zip(reader.values()).filter(|_| path.is_some()) {
                let own = value.text(text.as_bytes());
                let own = if value.kind == FieldKind::Plain { [b"\"", own, b"\""].concat() } else { own.to_vec() };
                let got = (value.kind != FieldKind::Missing).then(|| crate::value::json::to_value(&own).expect("valid"));
                prop_assert_eq!(got.as_ref(), tree.get(name), "{}", text);
            }
        }
    }
}
