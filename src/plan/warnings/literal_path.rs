//! This module warns of signs in the path of a `write` that look as if they stood for something else, and are text: a home
//! folder, placeholders that do not exist.

use std::ops::Range;

use super::governed::WarningContext;
use crate::event::Verb;
use crate::plan::codes;
use crate::plan::file_checks::path_of;
use crate::plan::places::DocumentPart;
use crate::plan::step_index::IndexedStep;
use crate::source::Diagnostic;

const PLACEHOLDERS: &str = "the placeholders are `{key}`, which is what `by` gives for an item, and `{part}`, the number of a \
                            file; what is the same for the whole run is a `${{ … }}`";
const HOME: &str = "write the whole path, or take it from a parameter: `params: {out: {type: path, required: true}}` and \
                    `${{ params.out }}/…`";

/// Warns of such signs in the paths of a step, as they are written.
pub(super) fn check(advice: &WarningContext<'_>, step: &IndexedStep, found: &mut Vec<Diagnostic>) {
    let Some((pointer, path)) = written_path(advice, step) else { return };
    let mut warn = |range: Range<usize>, label: &str, help: &str| {
        let sign = &path[range.clone()];
        let message = format!("`{sign}` in the path of step `{}` is taken as it stands", step.name);
        let spot = DocumentPart::Text(&pointer, 1, range);
        found.push(advice.places.warning(codes::LITERAL_PATH, message, &spot, label).help(help));
    };
    if let Some(range) = home(&path) {
        warn(range, "a folder of this name, not the home folder", HOME);
    }
    for range in placeholders(&path) {
        warn(range, "text of the name, no placeholder", PLACEHOLDERS);
    }
}

/// The path of a `write` and the pointer to it. Expressions in it are blanked: of what they give nothing is guessed.
fn written_path(advice: &WarningContext<'_>, step: &IndexedStep) -> Option<(String, String)> {
    let short = step.verb.filter(|verb| *verb == Verb::Write).map(|_| step.verb_pointer())?;
    let long = format!("{short}/path");
    let field = advice.fields.iter().find(|field| field.pointer == short || field.pointer == long);
    let Some(field) = field else { return path_of(advice.places.value(), &step.pointer, Verb::Write) };
    let mut text = field.text.clone();
    for hole in &field.template.expressions {
        text.replace_range(hole.outer.clone(), &"_".repeat(hole.outer.len()));
    }
    (field.template.unclosed.is_none() && !text.contains('\n')).then(|| (field.pointer.clone(), text))
}

/// A `~` or `~name` that a shell would make a home folder of.
fn home(path: &str) -> Option<Range<usize>> {
    let (first, _) = path.split_once('/')?;
    first.starts_with('~').then_some(0..first.len())
}

/// What stands in braces and looks like the name of something: `{name}`, `{}`, `{item.id}`, `{index:03}`.
fn placeholders(path: &str) -> Vec<Range<usize>> {
    let (mut ranges, mut from) = (Vec::new(), 0);
    while let Some(end) = path[from..].find('}').map(|at| from + at) {
        if let Some(start) = path[from..end].rfind('{').map(|at| from + at)
            && is_name(&path[start + 1..end])
        {
            ranges.push(start..end + 1);
        }
        from = end + 1;
    }
    ranges
}

/// Whether a placeholder could have this name. Those that there are, and those like them, are read by who writes.
fn is_name(inner: &str) -> bool {
    let word = inner.split(':').next().unwrap_or_default().trim();
    let is_word = |char: char| char.is_alphanumeric() || "_.-".contains(char);
    !["key", "part"].contains(&word) && word.chars().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_look_like_placeholders_and_other_braces_do_not() {
        let signs = |path: &str| -> Vec<String> {
            placeholders(path).into_iter().map(|range| path[range].to_owned()).collect()
        };
        assert_eq!(signs("{split}/{index:03}-{}.{{ name }}"), ["{split}", "{index:03}", "{}", "{ name }"]);
        assert_eq!(signs("{key}/{part:05}-{a,b}-}{-{x y}-{"), [""; 0]);
    }

    #[test]
    fn a_home_folder_is_the_first_part_of_a_path() {
        assert_eq!([home("~/a"), home("~joe/a")], [Some(0..1), Some(0..4)]);
        assert_eq!([home("~a.jsonl"), home("./~/a"), home("a~/b")], [None, None, None]);
    }
}
