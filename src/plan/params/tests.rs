//! These tests give parameters and variables as a run does.

use serde_json::json;

use super::*;

/// Resolves `declared` with `-p` options, and compares the values or the complaints.
fn check(declared: &Value, options: &[&str], expect: &Result<Value, &str>) {
    let inputs = Inputs {
        params: options
            .iter()
            .map(|option| option.split_once('=').expect("NAME=VALUE"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        current_dir: "/home".into(),
        ..Inputs::default()
    };
    check_inputs(declared, &inputs, expect);
}

fn check_inputs(declared: &Value, inputs: &Inputs, expect: &Result<Value, &str>) {
    let declared: Vec<Declaration> = declared
        .as_object()
        .expect("a map")
        .iter()
        .filter_map(|(name, value)| Declaration::read(name, value))
        .collect();
    let mut usage = Vec::new();
    let values = params(&declared, inputs, Path::new("/home/pipes"), &mut usage);
    let complaints: Vec<String> = usage
        .iter()
        .map(|error| match &error.help {
            Some(help) => format!("{error} | {help}"),
            None => error.to_string(),
        })
        .collect();
    match expect {
        Ok(expect) => {
            assert_eq!((Value::Object(values.known), complaints.join("\n")), (expect.clone(), String::new()));
        }
        Err(expect) => assert_eq!(complaints.join("\n"), *expect),
    }
}

#[test]
fn values_take_the_type_of_the_default() {
    let declared = json!({ "n": 1, "x": 0.5, "on": false, "s": "a", "l": [1] });
    check(&declared, &[], &Ok(declared.clone()));
    check(
        &declared,
        &["n=9223372036854775807", "x=2", "on=true", "s=01", "l=[a, 2]"],
        &Ok(json!({ "n": 9_223_372_036_854_775_807_i64, "x": 2, "on": true, "s": "01", "l": ["a", 2] })),
    );
    check(&declared, &["n=1", "n=2"], &Ok(json!({ "n": 2, "x": 0.5, "on": false, "s": "a", "l": [1] })));
}

#[test]
fn wrong_values_are_refused_with_what_is_wanted() {
    let declared = json!({
        "size": { "type": "integer", "default": 3, "min": 1, "max": 9 },
        "mode": { "default": "fast", "enum": ["fast", "slow"] },
        "on": true,
        "m": { "type": "map" },
    });
    for (option, expect) in [
        ("size=x", "`-p size=x`: parameter `size` must be an integer"),
        ("size=1.5", "`-p size=1.5`: parameter `size` must be an integer"),
        ("size=0", "`-p size=0`: parameter `size` must be at least 1"),
        ("size=10", "`-p size=10`: parameter `size` must be at most 9"),
        ("mode=mid", "`-p mode=mid`: parameter `mode` must be one of `fast`, `slow`"),
        ("on=yes", "`-p on=yes`: parameter `on` must be `true` or `false`"),
        ("m=[1]", "`-p m=[1]`: parameter `m` must be a map such as `{a: 1}`"),
        ("siez=1", "unknown parameter `siez` | did you mean `size`?"),
        ("zzz=1", "unknown parameter `zzz` | the parameters are: `size`, `mode`, `on`, `m`"),
    ] {
        check(&declared, &[option], &Err(expect));
    }
}

#[test]
fn required_parameters_must_be_given_unless_this_is_a_check() {
    let declared = json!({ "token": { "required": true, "description": "of the service\n" }, "n": { "type": "integer" } });
    check(&declared, &["token=x"], &Ok(json!({ "token": "x", "n": null })));
    check(
        &declared,
        &[],
        &Err("parameter `token` is required and not given | give it with `-p token=…`: of the service"),
    );
    let inputs = Inputs { check_only: true, ..Inputs::default() };
    check_inputs(&declared, &inputs, &Ok(json!({ "n": null })));
}

#[test]
fn paths_are_relative_to_where_they_were_written() {
    let declared = json!({ "data": { "type": "path", "default": "a.jsonl" } });
    check(&declared, &[], &Ok(json!({ "data": "a.jsonl" })));
    check(&declared, &["data=x.jsonl"], &Ok(json!({ "data": "/home/x.jsonl" })));
    check(&declared, &["data=pipes/x.jsonl"], &Ok(json!({ "data": "x.jsonl" })));
    let params_file = json!({ "data": "../x.jsonl" }).as_object().expect("a map").clone();
    let inputs = Inputs { params_file, params_dir: "/home/pipes/params".into(), ..Inputs::default() };
    check_inputs(&declared, &inputs, &Ok(json!({ "data": "x.jsonl" })));
}

#[test]
fn a_params_file_must_have_the_types_and_p_wins_over_it() {
    let declared = json!({ "n": 1 });
    let with =
        |value: Value| Inputs { params_file: Map::from_iter([("n".to_owned(), value)]), ..Inputs::default() };
    check_inputs(&declared, &with(json!(7)), &Ok(json!({ "n": 7 })));
    check_inputs(&declared, &with(json!("7")), &Err("the params file: parameter `n` must be an integer"));
    let inputs = Inputs { params: vec![("n".to_owned(), "8".to_owned())], ..with(json!(7)) };
    check_inputs(&declared, &inputs, &Ok(json!({ "n": 8 })));
}

#[test]
fn a_declaration_must_not_contradict_itself() {
    for (declared, expect) in [
        (
            json!({ "default": "x", "min": 1 }),
            Some((Some("min"), "`min` is for numbers, and `p` is a string")),
        ),
        (
            json!({ "type": "integer", "min": 3, "max": 1 }),
            Some((Some("max"), "`max` of `p` is less than its `min`")),
        ),
        (json!({ "default": 5, "max": 1 }), Some((Some("default"), "the default of `p` must be at most 1"))),
        (
            json!({ "type": "integer", "default": 0.5 }),
            Some((Some("default"), "the default of `p` must be an integer")),
        ),
        (
            json!({ "type": "integer", "enum": [1, "x"] }),
            Some((Some("enum"), "`x` in `enum` of `p` must be an integer")),
        ),
        (json!({ "type": "number", "default": 1, "enum": [1.0, 2] }), None),
        (json!(3), None),
    ] {
        let declaration = Declaration::read("p", &declared).expect("it has a type");
        let found = declaration.contradiction(!declared.is_object());
        assert_eq!(found, expect.map(|(key, text)| (key, text.to_owned())), "{declared}");
    }
}

#[test]
fn only_named_variables_are_visible() {
    let declared = json!({ "API": "x", "TOKEN": { "required": true }, "SOFT": { "required": false } });
    let declared = declared.as_object().expect("a map");
    let given = [("API", "y"), ("HOME", "z")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut inputs = Inputs { env: given.into(), ..Inputs::default() };
    let mut usage = Vec::new();
    let values = env(declared, &inputs, &mut usage);
    assert_eq!(
        (Value::Object(values.known), values.missing),
        (json!({ "API": "y" }), ["TOKEN".to_owned()].into())
    );
    assert_eq!(usage.len(), 1);
    assert_eq!(usage[0].message, "environment variable `TOKEN` is not set");
    inputs.check_only = true;
    assert_eq!((env(declared, &inputs, &mut usage).missing.len(), usage.len()), (1, 1));
}
