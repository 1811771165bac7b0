//! These are the codes of this floor's findings, each with its meaning in one line.

/// Code and meaning of every finding about the text and the shape of a pipeline file, sorted.
pub const CODES: [(&str, &str); 37] = [
    ("flowrun::bad_duration", "a text is not a duration such as `10s`"),
    ("flowrun::bad_name", "a name is not an id, or an input is not an id or `ID.failed`"),
    ("flowrun::bad_number", "a number has no JSON value: too large for 64 bits, infinite, or not a number"),
    ("flowrun::bad_rate", "a text is not a rate such as `20/s`"),
    ("flowrun::bad_size", "a text is not a size such as `64MB`"),
    ("flowrun::bad_value", "a text is none of those that may stand here"),
    (
        "flowrun::bad_version",
        "the file is written for a version of the language that this binary does not read",
    ),
    ("flowrun::duplicate_key", "a map has one key twice"),
    ("flowrun::empty_file", "the file holds nothing"),
    ("flowrun::empty_steps", "the pipeline has no steps"),
    ("flowrun::executor_time", "jobs of an executor end before they have done much"),
    ("flowrun::from_in_source", "a step that brings items in has `from`"),
    ("flowrun::lua_cut", "YAML reads a part of Lua as a comment"),
    ("flowrun::lua_folded", "YAML joins the lines of Lua"),
    ("flowrun::missing_key", "a map lacks a key that it needs"),
    ("flowrun::no_executor", "no executor has the name that `--on` gives"),
    ("flowrun::no_image", "an executor of Kubernetes has no image"),
    ("flowrun::no_verb", "a step has none of the keys that say what it does"),
    ("flowrun::no_volume", "an executor of Kubernetes has no volume"),
    ("flowrun::not_utf8", "the file is not UTF-8 text"),
    ("flowrun::out_of_range", "a number is too small or too large"),
    ("flowrun::too_many", "the file has more findings than are shown"),
    ("flowrun::two_functions", "a step has both `lua` and `file`"),
    ("flowrun::two_verbs", "a step has more than one of the keys that say what it does"),
    ("flowrun::unclosed_bracket", "a `[` or `{` is not closed"),
    ("flowrun::unclosed_quote", "a quoted text is not closed"),
    ("flowrun::unknown_key", "a key does not exist here"),
    ("flowrun::wrong_type", "a value is of another type than the one that may stand here"),
    ("flowrun::yaml_alias", "an alias has no anchor above it, or stands inside of it"),
    ("flowrun::yaml_control", "the file holds a control character"),
    ("flowrun::yaml_documents", "the file holds more than one YAML document"),
    ("flowrun::yaml_key", "a key is a list or a map"),
    ("flowrun::yaml_limit", "the file is too long, too deep, or too large with its aliases written out"),
    ("flowrun::yaml_merge", "`<<` is given something else than maps"),
    ("flowrun::yaml_syntax", "the text is no YAML"),
    ("flowrun::yaml_tab", "a tab is used for indentation"),
    ("flowrun::yaml_tag", "a tag is not one of YAML's own, or the value does not fit to it"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_known_once() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(CODES.iter().all(|(code, meaning)| code.starts_with("flowrun::") && !meaning.ends_with('.')));
    }

    #[test]
    fn the_table_holds_the_codes_that_are_used() {
        let mut used = std::collections::BTreeSet::new();
        for entry in walkdir::WalkDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/config")) {
            let path = entry.expect("the sources are readable").into_path();
            let is_other = path.ends_with("codes.rs") || path.to_string_lossy().contains("/testing");
            if is_other || path.extension().is_none_or(|ext| ext != "rs") {
                continue;
            }
            let source = std::fs::read_to_string(path).expect("the sources are readable");
            let quoted = source.split('"').filter(|text| text.starts_with("flowrun::"));
            used.extend(quoted.map(str::to_owned));
        }
        // An example of a code, and the prefix of all.
        used.retain(|code| code != "flowrun::unused_step" && code != "flowrun::");
        let table: std::collections::BTreeSet<String> =
            CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
        assert_eq!(table, used);
    }
}
