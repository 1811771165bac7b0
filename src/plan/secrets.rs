//! This module gives the values of `secrets` in one run, from the environment that the run brings along and from
//! files beside the pipeline.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Value};

use super::codes;
use super::inputs::{Inputs, UsageError};
use super::paths;
use super::places::{DocumentPart, PlacedDocument};
use crate::config::escape_key;
use crate::source::Diagnostic;
use crate::value::{Secrets, WHOLE_BELOW};

/// Bytes of a secret's file. Keys and certificates have some thousand.
const FILE_MAX: u64 = 1 << 20;

/// Reads what is declared. What is missing is a fault of the run, unless the run can do without the values; then it is
/// left out.
pub(super) fn read(
    declared: &Map<String, Value>,
    inputs: &Inputs,
    root: &Path,
    usage: &mut Vec<UsageError>,
) -> Secrets {
    let mut values = BTreeMap::new();
    for (name, from) in declared {
        if let Some(known) = inputs.known_secrets.get(name) {
            values.insert(name.clone(), known.clone());
            continue;
        }
        let text = |key: &str| from.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let value = match (text("env"), text("file")) {
            (Some(variable), None) => of_variable(name, variable, inputs),
            // A pipe may be for the run alone, and nobody may be writing to it.
            (None, Some(path)) if !inputs.needs_secrets && !paths::absolute(root, path).is_file() => continue,
            (None, Some(path)) => of_file(name, path, root),
            // The schema has said so.
            _ => continue,
        };
        match value {
            Ok(value) => {
                values.insert(name.clone(), value);
            }
            Err(error) if inputs.needs_secrets => usage.push(*error),
            Err(_) => {}
        }
    }
    Secrets::new(values)
}

fn of_variable(name: &str, variable: &str, inputs: &Inputs) -> Result<String, Box<UsageError>> {
    let fault = |what: &str| {
        let message = format!("secret `{name}`: environment variable `{variable}` {what}");
        Box::new(UsageError::new(message).help(format!("set it with `{variable}=… flowrun …`")))
    };
    match inputs.env.get(variable) {
        None => Err(fault("is not set")),
        Some(value) if value.is_empty() => Err(fault("is empty")),
        Some(value) => Ok(value.clone()),
    }
}

fn of_file(name: &str, path: &str, root: &Path) -> Result<String, Box<UsageError>> {
    let fault = |what: &str| Box::new(UsageError::new(format!("secret `{name}`: file `{path}` {what}")));
    let mut bytes = Vec::new();
    let read = File::open(paths::absolute(root, path))
        .and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let reason = error.to_string();
        let reason = reason.split(" (os error").next().unwrap_or(&reason).to_lowercase();
        return Err(fault(&format!("cannot be read: {reason}")));
    }
    if bytes.len() as u64 > FILE_MAX {
        return Err(fault("has more than 1 MiB"));
    }
    let mut value = String::from_utf8(bytes).map_err(|_| fault("is not UTF-8 text"))?;
    if value.ends_with('\n') {
        value.pop();
        if value.ends_with('\r') {
            value.pop();
        }
    }
    if value.is_empty() { Err(fault("is empty")) } else { Ok(value) }
}

/// Warns of values that are too short to be told from other text.
pub(super) fn check(secrets: &Secrets, places: &PlacedDocument, found: &mut Vec<Diagnostic>) {
    for (name, value) in secrets.iter() {
        if value.chars().count() >= WHOLE_BELOW {
            continue;
        }
        let pointer = format!("/secrets/{}", escape_key(name));
        let message = format!("secret `{name}` is too short to be hidden everywhere");
        let label = format!("its value has fewer than {WHOLE_BELOW} characters");
        let warning = places.warning(codes::SHORT_SECRET, message, &DocumentPart::Key(&pointer), &label);
        found
            .push(warning.help("it is hidden only where it stands alone, not as a part of words or encoded"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(from: &Value, needs_secrets: bool, expect: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in
            [("a.txt", &b"one\r\n"[..]), ("b.txt", b"x\n\n"), ("c.txt", b"\n"), ("d.txt", b"\xff")]
        {
            std::fs::write(folder.path().join(name), bytes).expect("room");
        }
        let env = [("SET".to_owned(), "hush ".to_owned()), ("EMPTY".to_owned(), String::new())].into();
        let inputs = Inputs { env, needs_secrets, ..Inputs::default() };
        let mut usage = Vec::new();
        let declared = Map::from_iter([("s".to_owned(), from.clone())]);
        let secrets = read(&declared, &inputs, folder.path(), &mut usage);
        let got = match (secrets.iter().next(), usage.first()) {
            (Some((_, value)), None) => value.to_owned(),
            (None, Some(error)) => error.message.clone(),
            (None, None) => "nothing".to_owned(),
            (Some(_), Some(_)) => "both".to_owned(),
        };
        assert_eq!(got, expect, "{from}");
    }

    #[test]
    fn a_secret_is_read_or_its_variable_or_file_is_named() {
        for (from, expect) in [
            (json!({"env": "SET"}), "hush "),
            (json!({"env": "GONE"}), "secret `s`: environment variable `GONE` is not set"),
            (json!({"env": "EMPTY"}), "secret `s`: environment variable `EMPTY` is empty"),
            (json!({"file": "a.txt"}), "one"),
            (json!({"file": "b.txt"}), "x\n"),
            (json!({"file": "c.txt"}), "secret `s`: file `c.txt` is empty"),
            (json!({"file": "d.txt"}), "secret `s`: file `d.txt` is not UTF-8 text"),
            (json!({"file": "e.txt"}), "secret `s`: file `e.txt` cannot be read: no such file or directory"),
        ] {
            check(&from, true, expect);
        }
    }

    #[test]
    fn a_check_can_do_without() {
        check(&json!({"env": "GONE"}), false, "nothing");
        check(&json!({"file": "a.txt"}), false, "one");
    }
}
