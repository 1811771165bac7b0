//! This module finds paths that are URLs: no step reads or writes behind one, and a run would only look for a folder of that
//! name.

use serde_json::Value;

use super::codes;
use super::places::{DocumentPart, PlacedDocument};
use crate::event::Verb;
use crate::source::Diagnostic;

/// The finding about a path or pattern at `pointer` that is a URL, as far as it is written out.
pub(super) fn check(places: &PlacedDocument, pointer: &str, verb: Verb) -> Option<Diagnostic> {
    let path = places.value().pointer(pointer).and_then(Value::as_str)?;
    let scheme = scheme(path)?;
    let message = match verb {
        Verb::Write => format!("`{path}` is a URL, and `write` puts items into files only"),
        verb => format!("`{path}` is a URL, and `{verb}` takes files only"),
    };
    let label = format!("nothing is done behind `{scheme}://`");
    let finding = places.error(codes::UNKNOWN_SCHEME, message, &DocumentPart::Value(pointer), &label);
    Some(finding.help(help(scheme, path, verb)))
}

/// The scheme of a text such as `https://example.org`.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let begins = scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
    (begins && scheme.bytes().all(is_name)).then_some(scheme)
}

fn help(scheme: &str, path: &str, verb: Verb) -> String {
    match (scheme.to_ascii_lowercase().as_str(), verb) {
        ("file", _) => {
            let rest = path.split_once("://").map_or("", |(_, rest)| rest);
            format!("write the path alone, `{rest}`")
        }
        (_, Verb::Write) => "write a file and copy it there after the run, or write to `-` and pipe it into a program that sends it on"
            .to_owned(),
        (_, Verb::Glob) => "copy the files here before the run".to_owned(),
        ("http" | "https", _) => {
            "fetch it before the run, pipe it in (`curl URL | flowrun …` and the path `-`), or ask for it in Lua with `http.get`"
                .to_owned()
        }
        _ => "copy it here before the run, or let a program that can read it pipe it in, with the path `-`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_a_name_before_two_slashes() {
        for (text, expect) in [
            ("https://example.org/x", Some("https")),
            ("s3://b/*.jsonl", Some("s3")),
            ("git+ssh://x", Some("git+ssh")),
            ("a/b://c", None),
            ("./s3://b", None),
            ("3s://b", None),
            ("://b", None),
            ("C:/x", None),
            ("data.jsonl", None),
        ] {
            assert_eq!(scheme(text), expect, "{text}");
        }
    }
}
